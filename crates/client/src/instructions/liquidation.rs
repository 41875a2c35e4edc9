use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::{AccountMeta, Instruction};
use ballast::instructions::{LegAmount, LiquidationLeg};
use ballast::{accounts, instruction};

use super::build;
use crate::Deployment;

impl Deployment {
    /// `liquidate` a position in `market`; signed by the keeper account's authority.
    #[must_use]
    pub fn liquidate_position(
        &self,
        margin_account: Pubkey,
        keeper: (Pubkey, Pubkey),
        market: u8,
        amount: u64,
    ) -> Instruction {
        self.liquidate(
            margin_account,
            keeper,
            &[LegAmount { leg: LiquidationLeg::Position { market }, amount }],
        )
    }

    /// `liquidate` collateral in `asset`; signed by the keeper account's authority.
    #[must_use]
    pub fn liquidate_collateral(
        &self,
        margin_account: Pubkey,
        keeper: (Pubkey, Pubkey),
        asset: u8,
        amount: u64,
    ) -> Instruction {
        self.liquidate(
            margin_account,
            keeper,
            &[LegAmount { leg: LiquidationLeg::Collateral { asset }, amount }],
        )
    }

    /// `liquidate`, as planned by [`crate::plan`]. `keeper` is its margin account and who signs for it.
    #[must_use]
    pub fn liquidate(
        &self,
        margin_account: Pubkey,
        keeper: (Pubkey, Pubkey),
        legs: &[LegAmount],
    ) -> Instruction {
        let mut instruction = build(
            &accounts::Liquidate {
                board: self.board,
                treasury: self.treasury,
                margin_account,
                keeper: keeper.0,
                keeper_authority: keeper.1,
            },
            &instruction::Liquidate { legs: legs.to_vec() },
        );
        instruction.accounts.extend(legs.iter().filter_map(|l| match l.leg {
            LiquidationLeg::Position { market } => Some(AccountMeta::new(self.market(market), false)),
            LiquidationLeg::Collateral { .. } => None,
        }));
        instruction
    }

    /// `touch_account`: anybody may.
    #[must_use]
    pub fn touch_account(&self, margin_account: Pubkey) -> Instruction {
        build(&accounts::TouchAccount { board: self.board, margin_account }, &instruction::TouchAccount {})
    }
}

/// `set_alerts`; signed by the owner.
#[must_use]
pub fn set_alerts(owner: Pubkey, margin_account: Pubkey, levels_bps: [u16; 4]) -> Instruction {
    build(&accounts::SetAlerts { owner, margin_account }, &instruction::SetAlerts { levels_bps })
}
