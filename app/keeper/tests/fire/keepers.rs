//! Keepers as processes of their own, each with its configuration and its journal in a folder.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use ballast_sandbox::Person;

use crate::world::World;

/// A keeper's process, which does not outlive the test.
pub struct Keeper {
    child: Child,
    config: PathBuf,
    /// Its largest memory so far.
    pub peak_kb: u64,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(config: &Path) -> Child {
    let log =
        std::fs::OpenOptions::new().create(true).append(true).open(config.with_extension("log")).unwrap();
    Command::new(env!("CARGO_BIN_EXE_ballast-keeper"))
        .args(["run", "--config"])
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

impl Keeper {
    pub fn start(config: PathBuf) -> Self {
        Self { child: spawn(&config), config, peak_kb: 0 }
    }

    /// Kill −9.
    pub fn kill(&mut self) {
        self.look();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn restart(&mut self) {
        self.child = spawn(&self.config);
    }

    /// Reads its largest memory so far.
    pub fn look(&mut self) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let kb = line.and_then(|l| l.trim().trim_end_matches(" kB").trim().parse().ok());
        self.peak_kb = self.peak_kb.max(kb.unwrap_or(0));
    }
}

/// A folder of its own, which is gone when the test has passed.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ballast-fire-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

/// Writes the configuration of one of so many keepers, with the liquidation's rules as given.
pub fn configure(
    folder: &Folder,
    world: &World,
    keepers: &[Person],
    (http, ws): (SocketAddr, SocketAddr),
    (index, count): (usize, usize),
    liquidation: &str,
) -> PathBuf {
    let path = |name: &str| folder.0.join(format!("{index}{name}"));
    let keypair = path("-key.json");
    let bytes = keepers[index].key.to_bytes().to_vec();
    std::fs::write(&keypair, serde_json::to_string(&bytes).unwrap()).unwrap();
    let text = format!(
        "[chain]\nrpc = \"http://{http}\"\nws = \"ws://{ws}\"\nquote_mint = \"{mint}\"\ntimeout_ms = 3000\n\
         resync_s = 20\nclock_ms = 300\nsilence_s = 6\n\
         [keeper]\nkeypair = {keypair:?}\n[prices]\naccounts = [\"{price}\"]\n\
         [liquidation]\n{liquidation}[inventory]\nunwind_above = -1\n\
         [cranks]\nsettle_least = 1000000000000000\n\
         [sending]\npoll_ms = 200\nresend_ms = 700\n\
         [shards]\ncount = {count}\nindex = {index}\ncover_after_s = 4\n\
         [journal]\npath = {journal:?}\n[server]\nlisten = \"\"\n[log]\nlevel = \"info\"\n",
        mint = world.house.at.quote_mint,
        price = world.house.assets[0].price_account,
        journal = path(".sqlite"),
    );
    let config = path(".toml");
    std::fs::write(&config, text).unwrap();
    config
}

/// Holds the journals against the chain: every transaction that landed is written down by exactly one keeper, and no
/// intent landed twice. Returns how many results of liquidations they hold.
pub fn journals(folder: &Folder, keepers: usize, world: &World) -> usize {
    let (mut known, mut results) = (std::collections::HashSet::new(), 0);
    for index in 0..keepers {
        let journal = rusqlite::Connection::open(folder.0.join(format!("{index}.sqlite"))).unwrap();
        let mut all = journal.prepare("SELECT signature FROM transactions").unwrap();
        for signature in all.query_map([], |row| row.get::<_, String>(0)).unwrap() {
            assert!(known.insert(signature.unwrap()), "a transaction is in two journals");
        }
        let mut carried = journal
            .prepare("SELECT c.key, c.signature FROM carried c JOIN intents i USING (key) ORDER BY c.key")
            .unwrap();
        let rows = carried.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let mut landed: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
        for (key, signature) in rows.map(Result::<(String, String), _>::unwrap) {
            let done = world.landed.get(&signature).is_some_and(|l| l.error.is_none());
            *landed.entry(key).or_default() += usize::from(done);
        }
        assert!(landed.values().all(|times| *times <= 1), "an intent landed twice");
        let count = "SELECT COUNT(*) FROM results";
        results += journal.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap() as usize;
    }
    assert!(world.landed.keys().all(|signature| known.contains(signature)), "what was sent was written down");
    results
}
