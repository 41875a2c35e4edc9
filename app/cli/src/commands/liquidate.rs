use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, bail, ensure};
use ballast::event::Liquidated;
use ballast::instructions::LiquidationLeg;
use ballast::state::Treasury;
use ballast_client::decode;
use ballast_client::plan::{Due, Plan, Surroundings, best_in, due};
use ballast_risk::phase::Window;
use clap::Args;
use serde_json::json;
use solana_signer::Signer as _;

use super::cluster;
use super::directory::Directory;
use super::session::{AccountRef, Onchain, Session, Where, account_ref, unpriced};
use crate::amount::show_signed;
use crate::node::send;
use crate::report::format::money;
use crate::report::table::{Style, Table, number, text};

/// Take over part of an account that is below its maintenance margin.
#[derive(Args)]
pub struct Liquidate {
    /// Address of the margin account that falls short
    #[arg(value_parser = cluster::address)]
    target: Pubkey,
    /// Show the plan and send nothing
    #[arg(long)]
    dry_run: bool,
    /// The account that takes over: a sub-account of yours, or an address
    #[arg(long, default_value = "0", value_parser = account_ref)]
    account: AccountRef,
    #[command(flatten)]
    place: Where,
}

impl Onchain for Liquidate {
    fn place(&self) -> &Where {
        &self.place
    }

    fn run(&self, session: &Session) -> Result<()> {
        let (keeper_address, keeper) = session.account(self.account)?;
        let signer = session.key()?.pubkey();
        let mut touched = false;
        let (directory, plan) = loop {
            let directory = session.fresh()?;
            let (_, account) = session.account(AccountRef::At(self.target))?;
            ensure!(
                ![keeper.owner, keeper.delegate].contains(&account.owner),
                "{} and the account that would take over have one owner: deposit into it, or trade",
                self.target
            );
            let now = session.node.now()?;
            match due(&account, &directory.board, now).map_err(unpriced)? {
                Due::Nothing => {
                    bail!("{} has its maintenance margin: there is nothing to liquidate", self.target)
                }
                Due::Touch if !touched && !self.dry_run => {
                    session.send(&[session.at.touch_account(self.target)])?;
                    session.console.note("touched: its clock runs now");
                    touched = true;
                }
                Due::Touch | Due::Confirmation => bail!(
                    "{} is short, and that is not confirmed yet: {}come back once every asset that it holds was published \
                     again; `ballast board` shows their ages",
                    self.target,
                    if self.dry_run { "without --dry-run it would be touched; " } else { "" }
                ),
                Due::Liquidation => {
                    let treasury =
                        session.node.account(&session.at.treasury)?.context("the treasury is there")?;
                    let treasury: Treasury = decode::config(&treasury.data)?;
                    let windows: Vec<(u8, Window)> = directory
                        .markets
                        .iter()
                        .map(|m| (m.index, Window { time: m.window_start, taken: m.window_taken }))
                        .collect();
                    let around = Surroundings { windows: &windows, insurance: treasury.insurance, now };
                    let plan = best_in(&account, &keeper, &directory.board, around).map_err(unpriced)?;
                    let plan = plan.context(
                        "it is short, and no step is open to you now: its phase or its markets' windows are used up (try \
                         again in a few seconds), or your account cannot carry a part of it (deposit into it)",
                    )?;
                    break (directory, plan);
                }
            }
        };
        let profit = plan.step.to_keeper() + plan.bounty;
        let mut json = json!({
            "account": self.target.to_string(), "keeper": keeper_address.to_string(), "legs": legs_json(&directory, &plan),
            "expected_profit": profit.to_string(), "bounty": plan.bounty.to_string(),
            "to_insurance": plan.step.to_insurance().to_string(),
            "equity_before": plan.step.before.equity.to_string(), "mm_before": plan.step.before.maintenance.to_string(),
            "equity_after": plan.step.after.equity.to_string(), "mm_after": plan.step.after.maintenance.to_string(),
        });
        let shown = shown(session, &directory, &plan);
        if self.dry_run {
            json["sent"] = false.into();
            return session.answer(json, || format!("{shown}\n\nNothing was sent."));
        }
        let liquidate = session.at.liquidate(self.target, (keeper_address, signer), &plan.legs);
        let landed = session.send(&[liquidate])?;
        json["sent"] = true.into();
        let happened = send::event::<Liquidated>(&landed.logs).map(|event| {
            format!("\nIts equity is {}, its MM {}.", money(event.equity_after), money(event.mm_after as i64))
        });
        session.done(&format!("{shown}\n\nDone.{}", happened.unwrap_or_default()), json, &landed)
    }
}

/// Name and decimals of what a leg is of.
fn leg_of(directory: &Directory, leg: LiquidationLeg) -> (String, u8) {
    let decimals = |asset: u8| directory.board.assets[usize::from(asset)].decimals;
    match leg {
        LiquidationLeg::Position { market } => {
            (directory.market_name(market), decimals(directory.board.markets[usize::from(market)].asset))
        }
        LiquidationLeg::Collateral { asset } => (directory.asset_name(asset), decimals(asset)),
    }
}

fn legs_json(directory: &Directory, plan: &Plan) -> serde_json::Value {
    let leg = |(leg, terms): (&ballast::instructions::LegAmount, &_)| {
        let terms: &ballast_risk::liquidation::Terms = terms;
        json!({
            "of": leg_of(directory, leg.leg).0, "quantity": terms.quantity.to_string(),
            "proceeds": terms.proceeds.to_string(),
        })
    };
    plan.legs.iter().zip(&plan.step.terms).map(leg).collect()
}

fn shown(session: &Session, directory: &Directory, plan: &Plan) -> String {
    let mut table = Table::new(vec![text("takes over", 0), number("amount", 0), number("pays", 0)]);
    for (leg, terms) in plan.legs.iter().zip(&plan.step.terms) {
        let (name, decimals) = leg_of(directory, leg.leg);
        let plain = |text: String| (text, Style::Plain);
        table.row(vec![
            plain(name),
            plain(show_signed(terms.quantity, decimals)),
            plain(money(terms.proceeds)),
        ]);
    }
    format!(
        "{}\n\nThe account's equity goes from {} to {}, its MM from {} to {}.\nExpected profit {}: penalty {} and bounty {}.",
        session.table(&table),
        money(plan.step.before.equity),
        money(plan.step.after.equity),
        money(plan.step.before.maintenance as i64),
        money(plan.step.after.maintenance as i64),
        money((plan.step.to_keeper() + plan.bounty) as i64),
        money(plan.step.to_keeper() as i64),
        money(plan.bounty as i64),
    )
}
