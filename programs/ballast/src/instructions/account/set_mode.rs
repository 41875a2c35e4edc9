use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::event::ModeSet;
use crate::state::{MarginAccount, Market};

/// Makes an empty account isolated, or cross again. An isolated account holds positions in one market, and quote and
/// that market's asset as collateral: what is lost there is lost there.
#[derive(Accounts)]
pub struct SetMode<'info> {
    pub owner: Signer<'info>,
    #[account(mut, has_one = owner @ BallastError::NotOwner)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    /// The only market that it will hold; none for cross margin.
    #[account(constraint = market.clearinghouse == margin_account.load()?.clearinghouse @ BallastError::WrongClearinghouse)]
    pub market: Option<Box<Account<'info, Market>>>,
}

pub fn set_mode(ctx: Context<SetMode>) -> Result<()> {
    let a = ctx.accounts;
    let market = a.market.as_ref().map(|m| (m.index, m.asset));
    a.margin_account.load_mut()?.set_mode(market)?;
    emit!(ModeSet { account: a.margin_account.key(), market: market.map(|m| m.0) });
    Ok(())
}
