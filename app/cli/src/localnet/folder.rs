//! The folder of a local cluster: keys, databases, logs, and what others read to find it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use solana_keypair::{Keypair, read_keypair_file, write_keypair_file};

/// Keys that a node of its own may already know when everything else begins anew: who may upgrade the program, and who
/// posts prices.
const KEPT: [&str; 2] = ["upgrade", "feeder"];

/// Where a local cluster keeps its things.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Opens a folder, or makes it.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn open(path: &Path) -> Result<Self> {
        for part in ["keys", "logs"] {
            let part = path.join(part);
            fs::create_dir_all(&part).with_context(|| format!("cannot create {}", part.display()))?;
        }
        // Others read its paths from wherever they are.
        Ok(Self(path.canonicalize().with_context(|| format!("cannot find {}", path.display()))?))
    }

    /// Removes what earlier runs left: their history, and with `keys` also their keys.
    ///
    /// # Errors
    /// If something cannot be removed.
    pub fn clear(&self, keys: bool) -> Result<()> {
        let kept = |path: &Path| {
            let in_keys = path.parent() == Some(&self.path("keys"));
            let name = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
            in_keys && (!keys || KEPT.contains(&name))
        };
        for part in [self.0.clone(), self.path("keys"), self.path("logs")] {
            let entries = fs::read_dir(&part).with_context(|| format!("cannot read {}", part.display()))?;
            for entry in entries {
                let path = entry?.path();
                if path.is_file() && !kept(&path) {
                    fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
                }
            }
        }
        Ok(())
    }

    /// A path inside.
    #[must_use]
    pub fn path(&self, inside: &str) -> PathBuf {
        self.0.join(inside)
    }

    /// Where a key lies.
    #[must_use]
    pub fn key_path(&self, name: &str) -> PathBuf {
        self.path(&format!("keys/{name}.json"))
    }

    /// The key of this name; made when it is first asked for.
    ///
    /// # Errors
    /// If it can neither be read nor written.
    pub fn key(&self, name: &str) -> Result<Keypair> {
        let path = self.key_path(name);
        if path.exists() {
            return read_keypair_file(&path).map_err(|e| {
                anyhow!("cannot read the keypair {}: {e}; --reset makes new ones", path.display())
            });
        }
        let key = Keypair::new();
        write_keypair_file(&key, &path).map_err(|e| anyhow!("cannot write {}: {e}", path.display()))?;
        Ok(key)
    }

    /// Writes a file for others to read.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.path(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

/// Root of the repository that this binary was built from: the host script, the program and the dApp lie in it.
///
/// # Errors
/// If neither the binary nor the current folder lies in one.
pub fn repository() -> Result<PathBuf> {
    let exe = std::env::current_exe().ok();
    let here = std::env::current_dir().ok();
    let within = |path: &PathBuf| {
        let marked = |folder: &&Path| folder.join("app/localnet/host.mjs").is_file();
        path.ancestors().find(marked).map(Path::to_path_buf)
    };
    here.iter().chain(&exe).find_map(within).context(
        "cannot find app/localnet/host.mjs: run this from inside of the repository that it was built from",
    )
}

#[cfg(test)]
mod tests {
    use solana_signer::Signer as _;

    use super::*;

    fn folder(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("ballast-folder-{}-{name}", std::process::id()));
        Folder::open(&path).expect("a folder")
    }

    #[test]
    fn keys_outlive_a_start_and_not_a_reset() {
        let folder = folder("keys");
        let names = ["payer", "upgrade", "feeder"];
        let keys = || names.map(|name| folder.key(name).expect("a key").pubkey());
        let first = keys();
        folder.write("journal.sqlite", "old").expect("a file");
        folder.clear(false).expect("cleared");
        assert_eq!(keys(), first);
        assert!(!folder.path("journal.sqlite").exists(), "history of another chain is gone");
        folder.clear(true).expect("cleared");
        let second = keys();
        assert_ne!(second[0], first[0]);
        assert_eq!(second[1..], first[1..], "what a node of its own may know stays");
        fs::remove_dir_all(&folder.0).expect("removed");
    }
}
