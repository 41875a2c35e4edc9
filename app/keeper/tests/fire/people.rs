//! A house with many accounts, of which some will fall short by the same price, some nearly, and most not at all.

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use ballast::instructions::MatchFillArgs;
use ballast::limits::PhaseParams;
use ballast_sandbox::house::{QUOTE, default_phases};
use ballast_sandbox::{AssetSpec, House, Keypair, Person, Signer};

use crate::coin;

/// Dollars before and after the bar.
pub const BEFORE: f64 = 100.0;
pub const AFTER: f64 = 93.0;
/// What everybody is long of, native units of nine decimals: ten coins.
const SIZE: i64 = 10_000_000_000;

pub struct People {
    pub doomed: Vec<Pubkey>,
    pub near: Vec<Pubkey>,
    pub safe: Vec<Pubkey>,
    pub keepers: Vec<Person>,
}

impl People {
    pub fn all(&self) -> Vec<Pubkey> {
        [&self.doomed[..], &self.near, &self.safe].concat()
    }
}

/// A house in which a breach has to be confirmed by a later price, unless an account is deep under.
fn house() -> House {
    let phases = PhaseParams { deep_bps: 5_000, bankrupt_bps: 5_000, ..default_phases() };
    coin::house(phases, AssetSpec::coin("SOL", 9), BEFORE)
}

/// `count` accounts, of which `doomed` fall short; and keepers with plenty.
pub fn settle_in(count: usize, doomed: usize, keepers: usize) -> (House, People) {
    let mut house = house();
    let maker = house.person_with_quote(1_000_000_000);
    let probe = house.person_with_quote(10_000);
    house.fill_at_oracle(0, &probe, &maker, SIZE).unwrap();
    let maintenance = coin::fallen(&house, &probe.account, AFTER).maintenance;
    let loss = ((BEFORE - AFTER) * 10.0) as u64 * QUOTE;
    let keepers: Vec<Person> = (0..keepers).map(|_| house.person_with_quote(10_000_000)).collect();
    for keeper in &keepers {
        house.vm.svm.airdrop(&keeper.pubkey(), 100_000_000_000).unwrap();
    }
    let mut people = People { doomed: Vec::new(), near: Vec::new(), safe: Vec::new(), keepers };
    let quote = (BEFORE * 10.0) as u64 * QUOTE;
    let mut owner: Option<(Keypair, Pubkey)> = None;
    for index in 0..count {
        let sub_account = (index % 500) as u16;
        if sub_account == 0 {
            let key = Keypair::new();
            let mint = house.at.quote_mint;
            let wallet = house.vm.create_wallet(&mint, &key.pubkey(), 1 << 50);
            owner = Some((key, wallet));
        }
        let (key, wallet) = owner.as_ref().unwrap();
        // After the bar: 60 to 90 % of MM, 110 to 120 %, or more than three times.
        let share = match index {
            _ if index < doomed => 60 + 30 * index as u64 / doomed as u64,
            _ if index < 2 * doomed => 110 + index as u64 % 10,
            _ => 300 + index as u64 % 400,
        };
        let deposit = loss + maintenance * share / 100;
        let account = house.at.margin_account(&key.pubkey(), sub_account);
        let owned = (account, key.pubkey());
        let steps: [Instruction; 3] = [
            house.at.open_account(house.vm.payer.pubkey(), key.pubkey(), sub_account, None),
            house.at.deposit(account, key.pubkey(), None, *wallet, deposit),
            house.at.match_fill(0, owned, maker.party(), MatchFillArgs { base: SIZE, quote }),
        ];
        house.vm.send(&steps, &[key, &maker.key]).unwrap();
        let group = match index {
            _ if index < doomed => &mut people.doomed,
            _ if index < 2 * doomed => &mut people.near,
            _ => &mut people.safe,
        };
        group.push(account);
    }
    (house, people)
}
