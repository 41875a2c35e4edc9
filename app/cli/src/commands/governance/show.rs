use anchor_lang::prelude::Pubkey;
use anyhow::Result;
use ballast::governance::{Loosens, Pace, RAMP_STEP_S, Row, Target};
use ballast::state::Proposal;
use ballast::state::proposal::{kind, role};
use ballast_client::decode;
use ballast_client::deployment::symbol_text;
use ballast_client::instructions::Which;
use clap::Args;
use serde_json::{Value, json};

use super::super::directory::Directory;
use super::super::session::{Session, Where};
use super::{moved, name};
use crate::migrate::parameters::Shelf;
use crate::prices::when;
use crate::report::format::count;
use crate::report::table::{Style, Table, number, text};

/// Proposals that are looked through, the last ones.
const LOOKED_THROUGH: u64 = 64;

/// What stands, and what is announced.
#[derive(Args)]
pub struct Show {
    /// Parameters of an asset, a market or its backstop, as in SOL or SOL-PERP; default: those of the house
    #[arg(long, value_name = "NAME")]
    on: Option<String>,
    /// Parameters of everything
    #[arg(long, conflicts_with = "on")]
    all: bool,
    #[command(flatten)]
    pub place: Where,
}

/// A proposal's state in words.
pub fn state(p: &Proposal, now: i64) -> (&'static str, String) {
    let left = |seconds: i64| {
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
        match (days, hours) {
            (0, 0) => format!("{minutes} min {} s", seconds % 60),
            (0, _) => format!("{hours} h {minutes} min"),
            _ => format!("{days} d {hours} h"),
        }
    };
    if p.done {
        ("done", "carried out".into())
    } else if now >= p.expires_at {
        ("expired", "expired".into())
    } else if now < p.ready_at {
        ("waiting", format!("ripe in {}", left(p.ready_at - now)))
    } else if p.ramp_time != 0 && now < p.ramp_time + RAMP_STEP_S {
        (
            "ramping",
            format!("on its ramp, at {}; its next hour in {}", p.at, left(p.ramp_time + RAMP_STEP_S - now)),
        )
    } else if p.ramp_time != 0 {
        ("ripe", format!("on its ramp, at {}; its next hour may be applied", p.at))
    } else {
        ("ripe", format!("ripe, dies in {}", left(p.expires_at - now)))
    }
}

/// Proposals that are neither done nor dead.
pub fn pending(session: &Session, directory: &Directory, now: i64) -> Result<Vec<Proposal>> {
    let next = directory.house.proposals;
    let addresses: Vec<Pubkey> =
        (next.saturating_sub(LOOKED_THROUGH)..next).map(|id| session.at.proposal(id)).collect();
    let found = session.node.accounts(&addresses)?;
    let read = found.into_iter().flatten().map(|account| Ok(decode::config::<Proposal>(&account.data)?));
    let mut all = read.collect::<Result<Vec<_>>>()?;
    all.retain(|p| !p.done && now < p.expires_at);
    Ok(all)
}

/// What a proposal would do, in words.
pub fn about(p: &Proposal, shelf: &Shelf) -> String {
    match p.kind {
        kind::PARAMETER => match moved(p) {
            Some(which) => format!("{} from {} to {}", label(shelf, which), p.from, p.to),
            None => format!("parameter {} from {} to {}", p.parameter, p.from, p.to),
        },
        kind::LISTING => {
            let hash: String = p.subject[..6].iter().map(|byte| format!("{byte:02x}")).collect();
            format!("allow a listing (hash {hash}…)")
        }
        _ => {
            let role = match p.parameter {
                role::STEWARD => "steward",
                role::GUARDIAN => "guardian",
                _ => "depth reporter",
            };
            format!("name {} as {role}", Pubkey::from(p.subject))
        }
    }
}

/// What a parameter is called, with what it is of.
pub fn label(shelf: &Shelf, which: Which) -> String {
    let full = shelf.name(which);
    let of = full.rsplit_once(": ").map_or("", |(of, _)| of);
    format!("{} of {of}", name(which.parameter))
}

fn pace(row: &Row) -> String {
    let tightens = match row.tightens {
        Pace::AtOnce => "at once",
        Pace::Ramp => "along a ramp",
        Pace::Wait => "after the delay",
    };
    match row.loosens {
        Loosens::Up => format!("up after the delay, down {tightens}"),
        Loosens::Down => format!("down after the delay, up {tightens}"),
        Loosens::Either => "after the delay".into(),
    }
}

impl Show {
    fn wants(&self, directory: &Directory, which: Which) -> bool {
        let at = usize::from(which.target);
        let of = match which.parameter.row().target {
            Target::House => None,
            Target::Asset => directory.assets.get(at).map(|a| symbol_text(&a.symbol)),
            Target::Market | Target::Backstop => directory.markets.get(at).map(|m| symbol_text(&m.symbol)),
        };
        match (&self.on, of) {
            _ if self.all => true,
            (None, None) => true,
            (Some(on), Some(of)) => on.eq_ignore_ascii_case(&of),
            _ => false,
        }
    }

    pub fn run(&self, session: &Session) -> Result<()> {
        let directory = session.directory()?;
        if let Some(on) = &self.on {
            directory.asset(on).or_else(|e| {
                directory
                    .market(on)
                    .map(|_| &directory.assets[0])
                    .map_err(|m| anyhow::anyhow!("{e}; and {m}"))
            })?;
        }
        let now = session.node.now()?;
        let house = &directory.house;
        let mut shelf = Shelf::read(session.node, &session.at, house, &directory.board)?;
        let mut rows = Vec::new();
        for which in shelf.all().into_iter().filter(|which| self.wants(directory, *which)) {
            rows.push((which, shelf.get(which)?));
        }
        let pending = pending(session, directory, now)?;
        let named = |key: &Pubkey| (*key != Pubkey::default()).then(|| key.to_string());
        let roles = [
            ("governance", named(&house.governance)),
            ("steward", named(&house.steward)),
            ("guardian", named(&house.guardian)),
            ("depth_reporter", named(&house.depth_reporter)),
        ];
        let parameter = |(which, value): &(Which, u64)| {
            let row = which.parameter.row();
            json!({
                "parameter": name(which.parameter), "of": shelf.name(*which).rsplit_once(": ").map(|(of, _)| of),
                "value": value.to_string(), "least": row.least.to_string(), "most": row.most.to_string(),
                "step": row.step(*value).to_string(), "pace": pace(row),
            })
        };
        let proposed = |p: &Proposal| {
            json!({
                "id": p.id.to_string(), "what": about(p, &shelf), "state": state(p, now).0,
                "ready_at": p.ready_at.to_string(), "expires_at": p.expires_at.to_string(),
                "by_steward": p.by_steward, "loosens": p.loosens, "from": p.from.to_string(), "to": p.to.to_string(),
                "at": p.at.to_string(),
            })
        };
        let json = json!({
            "roles": roles.iter().map(|(role, key)| ((*role).to_owned(), key.clone().into())).collect::<serde_json::Map<String, Value>>(),
            "parameters": rows.iter().map(parameter).collect::<Vec<_>>(),
            "proposals": pending.iter().map(proposed).collect::<Vec<_>>(),
        });
        session.answer(json, || {
            let mut lines: Vec<String> = roles
                .iter()
                .map(|(role, key)| {
                    format!("{:<16}{}", role.replace('_', " "), key.as_deref().unwrap_or("nobody"))
                })
                .collect();
            let board = &directory.board;
            if now < board.pause_until {
                lines.push(format!("paused until {} UTC", when::minute(board.pause_until)));
            }
            lines.push(String::new());
            lines.push(parameters(session, &rows, &shelf));
            lines.push(String::new());
            lines.push(proposals(session, &pending, &shelf, now));
            lines.join("\n")
        })
    }
}

fn parameters(session: &Session, rows: &[(Which, u64)], shelf: &Shelf) -> String {
    let mut table = Table::new(vec![
        text("parameter", 0),
        text("of", 0),
        number("value", 0),
        number("least", 2),
        number("most", 2),
        number("step", 3),
        text("moves", 1),
    ]);
    let plain = |text: String| (text, Style::Plain);
    for (which, value) in rows {
        let row = which.parameter.row();
        table.row(vec![
            plain(name(which.parameter)),
            plain(shelf.name(*which).rsplit_once(": ").map_or("", |(of, _)| of).into()),
            (count(*value), Style::Bold),
            plain(count(row.least)),
            plain(count(row.most)),
            plain(count(row.step(*value))),
            plain(pace(row)),
        ]);
    }
    session.table(&table)
}

fn proposals(session: &Session, pending: &[Proposal], shelf: &Shelf, now: i64) -> String {
    if pending.is_empty() {
        return "Nothing is announced.".into();
    }
    let mut table = Table::new(vec![number("no", 0), text("announced", 0), text("state", 0)]);
    for p in pending {
        let (state, words) = state(p, now);
        let style = if state == "ripe" { Style::Good } else { Style::Plain };
        table.row(vec![(p.id.to_string(), Style::Plain), (about(p, shelf), Style::Plain), (words, style)]);
    }
    session.table(&table)
}
