use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use anchor_lang::system_program;
use anchor_spl::token;
use ballast::state::delegate_power;
use ballast::{accounts, instruction};

use super::{CollateralRef, build};
use crate::Deployment;

impl Deployment {
    /// `open_margin_account` of cross margin; signed by `payer` and `owner`.
    #[must_use]
    pub fn open_margin_account(&self, payer: Pubkey, owner: Pubkey, sub_account: u16) -> Instruction {
        self.open_account(payer, owner, sub_account, None)
    }

    /// `open_margin_account`, isolated where a market is given; signed by `payer` and `owner`.
    #[must_use]
    pub fn open_account(
        &self,
        payer: Pubkey,
        owner: Pubkey,
        sub_account: u16,
        isolated_market: Option<u8>,
    ) -> Instruction {
        build(
            &accounts::OpenMarginAccount {
                payer,
                owner,
                clearinghouse: self.clearinghouse,
                margin_account: self.margin_account(&owner, sub_account),
                market: isolated_market.map(|m| self.market(m)),
                treasury: self.treasury,
                system_program: system_program::ID,
            },
            &instruction::OpenMarginAccount { sub_account },
        )
    }

    /// `set_mode` of an empty account: isolated to a market, or cross; signed by the owner.
    #[must_use]
    pub fn set_mode(
        &self,
        owner: Pubkey,
        margin_account: Pubkey,
        isolated_market: Option<u8>,
    ) -> Instruction {
        let market = isolated_market.map(|m| self.market(m));
        build(&accounts::SetMode { owner, margin_account, market }, &instruction::SetMode {})
    }

    /// `transfer` of quote (no asset) or collateral between two accounts of one owner; signed by the owner.
    #[must_use]
    pub fn transfer(
        &self,
        owner: Pubkey,
        from: Pubkey,
        to: Pubkey,
        asset: Option<u8>,
        amount: u64,
    ) -> Instruction {
        build(
            &accounts::Transfer { board: self.board, from, to, owner },
            &instruction::Transfer { amount, asset },
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
                mint: asset.map_or(self.quote_mint, |a| a.mint),
                token_program: asset.map_or(token::ID, |a| a.token_program),
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
                treasury: self.treasury,
                asset: asset.map(|a| self.asset(a.index)),
                vault: asset.map_or(self.quote_vault, |a| self.vault(&a.mint)),
                destination,
                mint: asset.map_or(self.quote_mint, |a| a.mint),
                token_program: asset.map_or(token::ID, |a| a.token_program),
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

/// `set_delegate` with every power and without an end; signed by the owner.
#[must_use]
pub fn set_delegate(owner: Pubkey, margin_account: Pubkey, delegate: Pubkey) -> Instruction {
    set_delegate_with(owner, margin_account, delegate, delegate_power::ALL, 0)
}

/// `set_delegate`: `powers` are bits of [`delegate_power`], `until` the unix second at which they end, zero for never;
/// signed by the owner.
#[must_use]
pub fn set_delegate_with(
    owner: Pubkey,
    margin_account: Pubkey,
    delegate: Pubkey,
    powers: u8,
    until: i64,
) -> Instruction {
    build(
        &accounts::SetDelegate { owner, margin_account },
        &instruction::SetDelegate { delegate, powers, until },
    )
}

/// `set_restriction` of the owner's own account; signed by the owner.
#[must_use]
pub fn set_restriction(owner: Pubkey, margin_account: Pubkey, reduce_only: bool) -> Instruction {
    build(&accounts::SetRestriction { owner, margin_account }, &instruction::SetRestriction { reduce_only })
}
