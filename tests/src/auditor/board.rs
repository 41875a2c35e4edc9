//! The risk board, read; what must stand on it is in [`super::charges`].

use super::charges::Charges;
use super::layout::{asset as at, board as layout, i64_at, u32_at, u64_at};

/// Rows of the scenario ring, and how many of them roll; the rest is the tail memory.
pub const ROWS: usize = 256;
pub const ROLLING: usize = 224;
/// Rows that the shortfall averages: 2.5 % of them, rounded up.
pub const WORST: usize = 7;
/// A standardised return of one σ, in the ring's unit.
pub const SIGMA_UNITS: f64 = 1_024.0;
/// A joint shock of 100 %, in the stress rows' unit.
pub const SHOCK_UNITS: f64 = 4_096.0;
/// One unit of a rate.
pub const RATE_UNIT: f64 = 1.0 / 4_294_967_296.0;
/// One unit of a variance.
pub const VARIANCE_UNIT: f64 = RATE_UNIT / 65_536.0;
/// One unit of an impact coefficient.
pub const IMPACT_UNIT: f64 = RATE_UNIT / 16_777_216.0;

/// Error of a weight of the estimator: nine units of a rate.
pub const WEIGHT_ERROR: f64 = 9.0 * RATE_UNIT;

/// Something that an asset has two of: for whoever holds it, and for whoever is short of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sides {
    pub long: f64,
    pub short: f64,
}

impl Sides {
    /// One side.
    #[must_use]
    pub fn of(&self, short: bool) -> f64 {
        if short { self.short } else { self.long }
    }

    /// The larger.
    #[must_use]
    pub fn widest(&self) -> f64 {
        self.long.max(self.short)
    }
}

/// One asset, in fractions, seconds, and quote micro-units a native unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Asset {
    pub index: usize,
    pub decimals: u8,
    pub spot: f64,
    pub stable: f64,
    pub sample: f64,
    pub tick: f64,
    pub publish_time: i64,
    pub sample_time: i64,
    pub tick_time: i64,
    pub sigma: f64,
    /// σ in units of a rate: the index is a count of them.
    pub sigma_units: u64,
    pub tick_sigma: f64,
    pub variance_short: f64,
    pub variance_fast: f64,
    pub variance_slow: f64,
    pub forecast: f64,
    pub implied: f64,
    pub implied_time: i64,
    pub expected: f64,
    pub haircut: Sides,
    pub addon: Sides,
    pub liquidity: Sides,
    pub shock: Sides,
    /// Quote micro-units.
    pub crowd: Sides,
    /// When it was last brought in step.
    pub crowd_time: i64,
    /// `η·σ/√depth`, a micro-unit^(−½).
    pub impact: f64,
    pub crowding: f64,
    /// As reported, quote micro-units.
    pub depth: f64,
    pub depth_time: i64,
    /// Native units.
    pub open_interest: u64,
    pub deposits: u64,
    pub tail_long: u32,
    pub tail_short: u32,
    pub ticks_lived: u32,
    pub rows_filled: u32,
    pub ticks_missed: u32,
    pub netted: bool,
    pub confidence: f64,
    pub max_age_s: i64,
    pub net_after_ticks: u32,
    pub index_weight: u32,
    /// η and φ.
    pub eta: f64,
    pub crowd_share: f64,
    pub depth_half_life_s: f64,
    /// Its own worst fall and rise.
    pub own_shock: Sides,
    pub depth_floor: f64,
    pub depth_cap: f64,
    pub haircut_min: f64,
    pub haircut_max: f64,
    pub sigma_floor: f64,
    pub stable_half_life_s: f64,
    pub fast_half_life_s: f64,
    pub slow_half_life_s: f64,
    pub grid_s: i64,
    /// Its column of the ring, in the ring's unit.
    pub column: Vec<i64>,
    /// Its returns in the joint stress rows, fractions.
    pub stress: Vec<f64>,
    /// By the auditor: mean of the seven worst standardised losses on either side, in σ.
    pub tails: Sides,
    /// By the auditor: what it should be charged.
    pub charges: Charges,
}

/// What an option series is, and how far its settlement average has got.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OptionTerms {
    pub is_put: bool,
    /// Quote micro-units a native unit.
    pub strike: f64,
    pub expiry: i64,
    pub average: f64,
    pub averaged_s: u32,
    pub window_s: u32,
    pub short_minimum: f64,
}

impl OptionTerms {
    fn read(state: &[u8]) -> Option<Self> {
        let kind = state[layout::KIND];
        (kind != 0).then(|| Self {
            is_put: kind == 2,
            strike: price(state, layout::STRIKE, layout::STRIKE_SHIFT),
            expiry: i64_at(state, layout::EXPIRY),
            average: price(state, layout::AVERAGE, layout::AVERAGE_SHIFT),
            averaged_s: u32_at(state, layout::AVERAGED_S),
            window_s: u32_at(state, layout::WINDOW_S),
            short_minimum: bps(state, layout::SHORT_MINIMUM_BPS),
        })
    }

    /// Whether its settlement price can no longer change.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.averaged_s >= self.window_s
    }
}

/// A market's part of the board.
#[derive(Clone, Debug, PartialEq)]
pub struct BoardMarket {
    pub asset: usize,
    pub profit_cap: f64,
    /// Native units.
    pub open_interest: u64,
    pub open_interest_cap: u64,
    /// When open interest was last copied.
    pub open_interest_time: i64,
    /// What has happened to longs and to shorts, and the unit of their cash.
    pub long: BoardSide,
    pub short: BoardSide,
    pub cash_shift: u32,
    /// What an option is; none of a perpetual.
    pub option: Option<OptionTerms>,
}

/// One side of a market, as it stands on the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoardSide {
    pub scale: u64,
    pub cash: i64,
    pub last_cash: i64,
    pub epoch: u32,
}

impl BoardSide {
    fn read(data: &[u8]) -> Self {
        Self {
            scale: u64_at(data, layout::SIDE_SCALE),
            cash: i64_at(data, layout::SIDE_CASH),
            last_cash: i64_at(data, layout::SIDE_LAST_CASH),
            epoch: u32_at(data, layout::SIDE_EPOCH),
        }
    }

    /// Whether funding or deleveraging ever changed what its positions come to.
    #[must_use]
    pub fn has_moved(&self) -> bool {
        self.is_dusty() || self.cash != 0 || self.last_cash != 0
    }

    /// Whether the side was ever deleveraged: then truncation has left base behind.
    #[must_use]
    pub fn is_dusty(&self) -> bool {
        self.scale != 1 << 62 || self.epoch != 0
    }
}

impl BoardMarket {
    /// How far open interest is beyond half of its cap, as a share of that half.
    #[must_use]
    pub fn beyond_half(&self) -> f64 {
        if self.open_interest_cap == 0 {
            return if self.open_interest == 0 { 0.0 } else { 1.0 };
        }
        let share = self.open_interest as f64 / self.open_interest_cap as f64;
        (2.0 * share.min(1.0) - 1.0).max(0.0)
    }
}

/// Parameters for every account.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Params {
    pub initial_ratio: f64,
    pub buffer: f64,
    pub horizon_s: f64,
    pub tick_interval_s: i64,
    pub min_maintenance: f64,
    pub dust: f64,
    pub calm_sigma: f64,
    /// ω and d.
    pub stress_weight: f64,
    pub decorrelation: f64,
    pub gross_floor: f64,
    pub notice_doubling_s: f64,
    pub notice_least: f64,
    /// Weights of the short, fast and slow average in the forecast.
    pub forecast: [f64; 3],
}

/// When the board is read, unix seconds: options age by themselves. Two readings of the same bytes are equal, whenever
/// they were taken.
#[derive(Clone, Copy, Debug)]
pub struct Moment(pub i64);

impl PartialEq for Moment {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// The board.
#[derive(Clone, Debug, PartialEq)]
pub struct Board {
    /// The newest publish time, until somebody says when it was read.
    pub moment: Moment,
    pub params: Params,
    pub last_tick: i64,
    pub last_short_tick: i64,
    pub tick_index: f64,
    pub tick_count: u64,
    pub next_row: usize,
    /// Basis points, and basis points times units of a rate.
    pub index_weights: u32,
    pub index_sum: u64,
    pub notice_level: f64,
    pub notice_time: i64,
    pub notice: f64,
    pub assets: Vec<Asset>,
    pub markets: Vec<BoardMarket>,
    pub row_times: Vec<u32>,
}

fn rate(data: &[u8], at: usize) -> f64 {
    u64_at(data, at) as f64 * RATE_UNIT
}

fn bps(data: &[u8], at: usize) -> f64 {
    f64::from(u32_at(data, at)) / 10_000.0
}

fn price(data: &[u8], mantissa: usize, shift: usize) -> f64 {
    // Below 2^53 and a power of two: exact.
    u64_at(data, mantissa) as f64 * 0.5f64.powi(data[shift].into())
}

/// Two rows a word: `z[2j] + z[2j+1]·2³²`.
fn unpack(column: &[u8]) -> Vec<i64> {
    let mut rows = Vec::with_capacity(ROWS);
    for word in column.chunks_exact(8) {
        let word = i128::from(i64_at(word, 0));
        let mut even = word.rem_euclid(1 << 32);
        if even >= 1 << 31 {
            even -= 1 << 32;
        }
        rows.push(even as i64);
        rows.push(((word - even) >> 32) as i64);
    }
    rows
}

/// Mean of the [`WORST`] largest of `losses`, which are brought to the front; not below zero.
#[must_use]
pub fn shortfall(losses: &mut [f64]) -> f64 {
    losses.select_nth_unstable_by(WORST - 1, |a, b| b.total_cmp(a));
    (losses[..WORST].iter().sum::<f64>() / WORST as f64).max(0.0)
}

impl Asset {
    fn read(index: usize, data: &[u8], column: &[u8], stress: &[u8], params: &Params) -> Self {
        let seconds = |at: usize| i64::from(u32_at(data, at));
        let rates = |long: usize, short: usize| Sides { long: rate(data, long), short: rate(data, short) };
        let micro = |at: usize| u64_at(data, at) as f64;
        let mut asset = Self {
            index,
            decimals: data[at::DECIMALS],
            spot: price(data, at::SPOT, at::SPOT_SHIFT),
            stable: price(data, at::STABLE, at::STABLE_SHIFT),
            sample: price(data, at::SAMPLE, at::SAMPLE_SHIFT),
            tick: price(data, at::TICK, at::TICK_SHIFT),
            publish_time: i64_at(data, at::PUBLISH_TIME),
            sample_time: i64_at(data, at::SAMPLE_TIME),
            tick_time: i64_at(data, at::TICK_TIME),
            sigma: rate(data, at::SIGMA),
            sigma_units: u64_at(data, at::SIGMA),
            tick_sigma: rate(data, at::TICK_SIGMA),
            variance_short: micro(at::VARIANCE_SHORT) * VARIANCE_UNIT,
            variance_fast: micro(at::VARIANCE_FAST) * VARIANCE_UNIT,
            variance_slow: micro(at::VARIANCE_SLOW) * VARIANCE_UNIT,
            forecast: rate(data, at::FORECAST_SIGMA),
            implied: rate(data, at::IMPLIED_SIGMA),
            implied_time: i64_at(data, at::IMPLIED_TIME),
            expected: rate(data, at::EXPECTED_SIGMA),
            haircut: rates(at::HAIRCUT_LONG, at::HAIRCUT_SHORT),
            addon: rates(at::ADDON_LONG, at::ADDON_SHORT),
            liquidity: rates(at::LIQUIDITY_LONG, at::LIQUIDITY_SHORT),
            shock: rates(at::SHOCK_LONG, at::SHOCK_SHORT),
            crowd: Sides { long: micro(at::CROWD_LONG), short: micro(at::CROWD_SHORT) },
            impact: micro(at::IMPACT) * IMPACT_UNIT,
            crowding: rate(data, at::CROWDING),
            depth: micro(at::DEPTH),
            depth_time: i64_at(data, at::DEPTH_TIME),
            crowd_time: i64_at(data, at::CROWD_TIME),
            open_interest: u64_at(data, at::OPEN_INTEREST),
            deposits: u64_at(data, at::DEPOSITS),
            tail_long: u32_at(data, at::TAIL_LONG),
            tail_short: u32_at(data, at::TAIL_SHORT),
            ticks_lived: u32_at(data, at::TICKS_LIVED),
            rows_filled: u32_at(data, at::ROWS_FILLED),
            ticks_missed: u32_at(data, at::TICKS_MISSED),
            netted: data[at::NETTED] != 0,
            confidence: bps(data, at::CONFIDENCE_BPS),
            max_age_s: seconds(at::MAX_AGE_S),
            net_after_ticks: u32_at(data, at::NET_AFTER_TICKS),
            index_weight: u32_at(data, at::INDEX_WEIGHT_BPS),
            eta: bps(data, at::IMPACT_BPS),
            crowd_share: bps(data, at::CROWD_SHARE_BPS),
            depth_half_life_s: seconds(at::DEPTH_HALF_LIFE_S) as f64,
            own_shock: Sides { long: bps(data, at::FALL_BPS), short: bps(data, at::RISE_BPS) },
            depth_floor: micro(at::DEPTH_FLOOR),
            depth_cap: micro(at::DEPTH_CAP),
            haircut_min: rate(data, at::HAIRCUT_MIN),
            haircut_max: rate(data, at::HAIRCUT_MAX),
            sigma_floor: rate(data, at::SIGMA_FLOOR),
            stable_half_life_s: seconds(at::STABLE_HALF_LIFE_S) as f64,
            fast_half_life_s: seconds(at::FAST_HALF_LIFE_S) as f64,
            slow_half_life_s: seconds(at::SLOW_HALF_LIFE_S) as f64,
            grid_s: seconds(at::GRID_S),
            column: unpack(column),
            stress: unpack(stress).into_iter().map(|x| x as f64 / SHOCK_UNITS).collect(),
            tails: Sides::default(),
            charges: Charges::default(),
        };
        let tail = |side: f64| {
            let mut losses: Vec<f64> = asset.column.iter().map(|z| -side * *z as f64 / SIGMA_UNITS).collect();
            shortfall(&mut losses)
        };
        asset.tails = Sides { long: tail(1.0), short: tail(-1.0) };
        asset.charges = Charges::of(&asset, params);
        asset
    }

    /// Whether its price may be used at a time.
    #[must_use]
    pub fn is_fresh(&self, now: i64) -> bool {
        self.spot > 0.0 && now - self.publish_time <= self.max_age_s
    }

    /// What a trade of this size costs by the square-root law, a fraction of it, at most ten times.
    #[must_use]
    pub fn impact_rate(&self, size: f64) -> f64 {
        (self.impact * size.sqrt()).min(10.0)
    }
}

impl Board {
    /// Reads a board.
    ///
    /// # Panics
    /// If the bytes are shorter than the layout.
    #[must_use]
    pub fn read(data: &[u8]) -> Self {
        let (short, fast) = (bps(data, layout::FORECAST_SHORT_BPS), bps(data, layout::FORECAST_FAST_BPS));
        let params = Params {
            initial_ratio: bps(data, layout::INITIAL_RATIO_BPS),
            buffer: bps(data, layout::BUFFER_BPS),
            horizon_s: u32_at(data, layout::HORIZON_S).into(),
            tick_interval_s: u32_at(data, layout::TICK_INTERVAL_S).into(),
            min_maintenance: u64_at(data, layout::MIN_MAINTENANCE) as f64,
            dust: u64_at(data, layout::DUST) as f64,
            calm_sigma: u64_at(data, layout::CALM_SIGMA_E8) as f64 / 1e8,
            stress_weight: bps(data, layout::STRESS_WEIGHT_BPS),
            decorrelation: bps(data, layout::DECORRELATION_BPS),
            gross_floor: bps(data, layout::GROSS_FLOOR_BPS),
            notice_doubling_s: u32_at(data, layout::NOTICE_DOUBLING_S).into(),
            notice_least: bps(data, layout::NOTICE_LEAST_BPS),
            forecast: [short, fast, 1.0 - short - fast],
        };
        let part = |start: usize, size: usize, i: usize| &data[start + i * size..start + (i + 1) * size];
        let assets = (0..usize::from(data[layout::ASSET_COUNT])).map(|i| {
            let state = part(layout::ASSETS, layout::ASSET, i);
            let column = part(layout::RING, layout::COLUMN, i);
            Asset::read(i, state, column, part(layout::STRESS, layout::STRESS_COLUMN, i), &params)
        });
        let markets = (0..usize::from(data[layout::MARKET_COUNT])).map(|i| {
            let state = part(layout::MARKETS, layout::MARKET, i);
            BoardMarket {
                asset: state[layout::MARKET_ASSET].into(),
                profit_cap: u64_at(state, layout::PROFIT_CAP) as f64,
                open_interest: u64_at(state, layout::OPEN_INTEREST),
                open_interest_cap: u64_at(state, layout::OPEN_INTEREST_CAP),
                open_interest_time: i64_at(state, layout::OPEN_INTEREST_TIME),
                long: BoardSide::read(&state[layout::LONG..]),
                short: BoardSide::read(&state[layout::SHORT..]),
                cash_shift: state[layout::CASH_SHIFT].into(),
                option: OptionTerms::read(state),
            }
        });
        let assets: Vec<Asset> = assets.collect();
        Self {
            moment: Moment(assets.iter().map(|a| a.publish_time).max().unwrap_or(0)),
            params,
            last_tick: i64_at(data, layout::LAST_TICK),
            last_short_tick: i64_at(data, layout::LAST_SHORT_TICK),
            tick_index: rate(data, layout::TICK_INDEX),
            tick_count: u64_at(data, layout::TICK_COUNT),
            next_row: u32_at(data, layout::NEXT_ROW) as usize,
            index_weights: u32_at(data, layout::INDEX_WEIGHTS),
            index_sum: u64_at(data, layout::INDEX_SUM),
            notice_level: rate(data, layout::NOTICE_LEVEL),
            notice_time: i64_at(data, layout::NOTICE_TIME),
            notice: rate(data, layout::NOTICE),
            assets,
            markets: markets.collect(),
            row_times: (0..ROWS).map(|row| u32_at(data, layout::ROW_TIMES + 4 * row)).collect(),
        }
    }

    /// The market-wide volatility index.
    #[must_use]
    pub fn index(&self) -> f64 {
        if self.index_weights == 0 {
            return 0.0;
        }
        (self.index_sum / u64::from(self.index_weights)) as f64 * RATE_UNIT
    }
}
