//! The gateway's answers.

use std::time::Duration;

use axum::Router;
use axum::routing::post;
use ballast_indexer::{Handle, explain};
use ballast_sandbox::Person;
use ballast_sandbox::house::{QUOTE, default_backstop};
use serde_json::{Value, json};

use crate::node::Tx;
use crate::world::{BASE, World, all, get, until};

/// A house with a backstop and two traders of different health.
async fn busy() -> (World, [Person; 2], Vec<Tx>) {
    let mut world = World::new().await;
    let created = world.house.create_backstop(0, default_backstop());
    let mut txs = vec![world.onto_chain(created)];
    world.house.provider(0, 100_000);
    let who = [world.person(20_000), world.person(1_000_000)];
    let fill = world.house.fill_at_oracle(0, &who[0], &who[1], 1_000 * BASE);
    txs.push(world.onto_chain(fill));
    let trade = world.house.trade_at(0, &who[1], 1, 10 * BASE, 101.0);
    txs.push(world.onto_chain(trade));
    (world, who, txs)
}

async fn ok(handle: &Handle, path: &str) -> Value {
    let (status, answer) = get(handle, path).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

async fn refused(handle: &Handle, path: &str, status: u16, says: &str) {
    let (found, answer) = get(handle, path).await;
    let error = answer["error"].as_str().unwrap_or_default();
    assert_eq!(found, status, "{path}: {answer}");
    assert!(error.contains(says), "{path}: {error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_the_house_is_and_how_it_does() {
    let (world, ..) = busy().await;
    let mut options = world.options();
    let posted = world.house.assets[0].price_account;
    options.price_accounts.insert(0, posted);
    options.faucet = true;
    let handle = world.serve_with(options).await;
    let at = world.house.at;
    let config = ok(&handle, "/config.json").await;
    assert_eq!(
        config,
        json!({
            "cluster": "localnet", "rpcUrl": world.node.url, "wsUrl": world.node.ws_url,
            "programId": ballast::ID.to_string(), "clearinghouse": at.clearinghouse.to_string(),
            "quoteMint": at.quote_mint.to_string(), "board": at.board.to_string(),
            "treasury": at.treasury.to_string(), "quoteVault": at.quote_vault.to_string(), "faucet": true,
            "assets": [{
                "index": 0, "symbol": "SOL", "mint": world.house.assets[0].mint.map(|key| key.to_string()),
                "decimals": 9, "config": at.asset(0).to_string(), "priceAccount": posted.to_string(),
            }],
            "markets": [{
                "index": 0, "symbol": config["markets"][0]["symbol"], "asset": 0,
                "market": at.market(0).to_string(), "kind": "perpetual",
                "backstop": at.backstop(0).to_string(),
            }],
        })
    );
    let health = ok(&handle, "/api/health").await;
    assert_eq!((&health["ok"], &health["events"]), (&json!(true), &json!(handle.state().count())));
    assert_eq!(health["slot"], world.node.chain().slot);
    assert!(health["behindSeconds"].as_u64().expect("a number") < 60);
    handle.stop().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn histories_are_what_the_board_showed() {
    let (mut world, ..) = busy().await;
    let handle = world.serve().await;
    // The chain goes on by a day: the sampler follows the chain's time, not the machine's.
    world.house.vm.advance(86_400);
    world.house.post_all(&[120.0]);
    world.show();
    let now = world.house.vm.now();
    let path = format!("/api/history/assets/0?from={}&to={}", now - 90_000, now + 60);
    until("it is sampled", async || {
        let last = ok(&handle, &path).await.as_array().and_then(|all| all.last().cloned());
        last.is_some_and(|last| last["t"].as_i64() >= Some(now))
    })
    .await;
    let assets = ok(&handle, &path).await;
    let (first, last) = (&assets[0], &assets[assets.as_array().map_or(0, Vec::len) - 1]);
    assert!((first["price"].as_f64().expect("a price") - 101.0).abs() < 1e-9);
    let board = world.house.board();
    let state = &board.assets[0];
    let share = |rate: u64| json!(rate as f64 / (1u64 << 32) as f64);
    assert_eq!(last["price"], ballast_client::decode::dollars(state, state.spot()));
    assert_eq!((&last["sigma"], &last["haircutLong"]), (&share(state.sigma), &share(state.haircut_long)));
    assert_eq!(
        (&last["haircutMin"], &last["haircutMax"]),
        (&share(state.haircut_min), &share(state.haircut_max))
    );
    assert!(["normal", "guarded", "doubted"].contains(&last["state"].as_str().expect("a name")));

    let markets = ok(&handle, "/api/history/markets/0").await;
    let last = &markets[markets.as_array().map_or(0, Vec::len) - 1];
    assert_eq!(last["openInterest"], world.house.market(0).open_interest.to_string());
    assert_eq!(last["inventory"], world.house.slice(0).position(0).base.to_string());
    assert_eq!(last["inventory"], (-10 * BASE).to_string());
    let house = ok(&handle, "/api/history/house?points=2").await;
    let last = &house[house.as_array().map_or(0, Vec::len) - 1];
    assert_eq!(last["insurance"], world.house.treasury().insurance.to_string());
    let vault = world.house.vm.tokens(&world.house.at.quote_vault);
    assert_eq!((&last["quoteVault"], &last["lent"]), (&json!(vault.to_string()), &json!("0")));
    assert_eq!(last["accounts"], world.house.treasury().accounts);
    handle.stop().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_found_by_kind_by_account_and_page_by_page() {
    let (mut world, who, _) = busy().await;
    let deposits: Vec<Tx> = (0..5).map(|_| world.deposit(&who[0])).collect();
    let handle = world.serve().await;
    let found = ok(&handle, "/api/events?kind=Deposited").await;
    let newest_first: Vec<&str> =
        found.as_array().expect("a list").iter().filter_map(|event| event["signature"].as_str()).collect();
    let wanted: Vec<&str> = deposits.iter().rev().map(|tx| tx.signature.as_str()).collect();
    assert_eq!(newest_first, wanted);
    assert_eq!(
        found[0]["data"],
        json!({
            "account": who[0].account.to_string(), "asset": null, "amount": QUOTE.to_string()
        })
    );
    assert_eq!((&found[0]["t"], &found[0]["slot"]), (&json!(deposits[4].time), &json!(deposits[4].slot)));

    let (mut paged, mut before) = (Vec::new(), String::new());
    loop {
        let page = ok(&handle, &format!("/api/events?kind=Deposited&limit=2&before={before}")).await;
        let page = page.as_array().expect("a list").clone();
        let Some(last) = page.last() else { break };
        before = last["id"].to_string();
        paged.extend(page);
    }
    assert_eq!(json!(paged), found);

    let of_desk = ok(&handle, &format!("/api/events?account={}", who[1].account)).await;
    let kinds: Vec<&str> =
        of_desk.as_array().expect("a list").iter().filter_map(|event| event["kind"].as_str()).collect();
    assert!(kinds.contains(&"Filled") && !kinds.contains(&"Deposited"), "{kinds:?}");
    let two = ok(&handle, "/api/events?kind=Filled,BackstopCreated").await;
    assert!(two.as_array().is_some_and(|all| all.len() >= 3));
    handle.stop().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_come_by_health_and_are_explained_by_the_programs_engine() {
    let (mut world, who, _) = busy().await;
    let handle = world.serve().await;
    let found = ok(&handle, "/api/accounts?sort=health&limit=10").await;
    let first = &found[0];
    let health = world.house.health(&who[0]);
    assert_eq!(first["address"], who[0].account.to_string(), "the least healthy first");
    assert_eq!(first["owner"], who[0].pubkey().to_string());
    assert_eq!(first["equity"], health.maintenance.equity.to_string());
    assert_eq!(first["im"], health.initial.initial.to_string());
    // MM moves with time as premiums decay; within the seconds of a test it stands.
    assert_eq!(first["mm"], health.maintenance.maintenance.to_string());
    assert!(first["health"].as_f64().expect("a number") > 1.0 && first["liquidatable"] == false);
    assert!(found.as_array().expect("a list").iter().any(|account| account["backstop"] == 0));

    let (account, board) = (world.house.margin_account(&who[0].account), world.house.board());
    let now = world.house.vm.now();
    let symbols = || vec!["SOL".to_owned()];
    let path = format!("/api/accounts/{}/explain?at={now}", who[0].account);
    assert_eq!(
        ok(&handle, &path).await,
        explain::answer(&account, &board, symbols(), now, None).expect("prices are fresh")
    );
    let tried = ok(&handle, &format!("{path}&trade=0:-500000000000")).await;
    assert_eq!(
        tried,
        explain::answer(&account, &board, symbols(), now, Some((0, -500 * BASE))).expect("a trade")
    );
    let mm = |when: &str| tried["what_if"][when]["mm"].as_str().and_then(|mm| mm.parse::<u64>().ok());
    assert!(mm("after").expect("money as text") < mm("before").expect("money as text"));

    // An account follows what is told of it, though the slot stands still.
    world.deposit(&who[0]);
    world.node.tell_account(&who[0].account);
    let equity = world.house.health(&who[0]).maintenance.equity;
    until("it follows", async || ok(&handle, &path).await["equity"] == json!(equity.to_string())).await;

    let parts = ok(&handle, "/api/assets/0/haircut").await;
    let sum: f64 =
        parts["long"]["parts"].as_array().expect("a list").iter().filter_map(|p| p["rate"].as_f64()).sum();
    assert!((sum - parts["long"]["haircut"].as_f64().expect("a number")).abs() < 1e-12);
    assert!(parts["least"].as_f64() < parts["most"].as_f64());
    handle.stop().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_account_is_forgotten() {
    let mut world = World::new().await;
    let who = world.person(5);
    let handle = world.serve().await;
    let listed = async || {
        let all = ok(&handle, "/api/accounts").await;
        all.as_array().is_some_and(|all| all.iter().any(|one| one["address"] == who.account.to_string()))
    };
    assert!(listed().await);
    world.house.withdraw_quote(&who, 5 * QUOTE).expect("it is free");
    let closed = world.house.close(&who);
    let closed = world.onto_chain(closed);
    world.node.tell(&closed);
    until("it is gone", async || !listed().await).await;
    handle.stop().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_refused_with_a_sentence() {
    let (world, who, _) = busy().await;
    let handle = world.serve().await;
    for (path, status, says) in [
        ("/api/history/assets/1", 404, "there is no asset 1: there are 0 to 0"),
        ("/api/history/assets/x", 404, "there is no asset x"),
        ("/api/history/assets/0?points=2001", 400, "2001 is no points: give a whole number from 2 to 2000"),
        ("/api/history/assets/0?points=many", 400, "'many' is no points"),
        ("/api/history/house?from=9&to=8", 400, "ends (8) before it begins (9)"),
        ("/api/events?limit=501", 400, "501 is no limit"),
        ("/api/events?limit=-1", 400, "'-1' is no limit"),
        ("/api/events?kind=Stolen", 400, "'Stolen' is no event of the program"),
        ("/api/events?account=abc", 400, "'abc' is no address"),
        ("/api/events?before=first", 400, "'first' is no before"),
        ("/api/accounts?sort=name", 400, "cannot be sorted by 'name'"),
        ("/api/accounts/abc/explain", 400, "'abc' is no address"),
        ("/api/accounts/11111111111111111111111111111112/explain", 404, "there is no account"),
        ("/api/nothing/here", 404, "there is nothing here"),
        ("/api/assets/32/haircut", 404, "there is no asset 32"),
    ] {
        refused(&handle, path, status, says).await;
    }
    let board = world.house.at.board;
    refused(&handle, &format!("/api/accounts/{board}/explain"), 400, "are not a margin account").await;
    let account = format!("/api/accounts/{}/explain", who[0].account);
    let now = world.house.vm.now();
    for (query, status, says) in [
        ("trade=buy".to_owned(), 400, "'buy' is no trade"),
        ("trade=9:5".to_owned(), 422, "the trade 9:5 cannot be tried"),
        (format!("at={}", now + 86_400), 422, "no recent price"),
        (format!("at={}", i64::MIN), 400, "too far from now"),
    ] {
        refused(&handle, &format!("{account}?{query}"), status, says).await;
    }
    handle.stop().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_are_told_of_events_and_of_the_board() {
    let mut world = World::new().await;
    let who = world.person(1_000);
    let before = world.deposit(&who);
    let handle = world.serve().await;
    let url = format!("http://{}/api/stream", handle.address());
    let mut stream = reqwest::get(url).await.expect("it answers");
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let tx = world.deposit(&who);
    world.node.tell(&tx);
    world.node.tell(&tx);
    let mut told = String::new();
    until("both came", async || {
        if let Ok(Ok(Some(chunk))) = tokio::time::timeout(Duration::from_secs(5), stream.chunk()).await {
            told += &String::from_utf8_lossy(&chunk);
        }
        told.contains("event: event") && told.matches("event: board").count() > 2
    })
    .await;
    let line = told.lines().skip_while(|line| *line != "event: event").nth(1).expect("data");
    let shown: Value = serde_json::from_str(line.strip_prefix("data: ").expect("data")).expect("JSON");
    assert_eq!((&shown["kind"], &shown["signature"]), (&json!("Deposited"), &json!(tx.signature)));
    let kept = all(&handle.state().store, "Deposited").await;
    assert_eq!(shown["id"], kept[1].id);
    assert!(!told.contains(&before.signature), "what was before is history");
    assert_eq!(told.matches("event: event").count(), 1, "told twice, and heard once");
    handle.stop().await.expect("an open stream does not hold it up");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_pages_and_other_routes_are_served_with_the_right_headers() {
    let world = World::new().await;
    let folder = std::env::temp_dir().join(format!("ballast-web-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("assets")).expect("a folder");
    std::fs::write(folder.join("index.html"), "<title>Ballast</title>").expect("a file");
    std::fs::write(folder.join("assets/app-1.js"), "1").expect("a file");
    let mut options = world.options();
    options.web = Some(folder.clone());
    options.extra = Router::new().route("/control/echo", post(|body: String| async move { body }));
    let handle = world.serve_with(options).await;
    let fetch = async |path: &str| {
        let answer = reqwest::get(format!("http://{}{path}", handle.address())).await.expect("it answers");
        let keep = answer.headers()["cache-control"].to_str().expect("text").to_owned();
        let origin = answer.headers().contains_key("access-control-allow-origin");
        (answer.status().as_u16(), keep, origin, answer.text().await.expect("text"))
    };
    let page = (200, "no-cache".to_owned(), false, "<title>Ballast</title>".to_owned());
    assert_eq!(fetch("/").await, page);
    assert_eq!(fetch("/risk/SOL").await, page, "a page of the dApp");
    assert_eq!(fetch("/assets/app-1.js").await.1, "public, max-age=31536000, immutable");
    let (status, keep, ..) = fetch("/assets/app-0.js").await;
    assert_eq!((status, keep.as_str()), (404, "no-cache"), "an asset of another build is not a page");
    assert_eq!(fetch("/assets/../../etc/passwd").await.0, 200, "the page: nothing outside the folder");
    let (status, keep, origin, _) = fetch("/config.json").await;
    assert_eq!((status, keep.as_str(), origin), (200, "no-store", true));
    let client = reqwest::Client::new();
    let echo = client.post(format!("http://{}/control/echo", handle.address())).body("5").send().await;
    let echo = echo.expect("it answers");
    assert!(!echo.headers().contains_key("access-control-allow-origin"), "only reading is for any origin");
    assert_eq!(echo.text().await.expect("text"), "5");
    handle.stop().await.expect("it ends");
    std::fs::remove_dir_all(folder).expect("it was ours");
}
