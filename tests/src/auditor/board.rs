//! The risk board, and what must stand on it.

use super::layout::{asset as at, board as layout, i64_at, u32_at, u64_at};

/// Rows of the scenario ring.
pub const ROWS: usize = 256;
/// Rows that the shortfall averages: 2.5 % of them, rounded up.
pub const WORST: usize = 7;
/// A standardised return of one σ, in the ring's unit.
pub const SIGMA_UNITS: f64 = 1_024.0;
/// Tail that an asset without a full ring of its own is charged, in σ.
pub const UNSEASONED: f64 = 6.0;
/// One unit of a rate.
pub const RATE_UNIT: f64 = 1.0 / 4_294_967_296.0;
/// One unit of a variance.
pub const VARIANCE_UNIT: f64 = RATE_UNIT / 65_536.0;

/// Error of a weight of the estimator: nine units of a rate.
pub const WEIGHT_ERROR: f64 = 9.0 * RATE_UNIT;

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
    pub tick_sigma: f64,
    pub variance_fast: f64,
    pub variance_slow: f64,
    pub haircut_long: f64,
    pub haircut_short: f64,
    pub addon_long: f64,
    pub addon_short: f64,
    pub tail_long: u32,
    pub tail_short: u32,
    pub ticks_lived: u32,
    pub rows_filled: u32,
    pub netted: bool,
    pub max_age_s: i64,
    pub net_after_ticks: u32,
    pub haircut_min: f64,
    pub haircut_max: f64,
    pub sigma_floor: f64,
    pub stable_half_life_s: f64,
    pub fast_half_life_s: f64,
    pub slow_half_life_s: f64,
    pub grid_s: i64,
    /// Its column of the ring, in the ring's unit.
    pub column: Vec<i64>,
    /// By the auditor: mean of the seven worst standardised losses of holding it, and of being short, in σ.
    pub tails: [f64; 2],
    /// By the auditor: what it should be charged.
    pub charges: Charges,
}

/// A market's part of the board.
#[derive(Clone, Debug, PartialEq)]
pub struct BoardMarket {
    pub asset: usize,
    pub profit_cap: f64,
}

/// The board.
#[derive(Clone, Debug, PartialEq)]
pub struct Board {
    pub initial_ratio: f64,
    pub buffer: f64,
    pub horizon_s: f64,
    pub tick_interval_s: i64,
    pub min_maintenance: f64,
    pub dust: f64,
    pub last_tick: i64,
    pub tick_count: u64,
    pub next_row: usize,
    pub assets: Vec<Asset>,
    pub markets: Vec<BoardMarket>,
}

/// What an asset should be charged, by its σ, its column and its bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Charges {
    pub long: f64,
    pub short: f64,
    pub addon_long: f64,
    pub addon_short: f64,
    pub netted: bool,
}

fn rate(data: &[u8], at: usize) -> f64 {
    u64_at(data, at) as f64 * RATE_UNIT
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

/// Mean of the [`WORST`] largest of `losses`, by sorting them all; not below zero.
#[must_use]
pub fn shortfall(losses: &mut [f64]) -> f64 {
    losses.sort_by(|a, b| b.total_cmp(a));
    (losses[..WORST].iter().sum::<f64>() / WORST as f64).max(0.0)
}

impl Asset {
    fn read(index: usize, data: &[u8], column: &[u8]) -> Self {
        let time = |at: usize| i64::from(u32_at(data, at));
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
            tick_sigma: rate(data, at::TICK_SIGMA),
            variance_fast: u64_at(data, at::VARIANCE_FAST) as f64 * VARIANCE_UNIT,
            variance_slow: u64_at(data, at::VARIANCE_SLOW) as f64 * VARIANCE_UNIT,
            haircut_long: rate(data, at::HAIRCUT_LONG),
            haircut_short: rate(data, at::HAIRCUT_SHORT),
            addon_long: rate(data, at::ADDON_LONG),
            addon_short: rate(data, at::ADDON_SHORT),
            tail_long: u32_at(data, at::TAIL_LONG),
            tail_short: u32_at(data, at::TAIL_SHORT),
            ticks_lived: u32_at(data, at::TICKS_LIVED),
            rows_filled: u32_at(data, at::ROWS_FILLED),
            netted: data[at::NETTED] != 0,
            max_age_s: time(at::MAX_AGE_S),
            net_after_ticks: u32_at(data, at::NET_AFTER_TICKS),
            haircut_min: rate(data, at::HAIRCUT_MIN),
            haircut_max: rate(data, at::HAIRCUT_MAX),
            sigma_floor: rate(data, at::SIGMA_FLOOR),
            stable_half_life_s: time(at::STABLE_HALF_LIFE_S) as f64,
            fast_half_life_s: time(at::FAST_HALF_LIFE_S) as f64,
            slow_half_life_s: time(at::SLOW_HALF_LIFE_S) as f64,
            grid_s: time(at::GRID_S),
            column: unpack(column),
            tails: [0.0; 2],
            charges: Charges::default(),
        };
        asset.tails = [1.0, -1.0].map(|side| {
            let mut losses: Vec<f64> = asset.column.iter().map(|z| -side * *z as f64 / SIGMA_UNITS).collect();
            shortfall(&mut losses)
        });
        asset.charges = asset.own_charges();
        asset
    }

    /// Whether its price may be used at a time.
    #[must_use]
    pub fn is_fresh(&self, now: i64) -> bool {
        self.spot > 0.0 && now - self.publish_time <= self.max_age_s
    }

    fn own_charges(&self) -> Charges {
        let (min, max) = (self.haircut_min, self.haircut_max);
        let [tail_long, tail_short] = self.tails;
        let alone = |long: f64, short: f64| Charges {
            long,
            short,
            addon_long: long,
            addon_short: short,
            netted: false,
        };
        if self.ticks_lived < self.net_after_ticks || (self.rows_filled as usize) < ROWS {
            let own = |tail: f64| (self.sigma * tail.max(UNSEASONED)).max(min).min(max);
            return alone(own(tail_long), own(tail_short));
        }
        let (long, short) = (self.sigma * tail_long, self.sigma * tail_short);
        // On the edge of the upper bound a rounded unit decides: there the board's word stands.
        let edge = (long.max(short) - max).abs() <= 4.0 * RATE_UNIT;
        let beyond = if edge { !self.netted } else { long.max(short) > max };
        if beyond {
            return alone(max, max);
        }
        Charges {
            long: long.max(min),
            short: short.max(min),
            addon_long: (min - long).max(0.0),
            addon_short: (min - short).max(0.0),
            netted: true,
        }
    }

    /// Live σ by its variances, the open interval included, and by how much rounding may move it.
    #[must_use]
    pub fn live_sigma(&self, horizon_s: f64) -> (f64, f64) {
        let mut variance = self.variance_fast.max(self.variance_slow);
        let mut slack = 2.0 * VARIANCE_UNIT;
        if self.sample > 0.0 && self.publish_time > self.sample_time {
            let elapsed = (self.publish_time - self.sample_time) as f64;
            let r = self.spot / self.sample - 1.0;
            let realised = r * r * horizon_s / elapsed;
            let blend = |old: f64, half_life: f64| {
                let kept = 0.5f64.powf(elapsed / half_life);
                old * kept + realised * (1.0 - kept)
            };
            variance = variance
                .max(blend(self.variance_fast, self.fast_half_life_s))
                .max(blend(self.variance_slow, self.slow_half_life_s));
            let of_return = 2.0 * r.abs() * RATE_UNIT * horizon_s / elapsed;
            slack += WEIGHT_ERROR * (variance + realised) + of_return;
        }
        let sigma = variance.min(1.0).sqrt().max(self.sigma_floor);
        (sigma, slack / sigma + 2.0 * RATE_UNIT)
    }

    /// Everything wrong with it.
    fn problems(&self, horizon_s: f64, found: &mut Vec<String>) {
        let name = format!("asset {}", self.index);
        let mut check = |what: &str, board: f64, own: f64, tolerance: f64| {
            if (board - own).abs() > tolerance {
                found.push(format!("{name}: {what} is {board:e} on the board, {own:e} by the auditor"));
            }
        };
        if self.spot > 0.0 {
            let (own, slack) = self.live_sigma(horizon_s);
            check("σ", self.sigma, own, slack);
        }
        for (what, board, own) in
            [("long tail", self.tail_long, self.tails[0]), ("short tail", self.tail_short, self.tails[1])]
        {
            // Sums of seven integers.
            check(what, board.into(), own * SIGMA_UNITS * WORST as f64, 1e-6);
        }
        let own = self.charges;
        check("netted", self.netted.into(), own.netted.into(), 0.0);
        for (what, board, own) in [
            ("long haircut", self.haircut_long, own.long),
            ("short haircut", self.haircut_short, own.short),
            ("long add-on", self.addon_long, own.addon_long),
            ("short add-on", self.addon_short, own.addon_short),
        ] {
            check(what, board, own, 4.0 * RATE_UNIT);
        }
        for (side, h) in [("long", self.haircut_long), ("short", self.haircut_short)] {
            // A netted asset's own shortfall is at most its maximum; everything else is clamped.
            if h < self.haircut_min || h > self.haircut_max {
                found.push(format!(
                    "{name}: {side} haircut {h} outside {}..{}",
                    self.haircut_min, self.haircut_max
                ));
            }
        }
        if self.column.iter().any(|z| z.abs() > 32_767) {
            found.push(format!("{name}: a row of the ring is beyond the winsorised bound"));
        }
    }
}

impl Board {
    /// Reads a board.
    ///
    /// # Panics
    /// If the bytes are shorter than the layout.
    #[must_use]
    pub fn read(data: &[u8]) -> Self {
        let bps = |at: usize| f64::from(u32_at(data, at)) / 10_000.0;
        let assets = (0..usize::from(data[layout::ASSET_COUNT])).map(|i| {
            let (state, column) = (layout::ASSETS + i * layout::ASSET, layout::RING + i * layout::COLUMN);
            Asset::read(i, &data[state..state + layout::ASSET], &data[column..column + layout::COLUMN])
        });
        let markets = (0..usize::from(data[layout::MARKET_COUNT])).map(|i| {
            let at = layout::MARKETS + i * layout::MARKET;
            BoardMarket {
                asset: data[at + layout::MARKET_ASSET].into(),
                profit_cap: u64_at(data, at + layout::PROFIT_CAP) as f64,
            }
        });
        Self {
            initial_ratio: bps(layout::INITIAL_RATIO_BPS),
            buffer: bps(layout::BUFFER_BPS),
            horizon_s: u32_at(data, layout::HORIZON_S).into(),
            tick_interval_s: u32_at(data, layout::TICK_INTERVAL_S).into(),
            min_maintenance: u64_at(data, layout::MIN_MAINTENANCE) as f64,
            dust: u64_at(data, layout::DUST) as f64,
            last_tick: i64_at(data, layout::LAST_TICK),
            tick_count: u64_at(data, layout::TICK_COUNT),
            next_row: u32_at(data, layout::NEXT_ROW) as usize,
            assets: assets.collect(),
            markets: markets.collect(),
        }
    }

    /// Everything on the board that does not follow from the rest of it.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        for asset in &self.assets {
            asset.problems(self.horizon_s, &mut found);
        }
        found
    }
}
