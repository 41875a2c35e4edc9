//! What an owner sets.

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, bail, ensure};
use ballast::state::delegate_power;
use ballast_client::instructions as ix;
use clap::{Args, ValueEnum};
use serde_json::json;
use solana_signer::Signer as _;

use super::super::cluster;
use super::super::session::{AccountRef, Session, Where, account_ref};
use crate::amount;
use crate::prices::when;

/// What a delegate may be given, by name.
pub const POWERS: [(&str, u8); 4] = [
    ("trade", delegate_power::TRADE),
    ("reduce", delegate_power::REDUCE),
    ("deposit", delegate_power::DEPOSIT),
    ("liquidate", delegate_power::LIQUIDATE),
];

/// Open a sub-account.
#[derive(Args)]
pub struct Open {
    /// Its number
    #[arg(default_value_t = 0)]
    number: u16,
    /// Tie it to this market: what is lost there is lost there
    #[arg(long, value_name = "MARKET")]
    isolated: Option<String>,
    #[command(flatten)]
    pub place: Where,
}

impl Open {
    pub fn run(&self, session: &Session) -> Result<()> {
        let owner = session.key()?.pubkey();
        let address = session.at.margin_account(&owner, self.number);
        ensure!(
            session.node.account(&address)?.is_none(),
            "account {} ({address}) is open already: give another number, or deposit into it with `ballast deposit`",
            self.number
        );
        let market = self.isolated.as_deref().map(|name| session.directory()?.market(name).map(|m| m.index));
        let market = market.transpose()?;
        let landed = session.send(&[session.at.open_account(owner, owner, self.number, market)])?;
        let what = format!("Account {} is open: {address}", self.number);
        session.done(&what, json!({ "account": address.to_string(), "sub_account": self.number }), &landed)
    }
}

/// Close an empty account.
#[derive(Args)]
pub struct Close {
    /// Number of a sub-account of yours, or an address
    #[arg(default_value = "0", value_parser = account_ref)]
    account: AccountRef,
    #[command(flatten)]
    pub place: Where,
}

impl Close {
    pub fn run(&self, session: &Session) -> Result<()> {
        let (address, account) = session.account(self.account)?;
        ensure!(
            account.is_empty(),
            "account {address} is not empty: withdraw what it holds and close its positions first; `ballast accounts \
             show` lists them"
        );
        let close = session.at.close_margin_account(session.key()?.pubkey(), address);
        let landed = session.send(&[close])?;
        session.done(
            &format!("Account {address} is closed; its rent is back"),
            json!({ "account": address.to_string() }),
            &landed,
        )
    }
}

/// Move money between two accounts of one owner.
#[derive(Args)]
pub struct Transfer {
    /// How much, in whole tokens, or all
    amount: String,
    /// Asset, as in SOL; default: quote
    token: Option<String>,
    /// The account that gets it
    #[arg(long, value_name = "ACCOUNT", value_parser = account_ref)]
    to: AccountRef,
    /// The account that gives it
    #[arg(long, default_value = "0", value_name = "ACCOUNT", value_parser = account_ref)]
    from: AccountRef,
    #[command(flatten)]
    pub place: Where,
}

impl Transfer {
    pub fn run(&self, session: &Session) -> Result<()> {
        let (from, giver) = session.account(self.from)?;
        let (to, _) = session.account(self.to)?;
        ensure!(from != to, "an account cannot give to itself: name two different ones with --from and --to");
        let token = session.directory()?.token(self.token.as_deref())?;
        let held = match token.asset {
            Some(asset) => giver.collateral_of(asset.index),
            None => giver.quote.max(0) as u64,
        };
        let name = self.token.as_deref().unwrap_or("quote");
        let amount = if self.amount == "all" { held } else { amount::parse(&self.amount, token.decimals)? };
        ensure!(amount > 0, "there is nothing to transfer: give an amount above zero");
        ensure!(
            amount <= held,
            "account {from} has {} {name}, and {} were asked for: transfer less, or deposit first",
            amount::show(held, token.decimals),
            amount::show(amount, token.decimals)
        );
        let index = token.asset.map(|asset| asset.index);
        let landed =
            session.send(&[session.at.transfer(session.key()?.pubkey(), from, to, index, amount)])?;
        let what = format!("{} {name} went from {from} to {to}", amount::show(amount, token.decimals));
        session.done(
            &what,
            json!({ "from": from.to_string(), "to": to.to_string(), "asset": name, "amount": amount.to_string() }),
            &landed,
        )
    }
}

/// Let another key act.
#[derive(Args)]
pub struct Delegate {
    /// The key, or none to take the powers back
    key: String,
    /// What it may do: trade, reduce, deposit, liquidate
    #[arg(long, value_delimiter = ',', default_value = "trade,reduce")]
    powers: Vec<String>,
    /// Until when (2027-01-31, 2027-01-31T12:00 or unix seconds); default: without an end
    #[arg(long, value_parser = when::parse)]
    until: Option<i64>,
    /// Number of a sub-account of yours, or an address
    #[arg(long, default_value = "0", value_parser = account_ref)]
    account: AccountRef,
    #[command(flatten)]
    pub place: Where,
}

impl Delegate {
    pub fn run(&self, session: &Session) -> Result<()> {
        let (address, _) = session.account(self.account)?;
        let owner = session.key()?.pubkey();
        let (key, powers) = if self.key == "none" {
            (Pubkey::default(), 0)
        } else {
            (cluster::address(&self.key).map_err(anyhow::Error::msg)?, powers(&self.powers)?)
        };
        let until = self.until.unwrap_or(0);
        let landed = session.send(&[ix::set_delegate_with(owner, address, key, powers, until)])?;
        let what = match powers {
            0 => format!("Nobody acts for {address} but its owner"),
            _ => format!("{key} may {} for {address}", self.powers.join(", ")),
        };
        let named = (powers != 0).then(|| key.to_string());
        let json = json!({
            "account": address.to_string(), "delegate": named, "powers": if powers == 0 { &[][..] } else { &self.powers[..] },
            "until": until.to_string(),
        });
        session.done(&what, json, &landed)
    }
}

fn powers(names: &[String]) -> Result<u8> {
    let bit = |name: &String| {
        let found = POWERS.iter().find(|(known, _)| known == name);
        found.map(|(_, bit)| *bit).with_context(|| {
            format!("'{name}' is no power of a delegate; there are trade, reduce, deposit, liquidate. It never withdraws")
        })
    };
    names.iter().try_fold(0, |all, name| Ok(all | bit(name)?))
}

/// Alert levels.
#[derive(Args)]
pub struct Alerts {
    /// Up to four levels of equity ÷ MM in percent, falling, above 100; none switches them off
    #[arg(num_args = 0..=4, value_name = "PERCENT")]
    levels: Vec<String>,
    /// Number of a sub-account of yours, or an address
    #[arg(long, default_value = "0", value_parser = account_ref)]
    account: AccountRef,
    #[command(flatten)]
    pub place: Where,
}

impl Alerts {
    pub fn run(&self, session: &Session) -> Result<()> {
        let mut levels = [0u16; 4];
        for (level, text) in levels.iter_mut().zip(&self.levels) {
            let bps = amount::parse(text, 2)?;
            ensure!(
                (10_001..=65_535).contains(&bps),
                "a level is above 100 and at most 655.35 percent of MM, not {text}"
            );
            *level = bps as u16;
        }
        let set = &levels[..self.levels.len()];
        ensure!(set.windows(2).all(|two| two[0] > two[1]), "levels fall, as in 200 150 120");
        let (address, _) = session.account(self.account)?;
        let landed = session.send(&[ix::set_alerts(session.key()?.pubkey(), address, levels)])?;
        let what = match set.is_empty() {
            true => format!("{address} has no alerts"),
            false => format!("{address} alerts when health falls through {} %", self.levels.join(" %, ")),
        };
        let bps: Vec<String> = set.iter().map(ToString::to_string).collect();
        session.done(&what, json!({ "account": address.to_string(), "alert_bps": bps }), &landed)
    }
}

/// Cross or isolated.
#[derive(Args)]
pub struct Mode {
    /// A market, as in SOL-PERP, or cross
    mode: String,
    /// Number of a sub-account of yours, or an address
    #[arg(long, default_value = "0", value_parser = account_ref)]
    account: AccountRef,
    #[command(flatten)]
    pub place: Where,
}

impl Mode {
    pub fn run(&self, session: &Session) -> Result<()> {
        let (address, account) = session.account(self.account)?;
        if !account.is_empty() {
            bail!(
                "the mode of {address} can change while it is empty: withdraw first, or open another account"
            );
        }
        let market = match self.mode.as_str() {
            "cross" => None,
            name => Some(session.directory()?.market(name)?.index),
        };
        let landed = session.send(&[session.at.set_mode(session.key()?.pubkey(), address, market)])?;
        let what = match market {
            None => format!("{address} trades in all markets with one margin"),
            Some(_) => format!("{address} trades in {} alone", self.mode),
        };
        session.done(&what, json!({ "account": address.to_string(), "mode": self.mode }), &landed)
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Switch {
    On,
    Off,
}

/// An owner's own restriction.
#[derive(Args)]
pub struct Restrict {
    /// Whether it may only reduce
    reduce_only: Switch,
    /// Number of a sub-account of yours, or an address
    #[arg(long, default_value = "0", value_parser = account_ref)]
    account: AccountRef,
    #[command(flatten)]
    pub place: Where,
}

impl Restrict {
    pub fn run(&self, session: &Session) -> Result<()> {
        let (address, _) = session.account(self.account)?;
        let on = matches!(self.reduce_only, Switch::On);
        let landed = session.send(&[ix::set_restriction(session.key()?.pubkey(), address, on)])?;
        let what = match on {
            true => format!("{address} may only reduce, and so may its delegate"),
            false => format!("{address} may take on risk again"),
        };
        session.done(&what, json!({ "account": address.to_string(), "reduce_only": on }), &landed)
    }
}
