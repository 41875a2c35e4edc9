use anchor_lang::prelude::*;
use ballast_risk::fixed::rate_from_bps;
use ballast_risk::price::Price;

use super::propose_listing::{listing_hash, require_announced};
use crate::error::{BallastError, OrRefuse};
use crate::event::MarketAdded;
use crate::limits::{MAX_MARKETS, bounds, within};
use crate::state::risk_board::SCALE_ONE;
use crate::state::{
    AssetState, CALL, Clearinghouse, Market, MarketState, PUT, Proposal, RiskBoard, SideIndex, VERSION, seeds,
};

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
    /// Terms of an option; none for a perpetual.
    pub option: Option<OptionTerms>,
}

/// What makes a market an option: European, settled in quote at the average of spot over a window before expiry.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionTerms {
    /// Whether it is a put.
    pub is_put: bool,
    /// Strike: `strike·10^exponent` dollars a whole token, as the oracle gives prices.
    pub strike: i64,
    /// Decimal exponent of the strike.
    pub exponent: i32,
    /// When it expires, unix seconds.
    pub expiry: i64,
    /// Seconds before expiry over which spot is averaged.
    pub window_s: u32,
    /// Least charge on a short contract, basis points of the underlying's value.
    pub short_minimum_bps: u32,
}

impl OptionTerms {
    /// Refuses what the code limits forbid, and writes the terms.
    fn write(&self, asset: &AssetState, now: i64, state: &mut MarketState) -> Result<()> {
        let left = self.expiry.saturating_sub(now);
        within(bounds::TO_EXPIRY_S, left)?;
        within(bounds::SETTLEMENT_WINDOW_S, self.window_s)?;
        require!(i64::from(self.window_s) <= left, BallastError::ParameterOutOfBounds);
        within(bounds::SHORT_MINIMUM_BPS, self.short_minimum_bps)?;
        let strike = Price::from_decimal(self.strike, self.exponent, asset.decimals).or_refuse()?;
        within(bounds::STRIKE_RATIO, strike.ratio(&asset.spot()).or_refuse()?)?;
        state.kind = if self.is_put { PUT } else { CALL };
        (state.strike_mantissa, state.strike_shift) = (strike.mantissa, strike.shift as u8);
        state.expiry = self.expiry;
        state.window_s = self.window_s;
        state.short_minimum_bps = self.short_minimum_bps;
        Ok(())
    }
}

/// Opens a market on a listed asset: a perpetual, or an option series.
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
    /// Needed after the opening.
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub proposal: Option<Box<Account<'info, Proposal>>>,
}

pub fn add_market(ctx: Context<AddMarket>, args: AddMarketArgs) -> Result<()> {
    within(bounds::BAND_BPS, args.band_bps)?;
    within(bounds::FEE_BPS, args.fee_bps)?;
    within(bounds::PENALTY_BPS, args.penalty_bps)?;
    within(bounds::OPEN_INTEREST_CAP, args.open_interest_cap)?;
    let a = ctx.accounts;
    let index = a.clearinghouse.market_count;
    require!(usize::from(index) < MAX_MARKETS, BallastError::BoardFull);
    let proposal = a.proposal.as_deref_mut().map(|p| &mut **p);
    require_announced(&a.clearinghouse, proposal, || {
        listing_hash("add_market", index, Pubkey::default(), &args)
    })?;

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
        realised: 0,
        promised: 0,
        holders_long: 0,
        holders_short: 0,
        window_start: 0,
        window_taken: 0,
        cover_accounts: [Pubkey::default(); 2],
        cover_losses: [0; 2],
        cover_times: [0; 2],
        cover_cap: 0,
        backstop: Pubkey::default(),
        quoted_bps: 0,
        reserved: [0; 228],
    });
    let now = Clock::get()?.unix_timestamp;
    let mut state = MarketState {
        profit_cap: args.profit_cap,
        penalty_bps: args.penalty_bps,
        asset: args.asset,
        open_interest_cap: args.open_interest_cap,
        long: SideIndex { scale: SCALE_ONE, ..bytemuck::Zeroable::zeroed() },
        short: SideIndex { scale: SCALE_ONE, ..bytemuck::Zeroable::zeroed() },
        funding_time: now,
        ..bytemuck::Zeroable::zeroed()
    };
    if let Some(terms) = &args.option {
        terms.write(asset, now, &mut state)?;
    }
    board.markets[usize::from(index)] = state;
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
