//! What the keeper means to do, did, and what came of it, in SQLite.
//!
//! An *intent* is what is to be done with something that stands in a certain state: its key is a hash of both. A signed
//! transaction is written down, bytes and all, before it is sent, together with the intents that it carries. From then on
//! each of them is *open*, and nothing else may carry it until the transaction has landed, failed, or can land no more. So
//! a keeper that is killed at any moment finds after its restart exactly the transactions whose end it does not know, and
//! the same bytes can be sent again as often as it likes: the cluster takes a signature once.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};

use crate::act::intent::Intent;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS intents (
    key TEXT PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL, expected INTEGER NOT NULL,
    state TEXT NOT NULL, attempts INTEGER NOT NULL, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS transactions (
    signature TEXT PRIMARY KEY, wire BLOB NOT NULL, last_valid INTEGER NOT NULL, signed_at INTEGER NOT NULL,
    state TEXT NOT NULL, slot INTEGER, error TEXT, ended_at INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS open_transactions ON transactions(state) WHERE state = 'open';
CREATE TABLE IF NOT EXISTS carried (
    signature TEXT NOT NULL REFERENCES transactions, key TEXT NOT NULL REFERENCES intents, PRIMARY KEY (signature, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS carried_by_key ON carried(key);
CREATE TABLE IF NOT EXISTS results (
    signature TEXT PRIMARY KEY REFERENCES transactions, account TEXT NOT NULL, penalty INTEGER NOT NULL,
    profit INTEGER NOT NULL, fee INTEGER NOT NULL
) STRICT;
PRAGMA user_version = 1;
";

/// Where an intent stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Never tried.
    New,
    /// A transaction carries it, and its end is not known.
    Open,
    /// Done: never again.
    Done,
    /// Tried so often without success, the last time at this unix second.
    Failed {
        /// How often.
        attempts: u32,
        /// When last.
        last_at: i64,
    },
}

/// How a transaction ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It landed.
    Landed {
        /// In which slot.
        slot: u64,
    },
    /// The chain refused it.
    Failed {
        /// In which slot.
        slot: u64,
        /// Why.
        error: String,
    },
    /// It can land no more.
    Expired,
}

impl End {
    /// Its name in the journal and in metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Landed { .. } => "landed",
            Self::Failed { .. } => "failed",
            Self::Expired => "expired",
        }
    }
}

/// A transaction whose end is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Its signature, base58.
    pub signature: String,
    /// Its bytes.
    pub wire: Vec<u8>,
    /// The last block height at which it can land.
    pub last_valid: u64,
    /// The intents that it carries, and their subjects.
    pub carried: Vec<(String, String, String)>,
}

/// What a liquidation came to, quote micro-units; its fee in lamports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gain {
    /// The account that was liquidated.
    pub account: String,
    /// What it paid.
    pub penalty: u64,
    /// The keeper's part, with the bounty.
    pub profit: i64,
    /// The transaction's fee.
    pub fee: u64,
}

/// Why the journal refused.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// An intent of the transaction is open or done.
    #[error("the intent {key} is {standing:?} already: nothing was written, and nothing may be sent")]
    Twice {
        /// Which.
        key: String,
        /// Where it stands.
        standing: Standing,
    },
    /// SQLite.
    #[error("the journal cannot be read or written: {0}")]
    Database(#[from] rusqlite::Error),
}

/// The journal.
pub struct Journal {
    connection: Mutex<Connection>,
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl Journal {
    /// Opens the journal at a path, and makes it where there is none.
    ///
    /// # Errors
    /// [`JournalError::Database`].
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        Self::with(Connection::open(path)?)
    }

    /// A journal that is forgotten with the process: for dry runs.
    ///
    /// # Errors
    /// [`JournalError::Database`].
    pub fn in_memory() -> Result<Self, JournalError> {
        Self::with(Connection::open_in_memory()?)
    }

    fn with(connection: Connection) -> Result<Self, JournalError> {
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // What was not written to disk before a transaction is sent would be sent again after a power cut.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn standing_in(connection: &Connection, key: &str) -> Result<Standing, rusqlite::Error> {
        let found = connection
            .prepare_cached("SELECT state, attempts, last_at FROM intents WHERE key = ?1")?
            .query_row([key], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        Ok(match found {
            None => Standing::New,
            Some((state, attempts, last_at)) => match state.as_str() {
                "open" => Standing::Open,
                "done" => Standing::Done,
                _ => Standing::Failed { attempts, last_at },
            },
        })
    }

    /// Where an intent stands.
    ///
    /// # Errors
    /// [`JournalError::Database`].
    pub fn standing(&self, key: &str) -> Result<Standing, JournalError> {
        Ok(Self::standing_in(&self.lock(), key)?)
    }

    /// Writes down signed transactions and what they carry, all or none; they may be sent once this returns.
    ///
    /// # Errors
    /// [`JournalError::Twice`] where something of it is open or done.
    pub fn begin(&self, batch: &[(&Open, &[Intent])], now: i64) -> Result<(), JournalError> {
        let mut connection = self.lock();
        let all = connection.transaction()?;
        for (transaction, intents) in batch {
            all.prepare_cached(
                "INSERT INTO transactions (signature, wire, last_valid, signed_at, state)
                 VALUES (?1, ?2, ?3, ?4, 'open')",
            )?
            .execute(params![
                transaction.signature,
                transaction.wire,
                signed(transaction.last_valid),
                now
            ])?;
            for intent in *intents {
                let standing = Self::standing_in(&all, &intent.key)?;
                if matches!(standing, Standing::Open | Standing::Done) {
                    return Err(JournalError::Twice { key: intent.key.clone(), standing });
                }
                all.prepare_cached(
                    "INSERT INTO intents (key, kind, subject, detail, expected, state, attempts, first_at, last_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, 'open', 1, ?6, ?6)
                     ON CONFLICT (key) DO UPDATE SET state = 'open', attempts = attempts + 1, last_at = ?6",
                )?
                .execute(params![
                    intent.key,
                    intent.kind,
                    intent.subject,
                    intent.detail,
                    intent.expected,
                    now
                ])?;
                all.prepare_cached("INSERT INTO carried (signature, key) VALUES (?1, ?2)")?
                    .execute(params![transaction.signature, intent.key])?;
            }
        }
        all.commit()?;
        Ok(())
    }

    /// Writes down how a transaction ended. False where that was known already.
    ///
    /// # Errors
    /// [`JournalError::Database`].
    pub fn end(&self, signature: &str, end: &End, now: i64) -> Result<bool, JournalError> {
        let mut connection = self.lock();
        let all = connection.transaction()?;
        let (slot, error, state) = match end {
            End::Landed { slot } => (Some(signed(*slot)), None, "done"),
            End::Failed { slot, error } => (Some(signed(*slot)), Some(error.as_str()), "failed"),
            End::Expired => (None, None, "failed"),
        };
        let changed = all.execute(
            "UPDATE transactions SET state = ?2, slot = ?3, error = ?4, ended_at = ?5
             WHERE signature = ?1 AND state = 'open'",
            params![signature, end.name(), slot, error, now],
        )?;
        if changed != 0 {
            all.execute(
                "UPDATE intents SET state = ?2, last_at = ?3
                 WHERE key IN (SELECT key FROM carried WHERE signature = ?1)",
                params![signature, state, now],
            )?;
        }
        all.commit()?;
        Ok(changed != 0)
    }

    /// Every transaction whose end is not known.
    ///
    /// # Errors
    /// [`JournalError::Database`].
    pub fn open_transactions(&self) -> Result<Vec<Open>, JournalError> {
        let connection = self.lock();
        let mut found = connection
            .prepare("SELECT signature, wire, last_valid FROM transactions WHERE state = 'open'")?;
        let rows = found.query_map([], |row| {
            let last_valid = row.get::<_, i64>(2)?.max(0) as u64;
            Ok(Open { signature: row.get(0)?, wire: row.get(1)?, last_valid, carried: Vec::new() })
        })?;
        let mut open = rows.collect::<Result<Vec<_>, _>>()?;
        let mut carried = connection.prepare(
            "SELECT i.key, i.kind, i.subject FROM carried c JOIN intents i USING (key) WHERE c.signature = ?1",
        )?;
        for transaction in &mut open {
            let rows = carried
                .query_map([&transaction.signature], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            transaction.carried = rows.collect::<Result<_, _>>()?;
        }
        Ok(open)
    }

    /// Writes down what a liquidation came to.
    ///
    /// # Errors
    /// [`JournalError::Database`].
    pub fn gain(&self, signature: &str, gain: &Gain) -> Result<(), JournalError> {
        self.lock().execute(
            "INSERT OR REPLACE INTO results (signature, account, penalty, profit, fee) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![signature, gain.account, signed(gain.penalty), gain.profit, signed(gain.fee)],
        )?;
        Ok(())
    }

    /// Profit of all liquidations, quote micro-units, and the fees that were paid for them, lamports.
    ///
    /// # Errors
    /// [`JournalError::Database`].
    pub fn profit(&self) -> Result<(i64, i64), JournalError> {
        let sum = "SELECT COALESCE(SUM(profit), 0), COALESCE(SUM(fee), 0) FROM results";
        Ok(self.lock().query_row(sum, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// Forgets what ended before a unix second: intents whose state of the world is long gone.
    ///
    /// # Errors
    /// [`JournalError::Database`].
    pub fn prune(&self, before: i64) -> Result<(), JournalError> {
        let mut connection = self.lock();
        let all = connection.transaction()?;
        const OLD: &str = "SELECT signature FROM transactions WHERE state != 'open' AND ended_at < ?1
            AND signature NOT IN (SELECT signature FROM results)";
        all.execute(&format!("DELETE FROM carried WHERE signature IN ({OLD})"), [before])?;
        all.execute(
            "DELETE FROM transactions WHERE state != 'open' AND ended_at < ?1
             AND signature NOT IN (SELECT signature FROM results)",
            [before],
        )?;
        all.execute(
            "DELETE FROM intents WHERE state != 'open' AND last_at < ?1 AND key NOT IN (SELECT key FROM carried)",
            [before],
        )?;
        all.commit()?;
        Ok(())
    }
}
