//! An account of another layout version is read by nobody: its fields may stand elsewhere.

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use ballast::error::BallastError;
use ballast::instructions::{LoadCalibrationArgs, LoadStressArgs, MatchFillArgs};
use ballast_client::instructions as ix;
use ballast_sandbox::house::{QUOTE, made_up_history};
use ballast_sandbox::{AssetSpec, House, Keypair, MarketSpec, Person, Signer};

use crate::common::{BASE, COIN, refused_ix, sol};

const VERSION_AT: usize = 8;
/// Version and bump of the clearinghouse come before it.
const OPEN_AT: usize = 10;

/// Every instruction but `migrate`, that reads an account of the program's, with who signs it.
fn every_instruction(house: &mut House, who: &Person, desk: &Person) -> Vec<(Instruction, Vec<Keypair>)> {
    let (at, payer) = (house.at, house.vm.payer.pubkey());
    let governance = house.governance.insecure_clone();
    let (gov, owner) = (governance.pubkey(), who.pubkey());
    let sibling = house.sub_account(who, 1, None);
    let quote = who.wallets[&at.quote_mint];
    let coin = house.collateral(0);
    let wallet = who.wallets[&coin.mint];
    let args = MatchFillArgs { base: BASE, quote: 100 * QUOTE };
    let history: LoadCalibrationArgs = made_up_history(0);
    let key = |k: &Keypair| k.insecure_clone();
    let as_gov = || vec![key(&governance)];
    let as_owner = || vec![key(&who.key)];
    vec![
        (at.grow_board(payer), vec![]),
        (at.add_asset(payer, gov, 1, None, AssetSpec::coin("TWO", 9).args), as_gov()),
        (at.add_market(payer, gov, 1, MarketSpec::perpetual("TWO", 0).args), as_gov()),
        (at.load_calibration(gov, history), as_gov()),
        (at.load_stress(gov, LoadStressArgs { asset: 0, shocks: [0; 32] }), as_gov()),
        (at.set_depth_reporter(gov, gov), as_gov()),
        (at.open_clearinghouse(gov), as_gov()),
        (at.refresh_price(0, house.assets[0].price_account), vec![]),
        (at.refresh_implied_volatility(0, house.assets[0].price_account), vec![]),
        (at.report_depth(gov, 0, 1), as_gov()),
        (at.refresh_exposure(0, Some(0), Some(coin.mint)), vec![]),
        (at.tick(), vec![]),
        (at.health(who.account), vec![]),
        (at.open_account(payer, owner, 2, Some(0)), as_owner()),
        (ix::set_delegate(owner, who.account, gov), as_owner()),
        (ix::set_restriction(owner, who.account, true), as_owner()),
        (at.set_mode(owner, sibling.account, Some(0)), as_owner()),
        (at.transfer(owner, who.account, sibling.account, None, 1), as_owner()),
        (at.deposit(who.account, owner, None, quote, 1), as_owner()),
        (at.deposit(who.account, owner, Some(coin), wallet, 1), as_owner()),
        (at.withdraw(who.account, owner, None, quote, 1), as_owner()),
        (at.withdraw(who.account, owner, Some(coin), wallet, 1), as_owner()),
        (at.close_margin_account(owner, sibling.account), as_owner()),
        (at.match_fill(0, who.party(), desk.party(), args), vec![key(&who.key), key(&desk.key)]),
        (at.settle(0, who.account), vec![]),
        (at.fix_settlement_price(0), vec![]),
        (at.sweep_fees(0), vec![]),
        (at.liquidate_position(desk.account, who.party(), 0, COIN), as_owner()),
        (at.liquidate_collateral(desk.account, who.party(), 0, COIN), as_owner()),
    ]
}

/// The accounts of the program that an instruction names.
fn of_the_program(house: &House, instruction: &Instruction) -> Vec<Pubkey> {
    let named = instruction.accounts.iter().map(|m| m.pubkey);
    let mut found: Vec<_> = named.filter(|a| house.vm.owner(a) == ballast::ID).collect();
    found.dedup();
    found
}

#[test]
fn every_instruction_refuses_every_account_of_another_version() {
    let mut house = sol();
    let (who, desk) = (house.person_with_quote(10_000), house.person_with_quote(10_000));
    let reporter = house.governance.pubkey();
    house.set_depth_reporter(reporter).expect("governance names");
    house.fund_collateral(&who, 0, COIN).expect("a deposit");
    house.fill_at_oracle(0, &who, &desk, BASE).expect("a fill");
    house.vm.advance(1);
    house.post(0, 100.0);
    let mut tried = 0;
    for (instruction, signers) in every_instruction(&mut house, &who, &desk) {
        // What belongs before the opening is refused earlier where the clearinghouse is open, deposits where it is not.
        let mut clearinghouse = house.vm.data(&house.at.clearinghouse);
        let before = [house.at.open_clearinghouse(reporter), house.at.set_depth_reporter(reporter, reporter)];
        clearinghouse[OPEN_AT] = (!before.contains(&instruction)).into();
        house.vm.put(house.at.clearinghouse, ballast::ID, clearinghouse);
        let signers: Vec<&Keypair> = signers.iter().collect();
        for account in of_the_program(&house, &instruction) {
            let current = house.vm.data(&account);
            for version in [0, 2, 255] {
                let mut data = current.clone();
                data[VERSION_AT] = version;
                house.vm.put(account, ballast::ID, data);
                refused_ix(&mut house, BallastError::WrongVersion, instruction.clone(), &signers);
                tried += 1;
            }
            house.vm.put(account, ballast::ID, current);
        }
    }
    assert!(tried > 200, "{tried} refusals");
}

/// The check stands in the one line a handler has in `lib.rs`; a handler without it shows here.
#[test]
fn every_handler_but_migrate_is_called_with_current_accounts() {
    let lib = include_str!("../../programs/ballast/src/lib.rs");
    let calls: Vec<&str> = lib.lines().map(str::trim).filter(|l| l.starts_with("instructions::")).collect();
    assert!(calls.len() > 25, "{} handlers", calls.len());
    for call in calls {
        assert_eq!(call.contains("(current(ctx)?"), call != "instructions::migrate(ctx)", "{call}");
    }
}
