use anchor_lang::prelude::*;

use crate::error::{BallastError, OrRefuse};
use crate::event::SettlementPriceFixed;
use crate::state::RiskBoard;

/// Makes an expired option's settlement price final where no price was published after its expiry. Permissionless,
/// an hour after expiry: an oracle that has fallen silent must not lock up what an option paid.
#[derive(Accounts)]
pub struct FixSettlementPrice<'info> {
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
}

pub fn fix_settlement_price(ctx: Context<FixSettlementPrice>, market: u8) -> Result<()> {
    let mut board = ctx.accounts.board.load_mut()?;
    let at = usize::from(market);
    let asset = *board.asset(board.market(at).or_refuse()?.asset.into()).or_refuse()?;
    let now = Clock::get()?.unix_timestamp;
    let price = board.markets[at].fix(&asset, now).map_err(|_| BallastError::SettlementPriceUnknown)?;
    emit!(SettlementPriceFixed {
        clearinghouse: board.clearinghouse,
        market,
        price_mantissa: price.mantissa,
        price_shift: price.shift as u8,
    });
    Ok(())
}
