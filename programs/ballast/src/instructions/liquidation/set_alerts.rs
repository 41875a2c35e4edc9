use anchor_lang::prelude::*;
use ballast_risk::fixed::BPS_ONE;

use crate::error::BallastError;
use crate::event::AlertsSet;
use crate::state::MarginAccount;

/// Sets up to four levels of equity ÷ MM, basis points, falling, zeros at the end: when equity falls through one, a
/// touch announces it.
#[derive(Accounts)]
pub struct SetAlerts<'info> {
    pub owner: Signer<'info>,
    #[account(mut, has_one = owner @ BallastError::NotOwner)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
}

pub fn set_alerts(ctx: Context<SetAlerts>, levels_bps: [u16; 4]) -> Result<()> {
    let falling = levels_bps.windows(2).all(|pair| pair[1] == 0 || pair[1] < pair[0]);
    let above = levels_bps.iter().all(|&level| level == 0 || u64::from(level) > BPS_ONE);
    require!(falling && above, BallastError::BadAlertLevels);
    let mut account = ctx.accounts.margin_account.load_mut()?;
    account.alert_bps = levels_bps;
    account.alert = 0;
    emit!(AlertsSet { account: ctx.accounts.margin_account.key(), levels_bps });
    Ok(())
}
