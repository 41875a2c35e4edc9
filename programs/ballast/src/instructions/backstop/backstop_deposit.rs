use anchor_lang::prelude::*;
use anchor_spl::token::{self, Token, TokenAccount, Transfer};
use ballast_risk::shares;

use crate::error::{BallastError, OrRefuse};
use crate::event::BackstopDeposited;
use crate::margin::BoardView;
use crate::policy::{self, Action};
use crate::state::{BackstopShare, BackstopVault, Clearinghouse, MarginAccount, RiskBoard};

/// Buys shares of a vault for quote, at the higher of spot and stable value.
///
/// New capital is welcome while the vault takes no risk: at the higher value it takes nothing from those who are in.
/// Not while its asset's price is in doubt, because then nobody knows what a share is worth.
#[derive(Accounts)]
pub struct BackstopDeposit<'info> {
    #[account(constraint = clearinghouse.open @ BallastError::NotOpen)]
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
    #[account(mut, constraint = source.mint == quote_vault.mint @ BallastError::WrongAsset)]
    pub source: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

pub fn backstop_deposit(ctx: Context<BackstopDeposit>, amount: u64) -> Result<()> {
    require!(amount > 0, BallastError::ZeroAmount);
    let a = ctx.accounts;
    let (shares, worth) = {
        let board = a.board.load()?;
        let view = BoardView::new(&board, &Clock::get()?);
        let asset = board.market(a.vault.market.into()).or_refuse()?.asset;
        policy::require_open(&board, Action::Deposit, view.now())?;
        policy::require_asset(&board, Action::Settle, asset.into(), view.now())?;
        let mut slice = a.slice.load_mut()?;
        a.vault.mark(&slice, &view)?;
        let worth = a.vault.worth(&slice, &view)?;
        require!(worth.high >= 0, BallastError::BackstopInsolvent);
        let flat = slice.held_positions().next().is_none();
        if flat && a.vault.total_shares > 0 && shares::is_exhausted(&worth, a.vault.total_shares) {
            (a.vault.epoch, a.vault.total_shares) = (a.vault.epoch + 1, 0);
        }
        a.share.enter(a.vault.epoch);
        let shares = shares::minted(amount, &worth, a.vault.total_shares).or_refuse()?;
        require!(shares > 0, BallastError::NoShares);
        let paid = i64::try_from(amount).map_err(|_| BallastError::Overflow)?;
        slice.add_quote(paid, &board)?;
        a.vault.flow(paid)?;
        (shares, worth.high)
    };
    a.vault.total_shares = a.vault.total_shares.checked_add(shares).ok_or(BallastError::Overflow)?;
    a.share.shares = a.share.shares.checked_add(shares).ok_or(BallastError::Overflow)?;
    let pay = Transfer {
        from: a.source.to_account_info(),
        to: a.quote_vault.to_account_info(),
        authority: a.owner.to_account_info(),
    };
    token::transfer(CpiContext::new(a.token_program.key(), pay), amount)?;
    let (vault, owner, total_shares) = (a.vault.key(), a.owner.key(), a.vault.total_shares);
    emit!(BackstopDeposited { vault, owner, amount, shares, worth, total_shares });
    Ok(())
}
