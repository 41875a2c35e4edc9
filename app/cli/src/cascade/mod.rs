//! A crash like that of 10 October 2025, through the compiled program.
//!
//! Three assets fall by 60 % in a minute, their depth by 98 %, the oracle lags, half of the keepers die, and what
//! the others take over they sell into the fall, which moves the price that the oracle then publishes. The program
//! decides every margin and every liquidation; this module only sends transactions and writes down what they did.
//!
//! | module | what it gives |
//! |---|---|
//! | [`market`] | the path from outside, depth, and the impact of what is sold |
//! | [`crowd`] | some hundreds of books, and the keepers |
//! | [`simulation`] | second by second: oracle, keepers, settlement; then everybody leaves |
//! | [`bound`] | what bad debt could have been, by plain arithmetic on the published prices |
//! | [`collusion`] | two accounts on both sides of a jump |
//! | [`report`] | terminal, HTML, JSON |

pub mod bound;
pub mod collusion;
pub mod crowd;
pub mod market;
pub mod report;
pub mod simulation;

use ballast::limits::PhaseParams;

/// Names of the assets, and their prices before the fall, dollars.
pub const ASSETS: [(&str, f64); 3] = [("BTC", 60_000.0), ("ETH", 3_000.0), ("SOL", 150.0)];
/// Number of assets.
pub const COUNT: usize = ASSETS.len();

/// What happens.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Seed of books, noise and deaths.
    pub seed: u64,
    /// Margin accounts.
    pub accounts: usize,
    /// Keepers, of which half die during the fall.
    pub keepers: usize,
    /// What each keeper has, whole quote.
    pub keeper_capital: u64,
    /// Liquidations that a keeper can land in a second.
    pub turns: usize,
    /// Seconds by which the oracle is behind the market.
    pub lag_s: usize,
    /// Volume that an asset's markets trade in an hour before the fall, dollars.
    pub depth: f64,
    /// Volatility over an hour in the square-root law.
    pub sigma: f64,
    /// How liquidation proceeds.
    pub phases: PhaseParams,
}

impl Scenario {
    /// The full one: 500 accounts and eight keepers with a million each.
    #[must_use]
    pub fn full(seed: u64, phases: PhaseParams) -> Self {
        Self {
            seed,
            accounts: 500,
            keepers: 8,
            keeper_capital: 1_000_000,
            turns: 3,
            lag_s: 3,
            depth: 500e6,
            sigma: 0.05,
            phases,
        }
    }

    /// The same crash for fewer accounts: keepers and depth shrink with them.
    #[must_use]
    pub fn of(seed: u64, accounts: usize, phases: PhaseParams) -> Self {
        let full = Self::full(seed, phases);
        let part = accounts as f64 / full.accounts as f64;
        Self {
            accounts,
            keepers: ((full.keepers as f64 * part).ceil() as usize).max(2),
            depth: full.depth * part.max(0.1),
            ..full
        }
    }
}

/// Liquidation in phases: a quarter of an account at first, then a wait; at most a tenth of the depth of an hour in
/// a minute and market; half of the penalty at once and the rest within half a minute.
#[must_use]
pub fn phased() -> PhaseParams {
    PhaseParams {
        bounty: 5_000_000,
        deep_bps: 8_000,
        bankrupt_bps: 5_000,
        penalty_start_bps: 5_000,
        penalty_growth_s: 30,
        first_step_bps: 2_500,
        wait_s: 5,
        window_depth_bps: 1_000,
        window_s: 60,
        takeover_s: 60,
        reserved: 0,
    }
}

/// One second of a run.
#[derive(Clone, Debug, Default)]
pub struct Second {
    /// Unix seconds.
    pub ts: i64,
    /// Prices without what keepers sold, dollars.
    pub outside: [f64; COUNT],
    /// With its impact.
    pub market: [f64; COUNT],
    /// As the board has them.
    pub published: [f64; COUNT],
    /// Depth of an asset, dollars an hour.
    pub depth: f64,
    /// Accounts below MM after keepers acted.
    pub short: usize,
    /// Liquidations.
    pub liquidations: usize,
    /// Value taken over, dollars.
    pub taken: f64,
    /// Σ of negative equities, dollars.
    pub under_water: f64,
    /// Insurance fund, dollars.
    pub insurance: f64,
    /// Keepers alive.
    pub keepers: usize,
    /// Units by which the books do not balance.
    pub error: i64,
}

/// What became of the accounts in the end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recovery {
    /// Accounts that deposited, traded, withdrew everything and were closed.
    pub left: usize,
    /// Accounts that ended with a debt and nothing else.
    pub bankrupt: usize,
    /// Accounts that took out everything but a profit that nobody has paid in.
    pub waiting: usize,
    /// Accounts that are none of these: there must be none.
    pub stuck: usize,
    /// Hedges whose owners had to top up first, because below IM one leg is not closed alone.
    pub topped_up: usize,
    /// What those that left took out net, dollars.
    pub withdrawn: f64,
    /// Winners' profit that nobody paid in, dollars.
    pub unpaid: f64,
    /// Units by which the books do not balance when all is over.
    pub error: i64,
}

/// A whole run.
#[derive(Clone, Debug)]
pub struct Run {
    /// What happened.
    pub scenario: Scenario,
    /// Whether limits were phased.
    pub phased: bool,
    /// Second by second.
    pub seconds: Vec<Second>,
    /// Σ of gross exposures before the fall, dollars.
    pub gross: f64,
    /// Σ of equities before the fall, dollars.
    pub equity: f64,
    /// What losers could not pay in the end, dollars.
    pub bad_debt: f64,
    /// What it could have been.
    pub bound: bound::Bound,
    /// How long accounts were below MM, seconds, for every time that one was.
    pub spells: Vec<u32>,
    /// Accounts that were liquidated at least once.
    pub touched: usize,
    /// Refused attempts of keepers, by the program's word.
    pub refusals: std::collections::BTreeMap<String, usize>,
    /// What keepers earned in all, dollars.
    pub keepers_earned: f64,
    /// In the end.
    pub recovery: Recovery,
    /// How long it took, seconds.
    pub wall_seconds: f64,
}

impl Run {
    /// Liquidations.
    #[must_use]
    pub fn liquidations(&self) -> usize {
        self.seconds.iter().map(|s| s.liquidations).sum()
    }

    /// Value taken over, as a share of gross exposure before the fall.
    #[must_use]
    pub fn share_taken(&self) -> f64 {
        self.seconds.iter().map(|s| s.taken).sum::<f64>() / self.gross.max(1.0)
    }

    /// How far below the path from outside sales pushed an asset at worst, a fraction.
    #[must_use]
    pub fn overshoot(&self, asset: usize) -> f64 {
        self.seconds.iter().map(|s| 1.0 - s.market[asset] / s.outside[asset]).fold(0.0, f64::max)
    }

    /// Largest imbalance of the books in any second and at the end, units.
    #[must_use]
    pub fn worst_error(&self) -> i64 {
        self.seconds.iter().map(|s| s.error.abs()).max().unwrap_or(0).max(self.recovery.error.abs())
    }

    /// Quantile of the time below MM, seconds.
    #[must_use]
    pub fn spell(&self, quantile: f64) -> u32 {
        let mut sorted = self.spells.clone();
        sorted.sort_unstable();
        let at = (quantile * sorted.len().saturating_sub(1) as f64).round() as usize;
        sorted.get(at).copied().unwrap_or(0)
    }
}
