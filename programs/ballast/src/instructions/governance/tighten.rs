use anchor_lang::prelude::*;

use super::propose::{Move, require_current, signs_as_steward, use_mandate};
use crate::error::BallastError;
use crate::event::ParameterMoved;
use crate::governance::{Books, Pace};
use crate::state::{AssetConfig, BackstopVault, Clearinghouse, Mandate, Market, RiskBoard};

/// Moves at once what binds new risk only, in the direction that tightens. Signed by governance, or by the steward
/// inside its mandate.
#[derive(Accounts)]
pub struct Tighten<'info> {
    pub authority: Signer<'info>,
    #[account(mut, has_one = board @ BallastError::WrongClearinghouse)]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub asset: Option<Box<Account<'info, AssetConfig>>>,
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub market: Option<Box<Account<'info, Market>>>,
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub backstop: Option<Box<Account<'info, BackstopVault>>>,
    /// Needed where the steward signs.
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub mandate: Option<Box<Account<'info, Mandate>>>,
}

pub fn tighten(ctx: Context<Tighten>, change: Move) -> Result<()> {
    let a = ctx.accounts;
    let by_steward = signs_as_steward(&a.clearinghouse, a.authority.key)?;
    let now = Clock::get()?.unix_timestamp;
    let clearinghouse = a.clearinghouse.key();
    let mut board = a.board.load_mut()?;
    let (asset, market) = (a.asset.as_deref_mut(), a.market.as_deref_mut());
    let mut books = Books::of(&mut a.clearinghouse, &mut board, asset, market, a.backstop.as_deref_mut());
    require_current(&mut books, &change)?;
    let pace = change.parameter.row().pace(change.from, change.to);
    require!(pace == Pace::AtOnce, BallastError::NotAtOnce);
    let target = books.target(change.parameter)?;
    if by_steward {
        let mandate = a.mandate.as_deref_mut().ok_or(BallastError::BeyondMandate)?;
        use_mandate(mandate, &change, target, now)?;
    }
    books.set(change.parameter, change.to, now)?;
    emit!(ParameterMoved {
        clearinghouse,
        parameter: change.parameter as u8,
        target,
        from: change.from,
        to: change.to,
        proposal: None,
    });
    Ok(())
}
