//! Margin accounts with their health.
//!
//! All of them are read when a subscription begins and from time to time after, and follow the subscription in between.
//! Health is computed when somebody asks, by the program's own engine on the last board, and kept for a moment.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result};
use ballast::state::MarginAccount;
use ballast_client::{decode, health};
use serde::Serialize;

use crate::house::House;
use crate::state::{State, View};
use crate::store::events::Shown;

/// How long a computed list is good for.
const KEEP: Duration = Duration::from_secs(2);

struct Known {
    account: Arc<MarginAccount>,
    /// The reading of all that it is not older than.
    reading: u64,
}

#[derive(Default)]
struct Table {
    known: HashMap<Pubkey, Known>,
    reading: u64,
    loaded: bool,
}

/// The margin accounts of a house.
#[derive(Default)]
pub struct Accounts {
    table: Mutex<Table>,
    standings: tokio::sync::Mutex<Option<(Instant, Arc<Vec<Standing>>)>>,
}

/// How an account stands. Money is quote micro-units as text.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// Its address.
    pub address: String,
    /// Whose it is.
    pub owner: String,
    /// Which of the owner's.
    pub sub_account: u16,
    /// The market whose backstop it is, where it is one.
    pub backstop: Option<usize>,
    /// What it is worth at spot; none where that cannot be said.
    pub equity: Option<String>,
    /// Maintenance margin.
    pub mm: Option<String>,
    /// Initial margin.
    pub im: Option<String>,
    /// Equity ÷ MM; none without exposure, or where it cannot be said.
    pub health: Option<f64>,
    /// Whether it is below its MM.
    pub liquidatable: bool,
    /// Why it cannot be valued.
    pub unvalued: Option<String>,
}

impl Accounts {
    fn table(&self) -> std::sync::MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an account as it is now. Bytes that are no margin account that this release reads are left alone.
    pub fn take(&self, address: Pubkey, data: &[u8]) {
        if let Ok(account) = decode::margin_account(data) {
            let mut table = self.table();
            let reading = table.reading;
            table.known.insert(address, Known { account: account.into(), reading });
        }
    }

    /// Forgets an account that is closed.
    pub fn forget(&self, address: &Pubkey) {
        self.table().known.remove(address);
    }

    /// An account, if it is known.
    #[must_use]
    pub fn get(&self, address: &Pubkey) -> Option<Arc<MarginAccount>> {
        self.table().known.get(address).map(|known| Arc::clone(&known.account))
    }

    /// How many are known; none before all were read once.
    #[must_use]
    pub fn count(&self) -> Option<usize> {
        let table = self.table();
        table.loaded.then_some(table.known.len())
    }

    fn begin(&self) -> u64 {
        let mut table = self.table();
        table.reading += 1;
        table.reading
    }

    /// Takes all accounts as they were read. What was told of one since that reading began is newer, and stays.
    fn replace(&self, reading: u64, all: Vec<(Pubkey, Vec<u8>)>) {
        let read: HashMap<_, _> = all
            .into_iter()
            .filter_map(|(address, data)| Some((address, decode::margin_account(&data).ok()?)))
            .collect();
        let mut table = self.table();
        table.known.retain(|address, known| known.reading >= reading || read.contains_key(address));
        for (address, account) in read {
            let account = Arc::from(account);
            let known = table
                .known
                .entry(address)
                .or_insert_with(|| Known { account: Arc::clone(&account), reading });
            if known.reading < reading {
                *known = Known { account, reading };
            }
        }
        table.loaded = true;
    }

    fn all(&self) -> Vec<(Pubkey, Arc<MarginAccount>)> {
        self.table().known.iter().map(|(address, known)| (*address, Arc::clone(&known.account))).collect()
    }

    /// How all accounts stand, the least healthy first.
    ///
    /// # Errors
    /// If they were not read yet.
    pub async fn standings(&self, view: Arc<View>, house: Arc<House>) -> Result<Arc<Vec<Standing>>> {
        self.count().context("the margin accounts are being read: try again in a moment")?;
        let mut kept = self.standings.lock().await;
        if let Some((at, standings)) = &*kept
            && at.elapsed() < KEEP
        {
            return Ok(Arc::clone(standings));
        }
        let all = self.all();
        let standings = tokio::task::spawn_blocking(move || {
            let now = view.now();
            let mut standings: Vec<_> = all
                .iter()
                .map(|(address, account)| standing(address, account, &view, now, house.backed_by(address)))
                .collect();
            standings.sort_by(by_health);
            Arc::new(standings)
        })
        .await?;
        *kept = Some((Instant::now(), Arc::clone(&standings)));
        Ok(standings)
    }
}

/// Least healthy first; what has no health last, by address.
fn by_health(a: &Standing, b: &Standing) -> Ordering {
    let order = match (a.health, b.health) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    };
    order.then_with(|| a.address.cmp(&b.address))
}

fn standing(
    address: &Pubkey,
    account: &MarginAccount,
    view: &View,
    now: i64,
    backstop: Option<usize>,
) -> Standing {
    let mut standing = Standing {
        address: address.to_string(),
        owner: account.owner.to_string(),
        sub_account: account.sub_account,
        backstop,
        equity: None,
        mm: None,
        im: None,
        health: None,
        liquidatable: false,
        unvalued: None,
    };
    match health::health(account, &view.board, now) {
        Ok(health) => {
            let margin = &health.maintenance;
            standing.equity = Some(margin.equity.to_string());
            standing.mm = Some(margin.maintenance.to_string());
            standing.im = Some(health.initial.initial.to_string());
            standing.health =
                (margin.maintenance > 0).then(|| margin.equity as f64 / margin.maintenance as f64);
            standing.liquidatable = margin.is_liquidatable();
        }
        Err(error) => standing.unvalued = Some(crate::explain::unvalued(error)),
    }
    standing
}

/// Reads all margin accounts of the house.
///
/// # Errors
/// If the node cannot be reached.
pub async fn read_all(state: &State) -> Result<()> {
    let reading = state.accounts.begin();
    let all = state.node.margin_accounts(&state.at.clearinghouse).await?;
    state.accounts.replace(reading, all);
    Ok(())
}

/// Looks again at accounts that events say were closed: a subscription to accounts of a program says nothing of one
/// that is the program's no more.
pub async fn follow(state: &State, events: &[Arc<Shown>]) {
    if !state.is_caught_up() {
        return;
    }
    let closed = events.iter().filter(|event| event.kind == "MarginAccountClosed");
    let addresses: Vec<Pubkey> =
        closed.filter_map(|event| event.data["account"].as_str()?.parse().ok()).collect();
    if addresses.is_empty() {
        return;
    }
    match state.node.accounts(&addresses).await {
        Ok((_, found)) => {
            for (address, account) in addresses.iter().zip(found) {
                match account.filter(|account| account.owner == ballast::ID) {
                    Some(account) => state.accounts.take(*address, &account.data),
                    None => state.accounts.forget(address),
                }
            }
        }
        Err(error) => tracing::warn!("closed accounts could not be looked at: {error:#}"),
    }
}
