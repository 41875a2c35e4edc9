//! From what stands to what should stand.

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use anyhow::{Context, Result, bail, ensure};
use ballast::instructions::LoadCalibrationArgs;
use ballast::limits::BackstopParams;
use ballast::state::proposal::role;
use ballast::state::{AssetConfig, Clearinghouse, Market, RiskBoard};
use ballast_client::deployment::symbol_text;
use ballast_client::{Deployment, decode};
use ballast_risk::stress;
use serde_json::Value;

use super::announced::{Announced, Role};
use super::chain::Chain;
use super::config::{Asset, Config};
use super::idl;

/// Who has to sign a step besides the payer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// Nobody.
    Anybody,
    /// The program's upgrade authority.
    UpgradeAuthority,
    /// The clearinghouse's governance.
    Governance,
}

/// One instruction on the way.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it does, in a line.
    pub what: String,
    /// The instruction.
    pub instruction: Instruction,
    /// Who has to sign it.
    pub signer: Signer,
}

impl Step {
    /// Whether this key is among those that sign it.
    #[must_use]
    pub fn is_signed_by(&self, key: &Pubkey) -> bool {
        self.instruction.accounts.iter().any(|meta| meta.is_signer && meta.pubkey == *key)
    }
}

/// Something that stands otherwise than the config says, and that nobody can change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is of.
    pub of: String,
    /// Its name.
    pub parameter: String,
    /// What stands.
    pub stands: Value,
    /// What the config says.
    pub wanted: Value,
}

/// What is left to be done.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// In this order.
    pub steps: Vec<Step>,
    /// What was proposed and is not ripe yet.
    pub waiting: Vec<String>,
    /// What is otherwise than the config says for good.
    pub differences: Vec<Difference>,
}

impl Plan {
    /// Notes a parameter that the table does not let go where the config wants it.
    pub(super) fn note(&mut self, name: &str, stands: u64, wanted: u64) {
        let (of, parameter) = name.rsplit_once(": ").unwrap_or(("", name));
        self.differences.push(Difference {
            of: of.into(),
            parameter: parameter.into(),
            stands: stands.into(),
            wanted: wanted.into(),
        });
    }
}

/// Who pays and signs.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// Pays for accounts.
    pub payer: Pubkey,
    /// The program's upgrade authority.
    pub upgrade_authority: Pubkey,
}

/// What is fixed at the foundation, because the ring's rows and the averages mean nothing otherwise.
const FIXED_OF_HOUSE: [&str; 2] = ["tick_interval_s", "horizon_s"];
/// What is fixed when an asset is listed; `envelope_bps` less what may move is its carry.
const FIXED_OF_ASSET: [&str; 9] = [
    "decimals",
    "underlying",
    "net_after_ticks",
    "depth_half_life_s",
    "sigma_floor",
    "stable_half_life_s",
    "fast_half_life_s",
    "slow_half_life_s",
    "grid_s",
];

struct Planner<'a, C: Chain> {
    chain: &'a C,
    config: &'a Config,
    at: Deployment,
    keys: Keys,
    announced: Announced,
    plan: Plan,
}

/// Holds a config against a chain.
///
/// # Errors
/// If the chain cannot be read, or holds something under these addresses that this release does not know.
pub fn plan<C: Chain>(chain: &C, config: &Config, keys: Keys) -> Result<Plan> {
    let at = Deployment::of(config.quote_mint);
    let stands = chain.data(&at.clearinghouse)?;
    let house: Option<Clearinghouse> = stands.map(|data| decode::config(&data)).transpose()?;
    let governance = config.clearinghouse.governance;
    let announced = Announced::read(chain, at, keys.payer, governance, house.as_ref())?;
    let mut planner = Planner { chain, config, at, keys, announced, plan: Plan::default() };
    planner.clearinghouse(house.as_ref())?;
    let board = planner.board()?;
    planner.assets(house.as_ref(), board.as_deref())?;
    planner.markets(house.as_ref())?;
    planner.roles(house.as_ref());
    if let (Some(house), Some(board)) = (&house, &board) {
        super::parameters::plan(chain, config, (house, board), &mut planner.announced, &mut planner.plan)?;
    }
    if config.open && !house.is_some_and(|house| house.open) {
        let open = planner.at.open_clearinghouse(config.clearinghouse.governance);
        planner.step("open for deposits: calibration ends".into(), open, Signer::Governance);
    }
    Ok(planner.plan)
}

impl<C: Chain> Planner<'_, C> {
    fn step(&mut self, what: String, instruction: Instruction, signer: Signer) {
        self.plan.steps.push(Step { what, instruction, signer });
    }

    /// Notes every one of `names` (all where there are none) that stands otherwise, and for good.
    fn compare(&mut self, of: &str, stands: &Value, wanted: &Value, names: &[&str]) {
        let Some(wanted) = wanted.as_object() else { return };
        for (name, wanted) in wanted {
            let asked = names.is_empty() || names.contains(&name.as_str());
            if asked && stands[name] != *wanted {
                let (parameter, stands) = (name.clone(), stands[name].clone());
                let difference = Difference { of: of.into(), parameter, stands, wanted: wanted.clone() };
                self.plan.differences.push(difference);
            }
        }
    }

    fn clearinghouse(&mut self, house: Option<&Clearinghouse>) -> Result<()> {
        let wanted = &self.config.clearinghouse;
        let Some(house) = house else {
            let (payer, authority) = (self.keys.payer, self.keys.upgrade_authority);
            let initialise = self.at.initialize_clearinghouse(payer, authority, wanted.clone());
            let what = format!("create the clearinghouse {}", self.at.clearinghouse);
            self.step(what, initialise, Signer::UpgradeAuthority);
            return Ok(());
        };
        let [stands, should] = [&house.params, &wanted.params]
            .map(|params| idl::show("ClearinghouseParams", bytemuck::bytes_of(params)));
        self.compare("clearinghouse", &stands?, &should?, &FIXED_OF_HOUSE);
        if house.governance != wanted.governance {
            self.plan.differences.push(Difference {
                of: "clearinghouse".into(),
                parameter: "governance".into(),
                stands: house.governance.to_string().into(),
                wanted: wanted.governance.to_string().into(),
            });
        }
        Ok(())
    }

    fn board(&mut self) -> Result<Option<Box<RiskBoard>>> {
        let size = self.chain.data(&self.at.board)?.map(|data| (data.len(), data));
        let step = anchor_lang::solana_program::entrypoint::MAX_PERMITTED_DATA_INCREASE;
        let payer = self.keys.payer;
        if size.is_none() {
            self.step("create the risk board".into(), self.at.create_board(payer), Signer::Anybody);
        }
        let length = size.as_ref().map_or(step, |(length, _)| *length);
        let steps = RiskBoard::SPACE.saturating_sub(length).div_ceil(step);
        for turn in 1..=steps {
            let what = format!("grow the risk board, {turn} of {steps}");
            self.step(what, self.at.grow_board(payer), Signer::Anybody);
        }
        match size {
            Some((_, data)) if steps == 0 => Ok(Some(decode::board(&data)?)),
            _ => Ok(None),
        }
    }

    fn assets(&mut self, house: Option<&Clearinghouse>, board: Option<&RiskBoard>) -> Result<()> {
        let listed = house.map_or(0, |house| usize::from(house.asset_count));
        let config = self.config;
        ensure!(
            listed <= config.assets.len(),
            "{listed} assets are listed, and the config has {}: an asset cannot be taken off",
            config.assets.len()
        );
        for (index, asset) in config.assets.iter().enumerate() {
            let at = u8::try_from(index)?;
            match board.filter(|_| index < listed) {
                Some(board) => self.compare_asset(at, asset, board)?,
                None => {
                    let (payer, governance) = (self.keys.payer, config.clearinghouse.governance);
                    let list = self.at.add_asset(payer, governance, at, asset.mint, asset.listing.clone());
                    let what = format!("list {} as asset {at}", asset.name());
                    let listed = ("add_asset", at, asset.mint.unwrap_or_default());
                    self.announced.list(&mut self.plan, what, listed, &asset.listing, list)?;
                }
            }
            let state = board.filter(|_| index < listed).map(|board| (&board.assets[index], board));
            // What an asset starts with is loaded before its first price, or never.
            let used = state.is_some_and(|(a, _)| a.spot_mantissa != 0);
            if !used {
                self.history(at, asset, state.is_some_and(|(a, _)| a.rows_filled != 0))?;
                if let Some(args) = &asset.stress {
                    let column = stress::column(&args.shocks);
                    if state.is_none_or(|(_, board)| board.stress[index] != column) {
                        let load = self.at.load_stress(config.clearinghouse.governance, args.clone());
                        let what = format!("load stress of {}", asset.name());
                        let listed = ("load_stress", at, Pubkey::default());
                        self.announced.list(&mut self.plan, what, listed, args, load)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn history(&mut self, index: u8, asset: &Asset, loaded: bool) -> Result<()> {
        let Some(file) = self.config.calibration.as_ref().filter(|_| !loaded) else { return Ok(()) };
        let name = asset.name();
        let Some(known) = file.assets.iter().find(|a| a.symbol == name) else { return Ok(()) };
        let listing = &asset.listing;
        let half_lives = (file.fast_half_life_s, file.slow_half_life_s);
        ensure!(
            half_lives == (listing.fast_half_life_s, listing.slow_half_life_s),
            "the calibration of {name} is for half-lives of {half_lives:?} seconds, and it is listed with others"
        );
        let args = LoadCalibrationArgs {
            asset: index,
            variance_short: known.variance_short,
            variance_fast: known.variance_fast,
            variance_slow: known.variance_slow,
            returns: known.returns.clone(),
        };
        let load = self.at.load_calibration(self.config.clearinghouse.governance, args.clone());
        let what = format!("load the calibration of {name}");
        self.announced.list(&mut self.plan, what, ("load_calibration", index, Pubkey::default()), &args, load)
    }

    fn compare_asset(&mut self, index: u8, asset: &Asset, board: &RiskBoard) -> Result<()> {
        let name = asset.name();
        let data = self.chain.data(&self.at.asset(index))?;
        let config: AssetConfig = decode::config(&data.context("a listed asset has a config")?)?;
        let stands = symbol_text(&config.symbol);
        if stands != name || config.mint != asset.mint.unwrap_or_default() {
            bail!(
                "asset {index} is {stands} (mint {}) on the chain and {name} in the config: assets keep their order",
                config.mint
            );
        }
        let expected = asset.listing.state(index, &board.setting(self.chain.now()?))?;
        let states = [&board.assets[usize::from(index)], &expected]
            .map(|state| idl::show("AssetState", bytemuck::bytes_of(state)));
        let [stands, wanted] = states;
        self.compare(&name, &stands?, &wanted?, &FIXED_OF_ASSET);
        let listing = &asset.listing;
        let state = &board.assets[usize::from(index)];
        // A step that is limited follows `max_move_bps`; whether it is was decided at the listing.
        let limited = |step: u32| step != ballast::limits::NO_LIMIT_BPS;
        let carry = state.envelope_bps.saturating_sub(state.max_move_bps + config.max_confidence_bps);
        let stands = serde_json::json!({
            "quorum": config.quorum, "carry_bps": carry, "max_step_bps limited": limited(state.max_step_bps),
        });
        let wanted = serde_json::json!({
            "quorum": listing.sources.quorum, "carry_bps": listing.carry_bps,
            "max_step_bps limited": limited(listing.sources.max_step_bps),
        });
        self.compare(&name, &stands, &wanted, &[]);
        Ok(())
    }

    fn markets(&mut self, house: Option<&Clearinghouse>) -> Result<()> {
        let listed = house.map_or(0, |house| usize::from(house.market_count));
        let config = self.config;
        for (index, market) in config.markets.iter().enumerate() {
            let args = &market.listing;
            let (at, name) = (u8::try_from(index)?, symbol_text(&args.symbol));
            if index >= listed {
                let (payer, governance) = (self.keys.payer, config.clearinghouse.governance);
                let open = self.at.add_market(payer, governance, at, args.clone());
                let what = format!("open {name} as market {at}");
                self.announced.list(
                    &mut self.plan,
                    what,
                    ("add_market", at, Pubkey::default()),
                    args,
                    open,
                )?;
                self.backstop(at, &name, market.backstop)?;
                continue;
            }
            let data = self.chain.data(&self.at.market(at))?;
            let open: Market = decode::config(&data.context("an open market has an account")?)?;
            let stands = symbol_text(&open.symbol);
            if stands != name {
                bail!(
                    "market {at} is {stands} on the chain and {name} in the config: markets keep their order"
                );
            }
            if open.backstop == Pubkey::default() {
                self.backstop(at, &name, market.backstop)?;
            }
        }
        Ok(())
    }

    /// Gives a market its backstop, where the config has one for it.
    fn backstop(&mut self, market: u8, name: &str, params: Option<BackstopParams>) -> Result<()> {
        let Some(params) = params else { return Ok(()) };
        let (payer, governance) = (self.keys.payer, self.config.clearinghouse.governance);
        let create = self.at.create_backstop(payer, governance, market, params);
        let what = format!("create the backstop of {name}");
        let listed = ("create_backstop", market, Pubkey::default());
        self.announced.list(&mut self.plan, what, listed, &params, create)
    }

    fn roles(&mut self, house: Option<&Clearinghouse>) {
        let stands = |of: fn(&Clearinghouse) -> Pubkey| house.map_or(Pubkey::default(), of);
        let config = self.config;
        for (number, name, stands, wanted) in [
            (role::DEPTH_REPORTER, "depth reporter", stands(|h| h.depth_reporter), config.depth_reporter),
            (role::STEWARD, "steward", stands(|h| h.steward), config.steward),
            (role::GUARDIAN, "guardian", stands(|h| h.guardian), config.guardian),
        ] {
            self.announced.name(&mut self.plan, &Role { number, name, stands, wanted });
        }
    }
}
