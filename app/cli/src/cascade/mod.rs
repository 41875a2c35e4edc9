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
//! | [`simulation`] | second by second: oracle, keepers, settlement, waterfall |
//! | [`waterfall`] | who pays for accounts that cannot, and in which order |
//! | [`recovery`] | quiet hours, a trade in every market, then everybody leaves |
//! | [`bound`] | what bad debt could have been, by plain arithmetic on the published prices |
//! | [`collusion`] | two accounts on both sides of a jump |
//! | [`expectation`] | what that comes to over the steps that real prices made |
//! | [`report`] | terminal, HTML, JSON |

pub mod bound;
pub mod collusion;
pub mod crowd;
pub mod expectation;
pub mod market;
pub mod parallel;
pub mod recovery;
pub mod report;
pub mod simulation;
pub mod waterfall;

use ballast::limits::{PhaseParams, PriceParams};
use ballast_sandbox::house::{default_phases, default_prices};

use self::recovery::Recovery;
use self::waterfall::Waterfall;

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
    /// What is paid into the insurance fund before the fall, whole quote.
    pub insurance: u64,
    /// Distance from the stable price that guards an asset where there is a breaker, basis points.
    pub max_jump_bps: u32,
    /// What stands in the way of liquidation.
    pub limits: Limits,
}

/// What stands in the way of liquidation: each on or off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Liquidation in phases ([`phased`]), or everything at once.
    pub phased: bool,
    /// Steps beyond the envelope are doubted until they are confirmed ([`doubting`]), or every price is acted upon.
    pub breaker: bool,
}

impl Limits {
    /// All four.
    pub const ALL: [Self; 4] = [
        Self { phased: false, breaker: false },
        Self { phased: true, breaker: false },
        Self { phased: false, breaker: true },
        Self { phased: true, breaker: true },
    ];

    /// In a few words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match (self.phased, self.breaker) {
            (false, false) => "none",
            (true, false) => "phases",
            (false, true) => "breaker",
            (true, true) => "phases, breaker",
        }
    }

    /// How liquidation proceeds.
    #[must_use]
    pub fn phases(self) -> PhaseParams {
        if self.phased { phased() } else { PhaseParams { resolve_s: RESOLVE_S, ..default_phases() } }
    }

    /// How far prices are believed.
    #[must_use]
    pub fn prices(self) -> PriceParams {
        if self.breaker { doubting() } else { default_prices() }
    }
}

impl Scenario {
    /// The full one: 500 accounts, eight keepers with a million each, and 100,000 in the insurance fund.
    #[must_use]
    pub fn full(seed: u64, limits: Limits) -> Self {
        Self {
            seed,
            accounts: 500,
            keepers: 8,
            keeper_capital: 1_000_000,
            turns: 3,
            lag_s: 3,
            depth: 500e6,
            sigma: 0.05,
            insurance: 100_000,
            max_jump_bps: MAX_JUMP_BPS,
            limits,
        }
    }

    /// The same crash for fewer accounts: keepers and depth shrink with them.
    #[must_use]
    pub fn of(seed: u64, accounts: usize, limits: Limits) -> Self {
        let full = Self::full(seed, limits);
        let part = accounts as f64 / full.accounts as f64;
        Self {
            accounts,
            keepers: ((full.keepers as f64 * part).ceil() as usize).max(2),
            depth: full.depth * part.max(0.1),
            insurance: (full.insurance as f64 * part) as u64,
            ..full
        }
    }
}

/// Liquidation in phases, as `migrations/localnet.toml` has it: a quarter of an account at first, then a wait; at most a
/// twentieth of the depth of an hour in a minute and market; three tenths of the penalty at once and the rest within a
/// minute.
#[must_use]
pub fn phased() -> PhaseParams {
    PhaseParams {
        bounty: 5_000_000,
        deep_bps: 9_000,
        bankrupt_bps: 4_000,
        penalty_start_bps: 3_000,
        penalty_growth_s: 60,
        first_step_bps: 2_500,
        wait_s: 10,
        window_depth_bps: 500,
        window_s: 60,
        takeover_s: 60,
        resolve_s: RESOLVE_S,
    }
}

/// The breaker, as `migrations/localnet.toml` has it: three consistent samples confirm a step beyond the envelope, in
/// three seconds where it is continuous, in a minute where it is a jump.
#[must_use]
pub fn doubting() -> PriceParams {
    PriceParams {
        outage_s: 600,
        grace_s: 600,
        consistent: 3,
        recovery_s: 60,
        guarded_bps: 2_500,
        quote_cap_bps: 500,
        off_peg_bps: 100,
        on_peg_bps: 50,
        confirm_s: 3,
        reserved: [0; 1],
    }
}

/// Distance from the stable price that guards an asset, basis points, as `migrations/localnet.toml` has it.
pub const MAX_JUMP_BPS: u32 = 3_000;
/// Distance from the stable price beyond which profit waits, basis points, as `migrations/localnet.toml` has it: what a
/// book of one asset owes of IM at least, so that no jump beyond a margin is within it.
pub const PAYOUT_JUMP_BPS: u32 = 300;

/// Seconds for which a bankrupt account waits for keepers, in phases or without, as `migrations/localnet.toml` has it.
pub const RESOLVE_S: u32 = 3;

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
    /// What the waterfall has paid so far, dollars: insurance, and the other side.
    pub paid: [f64; 2],
    /// Assets whose price is doubted, or of which there is none.
    pub doubted: usize,
    /// Keepers alive.
    pub keepers: usize,
    /// Units by which the books do not balance.
    pub error: i64,
}

/// A whole run.
#[derive(Clone, Debug)]
pub struct Run {
    /// What happened.
    pub scenario: Scenario,
    /// Second by second.
    pub seconds: Vec<Second>,
    /// Σ of gross exposures before the fall, dollars.
    pub gross: f64,
    /// Σ of equities before the fall, dollars.
    pub equity: f64,
    /// What losers could not pay, dollars: what the waterfall paid for them, and what is still owed in the end.
    pub bad_debt: f64,
    /// Who paid it.
    pub waterfall: Waterfall,
    /// What it could have been.
    pub bound: bound::Bound,
    /// How long accounts were below MM, seconds, for every time that one was.
    pub spells: Vec<u32>,
    /// Accounts that were liquidated at least once.
    pub touched: usize,
    /// Refused attempts of keepers and cranks, by the program's word, their sales apart.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What is measured here is what a cluster is set up with.
    #[test]
    fn phases_and_breaker_are_those_of_the_local_cluster() {
        let config: toml::Table = include_str!("../../../../migrations/localnet.toml").parse().expect("TOML");
        let house = config["clearinghouse"].as_table().expect("a table");
        let number = |part: &str, name: &str| house[part][name].as_integer().expect("a number");
        let (phases, prices) = (phased(), doubting());
        for (name, here) in [
            ("bounty", phases.bounty as i64),
            ("deep_bps", phases.deep_bps.into()),
            ("bankrupt_bps", phases.bankrupt_bps.into()),
            ("penalty_start_bps", phases.penalty_start_bps.into()),
            ("penalty_growth_s", phases.penalty_growth_s.into()),
            ("first_step_bps", phases.first_step_bps.into()),
            ("wait_s", phases.wait_s.into()),
            ("window_depth_bps", phases.window_depth_bps.into()),
            ("window_s", phases.window_s.into()),
            ("takeover_s", phases.takeover_s.into()),
            ("resolve_s", phases.resolve_s.into()),
        ] {
            assert_eq!(number("phases", name), here, "{name}");
        }
        for (name, here) in [
            ("outage_s", prices.outage_s),
            ("grace_s", prices.grace_s),
            ("consistent", prices.consistent),
            ("recovery_s", prices.recovery_s),
            ("confirm_s", prices.confirm_s),
            ("guarded_bps", prices.guarded_bps),
        ] {
            assert_eq!(number("prices", name), i64::from(here), "{name}");
        }
        for asset in config["assets"].as_array().expect("a list") {
            for (name, here) in [("max_jump_bps", MAX_JUMP_BPS), ("payout_jump_bps", PAYOUT_JUMP_BPS)] {
                assert_eq!(asset["listing"]["sources"][name].as_integer(), Some(i64::from(here)), "{name}");
            }
        }
        for market in config["markets"].as_array().expect("a list") {
            let fee = market["listing"]["fee_bps"].as_integer();
            assert_eq!(fee, Some(i64::from(collusion::FEE_BPS)));
        }
    }
}
