use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::event::{DustSwept, FeesSwept};
use crate::state::{Market, Treasury};

/// Moves a market's fees into the insurance fund, and where nobody holds a position any more the dust of rounding.
/// Permissionless. Fees collect in the market first, so that trades of different markets do not wait for one another on
/// the treasury.
#[derive(Accounts)]
pub struct SweepFees<'info> {
    #[account(mut)]
    pub market: Box<Account<'info, Market>>,
    #[account(mut, constraint = treasury.clearinghouse == market.clearinghouse @ BallastError::WrongClearinghouse)]
    pub treasury: Box<Account<'info, Treasury>>,
}

pub fn sweep_fees(ctx: Context<SweepFees>) -> Result<()> {
    let (market, treasury) = (&mut ctx.accounts.market, &mut ctx.accounts.treasury);
    let amount = core::mem::take(&mut market.fees);
    treasury.insurance = treasury.insurance.checked_add(amount).ok_or(BallastError::Overflow)?;
    let dust = market.sweep_dust(treasury)?;
    require!(amount > 0 || dust != 0, BallastError::ZeroAmount);
    if amount > 0 {
        emit!(FeesSwept { market: market.index, amount, insurance: treasury.insurance });
    }
    if dust != 0 {
        emit!(DustSwept { market: market.index, amount: dust, insurance: treasury.insurance });
    }
    Ok(())
}
