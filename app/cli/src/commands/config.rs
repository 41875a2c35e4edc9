use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use super::cluster;
use super::session::Console;
use crate::settings::{KEYS, Settings, known};

/// What need not be typed every time.
#[derive(Args)]
pub struct Config {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Show what is set and where, as in `ballast config get url`.
    Get {
        /// One setting: url, quote_mint or keypair; default: all
        key: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Set something once and for all, as in `ballast config set url devnet`.
    Set {
        /// url, quote_mint or keypair
        key: String,
        /// What it shall be
        value: String,
    },
    /// Take a setting out, as in `ballast config unset keypair`.
    Unset {
        /// url, quote_mint or keypair
        key: String,
    },
}

impl Config {
    pub(super) fn run(self, console: &dyn Console) -> Result<()> {
        let path = Settings::path()?;
        let mut settings = Settings::load(&path)?;
        match self.action {
            Action::Get { key: Some(key), json } => {
                known(&key)?;
                let value = settings.get(&key);
                match json {
                    true => console.say(&serde_json::json!({ key.as_str(): value }).to_string()),
                    false => console.say(value.unwrap_or_default()),
                }
            }
            Action::Get { key: None, json: true } => {
                let all: Map<String, Value> =
                    KEYS.iter().map(|(key, _)| ((*key).to_owned(), settings.get(key).into())).collect();
                console.say(&serde_json::to_string_pretty(&all)?)
            }
            Action::Get { key: None, json: false } => {
                let lines: Vec<_> = KEYS
                    .iter()
                    .map(|(key, about)| match settings.get(key) {
                        Some(value) => format!("{key:<10}  {value}"),
                        None => format!("{key:<10}  (not set: {about})"),
                    })
                    .collect();
                console.say(&format!("{}\n\nin {}", lines.join("\n"), path.display()))
            }
            Action::Set { key, value } => {
                let value = checked(&key, value)?;
                settings.set(&key, Some(value.clone()))?;
                settings.save(&path)?;
                console.say(&format!("{key} is {value}, in {}", path.display()))
            }
            Action::Unset { key } => {
                settings.set(&key, None)?;
                settings.save(&path)?;
                console.say(&format!("{key} is not set, in {}", path.display()))
            }
        }
    }
}

/// A value that would be refused later is refused now; a file is named from anywhere.
fn checked(key: &str, value: String) -> Result<String> {
    match key {
        "quote_mint" => cluster::address(&value).map(|_| value).map_err(anyhow::Error::msg),
        "keypair" => {
            let path = std::path::absolute(&value)?;
            super::session::keypair(&path)?;
            Ok(path.to_string_lossy().into_owned())
        }
        _ => Ok(value),
    }
}
