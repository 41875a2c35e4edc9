//! What these tests share.

use anchor_lang::prelude::Pubkey;
use ballast_risk::margin::Margin;
use ballast_sandbox::House;
use ballast_tests::auditor::board::Moment;
use ballast_tests::auditor::{Claim, Key, Ledger};

/// The clearinghouse as the auditor reads it: raw bytes of every account that the program owns.
///
/// # Panics
/// If something that the clearinghouse names is missing.
pub fn ledger(house: &House) -> Ledger {
    let accounts: Vec<(Key, Vec<u8>)> = house
        .vm
        .svm
        .get_program_accounts(&ballast::ID)
        .into_iter()
        .filter(|(_, account)| account.lamports > 0)
        .map(|(key, account)| (key.to_bytes(), account.data))
        .collect();
    let token_account = |key: &Key| {
        let data = house.vm.data(&Pubkey::from(*key));
        (!data.is_empty()).then_some(data)
    };
    let mut ledger = Ledger::read(&house.at.clearinghouse.to_bytes(), &accounts, &token_account)
        .expect("the clearinghouse's accounts are what they are named as");
    ledger.board.moment = Moment(house.vm.now());
    ledger
}

/// What the engine says of an account, for the auditor to refute.
pub fn claim(m: &Margin) -> Claim {
    Claim {
        equity: m.equity as f64,
        expected_shortfall: m.expected_shortfall as f64,
        stress: m.stress as f64,
        addons: m.addons as f64,
        maintenance: m.maintenance as f64,
        initial: m.initial as f64,
    }
}
