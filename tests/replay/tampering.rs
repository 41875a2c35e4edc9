//! The auditor is only worth something if it notices: every figure moved by one unit must be found.

use ballast_sandbox::House;
use ballast_sandbox::house::QUOTE;
use ballast_tests::auditor::layout::{asset, board, margin_account, market, treasury};

use crate::common::ledger;

const COINS: [(&str, f64); 2] = [("BTC", 60_000.0), ("ETH", 3_000.0)];

/// Moves a little-endian integer in an account by one.
fn nudged(house: &House, address: anchor_lang::prelude::Pubkey, at: usize) -> Vec<String> {
    let mut copy = House {
        vm: ballast_sandbox::Vm {
            svm: house.vm.svm.clone(),
            payer: house.vm.payer.insecure_clone(),
            upgrade_authority: house.vm.upgrade_authority.insecure_clone(),
            compute: Default::default(),
        },
        at: house.at,
        governance: house.governance.insecure_clone(),
        assets: house.assets.clone(),
        markets: house.markets.clone(),
    };
    let mut data = copy.vm.data(&address);
    data[at] ^= 1;
    copy.vm.put(address, ballast::ID, data);
    ledger(&copy).problems()
}

#[test]
fn a_unit_anywhere_is_noticed() {
    let mut house = House::with_coins(&COINS);
    house.season(&COINS.map(|c| c.1));
    let (long, short) = (house.person_with_quote(50_000), house.person_with_quote(50_000));
    house.fund_collateral(&long, 1, 1_000_000_000).expect("coins are taken");
    house.fill_at_oracle(0, &long, &short, 1_000_000_000).expect("a fill within the margin");
    house.vm.advance(30);
    house.post_all(&[59_000.0, 3_010.0]);
    house.settle(0, &long).expect("a loss is settled");
    let _ = house.fund_quote(&short, QUOTE);
    assert_eq!(ledger(&house).problems(), Vec::<String>::new());

    let at = house.at;
    let account = long.account;
    let state = board::ASSETS;
    let places = [
        ("a quote balance", account, margin_account::QUOTE),
        ("a collateral slot", account, margin_account::COLLATERAL + margin_account::AMOUNT),
        ("a position's base", account, margin_account::POSITIONS + margin_account::BASE),
        ("a position's entry", account, margin_account::POSITIONS + margin_account::ENTRY),
        ("a pool", at.market(0), market::POOL),
        ("fees", at.market(0), market::FEES),
        ("open interest", at.market(0), market::OPEN_INTEREST),
        ("the insurance fund", at.treasury, treasury::INSURANCE),
        // The second byte of rates: a unit of 2⁻³² is within rounding.
        ("σ", at.board, state + asset::SIGMA + 2),
        ("a haircut", at.board, state + asset::HAIRCUT_LONG + 1),
        ("an add-on", at.board, state + asset::ADDON_SHORT + 1),
        ("a tail", at.board, state + asset::TAIL_LONG),
        ("whether it nets", at.board, state + asset::NETTED),
        ("the larger variance", at.board, state + asset::VARIANCE_SLOW + 4),
        ("a spot price", at.board, state + asset::SPOT_SHIFT),
    ];
    for (what, address, byte) in places {
        assert!(!nudged(&house, address, byte).is_empty(), "nobody noticed: {what}");
    }
}
