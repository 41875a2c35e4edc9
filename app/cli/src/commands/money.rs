//! Deposits and withdrawals.

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use anchor_spl::associated_token::get_associated_token_address_with_program_id as wallet_of;
use anchor_spl::associated_token::spl_associated_token_account::instruction::create_associated_token_account_idempotent;
use anyhow::{Context, Result, bail, ensure};
use ballast_client::health::health;
use clap::Args;
use serde_json::json;
use solana_signer::Signer as _;

use super::accounts::{health_cell, health_json};
use super::cluster;
use super::directory::Token;
use super::session::{AccountRef, Onchain, Session, Where, account_ref};
use crate::amount;
use crate::node::Landed;

/// Mint of wrapped SOL.
const WRAPPED_SOL: Pubkey = anchor_lang::prelude::pubkey!("So11111111111111111111111111111111111111112");

/// What a token account holds.
pub fn held_in(session: &Session, wallet: &Pubkey, mint: &Pubkey) -> Result<u64> {
    let account = session.node.account(wallet)?;
    let Some(account) = account.filter(|a| a.data.len() >= 72) else {
        let wrap = if *mint == WRAPPED_SOL { "; wrap SOL first: `spl-token wrap`" } else { "" };
        bail!(
            "there is no token account {wallet} of the mint {mint}: name the one that pays with --from{wrap}"
        );
    };
    // Mint, owner, amount.
    ensure!(account.data[..32] == mint.to_bytes(), "{wallet} is no token account of the mint {mint}");
    let amount = account.data[64..72].try_into().context("eight bytes")?;
    Ok(u64::from_le_bytes(amount))
}

/// The signer's own token account of a token.
pub fn own_wallet(session: &Session, token: &Token) -> Result<Pubkey> {
    Ok(wallet_of(&session.key()?.pubkey(), &token.mint, &token.program))
}

/// Where a withdrawal goes: to the wallet that is named, else to the signer's own, which is made where it is not there.
pub fn destination(
    session: &Session,
    token: &Token,
    named: Option<Pubkey>,
    instructions: &mut Vec<Instruction>,
) -> Result<Pubkey> {
    if let Some(wallet) = named {
        return Ok(wallet);
    }
    let owner = session.key()?.pubkey();
    let made = create_associated_token_account_idempotent(&owner, &owner, &token.mint, &token.program);
    instructions.push(made);
    own_wallet(session, token)
}

/// Answers what was moved, with the account's health after it.
fn done(
    session: &Session,
    what: &str,
    mut json: serde_json::Value,
    account: &Pubkey,
    landed: &Landed,
) -> Result<()> {
    let after = session.fresh()?;
    let (_, state) = session.account(AccountRef::At(*account))?;
    let health = health(&state, &after.board, session.node.now()?).ok();
    json["health"] = health_json(health.as_ref());
    let shown = match &health {
        Some(h) => format!(
            "equity {}, health {}",
            crate::report::format::money(h.maintenance.equity),
            health_cell(Some(h)).0
        ),
        None => "an asset in it has no recent price, so it cannot be valued now".into(),
    };
    session.done(&format!("{what}\n{shown}"), json, landed)
}

/// Pay into a margin account.
#[derive(Args)]
pub struct Deposit {
    /// How much, in whole tokens as in 1.5, or all of the wallet
    amount: String,
    /// Asset, as in SOL; default: quote
    token: Option<String>,
    /// Number of a sub-account of yours, or an address
    #[arg(long, default_value = "0", value_parser = account_ref)]
    account: AccountRef,
    /// The token account that pays; default: your associated one
    #[arg(long, value_name = "ADDRESS", value_parser = cluster::address)]
    from: Option<Pubkey>,
    #[command(flatten)]
    place: Where,
}

impl Onchain for Deposit {
    fn place(&self) -> &Where {
        &self.place
    }

    fn run(&self, session: &Session) -> Result<()> {
        let name = self.token.as_deref().unwrap_or("quote");
        let token = session.directory()?.token(self.token.as_deref())?;
        let (address, _) = session.account(self.account)?;
        let source = self.from.map_or_else(|| own_wallet(session, &token), Ok)?;
        let held = held_in(session, &source, &token.mint)?;
        let amount = if self.amount == "all" { held } else { amount::parse(&self.amount, token.decimals)? };
        ensure!(
            amount > 0,
            "there is nothing to deposit: {source} holds {}",
            amount::show(held, token.decimals)
        );
        ensure!(
            amount <= held,
            "the token account {source} holds {} {name}, and {} were asked for: deposit less, or name another with --from",
            amount::show(held, token.decimals),
            amount::show(amount, token.decimals)
        );
        let authority = session.key()?.pubkey();
        let landed = session.send(&[session.at.deposit(address, authority, token.asset, source, amount)])?;
        let what = format!("{} {name} went into {address}", amount::show(amount, token.decimals));
        let json = json!({ "account": address.to_string(), "asset": name, "amount": amount.to_string() });
        done(session, &what, json, &address, &landed)
    }
}

/// Take money out of a margin account.
#[derive(Args)]
pub struct Withdraw {
    /// How much, in whole tokens as in 1.5, or all that the account has of it
    amount: String,
    /// Asset, as in SOL; default: quote
    token: Option<String>,
    /// Number of a sub-account of yours, or an address
    #[arg(long, default_value = "0", value_parser = account_ref)]
    account: AccountRef,
    /// The token account that is paid; default: your associated one, made where it is not there
    #[arg(long, value_name = "ADDRESS", value_parser = cluster::address)]
    to: Option<Pubkey>,
    #[command(flatten)]
    place: Where,
}

impl Onchain for Withdraw {
    fn place(&self) -> &Where {
        &self.place
    }

    fn run(&self, session: &Session) -> Result<()> {
        let name = self.token.as_deref().unwrap_or("quote");
        let token = session.directory()?.token(self.token.as_deref())?;
        let (address, account) = session.account(self.account)?;
        let held = match token.asset {
            Some(asset) => account.collateral_of(asset.index),
            None => account.quote.max(0) as u64,
        };
        let amount = if self.amount == "all" { held } else { amount::parse(&self.amount, token.decimals)? };
        ensure!(amount > 0, "there is nothing to withdraw: account {address} has no {name}");
        // Of quote more than there is may be asked for: the rest is a loan, if the margin allows it.
        ensure!(
            token.asset.is_none() || amount <= held,
            "account {address} has {} {name}, and {} were asked for: withdraw less, or `all`",
            amount::show(held, token.decimals),
            amount::show(amount, token.decimals)
        );
        let mut instructions = Vec::new();
        let destination = destination(session, &token, self.to, &mut instructions)?;
        let owner = session.key()?.pubkey();
        instructions.push(session.at.withdraw(address, owner, token.asset, destination, amount));
        let landed = session.send(&instructions)?;
        let what = format!(
            "{} {name} came out of {address} into {destination}",
            amount::show(amount, token.decimals)
        );
        let json = json!({
            "account": address.to_string(), "asset": name, "amount": amount.to_string(),
            "destination": destination.to_string(),
        });
        done(session, &what, json, &address, &landed)
    }
}
