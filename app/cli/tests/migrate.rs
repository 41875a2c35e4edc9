//! Migrations: a config, and what it does to a chain.

use std::path::Path;

use anchor_lang::prelude::Pubkey;
use ballast::state::Clearinghouse;
use ballast_cli::migrate::{Chain, Config, Given, Keys, Plan, Signer, plan};
use ballast_client::{Deployment, decode};
use ballast_sandbox::{Keypair, Signer as _, Vm};

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations"))
}

fn text(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).expect("the config is in the repository")
}

/// A VM, its governance, and the config of a local cluster.
struct Scene {
    vm: Vm,
    governance: Keypair,
    given: Given,
}

impl Scene {
    fn new() -> Self {
        let mut vm = Vm::new();
        let governance = Keypair::new();
        let given = Given { quote_mint: Some(vm.create_mint(6)), governance: Some(governance.pubkey()) };
        Self { vm, governance, given }
    }

    /// The same, carried out.
    fn opened() -> Self {
        let mut scene = Self::new();
        let all = scene.plan(&scene.config(|text| text));
        scene.apply(&all, usize::MAX);
        scene
    }

    fn config(&self, change: impl Fn(String) -> String) -> Config {
        Config::parse(&change(text("localnet.toml")), folder(), self.given).expect("a config")
    }

    fn plan(&self, config: &Config) -> Plan {
        let keys =
            Keys { payer: self.vm.payer.pubkey(), upgrade_authority: self.vm.upgrade_authority.pubkey() };
        plan(&self.vm, config, keys).expect("a plan")
    }

    /// Carries out the first `count` steps.
    fn apply(&mut self, plan: &Plan, count: usize) {
        for step in plan.steps.iter().take(count) {
            let key = match step.signer {
                Signer::Anybody => self.vm.payer.insecure_clone(),
                Signer::UpgradeAuthority => self.vm.upgrade_authority.insecure_clone(),
                Signer::Governance => self.governance.insecure_clone(),
            };
            let sent = self.vm.send(std::slice::from_ref(&step.instruction), &[&key]);
            sent.unwrap_or_else(|e| panic!("{}: {e}", step.what));
        }
    }

    fn house(&self) -> Clearinghouse {
        let at = Deployment::of(self.given.quote_mint.expect("given"));
        decode::config(&self.vm.data(&at.clearinghouse)).expect("a clearinghouse")
    }
}

#[test]
fn a_config_becomes_an_open_clearinghouse_and_then_nothing_is_left() {
    let mut scene = Scene::new();
    let config = scene.config(|text| text);
    let all = scene.plan(&config);
    assert!(all.differences.is_empty());
    scene.apply(&all, usize::MAX);
    let house = scene.house();
    assert!(house.open);
    assert_eq!((house.asset_count, house.market_count), (3, 3));
    assert_eq!(house.params, config.clearinghouse.params);

    let again = scene.plan(&config);
    assert!(again.steps.is_empty(), "{:?}", again.steps.iter().map(|s| &s.what).collect::<Vec<_>>());
    assert!(again.differences.is_empty(), "{:?}", again.differences);
}

#[test]
fn a_migration_that_was_interrupted_goes_on_where_it_stopped() {
    let mut scene = Scene::new();
    let config = scene.config(|text| text);
    let all = scene.plan(&config).steps.len();
    for done in 1..=all {
        let next = scene.plan(&config);
        assert_eq!(next.steps.len(), all + 1 - done, "before step {done}");
        scene.apply(&next, 1);
    }
    assert!(scene.plan(&config).steps.is_empty());
}

/// What a plan does, what it waits for, and what it cannot change.
fn said(plan: &Plan) -> [Vec<&str>; 3] {
    [
        plan.steps.iter().map(|s| s.what.as_str()).collect(),
        plan.waiting.iter().map(String::as_str).collect(),
        plan.differences.iter().map(|d| d.parameter.as_str()).collect(),
    ]
}

const DAY: i64 = 86_400;

#[test]
fn what_stands_otherwise_is_proposed_once_waited_for_and_carried_out() {
    let mut scene = Scene::opened();
    let changed = scene.config(|text| text.replacen("max_age_s = 60", "max_age_s = 45", 1));
    let first = scene.plan(&changed);
    assert_eq!(
        said(&first),
        [vec!["propose to move BTC: MaxAge from 60 to 45; it waits its delay"], vec![], vec![]]
    );
    assert_eq!(first.steps[0].signer, Signer::Governance);
    scene.apply(&first, usize::MAX);
    let waits = scene.plan(&changed);
    assert_eq!(
        said(&waits),
        [vec![], vec!["to move BTC: MaxAge from 60 to 45: proposal 0 ripens in 172800 s"], vec![]]
    );
    scene.vm.advance(2 * DAY);
    let ripe = scene.plan(&changed);
    assert_eq!(said(&ripe), [vec!["BTC: MaxAge from 60 to 45, announced"], vec![], vec![]]);
    assert_eq!(ripe.steps[0].signer, Signer::Anybody);
    scene.apply(&ripe, usize::MAX);
    assert_eq!(said(&scene.plan(&changed)), [vec![], vec![], vec![]] as [Vec<&str>; 3]);
}

#[test]
fn a_long_way_is_gone_by_the_largest_steps_that_a_proposal_may_go() {
    let mut scene = Scene::opened();
    let changed = scene.config(|text| text.replacen("max_age_s = 60", "max_age_s = 10", 1));
    for (from, to, more) in
        [(60, 30, " (10 takes 2 more proposals)"), (30, 15, " (10 takes one more proposal)"), (15, 10, "")]
    {
        let next = scene.plan(&changed);
        assert_eq!(
            said(&next)[0],
            [format!("propose to move BTC: MaxAge from {from} to {to}{more}; it waits its delay")]
        );
        scene.apply(&next, usize::MAX);
        assert!(scene.plan(&changed).waiting[0].contains(&format!("to {to}{more}: proposal")));
        scene.vm.advance(2 * DAY);
        let ripe = scene.plan(&changed);
        scene.apply(&ripe, usize::MAX);
    }
    assert_eq!(said(&scene.plan(&changed)), [vec![], vec![], vec![]] as [Vec<&str>; 3]);
}

#[test]
fn a_ramp_is_followed_hour_by_hour() {
    let mut scene = Scene::opened();
    let changed = scene.config(|text| text.replace("buffer_bps = 1_000", "buffer_bps = 1_240"));
    let first = scene.plan(&changed);
    scene.apply(&first, usize::MAX);
    scene.vm.advance(2 * DAY);
    for hour in 0..=24 {
        let next = scene.plan(&changed);
        let from = 1_000 + 10 * (hour - 1i64).max(0);
        assert_eq!(
            said(&next)[0],
            [format!("clearinghouse: Buffer from {from} to 1240, along a ramp, an hour of it")]
        );
        scene.apply(&next, usize::MAX);
        let (moved, waits) = (scene.house().params.buffer_bps, scene.plan(&changed));
        assert_eq!(i64::from(moved), 1_000 + 10 * hour);
        let expected = if hour < 24 {
            vec![format!(
                "for clearinghouse: Buffer on its ramp to 1240, at {moved}: proposal 0 moves it in 3600 s"
            )]
        } else {
            vec![]
        };
        assert_eq!((waits.steps.len(), &waits.waiting), (0, &expected));
        scene.vm.advance(3_600);
    }
}

#[test]
fn what_binds_new_risk_only_is_tightened_at_once_and_in_an_order_that_is_accepted() {
    let mut scene = Scene::opened();
    // The most that it holds cannot go below what it trades at once, which stands after it in the table.
    let changed = scene.config(|text| {
        text.replace("max_position = 2_000_000_000", "max_position = 400_000_000")
            .replace("max_trade = 500_000_000", "max_trade = 300_000_000")
            .replacen("band_bps = 100", "band_bps = 50", 1)
    });
    let at_once = scene.plan(&changed);
    assert_eq!(
        said(&at_once),
        [
            vec![
                "BTC-PERP: Band from 100 to 50, at once",
                "backstop of BTC-PERP: BackstopTrade from 500000000 to 300000000, at once",
                "backstop of BTC-PERP: BackstopPosition from 2000000000 to 400000000, at once",
            ],
            vec![],
            vec![]
        ]
    );
    scene.apply(&at_once, usize::MAX);
    assert_eq!(said(&scene.plan(&changed)), [vec![], vec![], vec![]] as [Vec<&str>; 3]);
}

#[test]
fn what_would_be_refused_now_waits_for_what_makes_room() {
    let mut scene = Scene::opened();
    // A fee of 0.4 % fits a band of 0.5 % only beside a smaller skew, and that waits.
    let changed = scene.config(|text| {
        text.replacen("band_bps = 100", "band_bps = 50", 1).replacen(
            "fee_bps = 5\nskew_bps = 40",
            "fee_bps = 20\nskew_bps = 30",
            1,
        )
    });
    let first = scene.plan(&changed);
    let [steps, waits, _] = said(&first);
    assert_eq!(
        steps,
        [
            "propose to move backstop of BTC-PERP: Skew from 40 to 30; it waits its delay",
            "BTC-PERP: Band from 100 to 50, at once",
        ]
    );
    assert_eq!(
        waits,
        [
            "until this is within the limits beside what stands: backstop of BTC-PERP: BackstopFee from 5 to 20, at once"
        ]
    );
    scene.apply(&first, usize::MAX);
    scene.vm.advance(2 * DAY);
    let ripe = scene.plan(&changed);
    assert_eq!(ripe.steps.len(), 2);
    scene.apply(&ripe, usize::MAX);
    assert_eq!(said(&scene.plan(&changed)), [vec![], vec![], vec![]] as [Vec<&str>; 3]);
}

#[test]
fn what_somebody_else_has_proposed_is_shown() {
    let mut scene = Scene::opened();
    let config = scene.config(|text| text);
    let elsewhere = scene.config(|text| text.replacen("max_age_s = 60", "max_age_s = 75", 1));
    let first = scene.plan(&elsewhere);
    scene.apply(&first, usize::MAX);
    let shown = scene.plan(&config);
    assert_eq!(said(&shown), [vec![], vec!["BTC: MaxAge may go to 75 instead: proposal 0"], vec![]]);
}

/// Whatever number of a config is changed after the opening, a migration says something about it.
#[test]
fn no_number_of_a_config_is_ignored() {
    let scene = Scene::opened();
    // Beginnings, and what is no parameter.
    let without = ["upgrade_delay_s", "sigma_prior_e8", "reserved", "max_step_bps"];
    let whole = text("localnet.toml");
    let lines: Vec<&str> = whole.lines().collect();
    let mut tried = 0;
    for (at, line) in lines.iter().enumerate() {
        let Some((name, value)) = line.split_once(" = ") else { continue };
        let Ok(number) = value.replace('_', "").parse::<u64>() else { continue };
        if without.contains(&name) {
            continue;
        }
        let configs = [number + 1, number.wrapping_sub(1)].map(|changed| {
            let changed = format!("{name} = {changed}");
            let text = [&lines[..at], &[changed.as_str()], &lines[at + 1..]].concat().join("\n");
            Config::parse(&text, folder(), scene.given)
        });
        let Some(config) = configs.into_iter().find_map(Result::ok) else {
            assert_eq!(name, "quorum", "line {}: {line}", at + 1);
            continue;
        };
        let plan = scene.plan(&config);
        let [steps, waits, fixed] = said(&plan);
        assert_eq!(
            steps.len() + waits.len() + fixed.len(),
            1,
            "line {}: {line}: {steps:?} {waits:?} {fixed:?}",
            at + 1
        );
        tried += 1;
    }
    assert!(tried > 150, "{tried}");
}

#[test]
fn before_the_opening_a_depth_reporter_is_named_at_once() {
    let mut scene = Scene::new();
    let reporter = Pubkey::new_unique();
    let config = scene.config(|text| named(&text, "depth_reporter", &reporter));
    let all = scene.plan(&config);
    scene.apply(&all, usize::MAX);
    assert_eq!(scene.house().depth_reporter, reporter);
    assert!(scene.plan(&config).steps.is_empty());
}

fn named(text: &str, role: &str, key: &Pubkey) -> String {
    text.replace(&format!("{role} = \"\""), &format!("{role} = \"{key}\""))
}

#[test]
fn after_the_opening_a_role_is_proposed_waited_for_and_given() {
    let mut scene = Scene::new();
    let config = scene.config(|text| text);
    let all = scene.plan(&config);
    scene.apply(&all, usize::MAX);
    let keys = ["depth_reporter", "steward", "guardian"].map(|role| (role, Pubkey::new_unique()));
    let config = scene.config(|text| keys.iter().fold(text, |text, (role, key)| named(&text, role, key)));

    let first = scene.plan(&config);
    assert_eq!((first.steps.len(), first.waiting.len()), (3, 0));
    scene.apply(&first, usize::MAX);
    let second = scene.plan(&config);
    assert_eq!((second.steps.len(), second.waiting.len()), (0, 3));
    scene.vm.advance(4 * 86_400);
    let third = scene.plan(&config);
    assert_eq!((third.steps.len(), third.waiting.len()), (3, 0));
    scene.apply(&third, usize::MAX);
    let house = scene.house();
    assert_eq!([house.depth_reporter, house.steward, house.guardian], keys.map(|(_, key)| key));
    let last = scene.plan(&config);
    assert_eq!((last.steps.len(), last.waiting.len()), (0, 0));
}

#[test]
fn after_the_opening_a_listing_is_proposed_first() {
    let mut scene = Scene::new();
    let short = |text: String| {
        let cut = text.find("[[markets]]").expect("markets come last");
        let third = text[..cut].rfind("[[assets]]").expect("three assets");
        let markets = &text[cut..];
        let sol = markets.rfind("[[markets]]").expect("three markets");
        format!("{}{}", &text[..third], &markets[..sol])
    };
    let config = scene.config(short);
    let all = scene.plan(&config);
    scene.apply(&all, usize::MAX);
    assert_eq!((scene.house().asset_count, scene.house().market_count), (2, 2));

    let whole = scene.config(|text| text);
    let first = scene.plan(&whole);
    assert!(first.steps.iter().all(|s| s.what.starts_with("propose to ")), "{:?}", first.steps);
    scene.apply(&first, usize::MAX);
    assert!(scene.plan(&whole).steps.is_empty(), "nothing is ripe");
    scene.vm.advance(4 * 86_400);
    let ripe = scene.plan(&whole);
    scene.apply(&ripe, usize::MAX);
    assert_eq!((scene.house().asset_count, scene.house().market_count), (3, 3));
    let last = scene.plan(&whole);
    assert!(last.steps.is_empty() && last.waiting.is_empty(), "{:?} {:?}", last.steps, last.waiting);
}

#[test]
fn assets_keep_their_order() {
    let mut scene = Scene::new();
    let config = scene.config(|text| text);
    let all = scene.plan(&config);
    scene.apply(&all, usize::MAX);
    let swapped = scene
        .config(|text| text.replace("\"BTC", "\"???").replace("\"ETH", "\"BTC").replace("\"???", "\"ETH"));
    let keys = Keys { payer: Pubkey::new_unique(), upgrade_authority: Pubkey::new_unique() };
    let said = format!("{:#}", plan(&scene.vm, &swapped, keys).expect_err("refused"));
    assert!(said.contains("asset 0 is BTC") && said.contains("ETH in the config"), "{said}");
}

#[test]
fn configs_of_real_clusters_are_whole_but_for_governance() {
    for name in ["devnet.toml", "mainnet.toml"] {
        let missing = Config::parse(&text(name), folder(), Given::default()).expect_err("no governance");
        assert!(missing.to_string().contains("roles.governance is missing"), "{missing}");
        let given = Given { governance: Some(Pubkey::new_unique()), ..Given::default() };
        let config = Config::parse(&text(name), folder(), given).expect("everything else is there");
        assert!(config.upgrade_delay_s >= 3_600);
        assert!(!config.open, "opening is a decision of its own");
        let plan = plan(
            &ballast_cli::migrate::Memory::default(),
            &config,
            Keys { payer: Pubkey::new_unique(), upgrade_authority: Pubkey::new_unique() },
        );
        assert!(plan.expect("an empty chain").steps.len() > 10);
    }
}

#[test]
fn mistakes_in_a_config_are_named() {
    let scene = Scene::new();
    let says = |from: &str, to: &str| {
        let changed = text("localnet.toml").replacen(from, to, 1);
        assert_ne!(changed, text("localnet.toml"), "{from}");
        format!("{:#}", Config::parse(&changed, folder(), scene.given).expect_err("refused"))
    };
    assert!(says("buffer_bps", "bufer_bps").contains("'bufer_bps' is no parameter"));
    assert!(says("buffer_bps = 1_000", "buffer_bps = 1").contains("[clearinghouse.params]"));
    assert!(says("on = \"BTC\"", "on = \"DOGE\"").contains("market 0: it is on 'DOGE'"));
    assert!(says("stress_bps = [-1800", "stress_bps = [-18000").contains("asset 0: a stress row"));
    assert!(says("penalty_bps = 50", "penalty_bps = \"50\"").contains("asset 0: 'penalty_bps'"));
    assert!(says("skew_bps = 40", "skew_bps = 96").contains("market 0: [markets.backstop]"));
}

/// A chain that cannot be reached.
struct Silent;

impl Chain for Silent {
    fn data(&self, _: &Pubkey) -> anyhow::Result<Option<Vec<u8>>> {
        anyhow::bail!("no answer")
    }

    fn now(&self) -> anyhow::Result<i64> {
        Ok(0)
    }
}

#[test]
fn a_chain_that_does_not_answer_is_not_an_empty_one() {
    let scene = Scene::new();
    let config = scene.config(|text| text);
    let keys = Keys { payer: Pubkey::new_unique(), upgrade_authority: Pubkey::new_unique() };
    assert!(plan(&Silent, &config, keys).is_err());
}
