//! The keeper that runs beside the node, as a process of its own.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::folder::Folder;
use super::house::House;
use super::node::Node;
use super::process;

/// Seconds after which the keeper puts a posted price on the board.
const REFRESH_S: u32 = 2;

/// A running keeper. It ends with this.
pub struct Keeper {
    child: Mutex<Child>,
    /// Where its metrics and its health are.
    pub url: String,
}

impl Keeper {
    /// Where its binary is: beside this one, or where `BALLAST_KEEPER` says.
    #[must_use]
    pub fn binary() -> Option<PathBuf> {
        let given = std::env::var_os("BALLAST_KEEPER").map(PathBuf::from);
        let beside = || Some(std::env::current_exe().ok()?.with_file_name("ballast-keeper"));
        given.or_else(beside).filter(|path| path.is_file())
    }

    /// Writes its config and starts it.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(binary: &Path, folder: &Folder, node: &Node, house: &House) -> Result<Self> {
        let port = free_port()?;
        let config = folder.write("keeper.toml", &config(folder, node, house, port))?;
        let log = folder.path("logs/keeper.log");
        let errors = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let output = errors.try_clone()?;
        let child = process::leashed(binary)
            .args(["run", "--config"])
            .arg(config)
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        Ok(Self { child: Mutex::new(child), url: format!("http://127.0.0.1:{port}") })
    }

    /// Whether it still runs.
    #[must_use]
    pub fn runs(&self) -> bool {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(child.try_wait(), Ok(None))
    }

    /// Ends it.
    pub fn stop(&self) {
        process::end(&mut self.child.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// For `/control/status`.
    #[must_use]
    pub fn status(&self) -> Value {
        json!({ "url": self.url, "running": self.runs() })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A port that nobody listens on now.
fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Its config file: what differs from the keeper's defaults.
fn config(folder: &Folder, node: &Node, house: &House, port: u16) -> String {
    let prices: Vec<String> =
        (0..house.assets()).map(|i| format!("\"{}\"", house.price_account(i))).collect();
    format!(
        r#"[chain]
rpc = "{}"
ws = "{}"
quote_mint = "{}"

[keeper]
keypair = '{}'

[prices]
accounts = [{}]

# A demonstration is watched: prices go on the board as they come.
[cranks]
refresh_every_s = {REFRESH_S}

[journal]
path = '{}'

[server]
listen = "127.0.0.1:{port}"
"#,
        node.rpc_url,
        node.ws_url,
        house.at.quote_mint,
        folder.key_path("keeper").display(),
        prices.join(", "),
        folder.path("keeper.sqlite").display(),
    )
}
