//! What the simulation hands to the report. Money is in quote micro-units, times are unix seconds UTC, rates fractions.

use serde::Serialize;

/// One run of the demo.
#[derive(Clone, Debug, Serialize)]
pub struct DemoReport {
    /// Headline.
    pub title: String,
    /// Where the prices came from.
    pub source: String,
    /// Whether the prices were made up.
    pub synthetic: bool,
    /// Repairs to the price files and other remarks, one sentence each.
    pub notes: Vec<String>,
    /// Price bars replayed.
    pub bars: usize,
    /// Price steps inside the bars.
    pub steps: usize,
    /// Synchronous samples of all returns that entered the scenario ring.
    pub ticks: usize,
    /// Refreshes of the risk board.
    pub refreshes: usize,
    /// Time of the first step.
    pub from_ts: i64,
    /// Time of the last step.
    pub to_ts: i64,
    /// One for each asset.
    pub assets: Vec<AssetTrack>,
    /// One for each account, keepers included.
    pub traders: Vec<TraderTrack>,
    /// In order of time.
    pub liquidations: Vec<LiquidationRow>,
    /// Fills.
    pub trades: usize,
    /// Negative equity left in accounts at the end; the insurance fund does not pay it yet; micro-units.
    pub bad_debt: i64,
    /// `(time, balance in micro-units)` of the insurance fund.
    pub insurance: Vec<(i64, i64)>,
    /// Penalties and tips all keepers earned, micro-units.
    pub keeper_earned: i64,
    /// `(time, tokens in the vaults minus what the books say, in units)`: must be 0.
    pub conservation: Vec<(i64, i64)>,
    /// How often conservation was checked.
    pub conservation_checks: usize,
    /// Largest deviation found, units.
    pub conservation_error: i64,
    /// `(instruction, calls, mean compute units, most compute units)`.
    pub compute: Vec<(String, u64, u64, u64)>,
    /// Run time of the simulation, seconds.
    pub wall_seconds: f64,
}

/// An asset through time.
#[derive(Clone, Debug, Serialize)]
pub struct AssetTrack {
    /// As in `BTC`.
    pub symbol: String,
    /// Governance's lower haircut bound, fraction.
    pub haircut_min: f64,
    /// Governance's upper haircut bound, fraction.
    pub haircut_max: f64,
    /// In order of time.
    pub points: Vec<AssetPoint>,
}

/// An asset at one time.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct AssetPoint {
    /// Unix seconds.
    pub ts: i64,
    /// Spot, quote per base unit.
    pub price: f64,
    /// The slow price for IM and withdrawals, quote per base unit.
    pub stable_price: f64,
    /// Live volatility over one hour, fraction.
    pub sigma_hour: f64,
    /// Haircut on long exposure, fraction.
    pub haircut_long: f64,
    /// Haircut on short exposure, fraction.
    pub haircut_short: f64,
}

/// What an account is in the demo for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TraderRole {
    /// Holds a book and gets liquidated when it falls short.
    Trader,
    /// Liquidates for a fee.
    Keeper,
    /// Takes the other side of trades.
    MarketMaker,
}

impl TraderRole {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trader => "trader",
            Self::Keeper => "keeper",
            Self::MarketMaker => "market maker",
        }
    }
}

/// An account through time.
#[derive(Clone, Debug, Serialize)]
pub struct TraderTrack {
    /// Name in the demo.
    pub name: String,
    /// One line: what it holds and why.
    pub book: String,
    /// Address of the margin account.
    pub address: String,
    /// What it is there for.
    pub role: TraderRole,
    /// In order of time.
    pub points: Vec<TraderPoint>,
    /// Equity at the end, micro-units.
    pub final_equity: i64,
    /// What was paid in, less what was withdrawn, micro-units.
    pub deposited: i64,
}

/// An account at one time, micro-units.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TraderPoint {
    /// Unix seconds.
    pub ts: i64,
    /// Equity.
    pub equity: i64,
    /// Initial margin.
    pub im: i64,
    /// Maintenance margin.
    pub mm: i64,
}

/// One liquidation; money in micro-units.
#[derive(Clone, Debug, Serialize)]
pub struct LiquidationRow {
    /// Unix seconds.
    pub time: i64,
    /// Name of the account liquidated.
    pub account: String,
    /// Its address.
    pub address: String,
    /// What was closed: `BTC-PERP position`, `SOL collateral`.
    pub leg: String,
    /// How much of it, base units.
    pub quantity: f64,
    /// What that was worth.
    pub value: i64,
    /// Equity when it began.
    pub equity_before: i64,
    /// Maintenance margin when it began: more than equity, or it was not allowed.
    pub mm_before: i64,
    /// Equity when it ended.
    pub equity_after: i64,
    /// Maintenance margin when it ended.
    pub mm_after: i64,
    /// What the account paid for it.
    pub penalty: i64,
    /// Share of the penalty that the keeper got.
    pub to_keeper: i64,
    /// Share of the penalty that the insurance fund got.
    pub to_insurance: i64,
    /// Name of the keeper.
    pub keeper: String,
    /// Signature of the transaction.
    pub signature: String,
}

/// Result of the conservation check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Checked, and exact every time.
    Ok,
    /// Checked, and off by some units at least once.
    Fail,
    /// Not checked: says nothing.
    Unchecked,
}

impl DemoReport {
    /// Whether value was conserved. One deviating sample is enough to fail, whatever the total says.
    pub fn conservation_verdict(&self) -> Verdict {
        if self.conservation_error != 0 || self.conservation.iter().any(|&(_, e)| e != 0) {
            Verdict::Fail
        } else if self.conservation_checks == 0 {
            Verdict::Unchecked
        } else {
            Verdict::Ok
        }
    }

    /// Insurance fund at the end, micro-units.
    pub fn insurance_last(&self) -> i64 {
        self.insurance.last().map_or(0, |&(_, balance)| balance)
    }

    /// Insurance fund at the beginning, micro-units.
    pub fn insurance_first(&self) -> i64 {
        self.insurance.first().map_or(0, |&(_, balance)| balance)
    }

    /// The liquidations of one account.
    pub fn liquidations_of<'a>(
        &'a self,
        trader: &'a TraderTrack,
    ) -> impl Iterator<Item = &'a LiquidationRow> {
        self.liquidations.iter().filter(move |l| l.address == trader.address && l.account == trader.name)
    }

    /// How many accounts were liquidated at least once.
    pub fn accounts_liquidated(&self) -> usize {
        self.traders.iter().filter(|t| self.liquidations_of(t).next().is_some()).count()
    }

    /// Lowest equity / MM an account had, over its samples and the moments before its liquidations; none if it never
    /// owed margin. Below 1 it could be liquidated.
    pub fn min_health(&self, trader: &TraderTrack) -> Option<f64> {
        let sampled = trader.points.iter().map(|p| (p.equity, p.mm));
        let liquidated = self.liquidations_of(trader).map(|l| (l.equity_before, l.mm_before));
        sampled
            .chain(liquidated)
            .filter(|&(_, mm)| mm > 0)
            .map(|(equity, mm)| equity as f64 / mm as f64)
            .min_by(f64::total_cmp)
    }
}
