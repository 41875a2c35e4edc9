//! What the keeper believes stands on the chain.
//!
//! Nodes are late, push things twice and out of order, and answer from a slot that has passed. So a state is taken only
//! where it is not older than the one that is held. What tells is, first, the account itself: a board's clocks and a
//! price's publish time only run forward. Where the contents do not tell, the slot does; but a pushed slot may stand
//! still while the states go on (some local nodes do that), so a push that looks late is not thrown away: the account is
//! asked for by name.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use anchor_lang::Discriminator;
use anchor_lang::prelude::Pubkey;
use ballast::oracle::{stake_pool, switchboard};
use ballast::state::{
    AssetConfig, BackstopVault, Clearinghouse, MarginAccount, Market, Proposal, RiskBoard, TradeRequest,
    Treasury,
};
use ballast_client::{Deployment, decode};
use pyth_solana_receiver_sdk::price_update::PriceUpdateV2;
use sha2::{Digest, Sha256};

use crate::chain::{Raw, Source, Update};

/// A state of an account that the keeper has a use for.
#[derive(Clone)]
pub enum State {
    /// The board.
    Board(Box<RiskBoard>),
    /// The insurance fund.
    Treasury(Box<Treasury>),
    /// Roles and limits.
    House(Box<Clearinghouse>),
    /// An asset's config.
    Asset(Box<AssetConfig>),
    /// A market.
    Market(Box<Market>),
    /// A margin account.
    Margin(Box<MarginAccount>),
    /// A market's backstop.
    Vault(Box<BackstopVault>),
    /// A request to trade with a backstop.
    Request(Box<TradeRequest>),
    /// A proposal.
    Proposal(Box<Proposal>),
    /// A price.
    Price(Box<PriceUpdateV2>),
    /// What a Switchboard feed or a stake pool holds: read where it is judged.
    Source(Box<Raw>),
}

/// Where what does not belong to the program is posted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Posts {
    /// Pyth's prices, by asset.
    pub prices: BTreeMap<u8, Pubkey>,
    /// Pyth's implied volatilities, by asset.
    pub implied: BTreeMap<u8, Pubkey>,
    /// The quote token's price.
    pub quote: Option<Pubkey>,
    /// Second sources and stake pools that assets' configs name.
    pub beside: BTreeSet<Pubkey>,
}

impl Posts {
    /// Every account once.
    #[must_use]
    pub fn all(&self) -> Vec<Pubkey> {
        let posted = self.prices.values().chain(self.implied.values()).chain(&self.quote).chain(&self.beside);
        posted.copied().collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn is_pyth(&self, address: &Pubkey) -> bool {
        self.quote == Some(*address)
            || self.prices.values().chain(self.implied.values()).any(|posted| posted == address)
    }
}

/// Reads an account of the program or of Pyth; none for any other, and for what cannot be read.
#[must_use]
pub fn read(raw: &Raw) -> Option<State> {
    fn config<T: anchor_lang::AccountDeserialize>(raw: &Raw) -> Option<Box<T>> {
        decode::config(&raw.data).ok().map(Box::new)
    }
    let is = |kind: &[u8]| raw.data.starts_with(kind);
    if raw.owner == pyth_solana_receiver_sdk::ID {
        return config(raw).map(State::Price);
    }
    if [switchboard::ID, stake_pool::ID].contains(&raw.owner) {
        return Some(State::Source(Box::new(raw.clone())));
    }
    if raw.owner != ballast::ID {
        return None;
    }
    if is(MarginAccount::DISCRIMINATOR) {
        decode::margin_account(&raw.data).ok().map(State::Margin)
    } else if is(RiskBoard::DISCRIMINATOR) {
        decode::board(&raw.data).ok().map(State::Board)
    } else if is(Market::DISCRIMINATOR) {
        config(raw).map(State::Market)
    } else if is(Treasury::DISCRIMINATOR) {
        config(raw).map(State::Treasury)
    } else if is(Clearinghouse::DISCRIMINATOR) {
        config(raw).map(State::House)
    } else if is(AssetConfig::DISCRIMINATOR) {
        config(raw).map(State::Asset)
    } else if is(BackstopVault::DISCRIMINATOR) {
        config(raw).map(State::Vault)
    } else if is(TradeRequest::DISCRIMINATOR) {
        config(raw).map(State::Request)
    } else if is(Proposal::DISCRIMINATOR) {
        config(raw).map(State::Proposal)
    } else {
        None
    }
}

/// Clocks and counters of a state that only run forward.
fn clocks(state: &State) -> Vec<i128> {
    match state {
        State::Board(b) => {
            let mut clocks: Vec<i128> = vec![
                b.seen_time.into(),
                b.tick_count.into(),
                b.last_short_tick.into(),
                b.loan_time.into(),
                b.loan_index.into(),
                b.quote_time.into(),
                b.asset_count.into(),
                b.market_count.into(),
            ];
            for a in &b.assets {
                clocks.extend([a.heard_time.max(a.publish_time), a.tick_time].map(i128::from));
            }
            for m in &b.markets {
                clocks.extend([m.funding_time, m.open_interest_time].map(i128::from));
                clocks.extend([m.long.epoch, m.short.epoch].map(i128::from));
            }
            clocks
        }
        State::Price(p) => vec![p.price_message.publish_time.into()],
        State::Margin(a) => vec![a.loan_index.into()],
        State::Market(m) => vec![m.window_start.into()],
        State::Treasury(t) => vec![t.bad_debt_paid.into()],
        State::House(h) => {
            vec![h.open.into(), h.asset_count.into(), h.market_count.into(), h.proposals.into()]
        }
        State::Vault(v) => vec![v.epoch.into(), v.inventory_until.into()],
        State::Proposal(p) => vec![p.ramp_time.into(), p.done.into()],
        State::Asset(_) | State::Request(_) | State::Source(_) => Vec::new(),
    }
}

/// What the contents say of the age of `new` against `old`: none where they do not tell.
fn age(old: &State, new: &State) -> Option<Ordering> {
    let (old, new) = (clocks(old), clocks(new));
    if old.len() != new.len() {
        return None;
    }
    let (mut earlier, mut later) = (false, false);
    for (old, new) in old.iter().zip(&new) {
        earlier |= new < old;
        later |= new > old;
    }
    match (earlier, later) {
        (false, true) => Some(Ordering::Greater),
        (true, false) => Some(Ordering::Less),
        _ => None,
    }
}

/// What is to become of a state that was heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It takes the place of the one that is held.
    Take,
    /// It is older.
    Stale,
    /// Nobody can tell: the account has to be asked for by name.
    Ask,
}

/// Judges a state by what its contents say, its slot against the slot of the one that is held, and how it came.
#[must_use]
pub fn judge(age: Option<Ordering>, held: u64, new: u64, source: Source) -> Verdict {
    match age {
        Some(Ordering::Greater) => Verdict::Take,
        Some(Ordering::Less) => Verdict::Stale,
        // Of the same slot, what arrives later is later.
        _ if new >= held => Verdict::Take,
        _ if source == Source::Push => Verdict::Ask,
        _ => Verdict::Stale,
    }
}

/// The accounts beside Pyth's that an asset's price follows from.
pub fn beside(config: &AssetConfig) -> impl Iterator<Item = Pubkey> + use<> {
    [config.second_source, config.stake_pool].into_iter().filter(|named| *named != Pubkey::default())
}

/// A state, when it is of, and a hash of its bytes.
struct Held<T> {
    slot: u64,
    hash: [u8; 32],
    state: T,
}

/// What became of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Took {
    /// The book changed.
    Changed,
    /// It is what the book holds.
    Same,
    /// It is older than what the book holds.
    Stale,
    /// Nobody can tell: ask for it by name.
    Ask,
    /// It is nothing that the keeper has a use for.
    Useless,
}

/// The book.
pub struct Book {
    /// The house's addresses.
    pub at: Deployment,
    held: HashMap<Pubkey, Held<State>>,
    margins: HashSet<Pubkey>,
    requests: HashSet<Pubkey>,
    proposals: HashSet<Pubkey>,
    posts: Posts,
}

impl Book {
    /// An empty book of a house.
    #[must_use]
    pub fn new(at: Deployment) -> Self {
        Self {
            at,
            held: HashMap::new(),
            margins: HashSet::new(),
            requests: HashSet::new(),
            proposals: HashSet::new(),
            posts: Posts::default(),
        }
    }

    /// Whether a state belongs to this house.
    fn is_ours(&self, address: &Pubkey, state: &State) -> bool {
        let house = self.at.clearinghouse;
        match state {
            State::Board(_) => *address == self.at.board,
            State::Treasury(_) => *address == self.at.treasury,
            State::House(_) => *address == house,
            State::Asset(a) => a.clearinghouse == house,
            State::Market(m) => m.clearinghouse == house,
            State::Margin(m) => m.clearinghouse == house,
            State::Vault(v) => v.clearinghouse == house,
            State::Proposal(p) => p.clearinghouse == house,
            // A request of another house's market names a margin account that is not in this book.
            State::Request(_) => true,
            State::Price(_) => self.posts.is_pyth(address),
            State::Source(_) => self.posts.beside.contains(address),
        }
    }

    /// Takes what a node says of an account, unless it is older than what is held.
    pub fn take(&mut self, update: Update) -> Took {
        let Update { address, slot, source, raw } = update;
        let Some(raw) = raw else { return self.take_absence(&address, slot, source) };
        let hash: [u8; 32] = Sha256::digest(&raw.data).into();
        if let Some(held) = self.held.get_mut(&address)
            && held.hash == hash
        {
            held.slot = held.slot.max(slot);
            return Took::Same;
        }
        let Some(state) = read(&raw).filter(|state| self.is_ours(&address, state)) else {
            // A closed account belongs to the system program, with nothing in it.
            return if raw.data.is_empty() {
                self.take_absence(&address, slot, source)
            } else {
                Took::Useless
            };
        };
        let mut of = slot;
        if let Some(held) = self.held.get(&address) {
            match judge(age(&held.state, &state), held.slot, slot, source) {
                Verdict::Take => of = slot.max(held.slot),
                Verdict::Stale => return Took::Stale,
                Verdict::Ask => return Took::Ask,
            }
        }
        match &state {
            State::Margin(_) => self.margins.insert(address),
            State::Request(_) => self.requests.insert(address),
            State::Proposal(_) => self.proposals.insert(address),
            _ => false,
        };
        self.held.insert(address, Held { slot: of, hash, state });
        Took::Changed
    }

    fn take_absence(&mut self, address: &Pubkey, slot: u64, source: Source) -> Took {
        let Some(held) = self.held.get(address) else { return Took::Useless };
        match judge(None, held.slot, slot, source) {
            // Only what was asked for by name is gone.
            Verdict::Take if source == Source::Read => {
                self.held.remove(address);
                self.margins.remove(address);
                self.requests.remove(address);
                self.proposals.remove(address);
                Took::Changed
            }
            Verdict::Stale => Took::Stale,
            _ => Took::Ask,
        }
    }

    fn state(&self, address: &Pubkey) -> Option<&State> {
        self.held.get(address).map(|held| &held.state)
    }

    /// The board.
    #[must_use]
    pub fn board(&self) -> Option<&RiskBoard> {
        if let State::Board(board) = self.state(&self.at.board)? { Some(board) } else { None }
    }

    /// The insurance fund's account.
    #[must_use]
    pub fn treasury(&self) -> Option<&Treasury> {
        if let State::Treasury(treasury) = self.state(&self.at.treasury)? { Some(treasury) } else { None }
    }

    /// Roles and limits.
    #[must_use]
    pub fn house(&self) -> Option<&Clearinghouse> {
        if let State::House(house) = self.state(&self.at.clearinghouse)? { Some(house) } else { None }
    }

    /// An asset's config.
    #[must_use]
    pub fn asset(&self, index: u8) -> Option<&AssetConfig> {
        if let State::Asset(asset) = self.state(&self.at.asset(index))? { Some(asset) } else { None }
    }

    /// A market.
    #[must_use]
    pub fn market(&self, index: u8) -> Option<&Market> {
        if let State::Market(market) = self.state(&self.at.market(index))? { Some(market) } else { None }
    }

    /// The backstop of a market, where it has one.
    #[must_use]
    pub fn vault(&self, market: &Market) -> Option<&BackstopVault> {
        if let State::Vault(vault) = self.state(&market.backstop)? { Some(vault) } else { None }
    }

    /// A margin account.
    #[must_use]
    pub fn margin(&self, address: &Pubkey) -> Option<&MarginAccount> {
        if let State::Margin(account) = self.state(address)? { Some(account) } else { None }
    }

    /// Addresses of all margin accounts.
    pub fn margins(&self) -> impl Iterator<Item = &Pubkey> {
        self.margins.iter()
    }

    /// How many margin accounts there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.margins.len()
    }

    /// Open requests to trade, whose margin account is this house's.
    pub fn requests(&self) -> impl Iterator<Item = (&Pubkey, &TradeRequest)> {
        self.requests.iter().filter_map(|address| match self.state(address)? {
            State::Request(r) if self.margins.contains(&r.margin_account) => Some((address, &**r)),
            _ => None,
        })
    }

    /// Proposals.
    pub fn proposals(&self) -> impl Iterator<Item = (&Pubkey, &Proposal)> {
        self.proposals.iter().filter_map(|address| match self.state(address)? {
            State::Proposal(p) => Some((address, &**p)),
            _ => None,
        })
    }

    /// A price account as it was last posted.
    #[must_use]
    pub fn price(&self, address: &Pubkey) -> Option<&PriceUpdateV2> {
        if let State::Price(price) = self.state(address)? { Some(price) } else { None }
    }

    /// A second source or a stake pool as it was last written.
    #[must_use]
    pub fn source(&self, address: &Pubkey) -> Option<&Raw> {
        if let State::Source(raw) = self.state(address)? { Some(raw) } else { None }
    }

    /// A hash of an account's bytes: the state that a decision was made on.
    #[must_use]
    pub fn hash(&self, address: &Pubkey) -> [u8; 32] {
        self.held.get(address).map_or([0; 32], |held| held.hash)
    }

    /// Every address of the program that the book holds.
    #[must_use]
    pub fn known(&self) -> Vec<Pubkey> {
        let program = |(address, held): (&Pubkey, &Held<State>)| {
            (!matches!(held.state, State::Price(_) | State::Source(_))).then_some(*address)
        };
        self.held.iter().filter_map(program).collect()
    }

    /// Where everything that does not belong to the program is posted.
    #[must_use]
    pub fn posts(&self) -> &Posts {
        &self.posts
    }

    /// Where an asset's prices are posted.
    #[must_use]
    pub fn price_account(&self, asset: u8) -> Option<Pubkey> {
        self.posts.prices.get(&asset).copied()
    }

    /// Says where everything is posted; true where that is new.
    pub fn set_posts(&mut self, posts: Posts) -> bool {
        let changed = self.posts != posts;
        self.posts = posts;
        changed
    }

    /// The accounts beside Pyth's from which, with a change of this account, a price follows.
    #[must_use]
    pub fn beside_of(&self, changed: &Pubkey) -> Vec<Pubkey> {
        let count = self.board().map_or(0, |board| board.asset_count);
        let configs = (0..count).filter_map(|index| self.asset(index));
        let touched = configs.filter(|config| {
            self.price_account(config.index) == Some(*changed) || beside(config).any(|b| b == *changed)
        });
        touched.flat_map(beside).collect()
    }
}

#[cfg(test)]
mod tests;
