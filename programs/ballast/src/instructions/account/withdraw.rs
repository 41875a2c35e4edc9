use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};
use ballast_risk::book::Basis;

use super::deposit::which_vault;
use crate::error::{BallastError, OrRefuse};
use crate::event::Withdrawn;
use crate::margin::BoardView;
use crate::policy::{self, Action};
use crate::state::{AssetConfig, Clearinghouse, MarginAccount, RiskBoard, Treasury};
use crate::token;

/// Withdraws quote (no asset) or collateral (with its asset) to any token account. Only the owner. The
/// account is debited in full: a transfer fee is the receiver's. What leaves counts in the window of the quote vault or of
/// the asset, and what is borrowed in the treasury's.
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
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub treasury: Box<Account<'info, Treasury>>,
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub asset: Option<Box<Account<'info, AssetConfig>>>,
    #[account(mut)]
    pub vault: Box<InterfaceAccount<'info, TokenAccount>>,
    #[account(mut, constraint = destination.mint == vault.mint @ BallastError::WrongAsset)]
    pub destination: Box<InterfaceAccount<'info, TokenAccount>>,
    pub mint: Box<InterfaceAccount<'info, Mint>>,
    #[account(
        constraint = token_program.key == vault.to_account_info().owner @ BallastError::WrongTokenProgram,
        constraint = token_program.key == destination.to_account_info().owner @ BallastError::WrongTokenProgram,
    )]
    pub token_program: Interface<'info, TokenInterface>,
}

/// Debits what leaves an account, and refuses what its initial margin, on the terms of a withdrawal, does not leave
/// free.
pub(crate) fn release(
    account: &mut MarginAccount,
    board: &RiskBoard,
    asset: Option<u8>,
    amount: u64,
    now: i64,
) -> Result<()> {
    let before = account.quote;
    match asset {
        Some(index) => account.take_collateral(index, amount)?,
        None => account.add_quote(-i64::try_from(amount).map_err(|_| BallastError::Overflow)?, board)?,
    }
    // Who owes nothing needs no margin, and no price: its way out stays open through any outage.
    if !account.is_free_of_risk() {
        if asset.is_none() && account.quote < 0 && account.quote < before {
            require_sound(account, board, now)?;
        }
        let margin = BoardView::for_new_risk(board, now).margin(account, Basis::Withdrawal).or_refuse()?;
        require!(margin.meets_initial(), BallastError::BelowInitialMargin);
    }
    Ok(())
}

/// Refuses a loan against a book that holds an asset, or is in a market, on which nothing may be borrowed now.
fn require_sound(account: &MarginAccount, board: &RiskBoard, now: i64) -> Result<()> {
    policy::require_open(board, Action::Borrow, now)?;
    policy::require_unrestricted(account.restrictions, Action::Borrow)?;
    policy::require_holdings(board, account, Action::Borrow, now)
}

pub fn withdraw(ctx: Context<Withdraw>, amount: u64) -> Result<()> {
    require!(amount > 0, BallastError::ZeroAmount);
    let a = ctx.accounts;
    let asset = which_vault(&a.clearinghouse, a.asset.as_deref().map(|x| &**x), &a.vault.key())?;
    require_keys_eq!(a.mint.key(), a.vault.mint, BallastError::WrongAsset);
    // Also covers a loan: quote that the vault does not have cannot be lent.
    require!(amount <= a.vault.amount, BallastError::InsufficientBalance);
    let now = Clock::get()?.unix_timestamp;
    {
        let (mut account, board) = (a.margin_account.load_mut()?, a.board.load()?);
        account.accrue(&board)?;
        let lent = account.loan();
        release(&mut account, &board, asset, amount, now)?;
        match &mut a.asset {
            Some(config) => require!(config.let_out(amount, now), BallastError::OutflowWindowFull),
            None => {
                let borrowed = account.loan().saturating_sub(lent);
                a.treasury.let_out(&mut account, amount, borrowed, a.vault.amount, (&board, now))?;
            }
        }
        account.recovered();
    }
    let authority = a.clearinghouse.to_account_info();
    a.clearinghouse.with_signer_seeds(|seeds| {
        token::pay(a.token_program.key(), &a.vault, &a.mint, &a.destination, authority, seeds, amount)
    })?;
    emit!(Withdrawn { account: a.margin_account.key(), asset, amount });
    Ok(())
}
