//! The risk board: everything a margin check reads besides the margin account itself.
//!
//! One account holds price, volatility, haircut and scenarios of all assets, so there is no list of
//! oracle accounts to pass in, none to forget and none to spoof. Deposits do not touch it, trades and
//! withdrawals only read it; keepers refresh it.

use anchor_lang::prelude::*;
use ballast_risk::RiskError;
use ballast_risk::breaker::{Timed, Verdict};
use ballast_risk::fixed::{RATE_ONE, mul_div_floor, rate_from_bps};
use ballast_risk::index::{self, Index, Notice};
use ballast_risk::liquidity::crowding;
use ballast_risk::margin::MarginParams;
use ballast_risk::price::Price;
use ballast_risk::ring::{self, ROLLING};
use ballast_risk::scenario::{SCENARIOS, Tails, WORDS};
pub use ballast_risk::side::SCALE_ONE;
use ballast_risk::stress::{STRESS_WORDS, StressParams};

use crate::limits::{
    ClearinghouseParams, LendingParams, MAX_ASSETS, MAX_MARKETS, PhaseParams, PriceParams, QUOTE_STALE_S,
};
use crate::state::Clearinghouse;
use crate::state::asset_state::{AcceptedPrice, AssetState, Setting};
use crate::state::option_terms::PERPETUAL;
use crate::state::sample::{Heard, Sample};

/// [`RiskBoard::loan_index`] of a new board.
pub const LOAN_INDEX_ONE: u64 = 1 << 40;

/// What has happened to all positions on one side of a market since the market was opened. A position is brought in
/// step with it when it is next touched, so that funding and deleveraging cost the same for one position as for all.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
pub struct SideIndex {
    /// What is left of a unit that was open when the epoch began, 2⁻⁶².
    pub scale: u64,
    /// What such a unit has been paid, quote micro-units in `2^(−cash_shift)` of the market.
    pub cash: i64,
    /// `cash` at the end of the epoch before: what its last positions are still to be given.
    pub last_cash: i64,
    /// Counts how often the side was closed as a whole.
    pub epoch: u32,
    pub padding: u32,
}

/// What a margin check needs of a market.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
pub struct MarketState {
    /// Unsettled profit that may support initial margin, quote micro-units an account.
    pub profit_cap: u64,
    /// Penalty in a liquidation, basis points.
    pub penalty_bps: u32,
    /// Index of its asset.
    pub asset: u8,
    /// 0: a perpetual; 1: a European call; 2: a European put.
    pub kind: u8,
    pub strike_shift: u8,
    pub average_shift: u8,
    /// Open on one side when last copied to the board, native units.
    pub open_interest: u64,
    /// Most that may be open on one side, native units.
    pub open_interest_cap: u64,
    /// Strike of an option, a price like those of the asset.
    pub strike_mantissa: u64,
    /// When it expires, unix seconds.
    pub expiry: i64,
    /// Average of spot over the first `averaged_s` seconds of the settlement window, a price. Final, and never
    /// changed again, where these are the whole window.
    pub average_mantissa: u64,
    pub averaged_s: u32,
    /// Seconds before expiry over which spot is averaged.
    pub window_s: u32,
    /// Least charge on a short contract, basis points of the underlying's value.
    pub short_minimum_bps: u32,
    /// Restrictions that stand on it, bits of [`crate::policy::restriction`].
    pub restrictions: u8,
    /// Unit of [`SideIndex::cash`]; zero until it is first used.
    pub cash_shift: u8,
    pub padding: [u8; 2],
    /// When open interest was last copied to the board, unix seconds.
    pub open_interest_time: i64,
    /// Indexes of longs and of shorts.
    pub long: SideIndex,
    pub short: SideIndex,
    /// Funding that longs pay to shorts, a signed rate (2⁻³²) a day, and the time up to which it was charged, unix
    /// seconds.
    pub funding_rate: i64,
    pub funding_time: i64,
    /// For later versions.
    pub reserved: [u64; 4],
}

/// The board. Zero-copy.
#[account(zero_copy)]
pub struct RiskBoard {
    /// Layout version.
    pub version: u8,
    /// Bump of this address.
    pub bump: u8,
    /// Assets listed.
    pub asset_count: u8,
    /// Markets listed.
    pub market_count: u8,
    pub padding: [u8; 4],
    /// The clearinghouse it belongs to.
    pub clearinghouse: Pubkey,
    /// Parameters for every account, as in [`ClearinghouseParams`].
    pub params: ClearinghouseParams,
    /// When the last tick wrote a row, unix seconds.
    pub last_tick: i64,
    /// When the last tick of either kind was taken, unix seconds, and the index that it found, a rate.
    pub last_short_tick: i64,
    pub tick_index: u64,
    /// Ticks that wrote, or would have written, a row.
    pub tick_count: u64,
    /// Row that the next tick writes.
    pub next_row: u32,
    /// Market-wide volatility index: Σ of weights, basis points, and Σ of weight times σ.
    pub index_weights: u32,
    pub index_sum: u64,
    /// Level of the index that MM has been raised to, a rate, when it was last raised, and the factor that
    /// follows from it, a rate.
    pub notice_level: u64,
    pub notice_time: i64,
    pub notice: u64,
    /// What a quote unit owed since the beginning has grown to, 2⁻⁴⁰; the rate a year at which it grows, a rate; and
    /// the time up to which it has grown, unix seconds.
    pub loan_index: u64,
    pub loan_rate: u64,
    pub loan_time: i64,
    /// Dollars a quote token, a rate, inside the cap; and when it was published, unix seconds.
    pub quote_rate: u64,
    pub quote_time: i64,
    /// When the board was last refreshed by anybody, unix seconds: a gap is an outage; and until when liquidation waits
    /// after one.
    pub seen_time: i64,
    pub grace_until: i64,
    /// What is paused, bits of [`crate::policy::pause`], and until when, unix seconds.
    pub pause_until: i64,
    pub paused: u32,
    /// 1 while the quote token is off its peg.
    pub off_peg: u32,
    /// Parameters of the parts beside the core.
    pub prices: PriceParams,
    pub phases: PhaseParams,
    pub lending: LendingParams,
    /// Assets and markets, a bit each, that the guardian restricted to reducing until `pause_until`.
    pub paused_markets: u64,
    pub paused_assets: u32,
    pub padding_pause: u32,
    /// For later versions.
    pub reserved: [u64; 30],
    /// By asset index.
    pub assets: [AssetState; MAX_ASSETS],
    /// By market index.
    pub markets: [MarketState; MAX_MARKETS],
    /// Standardised returns: a column an asset, two rows a word.
    pub ring: [[i64; WORDS]; MAX_ASSETS],
    /// Joint stress rows: a column an asset, two rows a word.
    pub stress: [[i64; STRESS_WORDS]; MAX_ASSETS],
    /// When each row of the ring was written, unix seconds; zero for one that was loaded.
    pub row_times: [u32; SCENARIOS],
    /// For later versions.
    pub reserved_tail: [u64; 32],
}

const _: () = assert!(core::mem::size_of::<MarketState>() == 192);
const _: () = assert!(
    core::mem::size_of::<RiskBoard>() == 640 + 32 * 544 + 64 * 192 + 32 * 1024 + 32 * 128 + 4 * 256 + 256
);

impl RiskBoard {
    /// Bytes of the account, discriminator included.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// A listed asset.
    pub fn asset(&self, index: usize) -> core::result::Result<&AssetState, RiskError> {
        if index < usize::from(self.asset_count) {
            Ok(&self.assets[index])
        } else {
            Err(RiskError::UnknownAsset)
        }
    }

    /// A listed market.
    pub fn market(&self, index: usize) -> core::result::Result<&MarketState, RiskError> {
        if index < usize::from(self.market_count) {
            Ok(&self.markets[index])
        } else {
            Err(RiskError::UnknownAsset)
        }
    }

    /// Copies the parameters of its clearinghouse onto a new board.
    pub fn start(&mut self, house: &Clearinghouse) {
        self.set_params(&house.params);
        (self.prices, self.phases, self.lending) = (house.prices, house.phases, house.lending);
        // Where the quote token has a feed, it is off its peg until that has spoken.
        self.off_peg = u32::from(house.quote_feed_id != [0; 32]);
    }

    /// Copies the parameters for every account onto a new board.
    pub fn set_params(&mut self, params: &ClearinghouseParams) {
        self.params = *params;
        self.notice = RATE_ONE;
        self.quote_rate = RATE_ONE;
        self.loan_index = LOAN_INDEX_ONE;
    }

    /// What the engine needs for a margin.
    pub fn margin_params(&self) -> MarginParams {
        MarginParams {
            initial_ratio_bps: self.params.initial_ratio_bps,
            min_maintenance: self.params.min_maintenance,
            gross_floor: rate_from_bps(self.params.gross_floor_bps),
            stress: self.stress_params(),
            notice: self.notice,
        }
    }

    fn stress_params(&self) -> StressParams {
        StressParams {
            weight: rate_from_bps(self.params.stress_weight_bps),
            decorrelation: rate_from_bps(self.params.decorrelation_bps),
        }
    }

    /// What an asset needs to know of its clearinghouse.
    pub fn setting(&self, now: i64) -> Setting {
        Setting {
            horizon_s: self.params.horizon_s,
            weights: self.params.forecast_weights(),
            stress: self.stress_params(),
            now,
        }
    }

    /// The market-wide volatility index.
    pub fn index(&self) -> Index {
        Index { weights: self.index_weights, sum: self.index_sum }
    }

    /// Puts an asset on the board, at its index.
    pub fn list(&mut self, asset: AssetState) -> ballast_risk::Result<()> {
        let mut index = self.index();
        index.add(asset.index_weight_bps, asset.sigma)?;
        (self.index_weights, self.index_sum) = (index.weights, index.sum);
        let at = usize::from(asset.index);
        self.assets[at] = asset;
        self.assets[at].set_shock(&self.stress[at]);
        self.asset_count = asset.index + 1;
        Ok(())
    }

    /// Changes an asset and keeps the index in step with its σ.
    pub fn update(
        &mut self,
        at: usize,
        change: impl FnOnce(&mut AssetState) -> ballast_risk::Result<()>,
    ) -> ballast_risk::Result<()> {
        let mut index = self.index();
        let asset =
            self.assets[..usize::from(self.asset_count)].get_mut(at).ok_or(RiskError::UnknownAsset)?;
        let before = asset.sigma;
        change(asset)?;
        index.replace(asset.index_weight_bps, before, asset.sigma)?;
        self.index_sum = index.sum;
        Ok(())
    }

    /// Takes an accepted price of an asset: σ, haircuts, index, notice and settlement averages follow. Samples of sources
    /// come through [`Self::hear`].
    pub fn refresh(&mut self, at: usize, new: &AcceptedPrice, now: i64) -> ballast_risk::Result<()> {
        self.average(at, new.publish_time)?;
        let setting = self.setting(now);
        self.update(at, |asset| asset.refresh(new, &setting))?;
        self.give_notice(now)
    }

    /// Hears a sample of an asset: its breaker judges it, it becomes the price or is held back, and the state of the
    /// breaker follows from what then stands on the board.
    pub fn hear(&mut self, at: usize, sample: &Sample, now: i64) -> ballast_risk::Result<Heard> {
        self.see(now);
        let asset = self.asset(at)?;
        let (limits, accepted, mut breaker) =
            (asset.breaker_limits(&self.prices), asset.accepted(), asset.breaker());
        let from = breaker.state;
        if asset.heard_time != 0 && sample.silence_s > i64::from(self.prices.outage_s) {
            self.assets[at].grace_until = now.saturating_add(self.prices.grace_s.into());
        }
        let time = sample.publish_time;
        let verdict = match sample.said {
            Ok(price) => breaker.judge(&limits, &accepted, &Timed { price, time }),
            Err(cause) => breaker.refuse(cause, time),
        };
        let cause = match verdict {
            Verdict::Take(price) => {
                let confidence_bps = sample.confidence_bps;
                self.refresh(at, &AcceptedPrice { price, publish_time: time, confidence_bps }, now)?;
                let asset = &self.assets[at];
                breaker.review(&limits, from, &asset.accepted(), &asset.stable(), asset.is_above_maximum())
            }
            Verdict::Hold(cause) => cause,
        };
        self.assets[at].set_breaker(&breaker, time);
        Ok(Heard { from, to: breaker.state, cause, taken: matches!(verdict, Verdict::Take(_)) })
    }

    /// Notes that the board is alive. Nobody having refreshed anything for longer than an outage's length is an outage:
    /// liquidation waits for the grace period from now on. It can neither be brought about while anybody refreshes
    /// anything, nor be made longer by refreshing.
    pub fn see(&mut self, now: i64) {
        let silent = now.saturating_sub(self.seen_time);
        if self.seen_time != 0 && silent > i64::from(self.prices.outage_s) {
            self.grace_until = now.saturating_add(self.prices.grace_s.into());
        }
        self.seen_time = self.seen_time.max(now);
    }

    /// Takes the quote token's price in dollars, a rate.
    pub fn hear_quote(&mut self, dollars: u64, publish_time: i64) {
        let cap = rate_from_bps(self.prices.quote_cap_bps);
        self.quote_rate = dollars.clamp(RATE_ONE - cap, RATE_ONE + cap);
        self.quote_time = publish_time;
        // Entered further out than it is left.
        let limit = if self.off_peg == 0 { self.prices.off_peg_bps } else { self.prices.on_peg_bps };
        let distance = dollars.abs_diff(RATE_ONE);
        self.off_peg = u32::from(distance > rate_from_bps(limit));
    }

    /// Whether the quote token is off its peg at `now`, or its feed has been silent for too long to say.
    pub fn is_off_peg(&self, now: i64) -> bool {
        let silent = self.quote_time != 0 && now.saturating_sub(self.quote_time) > QUOTE_STALE_S;
        self.off_peg != 0 || silent
    }

    /// A dollar price as a price in quote.
    pub fn in_quote(&self, dollars: &Price) -> ballast_risk::Result<Price> {
        if self.quote_rate == RATE_ONE {
            return Ok(*dollars);
        }
        dollars.scaled(mul_div_floor(RATE_ONE, RATE_ONE, self.quote_rate)?)
    }

    /// Gives the price of an asset that stood until `until` to the settlement averages of its options.
    fn average(&mut self, at: usize, until: i64) -> ballast_risk::Result<()> {
        let asset = self.asset(at)?;
        let spot = asset.spot();
        for market in &mut self.markets[..usize::from(self.market_count)] {
            if market.kind != PERPETUAL && usize::from(market.asset) == at {
                market.average(&spot, until)?;
            }
        }
        Ok(())
    }

    fn give_notice(&mut self, now: i64) -> ballast_risk::Result<()> {
        let mut notice = Notice { level: self.notice_level, time: self.notice_time };
        self.notice = notice.step(&self.params.notice(), self.index().value(), now)?;
        (self.notice_level, self.notice_time) = (notice.level, notice.time);
        Ok(())
    }

    /// Copies a market's open interest, and brings the crowding of its asset in step.
    pub fn follow_open_interest(
        &mut self,
        market: usize,
        open_interest: u64,
        now: i64,
    ) -> ballast_risk::Result<()> {
        self.market(market)?;
        (self.markets[market].open_interest, self.markets[market].open_interest_time) = (open_interest, now);
        let at = usize::from(self.markets[market].asset);
        let listed = &self.markets[..usize::from(self.market_count)];
        let asset = &mut self.assets[at];
        (asset.open_interest, asset.crowding) = (0, 0);
        for m in listed.iter().filter(|m| usize::from(m.asset) == at) {
            asset.open_interest = asset.open_interest.saturating_add(m.open_interest);
            asset.crowding = asset.crowding.max(crowding(m.open_interest, m.open_interest_cap, RATE_ONE));
        }
        Ok(())
    }

    /// Seconds until the next short tick after the last one: shorter, the higher the index.
    pub fn tick_interval(&self) -> u32 {
        index::tick_interval(self.params.tick_interval_s, self.params.calm_sigma(), self.index().value())
    }

    /// Which tick is due at `now`, if any.
    pub fn due(&self, now: i64) -> Option<TickKind> {
        let later = |than: i64, interval: u32| {
            let cell = |t: i64| t.div_euclid(i64::from(interval.max(1)));
            cell(now) > cell(than)
        };
        let index = self.index().value();
        if later(self.last_tick, self.params.tick_interval_s) {
            Some(TickKind::Full)
        } else if index > self.params.calm_sigma()
            && (later(self.last_short_tick, self.tick_interval())
                || index > self.tick_index + self.tick_index / TICK_THRESHOLD_PARTS)
        {
            Some(TickKind::Short)
        } else {
            None
        }
    }

    /// A short tick: brings what follows from time (depth, implied volatility, notice) in step for every fresh
    /// asset. The ring holds returns over one horizon and is left alone.
    pub fn short_tick(&mut self, now: i64) -> ballast_risk::Result<()> {
        self.see(now);
        let setting = self.setting(now);
        for asset in &mut self.assets[..usize::from(self.asset_count)] {
            if asset.is_fresh(now) {
                asset.publish(&setting)?;
            }
        }
        self.give_notice(now)?;
        self.last_short_tick = now;
        self.tick_index = self.index().value();
        Ok(())
    }

    /// A full tick: one sample of every asset that is due. Returns the row and a bit for every asset whose return
    /// entered it. An asset without a new return keeps the one it had in that row: it neither stops the others
    /// nor enters the joint row with a move that it did not make.
    pub fn tick(&mut self, now: i64) -> ballast_risk::Result<(u32, u32)> {
        self.see(now);
        let (setting, row) = (self.setting(now), self.next_row as usize);
        let listed = usize::from(self.asset_count);
        let bits = |of: &dyn Fn(&AssetState) -> bool| {
            self.assets[..listed].iter().enumerate().fold(0u32, |bits, (i, a)| bits | (u32::from(of(a)) << i))
        };
        let due = bits(&|a| a.is_due(&setting));
        let starting = bits(&|a| a.tick_mantissa == 0);
        let netted = bits(&|a| a.netted != 0);
        let sampled = due & !starting;

        let columns = &mut self.ring[..listed];
        // A row in which nobody is sampled is not spent.
        if sampled != 0 {
            ring::fade(columns);
            if let Some(kept) = ring::retire(columns, row, netted) {
                self.row_times[kept] = self.row_times[row];
            }
            self.row_times[row] = u32::try_from(now).unwrap_or(0);
            self.next_row = (self.next_row + 1) % ROLLING as u32;
        }
        for (index, (asset, column)) in self.assets[..listed].iter_mut().zip(columns).enumerate() {
            if due & (1 << index) != 0 {
                asset.sample(column, row, &setting)?;
            } else {
                asset.miss();
            }
            if sampled != 0 {
                asset.set_tails(Tails::of(column));
            }
            asset.publish_haircuts(&setting.stress);
        }
        self.give_notice(now)?;
        (self.last_tick, self.last_short_tick) = (now, now);
        self.tick_index = self.index().value();
        self.tick_count += 1;
        Ok((row as u32, sampled))
    }
}

/// What a tick does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TickKind {
    /// Writes a row of the ring.
    Full,
    /// Brings derived state in step between rows.
    Short,
}

/// A rise of the index by one part in this many makes a short tick due at once.
const TICK_THRESHOLD_PARTS: u64 = 4;
