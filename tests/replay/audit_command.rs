//! What `ballast audit` and `attest_solvency` say of a house, against the auditor who shares no code with either.

use ballast_cli::audit::books::Books;
use ballast_cli::audit::merkle::Proof;
use ballast_cli::audit::report::Report;
use ballast_cli::audit::risk::Risk;
use ballast_cli::audit::snapshot::{Snapshot, vaults_of};
use ballast_client::Deployment;
use ballast_sandbox::House;
use ballast_sandbox::house::QUOTE;
use ballast_tests::auditor::Basis;

use crate::common::ledger;

const COIN: u64 = 1_000_000_000;

fn snapshot(house: &House) -> Snapshot {
    let program = house.vm.svm.get_program_accounts(&ballast::ID);
    let vaults = vaults_of(program.iter().map(|(_, a)| a.data.as_slice()));
    let mut accounts: std::collections::BTreeMap<_, _> =
        program.into_iter().map(|(key, a)| (key, (a.owner, a.data))).collect();
    for key in vaults.into_iter().chain([Deployment::program_data()]) {
        let account = house.vm.svm.get_account(&key).expect("it is there");
        accounts.insert(key, (account.owner, account.data));
    }
    Snapshot { time: house.vm.now(), accounts }
}

/// A lender, a borrower, longs and shorts at the edge; then a crash that leaves bad debt.
fn crashed() -> House {
    let mut house = House::with_coins(&[("SOL", 100.0), ("ETH", 1_000.0)]);
    house.season(&[100.0, 1_000.0]);
    let people = [80_000, 1, 900, 60_000].map(|quote| house.person_with_quote(quote));
    house.fund_collateral(&people[1], 0, 600 * COIN).expect("coins are taken");
    house.withdraw_quote(&people[1], 30_001 * QUOTE).expect("a loan is given");
    house.fill_at_oracle(0, &people[2], &people[3], 80 * COIN as i64).expect("a fill");
    house.fill_at_oracle(1, &people[3], &people[0], 20 * COIN as i64).expect("a fill");
    for price in [95.0, 80.0, 45.0] {
        house.vm.advance(30);
        house.post_all(&[price, 10.0 * price]);
    }
    house.settle(0, &people[2]).expect("a loser pays what it has");
    house
}

/// Σ over accounts of what they are worth below zero where every price is a factor of spot: the auditor's reading.
fn debt(ledger: &ballast_tests::auditor::Ledger, factor: &dyn Fn(usize) -> f64) -> f64 {
    let worth = |account: &ballast_tests::auditor::Account| {
        let price = |asset: usize| ledger.board.assets[asset].spot * factor(asset).max(0.0);
        let held: f64 = account.collateral.iter().map(|c| c.amount as f64 * price(c.asset)).sum();
        let open = account.positions.iter();
        let open = open.map(|p| p.base as f64 * price(ledger.markets[p.market].asset) + p.entry as f64);
        account.quote as f64 + held + open.sum::<f64>()
    };
    ledger.accounts.values().map(|account| (-worth(account)).max(0.0)).sum()
}

#[test]
fn the_command_and_the_program_say_what_the_auditor_counts() {
    let mut house = crashed();
    let snapshot = snapshot(&house);
    let books = Books::read(&snapshot, house.at.quote_mint, snapshot.time).expect("the house is whole");
    let (risk, proof) = (Risk::of(&books), Proof::of(&books).expect("sums fit"));
    let upgrade_authority = snapshot.upgrade_authority().map_err(|e| e.to_string());
    let report = Report { books: &books, risk: &risk, proof: &proof, upgrade_authority };
    println!("{}", report.table());
    let attested = house.solvency();
    let seen = ledger(&house);
    assert!(seen.problems().is_empty(), "{:?}", seen.problems());
    assert!(report.is_sound(), "{:?}", books.problems);

    let balances: i128 = seen.accounts.values().map(|a| i128::from(a.quote.max(0))).sum();
    let loans: i128 = seen.accounts.values().map(|a| -i128::from(a.quote.min(0))).sum();
    let pools: u64 = seen.markets.iter().map(|m| m.pool).sum();
    assert!(loans >= 30_000 * i128::from(QUOTE) && pools > 0);
    assert_eq!((books.balances as i128, books.loans as i128), (balances, loans));
    assert_eq!((i128::from(attested.balances), i128::from(attested.loans)), (balances, loans));
    assert_eq!((books.pools, attested.pools), (pools.into(), pools));
    assert_eq!((books.accounts.len(), attested.accounts), (seen.accounts.len(), seen.accounts.len() as u64));
    assert_eq!(books.tokens[0].vault, seen.quote_vault.tokens);
    assert_eq!(proof.totals[..2], [balances as u128, loans as u128]);
    for (asset, vault) in seen.vaults.iter().enumerate() {
        let held: i128 = seen.accounts.values().map(|a| a.held(asset)).sum();
        let token = &books.tokens[1 + asset];
        assert_eq!((token.vault, token.claims, token.surplus()), (vault.tokens, held, 0));
        assert_eq!(i128::from(attested.collateral[asset].claims), held);
        assert_eq!(proof.totals[3 + asset], held as u128);
    }

    // Equity, and bad debt now, in the ring and in stress.
    let margins = || seen.accounts.values().map(|a| seen.board.margin(a, Basis::Maintenance));
    let noise: f64 = margins().map(|m| m.noise).sum();
    let (owed, gone, unvalued) = books.equity();
    let own: f64 = margins().map(|m| m.equity.max(0.0)).sum();
    assert!((owed as f64 - own).abs() <= noise, "{owed} {own}");
    let own: f64 = margins().map(|m| -m.equity.min(0.0)).sum();
    assert!((gone as f64 - own).abs() <= noise && own > 1_000.0 * QUOTE as f64, "{gone} {own}");
    assert!((attested.bad_debt as f64 - own).abs() <= noise, "{attested:?} {own}");
    assert!((risk.bad_debt - debt(&seen, &|_| 1.0)).abs() <= noise);
    assert_eq!((unvalued, attested.unvalued), (0, 0));
    let mut rows: Vec<f64> = (0..256)
        .map(|row| {
            debt(&seen, &|asset| {
                let a = &seen.board.assets[asset];
                1.0 + a.sigma * a.column[row] as f64 / 1_024.0
            })
        })
        .collect();
    rows.sort_by(|a, b| b.total_cmp(a));
    let expected = rows[..7].iter().sum::<f64>() / 7.0;
    assert!(expected > gone as f64, "a crash goes on in the worst rows");
    assert!(
        (risk.expected_bad_debt - expected).abs() <= 2.0 * noise,
        "{} {expected}",
        risk.expected_bad_debt
    );
    let stressed = (0..32).map(|row| debt(&seen, &|asset| 1.0 + seen.board.assets[asset].stress[row]));
    let stressed = stressed.fold(0.0, f64::max);
    assert!((risk.stress_bad_debt - stressed).abs() <= 2.0 * noise, "{} {stressed}", risk.stress_bad_debt);

    // As one book the house holds coins and nothing else.
    let one = risk.one_book.expect("it is valued");
    let sol = &seen.board.assets[0];
    let losses = sol.column.iter().map(|z| -(*z as f64) / 1_024.0 * sol.sigma * sol.spot);
    let mut losses: Vec<f64> = losses.map(|loss| loss * 600.0 * COIN as f64).collect();
    losses.sort_by(|a, b| b.total_cmp(a));
    let shortfall = losses[..7].iter().sum::<f64>() / 7.0;
    assert!((one.expected_shortfall as f64 / shortfall - 1.0).abs() < 1e-3, "{one:?} {shortfall}");

    // Cover-2: what stress takes beyond margin, of the two whom it takes the most from.
    let mut beyond: Vec<f64> = margins().map(|m| (m.stress - m.maintenance).max(0.0)).collect();
    beyond.sort_by(|a, b| b.total_cmp(a));
    let slack: f64 = margins().map(|m| m.overcharge + m.stress_overcharge + 16.0 * m.noise).sum();
    let cover: u64 = risk.cover.iter().map(|(_, beyond)| beyond).sum();
    assert!((cover as f64 - beyond[0] - beyond[1]).abs() <= slack, "{cover} {beyond:?}");
}
