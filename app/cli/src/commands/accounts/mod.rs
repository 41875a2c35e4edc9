//! Margin accounts: which there are and what they hold, and what an owner does with them besides moving money.

mod own;
mod show;

use anchor_lang::prelude::Pubkey;
use anyhow::Result;
use clap::{Args, Subcommand};

use super::cluster;
use super::session::{AccountRef, Session, Where, account_ref};

pub use show::{health_cell, health_json};

/// Margin accounts.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Accounts {
    #[command(subcommand)]
    action: Option<Action>,
    /// Whose accounts; default: whoever signs
    #[arg(long, value_name = "ADDRESS", value_parser = cluster::address)]
    owner: Option<Pubkey>,
    /// Everybody's accounts, those with the least health first
    #[arg(long, conflicts_with = "owner")]
    all: bool,
    #[command(flatten)]
    place: Where,
}

#[derive(Subcommand)]
enum Action {
    /// Show what an account holds and how it is set, as in `ballast accounts show 1`.
    Show(Show),
    /// Open a sub-account, as in `ballast accounts open 1 --isolated SOL-PERP`.
    Open(own::Open),
    /// Close an empty account and get its rent back, as in `ballast accounts close 1`.
    Close(own::Close),
    /// Move quote or collateral between two of your accounts, as in `ballast accounts transfer 250 --to 1`.
    Transfer(own::Transfer),
    /// Let another key act for an account, as in `ballast accounts delegate KEY --powers trade,reduce`.
    Delegate(own::Delegate),
    /// Announce when health falls through a level, as in `ballast accounts alerts 200 150 120`.
    Alerts(own::Alerts),
    /// Tie an empty account to one market or to none, as in `ballast accounts mode SOL-PERP`.
    Mode(own::Mode),
    /// Hold an account to reducing, as in `ballast accounts restrict on`.
    Restrict(own::Restrict),
}

/// Which account, and where.
#[derive(Args)]
struct Show {
    /// Number of a sub-account of yours, or an address
    #[arg(default_value = "0", value_parser = account_ref)]
    account: AccountRef,
    #[command(flatten)]
    place: Where,
}

impl super::session::Onchain for Accounts {
    fn place(&self) -> &Where {
        match &self.action {
            None => &self.place,
            Some(Action::Show(x)) => &x.place,
            Some(Action::Open(x)) => &x.place,
            Some(Action::Close(x)) => &x.place,
            Some(Action::Transfer(x)) => &x.place,
            Some(Action::Delegate(x)) => &x.place,
            Some(Action::Alerts(x)) => &x.place,
            Some(Action::Mode(x)) => &x.place,
            Some(Action::Restrict(x)) => &x.place,
        }
    }

    fn run(&self, session: &Session) -> Result<()> {
        match &self.action {
            None => show::list(session, self.owner, self.all),
            Some(Action::Show(x)) => show::one(session, x.account),
            Some(Action::Open(x)) => x.run(session),
            Some(Action::Close(x)) => x.run(session),
            Some(Action::Transfer(x)) => x.run(session),
            Some(Action::Delegate(x)) => x.run(session),
            Some(Action::Alerts(x)) => x.run(session),
            Some(Action::Mode(x)) => x.run(session),
            Some(Action::Restrict(x)) => x.run(session),
        }
    }
}
