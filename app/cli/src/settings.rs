//! What need not be typed every time: a file in the user's config directory, and the folder of a local cluster.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

/// Names another file than the one in the user's config directory.
pub const VARIABLE: &str = "BALLAST_CONFIG";
/// What may be set, and what it is for.
pub const KEYS: [(&str, &str); 3] = [
    ("url", "RPC address: a URL, or localnet, devnet, mainnet"),
    ("quote_mint", "mint of the clearinghouse's quote token"),
    ("keypair", "file of the key that signs and pays"),
];
/// Where `ballast localnet` keeps its things.
pub const LOCALNET: &str = "target/localnet";

/// What a user has set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Where the file is: what [`VARIABLE`] names, else in the user's config directory.
    ///
    /// # Errors
    /// Where there is no such directory.
    pub fn path() -> Result<PathBuf> {
        let var = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let folder = || var("XDG_CONFIG_HOME").or_else(|| Some(var("HOME")?.join(".config")));
        var(VARIABLE)
            .or_else(|| Some(folder()?.join("ballast/config.toml")))
            .with_context(|| format!("there is no home directory for a config: name a file in {VARIABLE}"))
    }

    /// Reads a file; nothing is set where there is none.
    ///
    /// # Errors
    /// If it cannot be read, or sets what is no setting.
    pub fn load(path: &Path) -> Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(e).with_context(|| format!("cannot read the config {}", path.display())),
        };
        let set: BTreeMap<String, String> = toml::from_str(&text).with_context(|| {
            format!("{} is no config: it holds lines as in url = \"devnet\"", path.display())
        })?;
        for key in set.keys() {
            known(key).with_context(|| format!("in {}", path.display()))?;
        }
        Ok(Self(set))
    }

    /// What is set.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Sets something, or with nothing takes it out.
    ///
    /// # Errors
    /// What is no setting.
    pub fn set(&mut self, key: &str, value: Option<String>) -> Result<()> {
        known(key)?;
        match value {
            Some(value) => self.0.insert(key.into(), value),
            None => self.0.remove(key),
        };
        Ok(())
    }

    /// Writes it.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        // A string of JSON is one of TOML.
        let lines = self.0.iter().map(|(key, value)| format!("{key} = {}\n", Value::from(value.as_str())));
        let written = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        written
            .and_then(|()| std::fs::write(path, lines.collect::<String>()))
            .with_context(|| format!("cannot write the config {}", path.display()))
    }
}

/// Refuses what is no setting.
///
/// # Errors
/// Names those that there are.
pub fn known(key: &str) -> Result<()> {
    if KEYS.iter().any(|(name, _)| *name == key) {
        return Ok(());
    }
    let names: Vec<_> = KEYS.iter().map(|(name, _)| *name).collect();
    bail!("'{key}' is no setting; there are {}", names.join(", "))
}

/// A local cluster that `ballast localnet` has started.
#[derive(Clone, Debug)]
pub struct Local {
    folder: PathBuf,
    deployment: Value,
}

impl Local {
    /// Reads its folder.
    ///
    /// # Errors
    /// If there is none.
    pub fn load(folder: &Path) -> Result<Self> {
        let path = folder.join("deployment.json");
        let text = std::fs::read_to_string(&path).map_err(|e| {
            anyhow!(
                "there is no local cluster in {} ({e}): start one with `ballast localnet`",
                folder.display()
            )
        })?;
        let deployment =
            serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))?;
        Ok(Self { folder: folder.into(), deployment })
    }

    /// One of its addresses.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.deployment[key].as_str()
    }

    /// Where one of its keys lies, by name.
    #[must_use]
    pub fn key(&self, name: &str) -> PathBuf {
        let named = self.deployment["keypairs"][name].as_str();
        named.map_or_else(|| self.folder.join(format!("keys/{name}.json")), PathBuf::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_read_again() {
        let path = std::env::temp_dir().join(format!("ballast-settings-{}/config.toml", std::process::id()));
        assert_eq!(Settings::load(&path).expect("no file is no error"), Settings::default());
        let mut settings = Settings::default();
        settings.set("url", Some("devnet".into())).expect("a setting");
        settings.set("keypair", Some("/a \"strange\" \\place.json".into())).expect("a setting");
        settings.save(&path).expect("it is written");
        assert_eq!(Settings::load(&path).expect("it is read"), settings);
        settings.set("url", None).expect("a setting");
        assert_eq!(settings.get("url"), None);
        let said = settings.set("colour", None).expect_err("no setting").to_string();
        assert!(said.contains("'colour' is no setting; there are url, quote_mint, keypair"), "{said}");
    }
}
