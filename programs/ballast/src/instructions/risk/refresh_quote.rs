use anchor_lang::prelude::*;
use pyth_solana_receiver_sdk::price_update::PriceUpdateV2;

use crate::error::BallastError;
use crate::event::QuoteRefreshed;
use crate::oracle::pyth;
use crate::state::{Clearinghouse, RiskBoard};

/// Takes the quote token's price in dollars. Permissionless. Prices that are refreshed from then on are converted by it,
/// inside the cap; beyond the peg's threshold new risk stops.
#[derive(Accounts)]
pub struct RefreshQuote<'info> {
    #[account(has_one = board @ BallastError::WrongClearinghouse)]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    /// Owned by Pyth's receiver program; any address, because what it says is signed.
    pub price_update: Box<Account<'info, PriceUpdateV2>>,
}

pub fn refresh_quote(ctx: Context<RefreshQuote>) -> Result<()> {
    let a = ctx.accounts;
    require!(a.clearinghouse.quote_feed_id != [0; 32], BallastError::NoQuoteFeed);
    let mut board = a.board.load_mut()?;
    let publish_time = a.price_update.price_message.publish_time;
    require!(publish_time > board.quote_time, BallastError::PriceNotNewer);
    let dollars = pyth::accept_quote(&a.price_update, &a.clearinghouse.quote_feed_id, &Clock::get()?)?;
    board.hear_quote(dollars, publish_time);
    emit!(QuoteRefreshed {
        clearinghouse: board.clearinghouse,
        dollars,
        rate: board.quote_rate,
        off_peg: board.off_peg != 0,
        publish_time,
    });
    Ok(())
}
