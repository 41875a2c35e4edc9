//! A market's backstop, for those who give it capital.

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, ensure};
use ballast::margin::BoardView;
use ballast::state::{BackstopShare, BackstopVault, MarginAccount, Market};
use ballast_client::decode;
use ballast_client::deployment::symbol_text;
use ballast_risk::shares;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use solana_signer::Signer as _;

use super::cluster;
use super::money::{destination, held_in, own_wallet};
use super::session::{Onchain, Session, Where};
use crate::amount::{self, QUOTE_DECIMALS, show, show_signed};
use crate::prices::when;
use crate::report::format::money;
use crate::report::table::{Style, Table, number, text};

/// Capital behind markets.
#[derive(Args)]
pub struct Backstop {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Show what each backstop is worth, holds and charges, and your shares, as in `ballast backstop show`.
    Show(Show),
    /// Buy shares for quote of your wallet, as in `ballast backstop deposit SOL-PERP 1000`.
    Deposit(Deposit),
    /// Ask for a withdrawal of shares; it may be made once the delay is over, as in `ballast backstop request SOL-PERP all`.
    Request(Request),
    /// Make the withdrawal that was asked for, as in `ballast backstop withdraw SOL-PERP`.
    Withdraw(Withdraw),
}

#[derive(Args)]
struct Show {
    /// The market, as in SOL-PERP; default: all that have a backstop
    market: Option<String>,
    /// Whose shares; default: whoever signs
    #[arg(long, value_name = "ADDRESS", value_parser = cluster::address)]
    owner: Option<Pubkey>,
    #[command(flatten)]
    place: Where,
}

#[derive(Args)]
struct Deposit {
    /// The market, as in SOL-PERP
    market: String,
    /// How much quote, as in 1000, or all of the wallet
    amount: String,
    /// The token account that pays; default: your associated one
    #[arg(long, value_name = "ADDRESS", value_parser = cluster::address)]
    from: Option<Pubkey>,
    #[command(flatten)]
    place: Where,
}

#[derive(Args)]
struct Request {
    /// The market, as in SOL-PERP
    market: String,
    /// How many shares, as in 250.5, or all, or none to take an earlier request back
    shares: String,
    #[command(flatten)]
    place: Where,
}

#[derive(Args)]
struct Withdraw {
    /// The market, as in SOL-PERP
    market: String,
    /// The token account that is paid; default: your associated one, made where it is not there
    #[arg(long, value_name = "ADDRESS", value_parser = cluster::address)]
    to: Option<Pubkey>,
    #[command(flatten)]
    place: Where,
}

impl Onchain for Backstop {
    fn place(&self) -> &Where {
        match &self.action {
            Action::Show(x) => &x.place,
            Action::Deposit(x) => &x.place,
            Action::Request(x) => &x.place,
            Action::Withdraw(x) => &x.place,
        }
    }

    fn run(&self, session: &Session) -> Result<()> {
        match &self.action {
            Action::Show(x) => x.run(session),
            Action::Deposit(x) => x.run(session),
            Action::Request(x) => x.run(session),
            Action::Withdraw(x) => x.run(session),
        }
    }
}

/// A backstop as it stands.
struct Stands {
    market: String,
    decimals: u8,
    vault: BackstopVault,
    worth: Option<shares::Worth>,
    inventory: i64,
    halted: bool,
    share: Option<BackstopShare>,
}

fn stands(session: &Session, market: &Market, owner: Option<Pubkey>) -> Result<Stands> {
    let directory = session.directory()?;
    let at = market.index;
    let vault = session.node.account(&market.backstop)?.context("a market's backstop is there")?;
    let mut vault: BackstopVault = decode::config(&vault.data)?;
    let slice = session.node.account(&vault.slice)?.context("a backstop has its margin account")?;
    let slice: Box<MarginAccount> = decode::margin_account(&slice.data)?;
    let now = session.node.now()?;
    let view = BoardView::at(&directory.board, now);
    let worth = vault.worth(&slice, &view).ok();
    let _ = vault.mark(&slice, &view);
    let listed = &directory.board.markets[usize::from(at)];
    let share = match owner {
        Some(owner) => session.node.account(&session.at.backstop_share(at, &owner))?,
        None => None,
    };
    let share = share.map(|account| decode::config::<BackstopShare>(&account.data)).transpose()?;
    let share = share.map(|mut share| {
        share.enter(vault.epoch);
        share
    });
    Ok(Stands {
        market: symbol_text(&market.symbol),
        decimals: directory.base_decimals(market),
        worth,
        inventory: slice.position_now(at, listed)?.base,
        halted: vault.is_halted(now),
        share,
        vault,
    })
}

impl Stands {
    /// What an owner's shares are worth, quote micro-units.
    fn value(&self, shares: u64) -> Option<u64> {
        if shares == 0 {
            return Some(0);
        }
        shares::redeemed(shares, self.worth.as_ref()?, self.vault.total_shares).ok()
    }

    fn json(&self) -> Value {
        let p = &self.vault.params;
        let share = self.share.as_ref().map(|s| {
            let due = s.due(p);
            json!({
                "shares": s.shares.to_string(), "value": self.value(s.shares).map(|v| v.to_string()),
                "pending": s.pending.to_string(),
                "withdraw_from": (s.pending > 0).then(|| due.start.to_string()),
                "withdraw_until": (s.pending > 0).then(|| due.end.to_string()),
            })
        });
        json!({
            "market": self.market, "worth": self.worth.map(|w| w.spot.to_string()),
            "shares": self.vault.total_shares.to_string(), "inventory": self.inventory.to_string(),
            "committed": self.vault.committed.to_string(), "halted": self.halted,
            "halted_until": self.vault.halted_until.to_string(),
            "max_position": p.max_position.to_string(), "max_trade": p.max_trade.to_string(),
            "loss_limit": p.loss_limit.to_string(), "fee_bps": p.fee_bps.to_string(), "skew_bps": p.skew_bps.to_string(),
            "withdrawal_delay_s": p.withdrawal_delay_s.to_string(), "yours": share,
        })
    }
}

impl Show {
    fn run(&self, session: &Session) -> Result<()> {
        let directory = session.directory()?;
        let owner = self.owner.or(session.signer());
        let chosen: Vec<&Market> = match &self.market {
            Some(name) => vec![directory.backed(name)?],
            None => directory.markets.iter().filter(|m| m.backstop != Pubkey::default()).collect(),
        };
        let all: Vec<Stands> =
            chosen.into_iter().map(|market| stands(session, market, owner)).collect::<Result<_>>()?;
        session.answer(all.iter().map(Stands::json).collect(), || {
            let mut table = Table::new(vec![
                text("market", 0),
                number("worth", 0),
                number("holds", 0),
                number("of at most", 2),
                number("fee", 3),
                number("your shares", 1),
                number("worth", 0),
                text("", 4),
            ]);
            let plain = |text: String| (text, Style::Plain);
            for s in &all {
                let own = s.share.as_ref();
                let value = own.and_then(|own| s.value(own.shares));
                table.row(vec![
                    plain(s.market.clone()),
                    plain(s.worth.map_or_else(|| "no price".into(), |w| money(w.spot))),
                    plain(show_signed(s.inventory, s.decimals)),
                    plain(show(s.vault.params.max_position, s.decimals)),
                    plain(format!("{} bp", s.vault.params.fee_bps)),
                    plain(own.map_or_else(|| "–".into(), |own| show(own.shares, QUOTE_DECIMALS))),
                    plain(value.map_or_else(|| "–".into(), |v| money(v as i64))),
                    if s.halted { ("halted by losses".into(), Style::Bad) } else { plain(String::new()) },
                ]);
            }
            let mut lines = vec![session.table(&table)];
            for s in &all {
                if let Some(own) = s.share.as_ref().filter(|own| own.pending > 0) {
                    let due = own.due(&s.vault.params);
                    lines.push(format!(
                        "\n{}: {} shares were asked out; they may be withdrawn from {} to {} UTC.",
                        s.market,
                        show(own.pending, QUOTE_DECIMALS),
                        when::minute(due.start),
                        when::minute(due.end)
                    ));
                }
            }
            lines.join("\n")
        })
    }
}

impl Deposit {
    fn run(&self, session: &Session) -> Result<()> {
        let directory = session.directory()?;
        let market = directory.backed(&self.market)?;
        let owner = session.key()?.pubkey();
        let token = directory.token(None)?;
        let source = self.from.map_or_else(|| own_wallet(session, &token), Ok)?;
        let held = held_in(session, &source, &token.mint)?;
        let amount = if self.amount == "all" { held } else { amount::parse(&self.amount, QUOTE_DECIMALS)? };
        ensure!(
            amount > 0 && amount <= held,
            "the token account {source} holds {} quote, and {} were asked for: name an amount within it, or another \
             account with --from",
            show(held, QUOTE_DECIMALS),
            show(amount, QUOTE_DECIMALS)
        );
        let mut instructions = Vec::new();
        if session.node.account(&session.at.backstop_share(market.index, &owner))?.is_none() {
            instructions.push(session.at.open_backstop_share(owner, owner, market.index));
        }
        instructions.push(session.at.backstop_deposit(market.index, owner, source, amount));
        let landed = session.send(&instructions)?;
        let now = stands(session, market, Some(owner))?;
        let shares = now.share.map_or(0, |share| share.shares);
        let what = format!(
            "{} quote went into the backstop of {}; you hold {} shares",
            show(amount, QUOTE_DECIMALS),
            self.market,
            show(shares, QUOTE_DECIMALS)
        );
        let json =
            json!({ "market": self.market, "amount": amount.to_string(), "shares": shares.to_string() });
        session.done(&what, json, &landed)
    }
}

/// An owner's shares, or what to do to have some.
fn own_share(session: &Session, market: &Market, owner: Pubkey) -> Result<(Stands, BackstopShare)> {
    let mut stands = stands(session, market, Some(owner))?;
    let share = stands.share.take().with_context(|| {
        format!("{owner} has no shares of {}: buy some with `ballast backstop deposit`", stands.market)
    })?;
    Ok((stands, share))
}

impl Request {
    fn run(&self, session: &Session) -> Result<()> {
        let market = session.directory()?.backed(&self.market)?;
        let owner = session.key()?.pubkey();
        let (_, share) = own_share(session, market, owner)?;
        if self.shares == "none" {
            ensure!(share.pending > 0, "no withdrawal from {} was asked for", self.market);
            let landed = session.send(&[session.at.backstop_cancel_withdraw(market.index, owner)])?;
            return session.done(
                "The request is taken back",
                json!({ "market": self.market, "pending": "0" }),
                &landed,
            );
        }
        let shares =
            if self.shares == "all" { share.shares } else { amount::parse(&self.shares, QUOTE_DECIMALS)? };
        ensure!(
            shares > 0 && shares <= share.shares,
            "you hold {} shares of {}, and {} were asked for: name a number within it, or all",
            show(share.shares, QUOTE_DECIMALS),
            self.market,
            show(shares, QUOTE_DECIMALS)
        );
        let landed = session.send(&[session.at.backstop_request_withdraw(market.index, owner, shares)])?;
        let (stands, share) = own_share(session, market, owner)?;
        let due = share.due(&stands.vault.params);
        let what = format!(
            "{} shares of {} may be withdrawn from {} to {} UTC; until then they stay at risk",
            show(shares, QUOTE_DECIMALS),
            self.market,
            when::minute(due.start),
            when::minute(due.end)
        );
        let json = json!({
            "market": self.market, "pending": shares.to_string(), "withdraw_from": due.start.to_string(),
            "withdraw_until": due.end.to_string(),
        });
        session.done(&what, json, &landed)
    }
}

impl Withdraw {
    fn run(&self, session: &Session) -> Result<()> {
        let directory = session.directory()?;
        let market = directory.backed(&self.market)?;
        let owner = session.key()?.pubkey();
        let (stands, share) = own_share(session, market, owner)?;
        ensure!(
            share.pending > 0,
            "no withdrawal from {} was asked for: ask with `ballast backstop request {} all`, and wait out the delay",
            self.market,
            self.market
        );
        let due = share.due(&stands.vault.params);
        ensure!(
            due.contains(&session.node.now()?),
            "the withdrawal may be made from {} to {} UTC; outside of it ask again with `ballast backstop request`",
            when::minute(due.start),
            when::minute(due.end)
        );
        let token = directory.token(None)?;
        let mut instructions = Vec::new();
        let destination = destination(session, &token, self.to, &mut instructions)?;
        let before = held_in(session, &destination, &token.mint).unwrap_or(0);
        instructions.push(session.at.backstop_withdraw(market.index, owner, destination));
        let landed = session.send(&instructions)?;
        let paid = held_in(session, &destination, &token.mint)?.saturating_sub(before);
        let what = format!(
            "{} shares of {} became {} quote in {destination}",
            show(share.pending, QUOTE_DECIMALS),
            self.market,
            show(paid, QUOTE_DECIMALS)
        );
        let json = json!({
            "market": self.market, "shares": share.pending.to_string(), "amount": paid.to_string(),
            "destination": destination.to_string(),
        });
        session.done(&what, json, &landed)
    }
}
