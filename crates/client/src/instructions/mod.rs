//! A builder for every instruction: accounts in order, nothing to remember but who signs. One file a folder of the
//! program's instructions.

mod account;
mod backstop;
mod governance;
mod liquidation;
mod risk;
mod trading;

pub use account::{close_margin_account, set_delegate};
pub use governance::migrate;

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use anchor_lang::{InstructionData, ToAccountMetas};

fn build(accounts: &impl ToAccountMetas, data: &impl InstructionData) -> Instruction {
    Instruction { program_id: ballast::ID, accounts: accounts.to_account_metas(None), data: data.data() }
}

/// An asset that is deposited or withdrawn: its index on the board, and its mint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CollateralRef {
    /// Index on the board.
    pub index: u8,
    /// Its token.
    pub mint: Pubkey,
}
