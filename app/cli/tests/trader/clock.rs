//! Whose clock it is: ages and margins follow the chain's, which may be years from the machine's.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::chain::Sandbox;

/// What a command that only looks answers, as JSON.
fn sees(world: &Sandbox, line: &str) -> Result<Value, String> {
    let (done, said) = world.look(&format!("{line} --json"));
    done.map(|()| serde_json::from_str(&said.answer.borrow()).expect("JSON"))
}

#[test]
fn board_health_and_explain_ask_the_chain_for_the_time() {
    let world = Sandbox::new("clock");
    let machine = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() as i64;
    let apart = machine.abs_diff(world.house.borrow().vm.now());
    assert!(apart > 365 * 86_400, "the chain's clock stands {apart} s from the machine's");
    let (key, file) = world.somebody("trader", 1_000, 20);
    world.does(&file, "accounts open");
    world.does(&file, "deposit 10 SOL");
    let account = world.at().margin_account(&ballast_sandbox::Signer::pubkey(&key), 0);
    let (board, mint) = (format!("board {}", world.at().quote_mint), world.at().quote_mint);
    let fresh = || {
        let seen = sees(&world, &board).unwrap_or_else(|e| panic!("board {mint}: {e}"));
        seen.as_array().expect("assets").iter().map(|a| a["fresh"] == true).collect::<Vec<_>>()
    };
    let looks = [format!("health {account}"), format!("explain {account}")];

    world.publish();
    assert_eq!(fresh(), [true, true]);
    for look in &looks {
        let seen = sees(&world, look).unwrap_or_else(|e| panic!("{look}: {e}"));
        let equity =
            if look.starts_with("health") { &seen["maintenance"]["equity"] } else { &seen["equity"] };
        let equity: u64 = equity.as_str().and_then(|e| e.parse().ok()).expect("micro-units as text");
        assert!(equity.abs_diff(1_000_000_000) <= 1, "{look}: {seen}");
    }
    let (_, said) = world.look(&board);
    assert!(!said.answer.borrow().contains("(stale)"), "{}", said.answer.borrow());

    // Time travel: nothing was published since.
    world.house.borrow_mut().vm.advance(7_200);
    assert_eq!(fresh(), [false, false]);
    let (_, said) = world.look(&board);
    assert!(said.answer.borrow().contains("7200 s (stale)"), "{}", said.answer.borrow());
    for look in &looks {
        let refused = sees(&world, look).expect_err(look);
        assert!(refused.contains("no recent price"), "{look}: {refused}");
    }
    world.publish();
    assert_eq!(fresh(), [true, true]);
    assert!(looks.iter().all(|look| sees(&world, look).is_ok()));
}
