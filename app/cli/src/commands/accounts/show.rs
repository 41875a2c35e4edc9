use anchor_lang::Discriminator;
use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result};
use ballast::policy::restriction;
use ballast::state::{MarginAccount, delegate_power};
use ballast_client::decode;
use ballast_client::health::{Health, health};
use ballast_risk::margin::Margin;
use serde_json::{Value, json};

use super::super::directory::Directory;
use super::super::session::{AccountRef, Session};
use crate::amount::{QUOTE_DECIMALS, show, show_signed};
use crate::prices::when;
use crate::report::format::money;
use crate::report::table::{Style, Table, number, text};

/// Where clearinghouse and owner stand in a margin account, after discriminator and its eight small fields.
const CLEARINGHOUSE_AT: usize = 16;
const OWNER_AT: usize = 48;

/// Equity ÷ MM, basis points; none where nothing is needed.
pub fn health_bps(m: &Margin) -> Option<i128> {
    (m.maintenance > 0).then(|| i128::from(m.equity) * 10_000 / i128::from(m.maintenance))
}

/// Health in percent, and how it looks.
pub fn health_cell(health: Option<&Health>) -> (String, Style) {
    let Some(health) = health else { return ("no price".into(), Style::Warn) };
    let text = match health_bps(&health.maintenance) {
        None => return ("–".into(), Style::Plain),
        Some(bps) if bps >= 10_000_000 => "> 100,000 %".into(),
        Some(bps) => format!("{} %", bps / 100),
    };
    let style = if health.maintenance.is_liquidatable() {
        Style::Bad
    } else if !health.initial.meets_initial() {
        Style::Warn
    } else {
        Style::Good
    };
    (text, style)
}

/// The three margins as they are printed for programs.
pub fn health_json(health: Option<&Health>) -> Value {
    let Some(h) = health else { return Value::Null };
    json!({
        "equity": h.maintenance.equity.to_string(),
        "mm": h.maintenance.maintenance.to_string(),
        "im": h.initial.initial.to_string(),
        "initial_equity": h.initial.equity.to_string(),
        "withdrawal_equity": h.withdrawal.equity.to_string(),
        "health_bps": health_bps(&h.maintenance).map(|bps| bps.to_string()),
        "liquidatable": h.maintenance.is_liquidatable(),
        "may_take_on_risk": h.initial.meets_initial(),
    })
}

fn mode(account: &MarginAccount, directory: &Directory) -> String {
    match account.isolated.checked_sub(1) {
        None => "cross".into(),
        Some(market) => directory.market_name(market),
    }
}

fn restrictions(account: &MarginAccount) -> Vec<&'static str> {
    [(restriction::REDUCE_ONLY, "reduce-only"), (restriction::BY_OWNER, "reduce-only by its owner")]
        .into_iter()
        .filter(|(bit, _)| account.restrictions & bit != 0)
        .map(|(_, name)| name)
        .collect()
}

fn row_json(address: &Pubkey, account: &MarginAccount, health: Option<&Health>, of: &Directory) -> Value {
    json!({
        "address": address.to_string(),
        "owner": account.owner.to_string(),
        "sub_account": account.sub_account,
        "mode": mode(account, of),
        "restrictions": restrictions(account),
        "quote": account.quote.to_string(),
        "health": health_json(health),
    })
}

/// Lists accounts.
pub fn list(session: &Session, owner: Option<Pubkey>, all: bool) -> Result<()> {
    let directory = session.directory()?;
    let mut filters = vec![
        (0, MarginAccount::DISCRIMINATOR.to_vec()),
        (CLEARINGHOUSE_AT, session.at.clearinghouse.to_bytes().to_vec()),
    ];
    let owner = match (owner, all) {
        (Some(owner), _) => Some(owner),
        (None, true) => None,
        (None, false) => Some(
            session
                .signer()
                .context("whose accounts? Give --owner, --all, or a key of yours with --keypair")?,
        ),
    };
    filters.extend(owner.map(|owner| (OWNER_AT, owner.to_bytes().to_vec())));
    let now = session.node.now()?;
    let mut found = Vec::new();
    for (address, data) in session.node.owned(&filters)? {
        let account = decode::margin_account(&data).with_context(|| format!("{address} cannot be read"))?;
        let health = health(&account, &directory.board, now).ok();
        found.push((address, account, health));
    }
    if owner.is_some() {
        found.sort_by_key(|(_, account, _)| account.sub_account);
    } else {
        let rank =
            |h: &Option<Health>| h.as_ref().and_then(|h| health_bps(&h.maintenance)).unwrap_or(i128::MAX);
        found.sort_by_key(|(_, _, h)| rank(h));
    }
    let json = found.iter().map(|(address, account, h)| row_json(address, account, h.as_ref(), directory));
    session.answer(json.collect(), || {
        if found.is_empty() {
            return match owner {
                Some(owner) => format!("{owner} has no account here: open one with `ballast accounts open`."),
                None => "Nobody has an account here.".into(),
            };
        }
        let mut table = Table::new(vec![
            number("no", 0),
            text("address", 0),
            number("equity", 0),
            number("MM", 1),
            number("IM", 1),
            number("health", 0),
            text("mode", 2),
            text("", 3),
        ]);
        for (address, account, h) in &found {
            let figure = |of: fn(&Health) -> i64| h.as_ref().map_or_else(|| "–".into(), |h| money(of(h)));
            let plain = |text: String| (text, Style::Plain);
            table.row(vec![
                plain(account.sub_account.to_string()),
                plain(address.to_string()),
                plain(figure(|h| h.maintenance.equity)),
                plain(figure(|h| h.maintenance.maintenance as i64)),
                plain(figure(|h| h.initial.initial as i64)),
                health_cell(h.as_ref()),
                plain(mode(account, directory)),
                (restrictions(account).join(", "), Style::Warn),
            ]);
        }
        format!(
            "{}\n\nIn quote; health is equity ÷ MM, and below 100 % an account is liquidated.",
            session.table(&table)
        )
    })
}

/// What an account holds, for people.
fn positions(session: &Session, account: &MarginAccount, directory: &Directory) -> String {
    let mut table =
        Table::new(vec![text("holds", 0), number("amount", 0), number("unsettled", 1), text("", 2)]);
    let plain = |text: String| (text, Style::Plain);
    let loan = if account.quote < 0 { "a loan against the rest" } else { "" };
    table.row(vec![
        plain("quote".into()),
        plain(show_signed(account.quote, QUOTE_DECIMALS)),
        plain(String::new()),
        plain(loan.into()),
    ]);
    for slot in account.held_collateral() {
        let decimals = directory.board.assets[usize::from(slot.asset)].decimals;
        table.row(vec![
            plain(directory.asset_name(slot.asset)),
            plain(show(slot.amount, decimals)),
            plain(String::new()),
            plain("collateral".into()),
        ]);
    }
    for (market, base, entry, profit) in held(account, directory) {
        let decimals =
            directory.board.assets[usize::from(directory.board.markets[usize::from(market)].asset)].decimals;
        let at = if base == 0 {
            "unsettled only".into()
        } else {
            format!(
                "entered at {:.4}",
                crate::amount::price_of(entry.unsigned_abs(), base.unsigned_abs(), decimals)
            )
        };
        table.row(vec![
            plain(directory.market_name(market)),
            plain(show_signed(base, decimals)),
            plain(profit.map_or_else(|| "–".into(), money)),
            plain(at),
        ]);
    }
    session.table(&table)
}

/// Positions in step with their markets: market, base, entry, unsettled profit.
fn held(account: &MarginAccount, directory: &Directory) -> Vec<(u8, i64, i64, Option<i64>)> {
    let board = &directory.board;
    let one = |slot: &ballast::state::PositionSlot| {
        let market = board.market(slot.market.into()).ok()?;
        let now = market.now(slot).ok()?;
        let spot = board.asset(market.asset.into()).ok()?.spot();
        let linear =
            (!market.is_option()).then(|| spot.value(now.base).ok()?.checked_add(now.entry)).flatten();
        Some((slot.market, now.base, now.entry, linear))
    };
    account.held_positions().filter_map(one).collect()
}

fn powers(account: &MarginAccount) -> Vec<&'static str> {
    super::own::POWERS
        .iter()
        .filter(|(_, bit)| account.delegate_powers & bit != 0 && *bit != delegate_power::ALL)
        .map(|(name, _)| *name)
        .collect()
}

/// One account, whole.
pub fn one(session: &Session, account: AccountRef) -> Result<()> {
    let (address, account) = session.account(account)?;
    let directory = session.directory()?;
    let now = session.node.now()?;
    let health = health(&account, &directory.board, now).ok();
    let mut json = row_json(&address, &account, health.as_ref(), directory);
    json["collateral"] = account
        .held_collateral()
        .map(|s| json!({ "asset": directory.asset_name(s.asset), "amount": s.amount.to_string() }))
        .collect();
    json["positions"] = held(&account, directory)
        .into_iter()
        .map(|(market, base, entry, profit)| {
            json!({
                "market": directory.market_name(market), "base": base.to_string(), "entry": entry.to_string(),
                "unsettled": profit.map(|p| p.to_string()),
            })
        })
        .collect();
    let delegate = (account.delegate != Pubkey::default()).then(|| account.delegate.to_string());
    json["delegate"] = match &delegate {
        Some(key) => {
            json!({ "key": key, "powers": powers(&account), "until": account.delegate_until.to_string() })
        }
        None => Value::Null,
    };
    let levels: Vec<u16> = account.alert_bps.iter().copied().filter(|bps| *bps > 0).collect();
    json["alert_bps"] = levels.iter().map(ToString::to_string).collect();
    session.answer(json, || {
        let figures = match &health {
            Some(h) => format!(
                "equity {}, MM {}, IM {}, health {}",
                money(h.maintenance.equity),
                money(h.maintenance.maintenance as i64),
                money(h.initial.initial as i64),
                health_cell(Some(h)).0
            ),
            None => "an asset in it has no recent price, so it cannot be valued now".into(),
        };
        let mut lines = vec![
            format!("account {} ({address}) of {}", account.sub_account, account.owner),
            figures,
            String::new(),
            positions(session, &account, directory),
            String::new(),
            format!("mode {}", mode(&account, directory)),
        ];
        lines.extend(restrictions(&account).into_iter().map(str::to_owned));
        lines.extend(delegate.map(|key| {
            let until = match account.delegate_until {
                0 => "without an end".into(),
                time => format!("until {} UTC", when::minute(time)),
            };
            format!("delegate {key} may {} {until}", powers(&account).join(", "))
        }));
        if !levels.is_empty() {
            let levels: Vec<_> = levels.iter().map(|bps| format!("{} %", f64::from(*bps) / 100.0)).collect();
            lines.push(format!("alerts at {}", levels.join(", ")));
        }
        lines.join("\n")
    })
}
