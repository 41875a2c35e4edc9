//! The kinds of houses that sequences are played in.
//!
//! | kind | prices, liquidation, lending | backstops | judged by |
//! |---|---|---|---|
//! | 0 | neutral | none | the auditor's figures |
//! | 1 | neutral | all three perpetuals | the auditor's figures |
//! | 2 | as on a local cluster, with a feed of the quote token | all three | the program's engine, and the books |
//! | 3 and more | drawn from the kind's number, inside the code's bounds | all three | the program's engine, and the books |
//!
//! The auditor knows neither doubted prices nor the quote token's rate, so its figures say nothing about houses of kind 2 and
//! more. Whatever is money (tokens, claims, shares, commitments, the fund) is counted by it in all of them.

use ballast::limits::{BackstopParams, ClearinghouseParams, LendingParams, PhaseParams, PriceParams};
use ballast_sandbox::AssetSpec;
use ballast_sandbox::house::{
    HouseParams, QUOTE, default_backstop, default_lending, default_phases, default_prices,
};

/// How many kinds there are.
pub const KINDS: u8 = 5;
/// Feed of the quote token where there is one.
const QUOTE_FEED: [u8; 32] = [0x2f; 32];

/// What a house is, by its kind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Kind(pub u8);

/// Numbers that follow from a kind.
struct Draw(u64);

impl Draw {
    fn between(&mut self, least: u32, most: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        least + ((self.0 >> 33) % u64::from(most - least + 1)) as u32
    }
}

impl Kind {
    /// Whether its perpetuals have backstops.
    pub fn is_backed(self) -> bool {
        self.0 >= 1
    }

    /// Whether the auditor's figures judge it.
    pub fn is_judged(self) -> bool {
        self.0 <= 1
    }

    /// Parameters of every part.
    pub fn params(self, core: ClearinghouseParams) -> HouseParams {
        let mut house = HouseParams {
            core,
            prices: default_prices(),
            phases: default_phases(),
            lending: default_lending(),
            quote_feed_id: [0; 32],
        };
        if self.is_judged() {
            return house;
        }
        house.quote_feed_id = QUOTE_FEED;
        let mut draw = Draw(self.0.into());
        let mut of = |local: u32, least: u32, most: u32| {
            if self.0 == 2 { local } else { draw.between(least, most) }
        };
        house.prices = PriceParams {
            outage_s: of(600, 60, 7_200),
            grace_s: of(600, 0, 900),
            consistent: of(3, 2, 6),
            recovery_s: of(60, 10, 300),
            confirm_s: 3,
            guarded_bps: of(2_500, 0, 5_000),
            quote_cap_bps: 500,
            off_peg_bps: 100,
            on_peg_bps: 50,
            reserved: [0; 1],
        };
        house.phases = PhaseParams {
            bounty: u64::from(of(5_000_000, 0, 20_000_000)),
            deep_bps: of(9_000, 7_000, 10_000),
            bankrupt_bps: of(4_000, 2_000, 6_000),
            penalty_start_bps: of(3_000, 1_000, 10_000),
            penalty_growth_s: of(60, 10, 120),
            first_step_bps: of(2_500, 2_000, 10_000),
            wait_s: of(10, 0, 60),
            window_depth_bps: of(500, 300, 10_000),
            window_s: of(60, 0, 120),
            takeover_s: 60,
            resolve_s: 3,
        };
        house.lending = LendingParams {
            base_bps: of(200, 0, 1_000),
            at_kink_bps: of(1_000, 1_000, 3_000),
            at_full_bps: of(10_000, 3_000, 20_000),
            kink_bps: of(8_000, 5_000, 8_000),
            max_utilisation_bps: of(9_000, 8_000, 9_500),
            lent_bps: of(2_000, 1_000, 10_000),
            outflow_bps: of(5_000, 3_000, 10_000),
            window_s: 86_400,
            step_s: 3_600,
            reserved: 0,
        };
        house
    }

    /// What an asset's breaker is in a house where it works.
    pub fn guard(self, spec: &mut AssetSpec) {
        if !self.is_judged() {
            spec.args.sources.max_jump_bps = 3_000;
            spec.args.sources.payout_jump_bps = 300;
            spec.args.sources.max_step_bps = spec.args.max_move_bps;
        }
    }

    /// A perpetual's backstop, where a native unit is worth `1 / units` dollars.
    pub fn backstop(self, units: f64) -> BackstopParams {
        let native = |dollars: f64| ((dollars * units) as u64).max(1);
        BackstopParams {
            max_position: native(400_000.0),
            max_trade: native(100_000.0),
            loss_limit: 100_000 * QUOTE,
            withdrawal_delay_s: 3_600,
            funding_velocity_bps: 1_000,
            funding_max_bps: 1_000,
            ..default_backstop()
        }
    }
}
