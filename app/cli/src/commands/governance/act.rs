//! What governance, steward, guardian and anybody do.

use anchor_lang::prelude::Pubkey;
use anyhow::{Result, bail, ensure};
use ballast::governance::Pace;
use ballast::instructions::PauseArgs;
use ballast::policy::pause;
use ballast::state::Clearinghouse;
use ballast::state::proposal::kind;
use ballast_client::instructions::Which;
use clap::Args;
use serde_json::json;
use solana_signer::Signer as _;

use super::super::session::{Session, Where};
use super::show::{about, label, pending, state};
use super::{moved, name, offer, payer, proposal, which};
use crate::migrate::parameters::Shelf;
use crate::prices::when;

/// What a move is about.
#[derive(Args)]
struct Move {
    /// Name of the parameter, as in max-age
    parameter: String,
    /// What it shall be, in the parameter's own unit
    value: u64,
    /// Of which asset or market, as in SOL or SOL-PERP
    #[arg(long, value_name = "NAME")]
    on: Option<String>,
}

/// Announce a move.
#[derive(Args)]
pub struct Propose {
    #[command(flatten)]
    what: Move,
    #[command(flatten)]
    pub place: Where,
}

/// Tighten at once.
#[derive(Args)]
pub struct Tighten {
    #[command(flatten)]
    what: Move,
    #[command(flatten)]
    pub place: Where,
}

/// Carry out.
#[derive(Args)]
pub struct Apply {
    /// Number of the proposal; default: all that are ripe
    id: Option<u64>,
    #[command(flatten)]
    pub place: Where,
}

/// End a proposal.
#[derive(Args)]
pub struct Cancel {
    /// Number of the proposal
    id: u64,
    #[command(flatten)]
    pub place: Where,
}

/// Stop something for a time.
#[derive(Args)]
pub struct Pause {
    /// New positions and loans
    #[arg(long)]
    new_risk: bool,
    /// Deposits, and with them liquidation
    #[arg(long)]
    deposits: bool,
    /// Anything but reducing in these assets and markets, as in SOL,BTC-PERP
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,
    /// How long, seconds: at most a day, deposits at most an hour
    #[arg(long = "for", value_name = "SECONDS", default_value_t = 3_600)]
    seconds: u32,
    /// End the pause that stands
    #[arg(long, conflicts_with_all = ["new_risk", "deposits", "only"])]
    lift: bool,
    #[command(flatten)]
    pub place: Where,
}

/// Who moves a parameter: the steward, where the session's key is the steward's alone; else governance.
fn mover(session: &Session, house: &Clearinghouse) -> (&'static str, Pubkey, bool) {
    let signer = session.signer();
    if signer != Some(house.governance) && signer == Some(house.steward) {
        ("the steward", house.steward, true)
    } else {
        ("governance", house.governance, false)
    }
}

/// What is to be moved, from where it stands.
fn read(session: &Session, asked: &Move) -> Result<(Shelf, Which, u64)> {
    let directory = session.directory()?;
    let which = which(directory, &asked.parameter, asked.on.as_deref())?;
    let mut shelf = Shelf::read(session.node, &session.at, &directory.house, &directory.board)?;
    let from = shelf.get(which)?;
    let row = which.parameter.row();
    ensure!(from != asked.value, "{} is {from} already", label(&shelf, which));
    ensure!(
        row.admits(asked.value),
        "{} stays between {} and {}, whoever signs: {} is outside",
        name(which.parameter),
        row.least,
        row.most,
        asked.value
    );
    Ok((shelf, which, from))
}

impl Propose {
    pub fn run(&self, session: &Session) -> Result<()> {
        let (shelf, which, from) = read(session, &self.what)?;
        let (row, to) = (which.parameter.row(), self.what.value);
        let label = label(&shelf, which);
        ensure!(
            row.within_step(from, to),
            "{label} is {from}, and one proposal moves it by at most {}: propose {} first",
            row.step(from),
            row.reach(from, to)
        );
        if row.pace(from, to) == Pace::AtOnce {
            session
                .console
                .note("This direction needs no delay: `ballast governance tighten` moves it at once.");
        }
        let house = &session.fresh()?.house;
        let (role, authority, as_steward) = mover(session, house);
        let id = house.proposals;
        let propose =
            session.at.propose(payer(session, authority), authority, as_steward, id, which, from, to);
        let what =
            format!("Proposal {id}: {label} from {from} to {to}; `ballast governance show` counts it down");
        let json = json!({
            "id": id.to_string(), "proposal": session.at.proposal(id).to_string(), "parameter": name(which.parameter),
            "from": from.to_string(), "to": to.to_string(),
        });
        offer(session, (role, authority), propose, &what, json)
    }
}

impl Tighten {
    pub fn run(&self, session: &Session) -> Result<()> {
        let (shelf, which, from) = read(session, &self.what)?;
        let to = self.what.value;
        let label = label(&shelf, which);
        ensure!(
            which.parameter.row().pace(from, to) == Pace::AtOnce,
            "{label} does not move from {from} to {to} at once: use `ballast governance propose`"
        );
        let (role, authority, as_steward) = mover(session, &session.directory()?.house);
        let tighten = session.at.tighten(authority, as_steward, which, from, to);
        let what = format!("{label} went from {from} to {to}");
        let json =
            json!({ "parameter": name(which.parameter), "from": from.to_string(), "to": to.to_string() });
        offer(session, (role, authority), tighten, &what, json)
    }
}

impl Apply {
    pub fn run(&self, session: &Session) -> Result<()> {
        let directory = session.directory()?;
        let now = session.node.now()?;
        let chosen = match self.id {
            Some(id) => {
                let one = proposal(session, id)?;
                let (state, words) = state(&one, now);
                ensure!(state == "ripe", "proposal {id} cannot be applied now: {words}");
                ensure!(
                    one.kind != kind::LISTING,
                    "proposal {id} allows a listing, which is carried out by the listing itself: `ballast migrate`"
                );
                vec![one]
            }
            None => {
                let mut all = pending(session, directory, now)?;
                all.retain(|p| state(p, now).0 == "ripe" && p.kind != kind::LISTING);
                all
            }
        };
        let mut applied = Vec::new();
        for p in &chosen {
            let landed = session.send(&[session.at.apply_proposal(p.id, moved(p))])?;
            let shelf = {
                let now = session.fresh()?;
                Shelf::read(session.node, &session.at, &now.house, &now.board)?
            };
            let after = proposal(session, p.id)?;
            let state = if after.done { "done".into() } else { format!("on its ramp, at {}", after.at) };
            applied.push((p.id, about(p, &shelf), state, landed.signature));
        }
        let json = applied.iter().map(|(id, what, state, signature)| {
            json!({ "id": id.to_string(), "what": what, "state": state, "signature": signature })
        });
        session.answer(json.collect(), || {
            if applied.is_empty() {
                return "Nothing is ripe; `ballast governance show` counts down.".into();
            }
            let line = |(id, what, state, _): &(u64, String, String, String)| {
                format!("Proposal {id}: {what}, {state}")
            };
            applied.iter().map(line).collect::<Vec<_>>().join("\n")
        })
    }
}

impl Cancel {
    pub fn run(&self, session: &Session) -> Result<()> {
        let one = proposal(session, self.id)?;
        ensure!(!one.done, "proposal {} was carried out already", self.id);
        let house = &session.directory()?.house;
        let signer = session.signer();
        let (role, authority) = if signer == Some(house.guardian) && one.loosens {
            ("the guardian", house.guardian)
        } else if signer == Some(house.steward) && one.by_steward {
            ("the steward", house.steward)
        } else {
            ("governance", house.governance)
        };
        let cancel = session.at.cancel_proposal(authority, self.id, one.payer);
        offer(
            session,
            (role, authority),
            cancel,
            &format!("Proposal {} is ended", self.id),
            json!({ "id": self.id.to_string() }),
        )
    }
}

impl Pause {
    pub fn run(&self, session: &Session) -> Result<()> {
        let directory = session.directory()?;
        let house = &directory.house;
        if self.lift {
            let signer = session.key()?.pubkey();
            let (role, authority) = match signer == house.guardian {
                true => ("the guardian", house.guardian),
                false => ("governance", house.governance),
            };
            return offer(
                session,
                (role, authority),
                session.at.lift_pause(authority),
                "The pause is over",
                json!({}),
            );
        }
        let mut args = PauseArgs { bits: 0, assets: 0, markets: 0, seconds: self.seconds };
        if self.new_risk {
            args.bits |= pause::NEW_RISK;
        }
        if self.deposits {
            args.bits |= pause::DEPOSITS;
        }
        for named in &self.only {
            match (directory.asset(named), directory.market(named)) {
                (Ok(asset), _) => args.assets |= 1 << asset.index,
                (_, Ok(market)) => args.markets |= 1 << market.index,
                (Err(asset), Err(market)) => bail!("{asset}; and {market}"),
            }
        }
        ensure!(
            args.bits != 0 || args.assets != 0 || args.markets != 0,
            "say what is to stop: --new-risk, --deposits, --only NAMES; or --lift"
        );
        ensure!(house.guardian != Pubkey::default(), "nobody is guardian here: governance names one first");
        let until = session.node.now()? + i64::from(self.seconds);
        let what = format!("Paused until {} UTC", when::minute(until));
        let json = json!({
            "bits": args.bits, "assets": args.assets, "markets": args.markets.to_string(), "seconds": args.seconds,
            "until": until.to_string(),
        });
        offer(session, ("the guardian", house.guardian), session.at.pause(house.guardian, args), &what, json)
    }
}
