//! Random sequences of all instructions through the compiled program, audited after each.
//!
//! `BALLAST_SEQUENCES` and `BALLAST_SEQUENCE_LENGTH` ask for more than the default, `BALLAST_SEED` for
//! others. A failure is shrunk to a short list of operations.

mod actions;
mod checks;
mod malformed;
mod world;

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use world::World;

/// What somebody tries. Small numbers that mean something relative to the state, so that a shrunk
/// sequence still does something. Accounts 0–4 are the actors' first, 5–9 their second ones.
#[derive(Clone, Debug)]
pub enum Op {
    /// Coin 0 is quote, then assets; `size²` dollars' worth, or one native unit for size 0.
    Deposit {
        account: u8,
        coin: u8,
        size: u16,
        by_delegate: bool,
    },
    /// Percent of what is held, or for quote also of what collateral might lend.
    Withdraw {
        account: u8,
        coin: u8,
        percent: u8,
    },
    /// `2·size²` dollars at `off_bps` from the oracle.
    Fill {
        market: u8,
        taker: u8,
        maker: u8,
        buy: bool,
        size: u16,
        off_bps: i16,
    },
    Settle {
        market: u8,
        account: u8,
    },
    /// The best plan against the account that is deepest under, or against this one if none is.
    LiquidatePlanned {
        account: u8,
        keeper: u8,
    },
    Liquidate {
        account: u8,
        keeper: u8,
        leg: u8,
        percent: u8,
    },
    /// New prices for all, `after` seconds later.
    Prices {
        bps: [i16; 3],
        after: u8,
    },
    /// One asset only.
    Price {
        asset: u8,
        bps: i16,
    },
    /// An hour later, with prices.
    Hour {
        bps: [i16; 3],
    },
    Tick,
    /// The depth reporter's word, percent of the asset's floor.
    ReportDepth {
        asset: u8,
        percent: u16,
    },
    /// An option market's volatility, percent points a year, published `late` seconds ago.
    Implied {
        percent: u16,
        late: u16,
    },
    /// Copies a market's open interest, an asset's vault, or both.
    Exposure {
        market: u8,
        parts: u8,
    },
    Wait {
        seconds: u32,
    },
    Delegate {
        account: u8,
        to: u8,
    },
    Open {
        account: u8,
    },
    Close {
        account: u8,
    },
    SweepFees {
        market: u8,
    },
    /// Makes an account one of the layout before the first release, and migrates it.
    Migrate {
        account: u8,
    },
    Health {
        account: u8,
    },
    ListAsset {
        collateral: bool,
    },
    ListMarket {
        asset: u8,
    },
    /// Something that must be refused.
    Malformed {
        kind: u8,
        account: u8,
        other: u8,
    },
}

fn account() -> impl Strategy<Value = u8> {
    prop_oneof![8 => 0u8..5, 1 => 5u8..10]
}

fn bps() -> impl Strategy<Value = i16> {
    prop_oneof![6 => -100i16..=100, 3 => -1_000i16..=1_000, 1 => -4_500i16..=6_000]
}

fn op() -> impl Strategy<Value = Op> {
    let moves = || [bps(), bps(), bps()];
    prop_oneof![
        4 => (account(), 0u8..4, 0u16..200, any::<bool>())
            .prop_map(|(account, coin, size, by_delegate)| Op::Deposit { account, coin, size, by_delegate }),
        5 => (account(), 0u8..4, 0u8..=140).prop_map(|(account, coin, percent)| Op::Withdraw { account, coin, percent }),
        10 => (0u8..4, account(), account(), any::<bool>(), 0u16..250, -130i16..=130)
            .prop_map(|(market, taker, maker, buy, size, off_bps)| Op::Fill { market, taker, maker, buy, size, off_bps }),
        7 => (0u8..4, account()).prop_map(|(market, account)| Op::Settle { market, account }),
        7 => (account(), 3u8..5).prop_map(|(account, keeper)| Op::LiquidatePlanned { account, keeper }),
        4 => (account(), account(), any::<u8>(), 0u8..=110)
            .prop_map(|(account, keeper, leg, percent)| Op::Liquidate { account, keeper, leg, percent }),
        10 => (moves(), 0u8..50).prop_map(|(bps, after)| Op::Prices { bps, after }),
        2 => (0u8..4, bps()).prop_map(|(asset, bps)| Op::Price { asset, bps }),
        2 => moves().prop_map(|bps| Op::Hour { bps }),
        4 => Just(Op::Tick),
        2 => (0u8..4, prop_oneof![0u16..300, 900u16..3_000])
            .prop_map(|(asset, percent)| Op::ReportDepth { asset, percent }),
        2 => (prop_oneof![1u16..150, 150u16..3_000], prop_oneof![3 => 0u16..60, 1 => 60u16..9_000])
            .prop_map(|(percent, late)| Op::Implied { percent, late }),
        4 => (0u8..5, 1u8..4).prop_map(|(market, parts)| Op::Exposure { market, parts }),
        1 => prop_oneof![1u32..90, 3_000u32..8_000, 80_000u32..400_000].prop_map(|seconds| Op::Wait { seconds }),
        1 => (account(), 0u8..6).prop_map(|(account, to)| Op::Delegate { account, to }),
        2 => (3u8..10).prop_map(|account| Op::Open { account }),
        2 => (3u8..10).prop_map(|account| Op::Close { account }),
        1 => (0u8..4).prop_map(|market| Op::SweepFees { market }),
        1 => (0u8..10).prop_map(|account| Op::Migrate { account }),
        2 => account().prop_map(|account| Op::Health { account }),
        1 => any::<bool>().prop_map(|collateral| Op::ListAsset { collateral }),
        1 => (0u8..5).prop_map(|asset| Op::ListMarket { asset }),
        5 => (0u8..malformed::KINDS, account(), account())
            .prop_map(|(kind, account, other)| Op::Malformed { kind, account, other }),
    ]
}

/// How often each kind of operation was accepted and refused, and why refused.
#[derive(Default)]
pub struct Counts {
    pub ops: BTreeMap<&'static str, (u64, u64)>,
    pub refusals: BTreeMap<(&'static str, String), u64>,
    pub instructions: BTreeMap<String, u64>,
    /// Largest MM of the program less the auditor's, as a share of what is allowed.
    pub worst_of_bound: f64,
    /// Steps that took a short tick, and steps that ended with MM below its full height.
    pub short_ticks: u64,
    pub under_notice: u64,
    /// Accounts found short that the keeper at hand was too poor to help, and that nobody could.
    pub poor_keepers: u64,
    pub stuck: u64,
    pub stuck_examples: Vec<String>,
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

/// Names of all handlers, from the program's table of contents, as they are logged.
fn handlers() -> Vec<String> {
    include_str!("../../programs/ballast/src/lib.rs")
        .lines()
        .filter_map(|l| l.trim_start().strip_prefix("pub fn "))
        .filter_map(|l| l.split(['(', '<']).next())
        .map(|name| {
            let word = |w: &str| w[..1].to_uppercase() + &w[1..];
            name.split('_').map(word).collect::<String>()
        })
        .collect()
}

#[test]
fn any_sequence_keeps_the_books() {
    let clock = std::time::Instant::now();
    let (cases, length) = (number("BALLAST_SEQUENCES", 200), number("BALLAST_SEQUENCE_LENGTH", 50) as usize);
    let base = World::base();
    let counts = RefCell::new(Counts::default());
    counts.borrow_mut().add_instructions(&base);
    let config = Config {
        cases: cases as u32,
        failure_persistence: None,
        max_shrink_iters: 1_500,
        ..Config::default()
    };
    let mut seed = [7u8; 32];
    seed[..8].copy_from_slice(&number("BALLAST_SEED", 1).to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    // A failing sequence shrinks by dropping operations first.
    let kept = (prop::bool::weighted(1.0), op());
    let result = runner.run(&vec(kept, length), |tried| {
        let ops = || tried.iter().filter(|(kept, _)| *kept).map(|(_, op)| op);
        let mut world = base.copy();
        let mut counts = counts.borrow_mut();
        for (at, op) in ops().enumerate() {
            world
                .step(op, &mut counts)
                .map_err(|what| TestCaseError::fail(format!("after operation {at}, {op:?}: {what}")))?;
        }
        counts.add_instructions(&world);
        Ok(())
    });
    let counts = counts.into_inner();
    for (name, (accepted, refused)) in &counts.ops {
        println!("{name:<18} {accepted:>6} accepted {refused:>6} refused");
    }
    for ((name, why), times) in &counts.refusals {
        println!("    {name:<18} {times:>6} × {why}");
    }
    println!(
        "{cases} sequences of {length} in {:.1} s; MM of the program at most {:.2} of the bound above the \
         auditor's; {} times a keeper was too poor to help; {} short ticks, {} steps under notice",
        clock.elapsed().as_secs_f64(),
        counts.worst_of_bound,
        counts.poor_keepers,
        counts.short_ticks,
        counts.under_notice,
    );
    if let Err(TestError::Fail(why, tried)) = result {
        let ops: Vec<Op> = tried.into_iter().filter(|(kept, _)| *kept).map(|(_, op)| op).collect();
        panic!("{why}\nshrunk to {} operations: {ops:#?}", ops.len());
    }
    result.expect("no sequence was given up");
    assert_eq!(
        counts.stuck, 0,
        "an account is short and nobody can liquidate it: {:#?}",
        counts.stuck_examples
    );
    assert!(counts.short_ticks > 0 && counts.under_notice > 0, "the market was never wild");
    let handlers = handlers();
    assert!(handlers.len() >= 20, "{handlers:?}");
    // An hour after an option's expiry is beyond the life of a sequence; `features::options` tries it.
    // So are governance's delays; `features::hostile` searches through its sequences.
    let beyond = |name: &str| name == "FixSettlementPrice" || GOVERNED_BY_DELAY.contains(&name);
    for handler in handlers.into_iter().filter(|name| !beyond(name)) {
        assert!(
            counts.instructions.contains_key(&handler),
            "{handler} never succeeded: {:?}",
            counts.instructions
        );
    }
    for (name, (accepted, refused)) in &counts.ops {
        if *name == "Malformed" {
            assert_eq!(*accepted, 0);
            assert!(*refused > 0);
        } else {
            assert!(*accepted > 0, "{name} was never accepted");
        }
    }
}

/// What waits for days, or belongs to keys that no sequence has; and gifts to the fund (`features::roles`).
const GOVERNED_BY_DELAY: [&str; 14] = [
    "Propose",
    "Tighten",
    "ProposeListing",
    "ProposeRole",
    "ApplyProposal",
    "CancelProposal",
    "RemoveRole",
    "GrantMandate",
    "RevokeMandate",
    "Pause",
    "LiftPause",
    "ProposeGovernance",
    "AcceptGovernance",
    "TopUpInsurance",
];

impl Counts {
    fn add_instructions(&mut self, world: &World) {
        for (name, c) in &world.house.vm.compute {
            *self.instructions.entry(name.clone()).or_default() += c.calls;
        }
    }
}
