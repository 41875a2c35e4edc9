//! Events: each once, in the order of the chain.

use anchor_lang::prelude::Pubkey;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Transaction, params, params_from_iter};
use serde::Serialize;
use serde_json::Value;

use crate::idl::Event;

/// Places for events in a slot, as a power of two.
const PLACE_BITS: u32 = 20;

/// A transaction that was looked at.
#[derive(Clone, Debug)]
pub struct Looked {
    /// Base58.
    pub signature: String,
    /// Where it stands.
    pub slot: u64,
    /// When its block was made, unix seconds, or about when.
    pub time: i64,
    /// Whether `time` is the block's own, not an estimate.
    pub exact: bool,
    /// Whether there may have been more events than these.
    pub cut: bool,
    /// Its events, in order.
    pub events: Vec<Event>,
}

/// An event as the interface shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    /// Rises with the chain.
    pub id: i64,
    /// Unix seconds.
    pub t: i64,
    /// Where its transaction stands.
    pub slot: u64,
    /// The transaction.
    pub signature: String,
    /// The program's name of it.
    pub kind: String,
    /// Its fields.
    pub data: Value,
}

/// Which events are asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Of one of these kinds; none: of any.
    pub kinds: Vec<String>,
    /// That mention this address.
    pub account: Option<Pubkey>,
    /// Before the one with this id.
    pub before: Option<i64>,
    /// At most so many, the newest.
    pub limit: usize,
}

/// Keeps a transaction and its events; those that are new. A transaction that is known gives none: at most its time
/// becomes exact. `own` is not worth noting among the addresses of an event, because it is in most of them.
///
/// # Errors
/// As SQLite.
pub fn keep(to: &Transaction, looked: &Looked, own: &Pubkey) -> rusqlite::Result<Vec<Shown>> {
    let known: Option<i64> = to
        .prepare_cached("SELECT id FROM transactions WHERE signature = ?")?
        .query_row([&looked.signature], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        if looked.exact {
            to.prepare_cached("UPDATE transactions SET time = ?2 WHERE id = ?1 AND time <> ?2")?
                .execute([id, looked.time])?;
        }
        return Ok(Vec::new());
    }
    to.prepare_cached("INSERT INTO transactions (signature, slot, time, cut) VALUES (?, ?, ?, ?)")?
        .execute(params![looked.signature, looked.slot as i64, looked.time, looked.cut])?;
    let transaction = to.last_insert_rowid();
    let first = (looked.slot as i64) << PLACE_BITS;
    let last: Option<i64> = to
        .prepare_cached("SELECT MAX(id) FROM events WHERE id >= ? AND id < ?")?
        .query_row([first, first + (1 << PLACE_BITS)], |row| row.get(0))?;
    let mut id = last.map_or(first, |last| last + 1);
    let mut kept = Vec::with_capacity(looked.events.len());
    for (place, event) in looked.events.iter().enumerate() {
        to.prepare_cached("INSERT INTO events VALUES (?, ?, ?, ?, ?)")?.execute(params![
            id,
            transaction,
            place as i64,
            event.kind,
            event.data.to_string()
        ])?;
        for account in event.accounts.iter().filter(|account| *account != own) {
            to.prepare_cached("INSERT INTO mentions VALUES (?, ?)")?
                .execute(params![account.as_ref(), id])?;
        }
        kept.push(Shown {
            id,
            t: looked.time,
            slot: looked.slot,
            signature: looked.signature.clone(),
            kind: event.kind.into(),
            data: event.data.clone(),
        });
        id += 1;
    }
    Ok(kept)
}

/// Whether a transaction was looked at.
///
/// # Errors
/// As SQLite.
pub fn is_known(from: &Connection, signature: &str) -> rusqlite::Result<bool> {
    from.prepare_cached("SELECT 1 FROM transactions WHERE signature = ?")?.exists([signature])
}

/// How many there are.
///
/// # Errors
/// As SQLite.
pub fn count(from: &Connection) -> rusqlite::Result<u64> {
    from.query_row("SELECT COUNT(*) FROM events", [], |row| row.get(0))
}

/// Events, newest first.
///
/// # Errors
/// As SQLite.
pub fn find(from: &Connection, wanted: &Wanted) -> rusqlite::Result<Vec<Shown>> {
    let mut sql = String::from("SELECT e.id, x.time, x.slot, x.signature, e.kind, e.data FROM ");
    let mut given: Vec<Sql> = Vec::new();
    let id = match &wanted.account {
        Some(account) => {
            sql += "mentions m JOIN events e ON e.id = m.event JOIN transactions x ON x.id = e.tx WHERE m.account = ?";
            given.push(account.to_bytes().to_vec().into());
            "m.event"
        }
        None => {
            sql += "events e JOIN transactions x ON x.id = e.tx WHERE TRUE";
            "e.id"
        }
    };
    if !wanted.kinds.is_empty() {
        let places = vec!["?"; wanted.kinds.len()].join(", ");
        sql += &format!(" AND e.kind IN ({places})");
        given.extend(wanted.kinds.iter().cloned().map(Sql::from));
    }
    if let Some(before) = wanted.before {
        sql += &format!(" AND {id} < ?");
        given.push(before.into());
    }
    sql += &format!(" ORDER BY {id} DESC LIMIT ?");
    given.push((wanted.limit as i64).into());
    let mut statement = from.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(given), |row| {
        let data: String = row.get(5)?;
        Ok(Shown {
            id: row.get(0)?,
            t: row.get(1)?,
            slot: row.get::<_, i64>(2)? as u64,
            signature: row.get(3)?,
            kind: row.get(4)?,
            data: serde_json::from_str(&data).unwrap_or(Value::String(data)),
        })
    })?;
    rows.collect()
}
