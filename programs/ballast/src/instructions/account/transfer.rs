use anchor_lang::prelude::*;

use super::withdraw::release;
use crate::error::BallastError;
use crate::event::Transferred;
use crate::policy::{self, Action};
use crate::state::{MarginAccount, RiskBoard};

/// Moves quote or collateral from one of an owner's accounts to another, by the rules of a withdrawal and of a
/// deposit; no token moves. Only the owner. It lends nothing: quote that the account does not have is borrowed by
/// withdrawing it.
#[derive(Accounts)]
pub struct Transfer<'info> {
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(
        mut,
        has_one = owner @ BallastError::NotOwner,
        constraint = from.load()?.clearinghouse == board.load()?.clearinghouse @ BallastError::WrongClearinghouse,
        constraint = from.key() != to.key() @ BallastError::DuplicateAccount,
    )]
    pub from: AccountLoader<'info, MarginAccount>,
    #[account(
        mut,
        has_one = owner @ BallastError::NotOwner,
        constraint = to.load()?.clearinghouse == board.load()?.clearinghouse @ BallastError::WrongClearinghouse,
    )]
    pub to: AccountLoader<'info, MarginAccount>,
    pub owner: Signer<'info>,
}

/// `asset` is none for the quote token.
pub fn transfer(ctx: Context<Transfer>, amount: u64, asset: Option<u8>) -> Result<()> {
    require!(amount > 0, BallastError::ZeroAmount);
    let a = ctx.accounts;
    let now = Clock::get()?.unix_timestamp;
    let board = a.board.load()?;
    policy::require_open(&board, Action::Deposit, now)?;
    let (mut from, mut to) = (a.from.load_mut()?, a.to.load_mut()?);
    let quote = i64::try_from(amount).map_err(|_| BallastError::Overflow)?;
    require!(asset.is_some() || from.quote >= quote, BallastError::InsufficientBalance);
    release(&mut from, &board, asset, amount, now)?;
    match asset {
        Some(index) => to.add_collateral(index, amount)?,
        None => to.add_quote(quote, &board)?,
    }
    emit!(Transferred { from: a.from.key(), to: a.to.key(), asset, amount });
    Ok(())
}
