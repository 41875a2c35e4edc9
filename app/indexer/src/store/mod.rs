//! The SQLite database.
//!
//! SQLite takes one writer at a time, and in WAL mode readers do not wait for it. So one thread owns the connection that
//! writes and takes what is to be written from a queue, each piece in a transaction of its own; readers take connections
//! from a pool, on threads where waiting for a disk blocks nobody. Nothing else opens the file.
//!
//! The schema has a version (SQLite's `user_version`). A newer release brings an older file up to date when it opens it;
//! an older release refuses a newer file rather than writing into what it does not understand.

pub mod events;
pub mod history;
pub mod thin;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use tokio::sync::{Semaphore, oneshot};

/// What brings a file from each version to the next.
const MIGRATIONS: [&str; 1] = [include_str!("../schema.sql")];
/// Readers at once.
const READERS: usize = 4;
/// How long a reader waits for a lock that SQLite must hold for a moment.
const PATIENCE: Duration = Duration::from_secs(5);

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The database. Clones share it.
#[derive(Clone)]
pub struct Store {
    writer: mpsc::Sender<Job>,
    readers: Arc<Readers>,
}

struct Readers {
    idle: Mutex<Vec<Connection>>,
    places: Semaphore,
}

impl Store {
    /// Opens a file, or makes it, and brings it up to date.
    ///
    /// # Errors
    /// If it is no database of this kind, or a newer one than this release knows.
    pub fn open(path: &Path) -> Result<Self> {
        let shown = path.display();
        let mut writer = Connection::open(path)
            .with_context(|| format!("cannot open the history {shown}: check the path of --db"))?;
        migrate(&mut writer).with_context(|| format!("cannot use the history {shown}"))?;
        let mut idle = Vec::new();
        for _ in 0..READERS {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let reader = Connection::open_with_flags(path, flags)?;
            reader.busy_timeout(PATIENCE)?;
            idle.push(reader);
        }
        let (sender, jobs) = mpsc::channel::<Job>();
        std::thread::Builder::new().name("history".into()).spawn(move || {
            for job in jobs {
                job(&mut writer);
            }
        })?;
        let readers = Readers { idle: Mutex::new(idle), places: Semaphore::new(READERS) };
        Ok(Self { writer: sender, readers: Arc::new(readers) })
    }

    /// Writes in a transaction: all of it, or nothing.
    ///
    /// # Errors
    /// As SQLite.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Transaction) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, answer) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let done = connection.transaction().and_then(|transaction| {
                let done = work(&transaction)?;
                transaction.commit()?;
                Ok(done)
            });
            let _ = sender.send(done);
        });
        self.writer.send(job).map_err(|_| anyhow!("the history is closed"))?;
        Ok(answer.await.context("the history is closed")??)
    }

    /// Reads.
    ///
    /// # Errors
    /// As SQLite.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let _place = self.readers.places.acquire().await?;
        let readers = Arc::clone(&self.readers);
        let done = tokio::task::spawn_blocking(move || {
            let connection = readers.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = connection.ok_or(rusqlite::Error::InvalidQuery)?;
            let done = work(&connection);
            readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            done
        });
        Ok(done.await??)
    }

    /// A note that outlives the process.
    ///
    /// # Errors
    /// As SQLite.
    pub async fn note(&self, key: &'static str) -> Result<Option<String>> {
        self.read(move |connection| read_note(connection, key)).await
    }

    /// Keeps a note.
    ///
    /// # Errors
    /// As SQLite.
    pub async fn keep(&self, key: &'static str, value: String) -> Result<()> {
        self.write(move |connection| write_note(connection, key, &value)).await
    }
}

pub(crate) fn read_note(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    connection.query_row("SELECT value FROM meta WHERE key = ?", [key], |row| row.get(0)).optional()
}

pub(crate) fn write_note(connection: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )?
        .execute([key, value])
        .map(drop)
}

fn migrate(connection: &mut Connection) -> Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    let version: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version > MIGRATIONS.len() {
        bail!(
            "it was written by a newer release (version {version}, this one knows {}): run that one",
            MIGRATIONS.len()
        );
    }
    for (at, script) in MIGRATIONS.iter().enumerate().skip(version) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(script)?;
        transaction.pragma_update(None, "user_version", at + 1)?;
        transaction.commit()?;
    }
    Ok(())
}
