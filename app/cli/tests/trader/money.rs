//! Accounts, deposits, withdrawals, transfers, settings of an owner; the backstop's capital.

use ballast_sandbox::{Keypair, Signer};

use crate::chain::{Sandbox, account, wallet};

#[test]
fn an_owner_opens_pays_in_moves_and_takes_out() {
    let world = Sandbox::new("owner");
    let (key, file) = world.somebody("owner", 1_000, 20);
    let at = world.at();
    world.refuses(&file, "deposit 10", &["has no account 0", "ballast accounts open 0"]);
    let zero = world.json(&file, "accounts open");
    assert_eq!(zero["account"], at.margin_account(&key.pubkey(), 0).to_string());
    world.refuses(&file, "accounts open", &["is open already"]);
    world.does(&file, "accounts open 1 --isolated sol-perp");

    let paid = world.json(&file, "deposit 600.25");
    assert_eq!((&paid["amount"], &paid["health"]["equity"]), (&"600250000".into(), &"600250000".into()));
    world.does(&file, "deposit 1.5 SOL");
    world.does(&file, "deposit all SOL");
    let zero = at.margin_account(&key.pubkey(), 0);
    assert_eq!(account(&world, &zero).collateral_of(0), 20_000_000_000);

    world.does(&file, "accounts transfer 100 --to 1");
    world.does(&file, "accounts transfer 2.5 SOL --to 1");
    let one = account(&world, &at.margin_account(&key.pubkey(), 1));
    assert_eq!((one.quote, one.collateral_of(0), one.isolated), (100_000_000, 2_500_000_000, 1));

    let out = world.json(&file, "withdraw all SOL");
    assert_eq!(out["amount"], "17500000000");
    let mint = world.house.borrow().assets[0].mint.expect("a coin");
    assert_eq!(world.house.borrow().vm.tokens(&wallet(&key.pubkey(), &mint)), 17_500_000_000);
    world.does(&file, "withdraw 500.25");
    assert_eq!(account(&world, &zero).quote, 0);
    world.does(&file, "accounts close");
    world.refuses(&file, "accounts close 1", &["is not empty", "withdraw what it holds"]);
}

#[test]
fn accounts_are_listed_with_what_they_are_worth() {
    let world = Sandbox::new("list");
    let (key, file) = world.somebody("lister", 1_000, 0);
    assert!(
        world.does(&file, "accounts").contains("has no account here: open one with `ballast accounts open`")
    );
    world.does(&file, "accounts open 2");
    world.does(&file, "deposit 1000 --account 2");
    let all = world.json(&file, "accounts");
    assert_eq!(all.as_array().map(Vec::len), Some(1));
    assert_eq!((&all[0]["sub_account"], &all[0]["mode"]), (&2.into(), &"cross".into()));
    assert_eq!(all[0]["health"]["equity"], "1000000000");
    let table = world.does(&file, "accounts");
    assert!(table.contains("1,000.00") && table.contains("health") && !table.contains('\u{1b}'), "{table}");
    // The backstop's own account and its provider's are there too.
    let everybody = world.json(&file, "accounts --all");
    assert!(everybody.as_array().is_some_and(|all| all.len() >= 3));
    let shown = world.does(&file, &format!("accounts show {}", world.at().margin_account(&key.pubkey(), 2)));
    assert!(shown.contains("quote") && shown.contains("1,000") && shown.contains("mode cross"), "{shown}");
}

#[test]
fn what_cannot_be_paid_is_refused_before_it_is_sent() {
    let world = Sandbox::new("paid");
    let (_, file) = world.somebody("payer", 50, 0);
    world.does(&file, "accounts open");
    world.refuses(&file, "deposit 50.000001", &["holds 50 quote", "50.000001 were asked for"]);
    world.refuses(&file, "deposit 0.0000001", &["finer than the token, which has 6 decimals"]);
    world.refuses(&file, "deposit 0", &["there is nothing to deposit"]);
    world.refuses(&file, "deposit 1 DOGE", &["there is no asset 'DOGE'; there are SOL, ETH"]);
    world.refuses(&file, "deposit all SOL", &["there is nothing to deposit"]);
    world.refuses(&file, "withdraw 1 SOL", &["has 0 SOL, and 1 were asked for"]);
    world.refuses(&file, "withdraw all", &["there is nothing to withdraw"]);
    // What the program alone can know is refused in its words.
    world.refuses(
        &file,
        "withdraw 10",
        &[
            "`withdraw` was refused: The account would end below its initial margin (BelowInitialMargin)",
            "deposit more",
        ],
    );
}

#[test]
fn a_key_without_lamports_is_told_so() {
    let world = Sandbox::new("poor");
    let key = Keypair::new();
    let file = world.key_file("poor", &key);
    world.refuses(&file, "accounts open", &["has no SOL on this cluster"]);
}

#[test]
fn a_key_file_that_is_none_is_named() {
    let world = Sandbox::new("key");
    world.refuses("/no/such.json".as_ref(), "accounts open", &["cannot read the keypair /no/such.json"]);
}

#[test]
fn an_owner_sets_what_is_the_owners() {
    let world = Sandbox::new("sets");
    let (key, file) = world.somebody("setter", 100, 0);
    let (desk, desk_file) = world.somebody("desk", 100, 0);
    let address = world.at().margin_account(&key.pubkey(), 0);
    world.does(&file, "accounts open");
    world.does(&file, &format!("accounts delegate {} --powers deposit,reduce", desk.pubkey()));
    assert_eq!(
        (account(&world, &address).delegate, account(&world, &address).delegate_powers),
        (desk.pubkey(), 6)
    );
    world.does(&desk_file, &format!("deposit 7 --account {address}"));
    world.refuses(
        &desk_file,
        &format!("withdraw 7 --account {address}"),
        &["`withdraw` was refused", "(NotOwner)"],
    );
    world.refuses(
        &file,
        &format!("accounts delegate {} --powers withdraw", desk.pubkey()),
        &["'withdraw' is no power of a delegate", "It never withdraws"],
    );
    world.does(&file, "accounts alerts 200 150.5");
    assert_eq!(account(&world, &address).alert_bps, [20_000, 15_050, 0, 0]);
    world.refuses(&file, "accounts alerts 150 200", &["levels fall"]);
    world.refuses(&file, "accounts alerts 90", &["above 100"]);
    world.does(&file, "accounts restrict on");
    let shown = world.json(&file, "accounts show");
    assert_eq!(shown["restrictions"][0], "reduce-only by its owner");
    assert_eq!(
        (&shown["delegate"]["powers"], &shown["alert_bps"][1]),
        (&serde_json::json!(["reduce", "deposit"]), &"15050".into())
    );
    world.does(&file, "accounts restrict off");
    world.does(&file, "accounts delegate none");
    world.refuses(&file, "accounts mode SOL-PERP", &["can change while it is empty"]);
    world.does(&file, "withdraw all");
    world.does(&file, "accounts mode SOL-PERP");
    assert_eq!(account(&world, &address).isolated, 1);
    world.refuses(
        &file,
        "accounts mode NO-PERP",
        &["there is no market 'NO-PERP'; there are SOL-PERP, ETH-PERP"],
    );
}

#[test]
fn capital_goes_into_a_backstop_and_comes_out_after_its_delay() {
    let world = Sandbox::new("capital");
    let (key, file) = world.somebody("giver", 500, 0);
    world.refuses(&file, "backstop deposit ETH-PERP 1", &["ETH-PERP has no backstop; SOL-PERP have"]);
    world.refuses(
        &file,
        "backstop request SOL-PERP all",
        &["has no shares of SOL-PERP", "ballast backstop deposit"],
    );
    let bought = world.json(&file, "backstop deposit SOL-PERP 500");
    assert_eq!((&bought["amount"], &bought["shares"]), (&"500000000".into(), &"500000000".into()));
    let shown = world.json(&file, "backstop show");
    assert_eq!(
        (&shown[0]["worth"], &shown[0]["yours"]["value"]),
        (&"100500000000".into(), &"500000000".into())
    );
    world.refuses(
        &file,
        "backstop withdraw SOL-PERP",
        &["was asked for", "ballast backstop request SOL-PERP all"],
    );
    world.does(&file, "backstop request SOL-PERP all");
    world.refuses(&file, "backstop withdraw SOL-PERP", &["the withdrawal may be made from"]);
    world.does(&file, "backstop request SOL-PERP none");
    world.does(&file, "backstop request SOL-PERP 250.5");
    world.pass(86_400);
    let out = world.json(&file, "backstop withdraw SOL-PERP");
    assert_eq!(out["amount"], "250500000");
    assert_eq!(world.house.borrow().vm.tokens(&wallet(&key.pubkey(), &world.at().quote_mint)), 250_500_000);
}
