//! What the keeper is told to do: a TOML file, over it the environment, over it flags.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::act::budget::Fees;
use crate::shard::Shard;
use crate::webhook::Endpoint;

/// Variables `BALLAST_KEEPER__SECTION__KEY` stand over the file's `[section] key`.
pub const PREFIX: &str = "BALLAST_KEEPER__";

/// Everything that can be told.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The node and the house.
    pub chain: Chain,
    /// Who acts.
    pub keeper: Keeper,
    /// Price accounts that are not where Pyth keeps them.
    #[serde(default)]
    pub prices: Prices,
    /// Which accounts are looked at first.
    #[serde(default)]
    pub watch: Watch,
    /// Cranks.
    #[serde(default)]
    pub cranks: Cranks,
    /// Liquidations.
    #[serde(default)]
    pub liquidation: Liquidation,
    /// What the keeper may hold.
    #[serde(default)]
    pub inventory: Inventory,
    /// Transactions.
    #[serde(default)]
    pub sending: Sending,
    /// Several keepers.
    #[serde(default)]
    pub shards: Shards,
    /// The journal.
    #[serde(default)]
    pub journal: JournalFile,
    /// Metrics and health.
    #[serde(default)]
    pub server: Server,
    /// The log.
    #[serde(default)]
    pub log: Log,
    /// Alerts.
    #[serde(default)]
    pub alerts: AlertRules,
}

macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize, PartialEq)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name { $($(#[$field_doc])* pub $field: $kind,)* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl $name {
            /// The names of its keys.
            #[must_use]
            pub const fn keys() -> &'static [&'static str] {
                &[$(stringify!($field)),*]
            }
        }
    };
}

section! {
    /// `[chain]`.
    Chain {
        /// The node's HTTP address.
        rpc: String = String::new(),
        /// The node's WebSocket address.
        ws: String = String::new(),
        /// The settlement token's mint: the house's addresses follow from it.
        quote_mint: String = String::new(),
        /// Commitment of what is read and pushed.
        commitment: String = "processed".into(),
        /// Milliseconds for which an answer is waited for.
        timeout_ms: u64 = 5_000,
        /// How often a call without an answer is repeated.
        retries: u32 = 3,
        /// Seconds between two readings of everything.
        resync_s: u64 = 120,
        /// Milliseconds between two looks at the cluster's clock.
        clock_ms: u64 = 1_000,
        /// Seconds of silence after which the feed is taken for dead.
        silence_s: u64 = 30,
    }
}

section! {
    /// `[keeper]`.
    Keeper {
        /// File with the key that signs and pays, as solana-keygen writes it.
        keypair: PathBuf = PathBuf::new(),
        /// Which of the key's margin accounts takes positions over.
        sub_account: u16 = 0,
        /// A margin account of somebody who named the key as delegate; empty for the key's own.
        account: String = String::new(),
        /// Decide and log, send nothing.
        dry_run: bool = false,
    }
}

section! {
    /// `[prices]`.
    Prices {
        /// Price account of each asset, by index; empty where Pyth's own is meant.
        accounts: Vec<String> = Vec::new(),
        /// Account of the implied volatility of each asset that has a feed of it, by index; empty where Pyth's own is meant.
        implied: Vec<String> = Vec::new(),
        /// Price account of the quote token; empty where Pyth's own is meant.
        quote: String = String::new(),
        /// Shard of Pyth's own price accounts.
        pyth_shard: u16 = 0,
    }
}

section! {
    /// `[watch]`.
    Watch {
        /// Equity ÷ MM below which an account is valued at every price, basis points.
        near_bps: i64 = 15_000,
        /// Milliseconds that one pass over the others may take.
        pass_ms: u64 = 200,
        /// Milliseconds between two looks at what is to be done, while nothing is heard.
        idle_ms: u64 = 400,
    }
}

section! {
    /// `[cranks]`.
    Cranks {
        /// Seconds after which a new price is put on the board even where nothing depends on it.
        refresh_every_s: i64 = 10,
        /// Move of a price since the board's that puts it there at once, basis points.
        refresh_move_bps: u64 = 20,
        /// Seconds after which a newer implied volatility is put on the board.
        implied_every_s: i64 = 60,
        /// Seconds between two updates of a market's funding.
        funding_every_s: i64 = 3_600,
        /// Seconds between two steps of interest.
        interest_every_s: i64 = 3_600,
        /// Seconds between two looks at a market's two largest accounts.
        cover_every_s: i64 = 3_600,
        /// Seconds between two settlements of an account in a market.
        settle_every_s: i64 = 600,
        /// Unsettled profit or loss below which nothing is settled, quote micro-units.
        settle_least: u64 = 10_000_000,
        /// Fees of a market below which they are not swept, quote micro-units.
        sweep_least: u64 = 10_000_000,
    }
}

section! {
    /// `[liquidation]`.
    Liquidation {
        /// Least expected profit of a liquidation, quote micro-units; may be negative.
        min_profit: i64 = 0,
        /// What is expected to be lost when what was taken over is passed on, basis points of its value.
        slippage_bps: u64 = 10,
        /// What a transaction costs in quote, micro-units.
        cost: i64 = 2_000,
        /// Liquidations that are decided in one look at most.
        most_at_once: usize = 32,
        /// Touches that share a transaction.
        touches_together: usize = 6,
    }
}

section! {
    /// `[inventory]`.
    Inventory {
        /// Most that the keeper holds in a market or of a collateral, quote micro-units of value; zero for no limit.
        most_value: u64 = 0,
        /// Value of a position above which it is reduced against the backstop; a negative one is never reduced.
        unwind_above: i64 = 0,
        /// How far from the oracle's price a reduction may trade, basis points.
        unwind_slippage_bps: u64 = 100,
        /// Seconds after which an asked trade is given up.
        unwind_expires_s: u32 = 60,
    }
}

section! {
    /// `[sending]`.
    Sending {
        /// Percentile of recent priority fees that is paid.
        fee_percentile: u8 = 60,
        /// Least price of a compute unit, micro-lamports.
        fee_least: u64 = 0,
        /// Most that is paid for a compute unit, micro-lamports.
        fee_most: u64 = 200_000,
        /// Milliseconds between two looks at what became of transactions.
        poll_ms: u64 = 400,
        /// Milliseconds after which the same bytes are sent again.
        resend_ms: u64 = 2_000,
        /// Transactions on their way at most.
        most_in_flight: usize = 64,
        /// Times that an intent is tried on the same state.
        attempts: u32 = 5,
        /// Seconds before the second try; doubled with each.
        backoff_s: i64 = 1,
    }
}

section! {
    /// `[shards]`.
    Shards {
        /// How many keepers share the house.
        count: u32 = 1,
        /// Which of them this one is, from zero.
        index: u32 = 0,
        /// Seconds for which what belongs to another is left to it.
        cover_after_s: i64 = 10,
    }
}

section! {
    /// `[journal]`.
    JournalFile {
        /// The file.
        path: PathBuf = "ballast-keeper.sqlite".into(),
        /// Days for which what has ended is kept; liquidations are kept for ever.
        keep_days: i64 = 30,
    }
}

section! {
    /// `[server]`.
    Server {
        /// Where `/metrics` and `/health` are served; empty for nowhere.
        listen: String = "127.0.0.1:9188".into(),
    }
}

section! {
    /// `[log]`.
    Log {
        /// `text` or `json`.
        format: String = "text".into(),
        /// What is logged, as RUST_LOG says it.
        level: String = "info".into(),
    }
}

section! {
    /// `[alerts]`.
    AlertRules {
        /// Where alerts are posted; empty for the log alone.
        webhook: String = String::new(),
        /// Milliseconds for which the webhook's answer is waited for.
        timeout_ms: u64 = 5_000,
        /// Times that an alert is posted until the webhook takes it.
        tries: u32 = 6,
        /// Margin accounts whose health is watched, besides the keeper's own.
        accounts: Vec<String> = Vec::new(),
        /// Equity ÷ MM of these below which an alert is raised, basis points.
        health_bps: i64 = 12_000,
        /// Insurance fund below which an alert is raised, quote micro-units.
        insurance_below: u64 = 0,
        /// Own settled quote below which an alert is raised, micro-units.
        quote_below: i64 = 0,
        /// Own lamports below which an alert is raised.
        lamports_below: u64 = 50_000_000,
        /// Seconds after which a standing condition is told again.
        repeat_s: i64 = 3_600,
        /// Alerts a minute at most.
        most_per_minute: usize = 10,
    }
}

fn address(text: &str, key: &str) -> Result<Pubkey> {
    text.parse().map_err(|_| {
        anyhow::anyhow!(
            "{key} is '{text}', which is no address: give 32 bytes in base58, 43 or 44 characters"
        )
    })
}

/// Puts `section.key = value` into a table; a value that is no TOML is taken as text.
fn put(table: &mut toml::Table, section: &str, key: &str, value: &str) -> Result<()> {
    let parsed = toml::from_str::<toml::Table>(&format!("value = {value}"))
        .ok()
        .and_then(|mut t| t.remove("value"))
        .unwrap_or_else(|| toml::Value::String(value.to_owned()));
    let section_table = table
        .entry(section)
        .or_insert_with(|| toml::Value::Table(toml::Table::new()))
        .as_table_mut()
        .with_context(|| format!("[{section}] is not a section in the file"))?;
    section_table.insert(key.to_owned(), parsed);
    Ok(())
}

impl Config {
    /// Reads a file, lays `environment` and then `flags` (`section.key`, value) over it, and validates.
    ///
    /// # Errors
    /// What is wrong, and what to write instead.
    pub fn load(
        path: &Path,
        environment: impl Iterator<Item = (String, String)>,
        flags: &[(String, String)],
    ) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the configuration {}", path.display()))?;
        Self::parse(&text, environment, flags)
            .with_context(|| format!("the configuration {} cannot be used", path.display()))
    }

    /// The same, of a file's text.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(
        text: &str,
        environment: impl Iterator<Item = (String, String)>,
        flags: &[(String, String)],
    ) -> Result<Self> {
        let mut table: toml::Table = toml::from_str(text)?;
        for (name, value) in environment {
            let Some(rest) = name.strip_prefix(PREFIX) else { continue };
            let (section, key) = rest
                .split_once("__")
                .with_context(|| format!("{name} names no section and key: write {PREFIX}SECTION__KEY"))?;
            put(&mut table, &section.to_lowercase(), &key.to_lowercase(), &value)?;
        }
        for (name, value) in flags {
            let (section, key) =
                name.split_once('.').with_context(|| format!("'{name}' is no setting: write section.key"))?;
            put(&mut table, section, key, value)?;
        }
        let config: Self = toml::Value::Table(table).try_into()?;
        config.validate()?;
        Ok(config)
    }

    fn validate(&self) -> Result<()> {
        let c = &self.chain;
        let is_http = c.rpc.starts_with("http://") || c.rpc.starts_with("https://");
        ensure!(is_http, "chain.rpc is '{}': give the node's address, http://… or https://…", c.rpc);
        let is_ws = c.ws.starts_with("ws://") || c.ws.starts_with("wss://");
        ensure!(is_ws, "chain.ws is '{}': give the node's WebSocket address, ws://… or wss://…", c.ws);
        address(&c.quote_mint, "chain.quote_mint")?;
        let known = ["processed", "confirmed", "finalized"].contains(&c.commitment.as_str());
        ensure!(known, "chain.commitment is '{}': write processed, confirmed or finalized", c.commitment);
        ensure!(
            !self.keeper.keypair.as_os_str().is_empty(),
            "keeper.keypair is missing: name a keypair file"
        );
        if !self.keeper.account.is_empty() {
            address(&self.keeper.account, "keeper.account")?;
        }
        for text in self.prices.accounts.iter().filter(|t| !t.is_empty()) {
            address(text, "prices.accounts")?;
        }
        for text in self.prices.implied.iter().filter(|t| !t.is_empty()) {
            address(text, "prices.implied")?;
        }
        if !self.prices.quote.is_empty() {
            address(&self.prices.quote, "prices.quote")?;
        }
        for text in &self.alerts.accounts {
            address(text, "alerts.accounts")?;
        }
        let s = &self.shards;
        let inside = s.count >= 1 && s.index < s.count;
        ensure!(inside, "shards.index is {} of {}: it runs from 0 to count − 1", s.index, s.count);
        ensure!(s.cover_after_s >= 0, "shards.cover_after_s is negative: write seconds, 0 or more");
        ensure!(self.sending.fee_percentile <= 100, "sending.fee_percentile is above 100");
        let fees = self.sending.fee_least <= self.sending.fee_most;
        ensure!(fees, "sending.fee_least is above sending.fee_most");
        ensure!(self.sending.attempts >= 1, "sending.attempts is 0: everything would be given up at once");
        ensure!(self.liquidation.most_at_once >= 1, "liquidation.most_at_once is 0: write 1 or more");
        let together = (1..=8).contains(&self.liquidation.touches_together);
        ensure!(
            together,
            "liquidation.touches_together is not between 1 and 8: more do not fit a transaction"
        );
        for (name, value) in [
            ("chain.timeout_ms", self.chain.timeout_ms),
            ("chain.clock_ms", self.chain.clock_ms),
            ("chain.silence_s", self.chain.silence_s),
            ("chain.resync_s", self.chain.resync_s),
            ("watch.idle_ms", self.watch.idle_ms),
            ("sending.poll_ms", self.sending.poll_ms),
            ("alerts.timeout_ms", self.alerts.timeout_ms),
            ("alerts.tries", self.alerts.tries.into()),
        ] {
            ensure!(value > 0, "{name} is 0: write 1 or more");
        }
        if !["text", "json"].contains(&self.log.format.as_str()) {
            bail!("log.format is '{}': write text or json", self.log.format);
        }
        Ok(())
    }

    /// The settlement token's mint.
    ///
    /// # Errors
    /// Where it is no address.
    pub fn quote_mint(&self) -> Result<Pubkey> {
        address(&self.chain.quote_mint, "chain.quote_mint")
    }

    /// The margin account that was named, if one was.
    ///
    /// # Errors
    /// Where it is no address.
    pub fn account(&self) -> Result<Option<Pubkey>> {
        let named = !self.keeper.account.is_empty();
        named.then(|| address(&self.keeper.account, "keeper.account")).transpose()
    }

    /// Whose turn it is.
    #[must_use]
    pub const fn shard(&self) -> Shard {
        let Shards { count, index, cover_after_s } = self.shards;
        Shard { count, index, cover_after_s }
    }

    /// Where alerts are posted, if anywhere.
    #[must_use]
    pub fn endpoint(&self) -> Option<Endpoint> {
        let a = &self.alerts;
        (!a.webhook.is_empty()).then(|| Endpoint {
            url: a.webhook.clone(),
            patience: Duration::from_millis(a.timeout_ms),
            tries: a.tries,
            pause: Duration::from_secs(1),
        })
    }

    /// How priority is paid for.
    #[must_use]
    pub const fn fees(&self) -> Fees {
        let s = &self.sending;
        Fees { percentile: s.fee_percentile, least: s.fee_least, most: s.fee_most }
    }

    /// Every key that there is, as `section.key`.
    #[must_use]
    pub fn every_key() -> Vec<String> {
        let sections: [(&str, &[&str]); 13] = [
            ("chain", Chain::keys()),
            ("keeper", Keeper::keys()),
            ("prices", Prices::keys()),
            ("watch", Watch::keys()),
            ("cranks", Cranks::keys()),
            ("liquidation", Liquidation::keys()),
            ("inventory", Inventory::keys()),
            ("sending", Sending::keys()),
            ("shards", Shards::keys()),
            ("journal", JournalFile::keys()),
            ("server", Server::keys()),
            ("log", Log::keys()),
            ("alerts", AlertRules::keys()),
        ];
        let named = |(section, keys): &(&str, &[&str])| -> Vec<String> {
            keys.iter().map(|key| format!("{section}.{key}")).collect()
        };
        sections.iter().flat_map(named).collect()
    }
}
