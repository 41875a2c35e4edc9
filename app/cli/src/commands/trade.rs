//! A trade with a market's backstop: asked for, filled at the first price after it, by whoever executes it first.

use std::time::Duration;

use anchor_lang::Discriminator;
use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, bail, ensure};
use ballast::event::{Filled, TradeDeclined, TradeRequestClosed};
use ballast::instructions::{Decline, RequestTradeArgs};
use ballast::state::{BackstopVault, MarginAccount, Market, Stage, TradeRequest};
use ballast_client::decode::{self, dollars};
use ballast_client::deployment::symbol_text;
use ballast_client::explain::what_if;
use ballast_client::health::{Health, health};
use ballast_risk::{fill, quoting};
use clap::{ArgGroup, Args};
use serde_json::json;
use solana_signer::Signer as _;

use super::accounts::{health_cell, health_json};
use super::directory::Directory;
use super::session::{AccountRef, Onchain, Session, Where, account_ref, unpriced};
use crate::amount::{self, price_of, show, show_signed};
use crate::node::send;
use crate::report::format::{money, price};
use crate::report::table::{Style, Table, number, text};

/// How much worse than shown a fill may be where no limit is named, basis points.
const SLIPPAGE_BPS: u64 = 100;
/// Time between two looks at a request.
const LOOK: Duration = Duration::from_millis(800);
/// Where a request names its margin account: after discriminator, version, bump and market.
const ACCOUNT_AT: usize = 11;

/// Trade with a market's backstop.
#[derive(Args)]
#[command(group = ArgGroup::new("what").args(["buy", "sell", "close", "cancel"]).required(true))]
pub struct Trade {
    /// The market, as in SOL-PERP
    #[arg(long, short, value_name = "MARKET")]
    market: String,
    /// Buy so much of its asset, as in 1.5
    #[arg(long, value_name = "AMOUNT")]
    buy: Option<String>,
    /// Sell so much of it
    #[arg(long, value_name = "AMOUNT")]
    sell: Option<String>,
    /// Close the position that the account has
    #[arg(long)]
    close: bool,
    /// Take back open requests; what was committed for them stays with the backstop
    #[arg(long)]
    cancel: bool,
    /// The worst price that you accept, in quote for one; default: 1 % worse than the price that is shown
    #[arg(long, value_name = "PRICE", conflicts_with = "cancel")]
    limit: Option<String>,
    /// Seconds for which a price is waited for, 10 to 600
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(10..=600))]
    expires: u32,
    /// Do not ask before sending
    #[arg(long, short)]
    yes: bool,
    /// Do not wait until it is filled
    #[arg(long)]
    no_wait: bool,
    /// Number of a sub-account of yours, or an address
    #[arg(long, default_value = "0", value_parser = account_ref)]
    account: AccountRef,
    #[command(flatten)]
    place: Where,
}

/// What a trade would come to at the price on the board.
struct Estimate {
    base: i64,
    quote: u64,
    limit: u64,
    fee: u64,
    commitment: u64,
    before: Health,
    after: Health,
}

/// What became of a request.
enum Outcome {
    Filled(Filled),
    Declined(Decline),
    Closed(TradeRequestClosed),
    Gone,
}

impl Onchain for Trade {
    fn place(&self) -> &Where {
        &self.place
    }

    fn run(&self, session: &Session) -> Result<()> {
        let directory = session.directory()?;
        let market = directory.backed(&self.market)?;
        let (address, account) = session.account(self.account)?;
        if self.cancel {
            return cancel(session, market, &address);
        }
        let vault = vault(session, market)?;
        let base = self.base(directory, market, &account)?;
        let estimate = self.estimate(session, (directory, market, &vault), &account, base)?;
        let shown = shown(session, directory, market, &estimate);
        match session.json {
            true => session.console.note(&shown),
            false => session.console.say(&shown)?,
        }
        if !self.yes && !session.console.ask("Send it?")? {
            bail!("nothing was sent");
        }
        let id = free_number(session, &address)?;
        let args = RequestTradeArgs { id, base, limit_quote: estimate.limit, expires_in_s: self.expires };
        let signer = session.key()?.pubkey();
        let ask = session.at.request_trade(signer, market.index, (address, signer), args);
        let landed = session.send(&[ask])?;
        let request = session.at.trade_request(&address, id);
        let mut json = json!({
            "account": address.to_string(), "market": symbol_text(&market.symbol), "base": base.to_string(),
            "limit_quote": estimate.limit.to_string(), "expected_quote": estimate.quote.to_string(),
            "commitment": estimate.commitment.to_string(), "request": request.to_string(), "id": id.to_string(),
            "before": health_json(Some(&estimate.before)), "expected": health_json(Some(&estimate.after)),
        });
        if self.no_wait {
            json["outcome"] = "waiting".into();
            let what = format!("Request {id} waits for the first price after it: {request}");
            return session.done(&what, json, &landed);
        }
        session
            .console
            .note("asked; it is filled at the first price that is published more than five seconds from now");
        let outcome = follow(session, market, &request)?;
        let (what, fields) = told(directory, market, &outcome);
        for (key, value) in fields.as_object().into_iter().flatten() {
            json[key] = value.clone();
        }
        session.done(&what, json, &landed)?;
        match outcome {
            Outcome::Filled(_) | Outcome::Gone => Ok(()),
            Outcome::Declined(_) | Outcome::Closed(_) => bail!("the trade was not made"),
        }
    }
}

fn vault(session: &Session, market: &Market) -> Result<BackstopVault> {
    let account = session.node.account(&market.backstop)?.context("a market's backstop is there")?;
    Ok(decode::config(&account.data)?)
}

impl Trade {
    fn base(&self, directory: &Directory, market: &Market, account: &MarginAccount) -> Result<i64> {
        let decimals = directory.base_decimals(market);
        let listed = &directory.board.markets[usize::from(market.index)];
        let held = account.position_now(market.index, listed)?.base;
        let size = |text: &str| -> Result<i64> {
            let native = i64::try_from(amount::parse(text, decimals)?);
            native
                .ok()
                .filter(|n| *n > 0)
                .with_context(|| format!("'{text}' is no size: give one above zero"))
        };
        match (&self.buy, &self.sell) {
            (Some(text), _) => size(text),
            (_, Some(text)) => Ok(-size(text)?),
            _ => {
                ensure!(held != 0, "the account has no position in {} to close", symbol_text(&market.symbol));
                Ok(-held)
            }
        }
    }

    fn estimate(
        &self,
        session: &Session,
        (directory, market, vault): (&Directory, &Market, &BackstopVault),
        account: &MarginAccount,
        base: i64,
    ) -> Result<Estimate> {
        let board = &directory.board;
        let now = session.node.now()?;
        let slice = session.node.account(&vault.slice)?.context("a backstop has its margin account")?;
        let slice = decode::margin_account(&slice.data)?;
        let listed = &board.markets[usize::from(market.index)];
        let inventory = slice.position_now(market.index, listed)?.base;
        let spot = board.assets[usize::from(market.asset)].spot();
        let decimals = directory.base_decimals(market);
        let quoted = quoting::quote(base, inventory, &spot, &vault.params.quoting())
            .map_err(unpriced)?
            .with_context(|| {
                let most = show(vault.params.max_trade, decimals);
                let (all, has) = (show(vault.params.max_position, decimals), show_signed(inventory, decimals));
                format!(
                    "this is more than the backstop takes: at most {most} at once, and {all} on either side, of which it \
                     holds {has}; trade less"
                )
            })?;
        let limit = match &self.limit {
            Some(text) => amount::value_at(text, base.unsigned_abs(), decimals, base > 0)?,
            None => {
                let slip = (u128::from(quoted.quote) * u128::from(SLIPPAGE_BPS)).div_ceil(10_000) as u64;
                if base > 0 {
                    quoted.quote.saturating_add(slip)
                } else {
                    quoted.quote.saturating_sub(slip).max(1)
                }
            }
        };
        let fee = fill::fee(quoted.quote, market.fee_bps).map_err(unpriced)?;
        let value = spot.value(-base).map_err(unpriced)?.unsigned_abs();
        let commitment = fill::fee(value, vault.params.fee_bps).map_err(unpriced)?;
        let before = health(account, board, now).map_err(unpriced)?;
        let mut paid = *account;
        paid.add_quote(-i64::try_from(fee)?, board)?;
        let quote = i64::try_from(quoted.quote)?;
        let (_, after) = what_if(&paid, board, now, market.index, base, Some(quote)).map_err(unpriced)?;
        Ok(Estimate { base, quote: quoted.quote, limit, fee, commitment, before, after })
    }
}

/// What a trade would do, for people to decide on.
fn shown(session: &Session, directory: &Directory, market: &Market, e: &Estimate) -> String {
    let decimals = directory.base_decimals(market);
    let size = e.base.unsigned_abs();
    let oracle = &directory.board.assets[usize::from(market.asset)];
    let mut table = Table::new(vec![
        text("", 0),
        number("equity", 0),
        number("MM", 1),
        number("IM", 0),
        number("health", 0),
    ]);
    for (when, h) in [("now", &e.before), ("then", &e.after)] {
        let plain = |text: String| (text, Style::Plain);
        table.row(vec![
            plain(when.into()),
            plain(money(h.maintenance.equity)),
            plain(money(h.maintenance.maintenance as i64)),
            plain(money(h.initial.initial as i64)),
            health_cell(Some(h)),
        ]);
    }
    let verdict = if e.after.initial.meets_initial() {
        String::new()
    } else {
        "\nThe account would be below its initial margin then: only what reduces its risk is accepted.".into()
    };
    format!(
        "{} {} {} at about {} (oracle {}), for {} quote; fee {}, limit {}\ncommitted until it is filled: {}\n\n{}{verdict}",
        if e.base > 0 { "Buy" } else { "Sell" },
        show(size, decimals),
        symbol_text(&market.symbol),
        price(price_of(e.quote, size, decimals)),
        price(dollars(oracle, oracle.spot())),
        money(e.quote as i64),
        money(e.fee as i64),
        if e.limit == u64::MAX { "none".into() } else { price(price_of(e.limit, size, decimals)) },
        money(e.commitment as i64),
        session.table(&table),
    )
}

/// A number that no open request of the account has.
fn free_number(session: &Session, account: &Pubkey) -> Result<u64> {
    let mut id = session.node.now()?.unsigned_abs();
    while session.node.account(&session.at.trade_request(account, id))?.is_some() {
        id += 1;
    }
    Ok(id)
}

fn outcome(logs: &[String]) -> Option<Outcome> {
    send::event(logs)
        .map(Outcome::Filled)
        .or_else(|| send::event(logs).map(|e: TradeDeclined| Outcome::Declined(e.reason)))
        .or_else(|| send::event(logs).map(Outcome::Closed))
}

/// Waits until a request is over. Whose price is there is executed here, unless somebody else is faster.
fn follow(session: &Session, market: &Market, address: &Pubkey) -> Result<Outcome> {
    let mut refused = None;
    loop {
        let Some(account) = session.node.account(address)? else {
            let history = session.node.history(address)?;
            return Ok(history.iter().find_map(|logs| outcome(logs)).unwrap_or(Outcome::Gone));
        };
        let request: TradeRequest = decode::config(&account.data)?;
        let board = session.node.account(&session.at.board)?.context("the board is there")?;
        let board = decode::board(&board.data)?;
        let (now, lag) = (session.node.now()?, vault(session, market)?.params.max_lag_s);
        let asset = &board.assets[usize::from(market.asset)];
        let tried = match request.stage(asset, lag, now) {
            Stage::Waiting => None,
            Stage::Due => Some(session.at.execute_trade(&request)),
            Stage::Missed | Stage::Unserved => {
                Some(session.at.close_request(session.key()?.pubkey(), &request))
            }
        };
        if let Some(instruction) = tried {
            match session.send(&[instruction]) {
                Ok(landed) => {
                    if let Some(outcome) = outcome(&landed.logs) {
                        return Ok(outcome);
                    }
                    continue;
                }
                // Somebody else may have been faster: then the request is gone at the next look.
                Err(e) => {
                    let said = e.to_string();
                    if refused.as_ref() != Some(&said) {
                        session.console.note(&said);
                    }
                    refused = Some(said);
                }
            }
        }
        session.node.wait(LOOK);
    }
}

/// What became of a request, for people and for programs.
fn told(directory: &Directory, market: &Market, outcome: &Outcome) -> (String, serde_json::Value) {
    let decimals = directory.base_decimals(market);
    match outcome {
        Outcome::Filled(f) => (
            format!(
                "{} {} {} at {} for {} quote, fee {}",
                if f.base > 0 { "Bought" } else { "Sold" },
                show(f.base.unsigned_abs(), decimals),
                symbol_text(&market.symbol),
                price(price_of(f.quote, f.base.unsigned_abs(), decimals)),
                money(f.quote as i64),
                money(f.fee as i64)
            ),
            json!({ "outcome": "filled", "quote": f.quote.to_string(), "fee": f.fee.to_string() }),
        ),
        Outcome::Declined(reason) => {
            let (name, why) = match reason {
                Decline::Limit => {
                    ("limit", "the price was beyond your limit: ask again with another --limit")
                }
                Decline::Full => {
                    ("full", "the backstop would hold too much, or too little margin: trade less")
                }
                Decline::Halted => {
                    ("halted", "the backstop lost more than its limit and takes no risk for now")
                }
                Decline::NotAllowed => (
                    "not_allowed",
                    "asset, market or house do not allow it now, or open interest is at its cap",
                ),
            };
            let text = format!("Declined: {why}. What was committed is back.");
            (text, json!({ "outcome": "declined", "reason": name }))
        }
        Outcome::Closed(closed) => {
            let text = match closed.kept {
                0 => "No price came in time: the request is closed, and what was committed is back.".into(),
                kept => format!(
                    "Its price came and was not executed in time: the backstop keeps {}.",
                    money(kept as i64)
                ),
            };
            (text, json!({ "outcome": "lapsed", "kept": closed.kept.to_string() }))
        }
        Outcome::Gone => {
            let text =
                "The request is over; `ballast accounts show` shows what the account holds now.".into();
            (text, json!({ "outcome": "over" }))
        }
    }
}

/// Takes back the account's open requests in a market.
fn cancel(session: &Session, market: &Market, address: &Pubkey) -> Result<()> {
    let filters = [(0, TradeRequest::DISCRIMINATOR.to_vec()), (ACCOUNT_AT, address.to_bytes().to_vec())];
    let open: Vec<TradeRequest> = session
        .node
        .owned(&filters)?
        .iter()
        .filter_map(|(_, data)| decode::config::<TradeRequest>(data).ok())
        .filter(|request| request.market == market.index)
        .collect();
    ensure!(!open.is_empty(), "the account has no open request in {}", symbol_text(&market.symbol));
    let signer = session.key()?.pubkey();
    let mut closed = Vec::new();
    for request in &open {
        let landed = session.send(&[session.at.close_request(signer, request)])?;
        let kept = send::event::<TradeRequestClosed>(&landed.logs).map(|event| event.kept);
        closed.push((request.id, kept, landed.signature));
    }
    let json = closed.iter().map(|(id, kept, signature)| {
        json!({ "id": id.to_string(), "kept": kept.map(|k| k.to_string()), "signature": signature })
    });
    session.answer(json.collect(), || {
        let line = |(id, kept, _): &(u64, Option<u64>, String)| match kept {
            Some(0) => format!("Request {id} is closed, and what was committed is back."),
            Some(kept) => format!("Request {id} is closed; the backstop keeps {}.", money(*kept as i64)),
            None => format!("Request {id} is closed."),
        };
        closed.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}
