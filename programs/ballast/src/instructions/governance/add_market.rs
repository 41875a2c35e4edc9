use anchor_lang::prelude::*;
use ballast_risk::fixed::rate_from_bps;

use crate::error::BallastError;
use crate::event::MarketAdded;
use crate::limits::{MAX_MARKETS, bounds, within};
use crate::state::{Clearinghouse, Market, MarketState, RiskBoard, VERSION, seeds};

/// Arguments of `add_market`.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct AddMarketArgs {
    /// Name, zero-padded.
    pub symbol: [u8; 16],
    /// Index of the asset it is on.
    pub asset: u8,
    /// Fills are booked at most this far from the oracle, basis points.
    pub band_bps: u32,
    /// Taker fee, basis points.
    pub fee_bps: u32,
    /// Penalty in a liquidation, basis points.
    pub penalty_bps: u32,
    /// Unsettled profit that may support initial margin, quote micro-units an account.
    pub profit_cap: u64,
    /// Most that may be open on one side, native units.
    pub open_interest_cap: u64,
}

/// Opens a perpetual market on a listed asset.
#[derive(Accounts)]
pub struct AddMarket<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    pub governance: Signer<'info>,
    #[account(mut, has_one = governance @ BallastError::NotGovernance, has_one = board @ BallastError::WrongClearinghouse)]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(
        init,
        payer = payer,
        space = 8 + Market::INIT_SPACE,
        seeds = [seeds::MARKET, clearinghouse.key().as_ref(), &[clearinghouse.market_count]],
        bump,
    )]
    pub market: Box<Account<'info, Market>>,
    pub system_program: Program<'info, System>,
}

pub fn add_market(ctx: Context<AddMarket>, args: AddMarketArgs) -> Result<()> {
    within(bounds::BAND_BPS, args.band_bps)?;
    within(bounds::FEE_BPS, args.fee_bps)?;
    within(bounds::PENALTY_BPS, args.penalty_bps)?;
    within(bounds::OPEN_INTEREST_CAP, args.open_interest_cap)?;
    let a = ctx.accounts;
    let index = a.clearinghouse.market_count;
    require!(usize::from(index) < MAX_MARKETS, BallastError::BoardFull);

    let mut board = a.board.load_mut()?;
    let asset = board.asset(args.asset.into()).map_err(BallastError::from)?;
    // The asset's envelope, with this market's penalty in the place of its own.
    let outlasted = rate_from_bps(asset.envelope_bps + args.penalty_bps);
    require!(outlasted <= asset.haircut_min, BallastError::UnsafeEnvelope);

    a.market.set_inner(Market {
        version: VERSION,
        bump: ctx.bumps.market,
        index,
        asset: args.asset,
        clearinghouse: a.clearinghouse.key(),
        symbol: args.symbol,
        band_bps: args.band_bps,
        fee_bps: args.fee_bps,
        open_interest_cap: args.open_interest_cap,
        open_interest: 0,
        pool: 0,
        fees: 0,
        reserved: [0; 256],
    });
    board.markets[usize::from(index)] = MarketState {
        profit_cap: args.profit_cap,
        penalty_bps: args.penalty_bps,
        asset: args.asset,
        open_interest_cap: args.open_interest_cap,
        ..bytemuck::Zeroable::zeroed()
    };
    board.market_count = index + 1;
    a.clearinghouse.market_count = index + 1;
    emit!(MarketAdded {
        clearinghouse: a.clearinghouse.key(),
        market: index,
        asset: args.asset,
        symbol: args.symbol,
    });
    Ok(())
}
