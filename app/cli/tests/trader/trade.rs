//! Trades with a backstop, and taking over what falls short.

use ballast_sandbox::Signer;

use crate::chain::{Sandbox, account};

fn open_with(world: &Sandbox, name: &str, quote: u64) -> (ballast_sandbox::Keypair, std::path::PathBuf) {
    let (key, file) = world.somebody(name, quote, 0);
    world.does(&file, "accounts open");
    world.does(&file, &format!("deposit {quote}"));
    (key, file)
}

#[test]
fn a_trade_is_shown_asked_for_and_filled_at_the_next_price() {
    let world = Sandbox::new("trade");
    let (key, file) = open_with(&world, "trader", 1_000);
    let (done, said) = world.run(&file, "trade --market sol-perp --buy 1.5");
    done.expect("it is filled");
    let answer = said.answer.into_inner();
    assert!(said.asked.get());
    for part in [
        "Buy 1.5 SOL-PERP at about",
        "now",
        "then",
        "committed until it is filled",
        "Bought 1.5 SOL-PERP at 100.",
    ] {
        assert!(answer.contains(part), "{answer}\nwithout: {part}");
    }
    let address = world.at().margin_account(&key.pubkey(), 0);
    assert_eq!(account(&world, &address).position(0).base, 1_500_000_000);
    let closed = world.json(&file, "trade --market SOL-PERP --close --yes");
    assert_eq!((&closed["outcome"], &closed["base"]), (&"filled".into(), &"-1500000000".into()));
    assert_eq!(account(&world, &address).position(0).base, 0);
    world.refuses(&file, "trade --market SOL-PERP --close --yes", &["no position in SOL-PERP to close"]);
}

#[test]
fn nothing_is_sent_without_consent() {
    let world = Sandbox::new("consent");
    let (key, file) = open_with(&world, "careful", 1_000);
    let (done, said) = world.run_as(&file, "trade --market SOL-PERP --buy 1", false);
    assert_eq!(done, Err("nothing was sent".into()));
    assert!(said.answer.borrow().contains("Buy 1 SOL-PERP"));
    let address = world.at().margin_account(&key.pubkey(), 0);
    assert_eq!(account(&world, &address).quote, 1_000_000_000);
}

#[test]
fn a_price_beyond_the_limit_is_declined_and_said_so() {
    let world = Sandbox::new("limit");
    let (_, file) = open_with(&world, "limited", 1_000);
    let (done, said) = world.run(&file, "trade --market SOL-PERP --buy 1 --limit 100.05 --yes");
    assert_eq!(done, Err("the trade was not made".into()));
    assert!(
        said.answer.borrow().contains("Declined: the price was beyond your limit"),
        "{}",
        said.answer.borrow()
    );
    // Without one, a price a little worse than the one that was shown is taken, and a much worse one is not.
    world.price.set(Some(100.5));
    let json = world.json(&file, "trade --market SOL-PERP --buy 1 --yes");
    assert_eq!(json["outcome"], "filled");
    world.price.set(Some(103.0));
    let (done, said) = world.run(&file, "trade --market SOL-PERP --buy 1 --yes");
    assert!(done.is_err() && said.answer.borrow().contains("Declined"));
}

#[test]
fn a_request_that_no_price_answers_gives_its_commitment_back() {
    let world = Sandbox::new("silent");
    let (key, file) = open_with(&world, "patient", 1_000);
    world.publish();
    world.price.set(None);
    let (done, said) = world.run(&file, "trade --market SOL-PERP --sell 1 --expires 10 --yes");
    assert_eq!(done, Err("the trade was not made".into()));
    assert!(said.answer.borrow().contains("No price came in time"), "{}", said.answer.borrow());
    let address = world.at().margin_account(&key.pubkey(), 0);
    assert_eq!(account(&world, &address).quote, 1_000_000_000);
}

#[test]
fn a_request_can_wait_for_others_and_be_taken_back_for_its_price() {
    let world = Sandbox::new("cancel");
    let (key, file) = open_with(&world, "fickle", 1_000);
    world.refuses(&file, "trade --market SOL-PERP --cancel", &["no open request in SOL-PERP"]);
    let asked = world.json(&file, "trade --market SOL-PERP --buy 2 --yes --no-wait");
    assert_eq!((&asked["outcome"], &asked["commitment"]), (&"waiting".into(), &"200000".into()));
    let closed = world.json(&file, "trade --market SOL-PERP --cancel");
    assert_eq!(closed[0]["kept"], "200000");
    let address = world.at().margin_account(&key.pubkey(), 0);
    assert_eq!(account(&world, &address).quote, 999_800_000);
}

#[test]
fn what_nobody_would_fill_is_refused_at_once() {
    let world = Sandbox::new("nobody");
    let (_, file) = open_with(&world, "greedy", 1_000);
    world.refuses(
        &file,
        "trade --market SOL-PERP --buy 501 --yes",
        &["more than the backstop takes: at most 500 at once"],
    );
    world.refuses(&file, "trade --market ETH-PERP --buy 1 --yes", &["ETH-PERP has no backstop"]);
    world.refuses(
        &file,
        "trade --market BTC-PERP --buy 1 --yes",
        &["there is no market 'BTC-PERP'; there are SOL-PERP"],
    );
    world.refuses(&file, "trade --market SOL-PERP --buy 0 --yes", &["give one above zero"]);
    // The account could not carry it: refused by the program, before anything is committed.
    let (done, said) = world.run(&file, "trade --market SOL-PERP --buy 400 --yes");
    assert!(said.answer.borrow().contains("would be below its initial margin"), "{}", said.answer.borrow());
    let why = done.expect_err("it cannot be carried");
    assert!(why.contains("initial margin") || why.contains("not made"), "{why}");
}

#[test]
fn a_withdrawal_that_the_position_needs_is_refused_with_the_reason() {
    let world = Sandbox::new("needed");
    let (_, file) = open_with(&world, "needy", 1_000);
    world.json(&file, "trade --market SOL-PERP --buy 30 --yes");
    world.refuses(
        &file,
        "withdraw 990",
        &["below its initial margin (BelowInitialMargin)", "ballast explain"],
    );
}

#[test]
fn an_account_that_falls_short_is_taken_over_for_its_penalty() {
    let world = Sandbox::new("short");
    let (debtor, file) = open_with(&world, "debtor", 1_000);
    let (keeper, keeper_file) = open_with(&world, "keeper", 50_000);
    let target = world.at().margin_account(&debtor.pubkey(), 0);
    world.json(&file, "trade --market SOL-PERP --buy 60 --yes");
    let line = format!("liquidate {target}");
    world.refuses(&keeper_file, &line, &["has its maintenance margin: there is nothing to liquidate"]);
    // It falls, second by second, so that the breaker believes it.
    for step in 1..=14 {
        world.price.set(Some(100.0 - f64::from(step)));
        world.pass(20);
    }
    let plan = world.json(&keeper_file, &format!("{line} --dry-run"));
    assert_eq!(plan["sent"], false);
    let before = account(&world, &target).position(0).base;
    let done = world.json(&keeper_file, &line);
    assert_eq!(done["sent"], true);
    let profit: u64 = done["expected_profit"].as_str().and_then(|p| p.parse().ok()).expect("a number");
    assert!(profit > 0);
    let after = account(&world, &target).position(0).base;
    let taken = account(&world, &world.at().margin_account(&keeper.pubkey(), 0)).position(0).base;
    assert_eq!(before - after, taken);
    assert!(taken > 0);
    world.refuses(&file, &line, &["have one owner"]);
}
