use anchor_lang::prelude::*;
use anchor_spl::token::{self, Token, TokenAccount, Transfer};
use ballast_risk::book::Basis;
use ballast_risk::shares;

use crate::error::{BallastError, OrRefuse};
use crate::event::BackstopWithdrawn;
use crate::margin::BoardView;
use crate::policy::{self, Action};
use crate::state::{BackstopShare, BackstopVault, Clearinghouse, MarginAccount, RiskBoard};

/// Pays out the shares whose withdrawal was asked for, at the lower of spot and stable value, out of settled quote; the
/// slice must hold its IM afterwards.
///
/// While a position is open: not when its price is in doubt, and not while the vault is halted by its losses. Who could
/// leave then would leave the rest of the loss to those who stay. Nor while profit waits, open or not: what the slice is
/// still to be paid counts in the worth of a share, and may yet be shared with others.
#[derive(Accounts)]
pub struct BackstopWithdraw<'info> {
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(
        mut,
        has_one = clearinghouse @ BallastError::WrongClearinghouse,
        has_one = slice @ BallastError::WrongBackstop,
    )]
    pub vault: Box<Account<'info, BackstopVault>>,
    #[account(mut)]
    pub slice: AccountLoader<'info, MarginAccount>,
    #[account(mut, has_one = vault @ BallastError::WrongBackstop, has_one = owner @ BallastError::NotOwner)]
    pub share: Box<Account<'info, BackstopShare>>,
    pub owner: Signer<'info>,
    #[account(mut, address = clearinghouse.quote_vault @ BallastError::WrongVault)]
    pub quote_vault: Box<Account<'info, TokenAccount>>,
    #[account(mut, constraint = destination.mint == quote_vault.mint @ BallastError::WrongAsset)]
    pub destination: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

pub fn backstop_withdraw(ctx: Context<BackstopWithdraw>) -> Result<()> {
    let a = ctx.accounts;
    a.share.enter(a.vault.epoch);
    let clock = Clock::get()?;
    let due = a.share.pending > 0 && a.share.due(&a.vault.params).contains(&clock.unix_timestamp);
    require!(due, BallastError::WithdrawalNotDue);
    let shares = core::mem::take(&mut a.share.pending);
    let (amount, worth) = {
        let board = a.board.load()?;
        let view = BoardView::new(&board, &clock);
        let mut slice = a.slice.load_mut()?;
        let listed = board.market(a.vault.market.into()).or_refuse()?;
        let position = slice.position_now(a.vault.market, listed)?;
        let open = position.base != 0;
        if open || position.entry > 0 {
            policy::require_asset(&board, Action::PayOut, listed.asset.into(), view.now())?;
        }
        a.vault.mark(&slice, &view)?;
        require!(!open || !a.vault.is_halted(view.now()), BallastError::BackstopHalted);
        let worth = a.vault.worth(&slice, &view)?;
        let amount = shares::redeemed(shares, &worth, a.vault.total_shares).or_refuse()?;
        let owed = i64::try_from(amount).map_err(|_| BallastError::Overflow)?;
        slice.add_quote(-owed, &board)?;
        a.vault.flow(-owed)?;
        // What traders committed is not the vault's to pay out.
        let settled = u64::try_from(slice.quote).is_ok_and(|left| left >= a.vault.committed);
        require!(settled, BallastError::InsufficientBalance);
        if !slice.is_free_of_risk() {
            let margin = view.margin(&slice, Basis::Withdrawal).or_refuse()?;
            require!(margin.meets_initial(), BallastError::BelowInitialMargin);
        }
        (amount, worth.low)
    };
    a.vault.total_shares = a.vault.total_shares.checked_sub(shares).ok_or(BallastError::Overflow)?;
    a.share.shares = a.share.shares.checked_sub(shares).ok_or(BallastError::InsufficientShares)?;
    let pay = Transfer {
        from: a.quote_vault.to_account_info(),
        to: a.destination.to_account_info(),
        authority: a.clearinghouse.to_account_info(),
    };
    a.clearinghouse.with_signer_seeds(|seeds| {
        token::transfer(CpiContext::new_with_signer(a.token_program.key(), pay, seeds), amount)
    })?;
    let (vault, owner, total_shares) = (a.vault.key(), a.owner.key(), a.vault.total_shares);
    emit!(BackstopWithdrawn { vault, owner, amount, shares, worth, total_shares });
    Ok(())
}
