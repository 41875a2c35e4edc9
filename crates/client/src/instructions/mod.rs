//! A builder for every instruction: accounts in order, nothing to remember but who signs. One file a folder of the
//! program's instructions.

mod account;
mod backstop;
mod governance;
mod liquidation;
mod prices;
mod risk;
mod roles;
mod solvency;
mod trading;
mod waterfall;

pub use account::{set_delegate, set_delegate_with, set_restriction};
pub use governance::migrate;
pub use liquidation::set_alerts;
pub use prices::Sources;
pub use roles::{Which, with_proposal};

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use anchor_lang::{InstructionData, ToAccountMetas};

fn build(accounts: &impl ToAccountMetas, data: &impl InstructionData) -> Instruction {
    Instruction { program_id: ballast::ID, accounts: accounts.to_account_metas(None), data: data.data() }
}

/// An asset that is deposited or withdrawn: its index on the board, and its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CollateralRef {
    /// Index on the board.
    pub index: u8,
    /// Its token.
    pub mint: Pubkey,
    /// Program of the token: SPL Token or Token-2022.
    pub token_program: Pubkey,
}

impl CollateralRef {
    /// An asset whose token is of the SPL Token program.
    #[must_use]
    pub const fn spl(index: u8, mint: Pubkey) -> Self {
        Self { index, mint, token_program: anchor_spl::token::ID }
    }
}
