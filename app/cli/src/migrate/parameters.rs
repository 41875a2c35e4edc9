//! Parameters that stand otherwise than the config says, one proposal's step at a time.
//!
//! What a config wants is read as the program reads what stands: by [`Books`], row by row of governance's table. So a
//! parameter that the table gains is proposed here as soon as it stands there.

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result};
use ballast::governance::{Books, Pace, Parameter, RAMP_STEP_S, ROWS, Target};
use ballast::limits::BackstopParams;
use ballast::state::proposal::kind;
use ballast::state::{AssetConfig, BackstopVault, Clearinghouse, Market, Proposal, RiskBoard};
use ballast_client::deployment::symbol_text;
use ballast_client::instructions::Which;
use ballast_client::{Deployment, decode};

use super::announced::Announced;
use super::chain::Chain;
use super::config::Config;
use super::plan::{Plan, Signer, Step};

/// Everything that a parameter may stand in.
#[derive(Clone)]
struct Shelf {
    house: Clearinghouse,
    board: Box<RiskBoard>,
    assets: Vec<AssetConfig>,
    markets: Vec<Market>,
    /// In the order of the markets; none where a market has none.
    vaults: Vec<Option<BackstopVault>>,
}

impl Shelf {
    fn read<C: Chain>(chain: &C, at: &Deployment, house: &Clearinghouse, board: &RiskBoard) -> Result<Self> {
        let data = |address: Pubkey| chain.data(&address)?.context("what is listed has an account");
        let assets = (0..house.asset_count).map(|i| Ok(decode::config(&data(at.asset(i))?)?));
        let markets: Vec<Market> = (0..house.market_count)
            .map(|i| Ok(decode::config(&data(at.market(i))?)?))
            .collect::<Result<_>>()?;
        let vault = |market: &Market| match market.backstop == Pubkey::default() {
            true => Ok(None),
            false => Ok(Some(decode::config(&data(market.backstop)?)?)),
        };
        Ok(Self {
            house: house.clone(),
            board: Box::new(*board),
            assets: assets.collect::<Result<_>>()?,
            vaults: markets.iter().map(vault).collect::<Result<_>>()?,
            markets,
        })
    }

    /// The same as the config says. What it is silent on stays.
    fn wanted(&self, config: &Config, now: i64) -> Result<Self> {
        let mut wanted = self.clone();
        let args = &config.clearinghouse;
        (wanted.house.params, wanted.house.prices) = (args.params, args.prices);
        (wanted.house.phases, wanted.house.lending) = (args.phases, args.lending);
        let setting = self.board.setting(now);
        for (at, (stands, asset)) in wanted.assets.iter_mut().zip(&config.assets).enumerate() {
            let listing = &asset.listing;
            stands.deposit_cap = listing.deposit_cap;
            stands.max_confidence_bps = listing.max_confidence_bps;
            (stands.outflow_limit, stands.outflow_window_s) =
                (listing.outflow_limit, listing.outflow_window_s);
            let restrictions = wanted.board.assets[at].restrictions;
            wanted.board.assets[at] = listing.state(u8::try_from(at)?, &setting)?;
            wanted.board.assets[at].restrictions = restrictions;
        }
        for (at, (stands, market)) in wanted.markets.iter_mut().zip(&config.markets).enumerate() {
            let listing = &market.listing;
            (stands.band_bps, stands.fee_bps) = (listing.band_bps, listing.fee_bps);
            stands.open_interest_cap = listing.open_interest_cap;
            wanted.board.markets[at].penalty_bps = listing.penalty_bps;
            wanted.board.markets[at].profit_cap = listing.profit_cap;
            if let (Some(vault), Some(params)) = (&mut wanted.vaults[at], market.backstop) {
                vault.params = params;
            }
        }
        Ok(wanted)
    }

    fn books(&mut self, which: Which) -> Books<'_> {
        let at = usize::from(which.target);
        let (mut asset, mut market, mut backstop) = (None, None, None);
        match which.parameter.row().target {
            Target::House => {}
            Target::Asset => asset = self.assets.get_mut(at),
            Target::Market => market = self.markets.get_mut(at),
            Target::Backstop => {
                market = self.markets.get_mut(at);
                backstop = self.vaults.get_mut(at).and_then(Option::as_mut);
            }
        }
        Books { house: &mut self.house, board: &mut self.board, asset, market, backstop }
    }

    fn get(&mut self, which: Which) -> Result<u64> {
        Ok(self.books(which).get(which.parameter)?)
    }

    /// Every parameter of everything that stands.
    fn all(&self) -> Vec<Which> {
        let count = |parameter: Parameter| -> Vec<u8> {
            let all = |count: usize| (0..count).filter_map(|i| u8::try_from(i).ok());
            match parameter.row().target {
                Target::House => vec![0],
                Target::Asset => all(self.assets.len()).collect(),
                Target::Market => all(self.markets.len()).collect(),
                Target::Backstop => {
                    all(self.vaults.len()).filter(|i| self.vaults[usize::from(*i)].is_some()).collect()
                }
            }
        };
        let of = |parameter| count(parameter).into_iter().map(move |target| Which { parameter, target });
        ROWS.iter().flat_map(|row| of(row.parameter)).collect()
    }

    fn name(&self, which: Which) -> String {
        let at = usize::from(which.target);
        let of = match which.parameter.row().target {
            Target::House => "clearinghouse".into(),
            Target::Asset => symbol_text(&self.assets[at].symbol),
            Target::Market => symbol_text(&self.markets[at].symbol),
            Target::Backstop => format!("backstop of {}", symbol_text(&self.markets[at].symbol)),
        };
        format!("{of}: {:?}", which.parameter)
    }
}

/// A move that may be made now, by governance at once or by anybody because it was announced.
struct Due {
    which: Which,
    to: u64,
    step: Step,
}

/// Moves what stands towards what the config says: at once where the table allows, else by a proposal; waits for what
/// was proposed, and carries out what is ripe.
///
/// # Errors
/// If the chain cannot be read.
pub fn plan<C: Chain>(
    chain: &C,
    config: &Config,
    (house, board): (&Clearinghouse, &RiskBoard),
    announced: &mut Announced,
    plan: &mut Plan,
) -> Result<()> {
    let (at, now) = (announced.at, chain.now()?);
    let mut stands = Shelf::read(chain, &at, house, board)?;
    let mut wanted = stands.wanted(config, now)?;
    let mut due = Vec::new();
    for which in stands.all() {
        let (from, goal) = (stands.get(which)?, wanted.get(which)?);
        let (row, name) = (which.parameter.row(), stands.name(which));
        // A ramp may lead to where the config wants it, or another way: it is announced, so it is carried on.
        let pending = announced.of_parameter(which, from);
        let to = row.reach(from, goal);
        if let Some(p) = pending.iter().find(|p| p.ramp_time != 0 || p.to == to) {
            follow(p, which, &name, (from, goal, now), &at, (&mut due, plan));
            continue;
        }
        for p in &pending {
            plan.waiting.push(format!("{name} may go to {} instead: proposal {}", p.to, p.id));
        }
        if from == goal {
            continue;
        }
        if !row.admits(goal) {
            plan.note(&name, from, goal);
        } else if row.pace(from, goal) == Pace::AtOnce {
            let instruction = at.tighten(announced.governance, false, which, from, goal);
            let what = format!("{name} from {from} to {goal}, at once");
            due.push(Due { which, to: goal, step: Step { what, instruction, signer: Signer::Governance } });
        } else {
            let what = format!("move {name} from {from} to {to}{}", further(which, to, goal));
            let (payer, governance) = (announced.payer, announced.governance);
            announced
                .propose(plan, &what, |at, id| at.propose(payer, governance, false, id, which, from, to));
        }
    }
    in_order(stands, due, now, plan);
    Ok(())
}

/// What a proposal that stands calls for.
fn follow(
    p: &Proposal,
    which: Which,
    name: &str,
    (from, goal, now): (u64, u64, i64),
    at: &Deployment,
    (due, plan): (&mut Vec<Due>, &mut Plan),
) {
    let (id, to, more) = (p.id, p.to, further(which, p.to, goal));
    let left = p.ready_at - now;
    let next = p.ramp_time + RAMP_STEP_S - now;
    if left > 0 {
        let what = format!("to move {name} from {from} to {to}{more}: proposal {id} ripens in {left} s");
        plan.waiting.push(what);
    } else if p.ramp_time != 0 && next > 0 {
        let what =
            format!("for {name} on its ramp to {to}, at {from}{more}: proposal {id} moves it in {next} s");
        plan.waiting.push(what);
    } else {
        let how = if p.ramps { "along a ramp, an hour of it" } else { "announced" };
        let what = format!("{name} from {from} to {to}, {how}{more}");
        let instruction = at.apply_proposal(id, Some(which));
        // A ramp goes at most an hour of it: where its end is allowed, so is the way.
        due.push(Due { which, to, step: Step { what, instruction, signer: Signer::Anybody } });
    }
}

/// How many more proposals it takes from there.
fn further(which: Which, from: u64, goal: u64) -> String {
    let (row, mut at, mut count) = (which.parameter.row(), from, 0u32);
    while at != goal && count < 1_000 {
        at = row.reach(at, goal);
        count += 1;
    }
    match count {
        0 => String::new(),
        1 => format!(" ({goal} takes one more proposal)"),
        _ => format!(" ({goal} takes {count} more proposals)"),
    }
}

/// Some moves are refused until another was made: a fee that fits the band only when the skew is smaller. They are put
/// in an order in which each is accepted; what is refused in any is waited for.
fn in_order(mut stands: Shelf, mut due: Vec<Due>, now: i64, plan: &mut Plan) {
    loop {
        let before = due.len();
        due.retain(|d| {
            let mut tried = stands.clone();
            let allowed = tried.books(d.which).set(d.which.parameter, d.to, now).is_ok();
            if allowed {
                stands = tried;
                plan.steps.push(d.step.clone());
            }
            !allowed
        });
        if due.len() == before {
            break;
        }
    }
    for d in due {
        let what = format!("until this is within the limits beside what stands: {}", d.step.what);
        plan.waiting.push(what);
    }
}

impl Announced {
    /// Proposals that move a parameter from where it stands now; those made on another value can never be carried out.
    fn of_parameter(&self, which: Which, from: u64) -> Vec<Proposal> {
        let moves = |p: &&Proposal| {
            p.kind == kind::PARAMETER
                && (p.parameter, p.target) == (which.parameter as u8, which.target)
                && p.at == from
        };
        self.pending.iter().filter(moves).cloned().collect()
    }
}

/// Whether what a config says of a backstop may stand in its market.
///
/// # Errors
/// What is outside the code's limits, or outside the market's band.
pub fn check_backstop(params: Option<BackstopParams>, band_bps: u32) -> Result<()> {
    params.map_or(Ok(()), |params| params.validate(band_bps)).context("[markets.backstop]")
}
