//! Parameters: what stands, what was announced, and announcing more.
//!
//! Whoever holds no key of governance's gets the transaction instead, for a multisig to sign: the command that shows what
//! would be done is the one that does it.

mod act;
mod show;

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use anyhow::{Context, Result, bail};
use ballast::governance::{Parameter, ROWS, Target};
use ballast::state::Proposal;
use ballast_client::decode;
use ballast_client::instructions::Which;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::directory::Directory;
use super::session::{Onchain, Session, Where};
use crate::node::send::unsigned;

/// Parameters and proposals.
#[derive(Args)]
pub struct Governance {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Show roles, parameters with their bounds, and what is announced, as in `ballast governance show --on SOL`.
    Show(show::Show),
    /// Announce a move of a parameter; it waits its delay, as in `ballast governance propose max-age 45 --on SOL`.
    Propose(act::Propose),
    /// Tighten at once what binds new risk only, as in `ballast governance tighten band 50 --on SOL-PERP`.
    Tighten(act::Tighten),
    /// Carry out a proposal that is ripe, or all that are, as in `ballast governance apply 3`.
    Apply(act::Apply),
    /// End a proposal before it is carried out, as in `ballast governance cancel 3`.
    Cancel(act::Cancel),
    /// Stop new risk, deposits or single assets for a time, as in `ballast governance pause --new-risk --for 3600`.
    Pause(act::Pause),
}

impl Onchain for Governance {
    fn place(&self) -> &Where {
        match &self.action {
            Action::Show(x) => &x.place,
            Action::Propose(x) => &x.place,
            Action::Tighten(x) => &x.place,
            Action::Apply(x) => &x.place,
            Action::Cancel(x) => &x.place,
            Action::Pause(x) => &x.place,
        }
    }

    fn run(&self, session: &Session) -> Result<()> {
        match &self.action {
            Action::Show(x) => x.run(session),
            Action::Propose(x) => x.run(session),
            Action::Tighten(x) => x.run(session),
            Action::Apply(x) => x.run(session),
            Action::Cancel(x) => x.run(session),
            Action::Pause(x) => x.run(session),
        }
    }
}

/// A name as it is compared: `max-age`, `max_age` and `MaxAge` are one.
fn folded(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
}

/// A parameter's name on the command line.
pub(super) fn name(parameter: Parameter) -> String {
    let mut out = String::new();
    for c in format!("{parameter:?}").chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// The parameter of that name, of what is named with `--on`.
fn which(directory: &Directory, parameter: &str, on: Option<&str>) -> Result<Which> {
    let row = ROWS.iter().find(|row| folded(&format!("{:?}", row.parameter)) == folded(parameter));
    let row = row.with_context(|| {
        let names: Vec<_> = ROWS.iter().map(|row| name(row.parameter)).collect();
        format!("there is no parameter '{parameter}'; there are {}", names.join(", "))
    })?;
    let target = match (row.target, on) {
        (Target::House, None) => 0,
        (Target::House, Some(on)) => {
            bail!("{} is one of the whole house, not of {on}: leave --on away", name(row.parameter))
        }
        (Target::Asset, Some(on)) => directory.asset(on)?.index,
        (Target::Market, Some(on)) => directory.market(on)?.index,
        (Target::Backstop, Some(on)) => directory.backed(on)?.index,
        (Target::Asset, None) => {
            bail!("{} is one of an asset: say of which, as in --on SOL", name(row.parameter))
        }
        (Target::Market | Target::Backstop, None) => {
            bail!("{} is one of a market: say of which, as in --on SOL-PERP", name(row.parameter))
        }
    };
    Ok(Which { parameter: row.parameter, target })
}

/// What a proposal moves, where it moves a parameter.
fn moved(proposal: &Proposal) -> Option<Which> {
    let parameter = ROWS.get(usize::from(proposal.parameter))?.parameter;
    (proposal.kind == ballast::state::proposal::kind::PARAMETER)
        .then_some(Which { parameter, target: proposal.target })
}

/// A proposal by its number.
fn proposal(session: &Session, id: u64) -> Result<Proposal> {
    let account = session.node.account(&session.at.proposal(id))?;
    let account = account.with_context(|| {
        format!("there is no proposal {id}: `ballast governance show` lists those that are announced")
    })?;
    Ok(decode::config(&account.data)?)
}

/// Sends an instruction if the session's key is whoever has to sign it; else gives it out for them to sign.
fn offer(
    session: &Session,
    who: (&str, Pubkey),
    instruction: Instruction,
    what: &str,
    mut json: Value,
) -> Result<()> {
    let (role, authority) = who;
    if session.signer() == Some(authority) {
        let landed = session.send(&[instruction])?;
        return session.done(what, json, &landed);
    }
    let payer = session.signer().unwrap_or(authority);
    let bytes = unsigned(&instruction, &payer)?;
    json["to_be_signed_by"] = json!({ "role": role, "key": authority.to_string() });
    json["unsigned_transaction"] = bytes.as_str().into();
    session.answer(json, || {
        let and = if payer == authority { String::new() } else { format!(" and {payer}, who pays") };
        format!(
            "Nothing was sent: the key is not {role}'s. To be signed by {role}, {authority}{and}, for a multisig to \
             import (base64):\n{bytes}"
        )
    })
}

/// Who pays for what a proposal needs.
fn payer(session: &Session, authority: Pubkey) -> Pubkey {
    session.signer().unwrap_or(authority)
}
