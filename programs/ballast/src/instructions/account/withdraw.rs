use anchor_lang::prelude::*;
use anchor_spl::token::{self, Token, TokenAccount, Transfer};
use ballast_risk::book::Basis;

use super::deposit::which_vault;
use crate::error::{BallastError, OrRefuse};
use crate::event::Withdrawn;
use crate::margin::BoardView;
use crate::policy::{self, Action};
use crate::state::{AssetConfig, Clearinghouse, MarginAccount, RiskBoard};

/// Withdraws quote (no asset) or collateral (with its asset) to any token account. Only the owner.
#[derive(Accounts)]
pub struct Withdraw<'info> {
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(
        mut,
        has_one = clearinghouse @ BallastError::WrongClearinghouse,
        has_one = owner @ BallastError::NotOwner,
    )]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    pub owner: Signer<'info>,
    #[account(has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub asset: Option<Box<Account<'info, AssetConfig>>>,
    #[account(mut)]
    pub vault: Box<Account<'info, TokenAccount>>,
    #[account(mut, constraint = destination.mint == vault.mint @ BallastError::WrongAsset)]
    pub destination: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

pub fn withdraw(ctx: Context<Withdraw>, amount: u64) -> Result<()> {
    require!(amount > 0, BallastError::ZeroAmount);
    let a = ctx.accounts;
    let asset = which_vault(&a.clearinghouse, a.asset.as_deref().map(|x| &**x), &a.vault.key())?;
    // Also covers a loan: quote that the vault does not have cannot be lent.
    require!(amount <= a.vault.amount, BallastError::InsufficientBalance);
    {
        let mut account = a.margin_account.load_mut()?;
        let before = account.quote;
        match asset {
            Some(index) => account.take_collateral(index, amount)?,
            None => account.add_quote(-i64::try_from(amount).map_err(|_| BallastError::Overflow)?)?,
        }
        // Who owes nothing needs no margin, and no price: its way out stays open through any outage.
        if !account.is_free_of_risk() {
            let board = a.board.load()?;
            let now = Clock::get()?.unix_timestamp;
            if asset.is_none() && account.quote < 0 && account.quote < before {
                policy::require_open(&board, Action::Borrow, now)?;
                for asset in BoardView::assets(&account, &board) {
                    let asset = asset.or_refuse()?;
                    policy::require_asset(&board, Action::Borrow, asset, now)?;
                }
                policy::require_unrestricted(account.restrictions, Action::Borrow)?;
            }
            let margin =
                BoardView::for_new_risk(&board, now).margin(&account, Basis::Withdrawal).or_refuse()?;
            require!(margin.meets_initial(), BallastError::BelowInitialMargin);
        }
    }
    let pay = Transfer {
        from: a.vault.to_account_info(),
        to: a.destination.to_account_info(),
        authority: a.clearinghouse.to_account_info(),
    };
    a.clearinghouse.with_signer_seeds(|seeds| {
        token::transfer(CpiContext::new_with_signer(a.token_program.key(), pay, seeds), amount)
    })?;
    emit!(Withdrawn { account: a.margin_account.key(), asset, amount });
    Ok(())
}
