use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use anchor_lang::system_program;
use anchor_spl::token;
use ballast::{accounts, instruction};

use super::{CollateralRef, build};
use crate::Deployment;

impl Deployment {
    /// `open_margin_account`; signed by `payer` and `owner`.
    #[must_use]
    pub fn open_margin_account(&self, payer: Pubkey, owner: Pubkey, sub_account: u16) -> Instruction {
        build(
            &accounts::OpenMarginAccount {
                payer,
                owner,
                clearinghouse: self.clearinghouse,
                margin_account: self.margin_account(&owner, sub_account),
                treasury: self.treasury,
                system_program: system_program::ID,
            },
            &instruction::OpenMarginAccount { sub_account },
        )
    }

    /// `deposit` of quote (no asset) or collateral; signed by the account's owner or delegate, who owns
    /// the source.
    #[must_use]
    pub fn deposit(
        &self,
        margin_account: Pubkey,
        authority: Pubkey,
        asset: Option<CollateralRef>,
        source: Pubkey,
        amount: u64,
    ) -> Instruction {
        build(
            &accounts::Deposit {
                clearinghouse: self.clearinghouse,
                board: self.board,
                margin_account,
                authority,
                asset: asset.map(|a| self.asset(a.index)),
                vault: asset.map_or(self.quote_vault, |a| self.vault(&a.mint)),
                source,
                token_program: token::ID,
            },
            &instruction::Deposit { amount },
        )
    }

    /// `withdraw` of quote (no asset) or collateral; signed by the owner.
    #[must_use]
    pub fn withdraw(
        &self,
        margin_account: Pubkey,
        owner: Pubkey,
        asset: Option<CollateralRef>,
        destination: Pubkey,
        amount: u64,
    ) -> Instruction {
        build(
            &accounts::Withdraw {
                clearinghouse: self.clearinghouse,
                board: self.board,
                margin_account,
                owner,
                asset: asset.map(|a| self.asset(a.index)),
                vault: asset.map_or(self.quote_vault, |a| self.vault(&a.mint)),
                destination,
                token_program: token::ID,
            },
            &instruction::Withdraw { amount },
        )
    }

    /// `close_margin_account`; signed by the owner, who gets the rent.
    #[must_use]
    pub fn close_margin_account(&self, owner: Pubkey, margin_account: Pubkey) -> Instruction {
        build(
            &accounts::CloseMarginAccount { owner, margin_account, treasury: self.treasury },
            &instruction::CloseMarginAccount {},
        )
    }
}

/// `set_delegate`; signed by the owner.
#[must_use]
pub fn set_delegate(owner: Pubkey, margin_account: Pubkey, delegate: Pubkey) -> Instruction {
    build(&accounts::SetDelegate { owner, margin_account }, &instruction::SetDelegate { delegate })
}
