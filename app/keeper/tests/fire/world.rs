//! The chain behind the node: a clearinghouse in the VM, its blocks, and what was sent to it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Instant;

use anchor_lang::Discriminator;
use anchor_lang::prelude::Pubkey;
use ballast::event::Liquidated;
use ballast_client::events;
use ballast_sandbox::House;
use solana_message::VersionedMessage;
use solana_transaction::versioned::VersionedTransaction;

/// Blocks for which a blockhash is accepted.
const LASTS: u64 = 150;
/// States of an account that are remembered.
const REMEMBERED: usize = 8;

/// An account's state: owner, lamports and bytes; none where there is none.
pub type Seen = Option<(Pubkey, u64, std::sync::Arc<Vec<u8>>)>;

/// A transaction that landed.
#[derive(Clone)]
pub struct Landed {
    pub slot: u64,
    pub error: Option<String>,
    pub logs: Vec<String>,
    pub fee: u64,
}

/// When something was first sent about an account.
#[derive(Clone, Copy, Default)]
pub struct Sent {
    pub touched: Option<Instant>,
    pub liquidated: Option<Instant>,
}

/// What else is posted: where, and how.
pub type Also = (Vec<Pubkey>, Box<dyn FnMut(&mut House) + Send>);

pub struct World {
    pub house: House,
    /// What is posted besides the first asset's price, every second.
    pub also: Option<Also>,
    pub slot: u64,
    hashes: HashMap<String, u64>,
    hash: String,
    pub landed: HashMap<String, Landed>,
    past: HashMap<Pubkey, VecDeque<(u64, Seen)>>,
    /// Accounts that changed and were not pushed yet.
    pub changed: Vec<Pubkey>,
    pub sent: HashMap<Pubkey, Sent>,
    /// Liquidations by account.
    pub liquidations: BTreeMap<Pubkey, Vec<Liquidated>>,
    /// When they were, by the clock.
    pub times: BTreeMap<Pubkey, Vec<i64>>,
    /// Sends of bytes that had landed before.
    pub repeats: u64,
    pub refused: BTreeMap<String, u64>,
    /// Instructions of the program that landed, by name.
    pub done: BTreeMap<String, u64>,
    /// Seconds of the clock in a real second.
    pub speed: i64,
    began: Instant,
    from: i64,
}

impl World {
    pub fn new(mut house: House) -> Self {
        // Blockhashes are this world's: they last for some blocks, as on a cluster.
        house.vm.svm = std::mem::take(&mut house.vm.svm).with_blockhash_check(false);
        let from = house.vm.now();
        let mut world = Self {
            house,
            also: None,
            slot: 1_000,
            hashes: HashMap::new(),
            hash: String::new(),
            landed: HashMap::new(),
            past: HashMap::new(),
            changed: Vec::new(),
            sent: HashMap::new(),
            liquidations: BTreeMap::new(),
            times: BTreeMap::new(),
            repeats: 0,
            refused: BTreeMap::new(),
            done: BTreeMap::new(),
            speed: 1,
            began: Instant::now(),
            from,
        };
        world.block();
        world
    }

    /// Begins the clock.
    pub fn begin(&mut self) {
        self.began = Instant::now();
    }

    /// The next block: a slot, a blockhash, and the clock in step with real time. True where a second has passed.
    pub fn block(&mut self) -> bool {
        self.slot += 1;
        let mut bytes = [0u8; 32];
        bytes[..8].copy_from_slice(&self.slot.to_le_bytes());
        bytes[8] = 1;
        self.hash = Pubkey::new_from_array(bytes).to_string();
        self.hashes.insert(self.hash.clone(), self.slot + LASTS);
        let now = self.from + self.began.elapsed().as_millis() as i64 * self.speed / 1_000;
        let later = now > self.house.vm.now();
        if later {
            self.keep(&ballast_keeper::chain::time::ADDRESS);
            self.house.vm.set_time(now);
        }
        later
    }

    pub fn blockhash(&self) -> (String, u64) {
        (self.hash.clone(), self.slot + LASTS)
    }

    /// An account as it is.
    pub fn now(&self, address: &Pubkey) -> Seen {
        let found = self.house.vm.svm.get_account(address).filter(|a| a.lamports > 0)?;
        Some((found.owner, found.lamports, found.data.into()))
    }

    /// Remembers how an account is before it changes.
    fn keep(&mut self, address: &Pubkey) {
        let state = self.now(address);
        let states = self.past.entry(*address).or_default();
        if let Some((until, _)) = states.back_mut().filter(|(_, last)| *last == state) {
            *until = self.slot;
            return;
        }
        states.push_back((self.slot, state));
        if states.len() > REMEMBERED {
            states.pop_front();
        }
    }

    /// An account as it was at the end of a slot.
    pub fn at(&self, address: &Pubkey, slot: u64) -> Seen {
        let kept = self.past.get(address).and_then(|states| states.iter().find(|(until, _)| *until > slot));
        kept.map_or_else(|| self.now(address), |(_, state)| state.clone())
    }

    /// Posts a price.
    pub fn post(&mut self, asset: u8, dollars: f64) {
        let address = self.house.assets[usize::from(asset)].price_account;
        self.keep(&address);
        self.house.post(asset, dollars);
        self.changed.push(address);
    }

    /// Posts what else there is.
    pub fn post_also(&mut self) {
        let Some((places, mut post)) = self.also.take() else { return };
        places.iter().for_each(|place| self.keep(place));
        post(&mut self.house);
        self.changed.extend(&places);
        self.also = Some((places, post));
    }

    /// Notes what a transaction is about.
    fn note(&mut self, transaction: &VersionedTransaction) {
        let VersionedMessage::Legacy(message) = &transaction.message else { return };
        for instruction in &message.instructions {
            let key = |at: usize| {
                instruction.accounts.get(at).and_then(|i| message.account_keys.get(usize::from(*i))).copied()
            };
            let touch = instruction.data.starts_with(ballast::instruction::TouchAccount::DISCRIMINATOR);
            let liquidate = instruction.data.starts_with(ballast::instruction::Liquidate::DISCRIMINATOR);
            if let Some(account) = key(if touch { 1 } else { 2 }).filter(|_| touch || liquidate) {
                let sent = self.sent.entry(account).or_default();
                let first = if touch { &mut sent.touched } else { &mut sent.liquidated };
                first.get_or_insert_with(Instant::now);
            }
        }
    }

    /// Takes a transaction, as a leader would; the error is the node's.
    pub fn take(&mut self, wire: &[u8]) -> Result<String, String> {
        let transaction: VersionedTransaction =
            bincode::deserialize(wire).map_err(|e| format!("no transaction: {e}"))?;
        let signature = transaction.signatures.first().ok_or("unsigned")?.to_string();
        self.note(&transaction);
        if self.landed.contains_key(&signature) {
            self.repeats += 1;
            return Ok(signature);
        }
        let hash = transaction.message.recent_blockhash().to_string();
        if self.hashes.get(&hash).is_none_or(|last| self.slot > *last) {
            return Err("Blockhash not found".into());
        }
        let named: Vec<Pubkey> = transaction.message.static_account_keys().to_vec();
        let before: Vec<Seen> = named.iter().map(|address| self.now(address)).collect();
        for address in &named {
            self.keep(address);
        }
        let (slot, fee) = (self.slot, 5_000);
        let landed = match self.house.vm.svm.send_transaction(transaction) {
            Ok(done) => {
                for event in events::of::<Liquidated>(&done.logs) {
                    self.times.entry(event.account).or_default().push(self.house.vm.now());
                    self.liquidations.entry(event.account).or_default().push(event);
                }
                let names = done.logs.iter().filter_map(|l| l.strip_prefix("Program log: Instruction: "));
                for name in names {
                    *self.done.entry(name.to_owned()).or_default() += 1;
                }
                let after = named.iter().zip(before).filter(|(a, before)| self.now(a) != *before);
                let changed: Vec<Pubkey> = after.map(|(address, _)| *address).collect();
                self.changed.extend(changed);
                Landed { slot, error: None, logs: done.logs, fee }
            }
            Err(failed) => {
                let said = failed.meta.logs.iter().find_map(|line| line.split("Error Code: ").nth(1));
                let name = said.and_then(|s| s.split('.').next()).unwrap_or("other").to_owned();
                *self.refused.entry(name).or_default() += 1;
                Landed { slot, error: Some(failed.err.to_string()), logs: failed.meta.logs, fee }
            }
        };
        self.landed.insert(signature.clone(), landed);
        Ok(signature)
    }

    /// Margin accounts that stand below MM now.
    pub fn short(&self, accounts: &[Pubkey]) -> Vec<Pubkey> {
        let (board, now) = (self.house.board(), self.house.vm.now());
        let due = |account: &Pubkey| {
            let data = self.house.vm.data(account);
            let account = ballast_client::decode::margin_account(&data).unwrap();
            ballast_client::plan::due(&account, &board, now).unwrap()
        };
        accounts.iter().filter(|a| due(a) != ballast_client::plan::Due::Nothing).copied().collect()
    }
}
