//! The config file of a clearinghouse.

use std::path::{Path, PathBuf};

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, ensure};
use ballast::instructions::{AddAssetArgs, AddMarketArgs, InitializeClearinghouseArgs, LoadStressArgs};
use ballast::limits::BackstopParams;
use ballast_client::deployment::symbol_text;
use ballast_risk::stress::{SHOCK_BITS, STRESS_ROWS};
use serde::Deserialize;
use serde_json::Value;

use super::{idl, parameters};
use crate::calibration::file::CalibrationFile;

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    quote_mint: String,
    #[serde(default)]
    open: bool,
    calibration: Option<PathBuf>,
    roles: Roles,
    clearinghouse: Value,
    #[serde(default)]
    assets: Vec<WrittenAsset>,
    #[serde(default)]
    markets: Vec<WrittenMarket>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Roles {
    governance: String,
    #[serde(default)]
    steward: String,
    #[serde(default)]
    guardian: String,
    #[serde(default)]
    depth_reporter: String,
    #[serde(default)]
    upgrade_delay_s: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenAsset {
    #[serde(default)]
    mint: String,
    #[serde(default)]
    stress_bps: Vec<i32>,
    listing: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMarket {
    on: String,
    listing: Value,
    backstop: Option<Value>,
}

/// An asset to be listed.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Its token; none for a risk factor.
    pub mint: Option<Pubkey>,
    /// What it is listed with.
    pub listing: AddAssetArgs,
    /// Its part in the joint stress rows.
    pub stress: Option<LoadStressArgs>,
}

impl Asset {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> String {
        symbol_text(&self.listing.symbol)
    }
}

/// A market to be opened.
#[derive(Clone, Debug)]
pub struct Market {
    /// What it is listed with.
    pub listing: AddMarketArgs,
    /// What its backstop charges and risks; none where it has none.
    pub backstop: Option<BackstopParams>,
}

/// What a clearinghouse should be.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its quote token, which names it.
    pub quote_mint: Pubkey,
    /// Whether it is opened for deposits.
    pub open: bool,
    /// Who moves parameters inside governance's bounds, stops new risk, and reports depth; the default key for nobody.
    pub steward: Pubkey,
    /// As `steward`.
    pub guardian: Pubkey,
    /// As `steward`.
    pub depth_reporter: Pubkey,
    /// Delay that the program's upgrade authority must have at least, seconds.
    pub upgrade_delay_s: u64,
    /// Governance and parameters.
    pub clearinghouse: InitializeClearinghouseArgs,
    /// In the order of their indexes.
    pub assets: Vec<Asset>,
    /// In the order of their indexes.
    pub markets: Vec<Market>,
    /// History that assets start with.
    pub calibration: Option<CalibrationFile>,
}

fn address(text: &str, what: &str) -> Result<Pubkey> {
    if text.is_empty() {
        return Ok(Pubkey::default());
    }
    text.parse().ok().with_context(|| format!("{what}: '{text}' is no address (32 bytes in base58)"))
}

fn stress(asset: u8, bps: &[i32]) -> Result<Option<LoadStressArgs>> {
    if bps.is_empty() {
        return Ok(None);
    }
    ensure!(bps.len() <= STRESS_ROWS, "stress_bps has {} rows, and room for {STRESS_ROWS}", bps.len());
    let mut shocks = [0; STRESS_ROWS];
    for (row, bps) in shocks.iter_mut().zip(bps) {
        ensure!(
            (-10_000..=70_000).contains(bps),
            "a stress row moves by −10,000 to 70,000 basis points, not {bps}"
        );
        *row = (bps * (1 << SHOCK_BITS) / 10_000) as i16;
    }
    Ok(Some(LoadStressArgs { asset, shocks }))
}

/// What a config leaves open, because it differs from one cluster of its kind to the next.
#[derive(Clone, Copy, Debug, Default)]
pub struct Given {
    /// The quote token.
    pub quote_mint: Option<Pubkey>,
    /// Governance.
    pub governance: Option<Pubkey>,
}

impl Config {
    /// Reads a config; a calibration file is looked for beside it.
    ///
    /// # Errors
    /// Names what is missing, unknown or outside the program's limits.
    pub fn load(path: &Path, given: Given) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the config {}", path.display()))?;
        let beside = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, beside, given).with_context(|| format!("in {}", path.display()))
    }

    /// The same, from its text and the folder that it lies in.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(text: &str, folder: &Path, given: Given) -> Result<Self> {
        let mut written: Written = toml::from_str(text)?;
        let quote_mint = given.quote_mint.map_or_else(|| address(&written.quote_mint, "quote_mint"), Ok)?;
        ensure!(quote_mint != Pubkey::default(), "quote_mint is missing: give it here, or with --quote-mint");
        let governance = given.governance.map_or(written.roles.governance, |key| key.to_string());
        ensure!(
            !governance.is_empty(),
            "roles.governance is missing: the address of the multisig's vault; or give --governance, a keypair"
        );
        written.clearinghouse["governance"] = governance.into();
        let clearinghouse: InitializeClearinghouseArgs =
            idl::read("InitializeClearinghouseArgs", &written.clearinghouse).context("[clearinghouse]")?;
        let limits = [
            ("params", clearinghouse.params.validate()),
            ("prices", clearinghouse.prices.validate()),
            ("phases", clearinghouse.phases.validate()),
            ("lending", clearinghouse.lending.validate()),
        ];
        for (part, within) in limits {
            within.with_context(|| format!("[clearinghouse.{part}]"))?;
        }

        let assets = written
            .assets
            .iter()
            .enumerate()
            .map(|(index, asset)| Self::asset(index, asset).with_context(|| format!("asset {index}")))
            .collect::<Result<Vec<_>>>()?;
        let markets = written
            .markets
            .iter_mut()
            .enumerate()
            .map(|(index, market)| Self::market(market, &assets).with_context(|| format!("market {index}")))
            .collect::<Result<Vec<_>>>()?;
        let calibration = written.calibration.map(|file| CalibrationFile::load(&folder.join(file)));
        Ok(Self {
            quote_mint,
            open: written.open,
            steward: address(&written.roles.steward, "roles.steward")?,
            guardian: address(&written.roles.guardian, "roles.guardian")?,
            depth_reporter: address(&written.roles.depth_reporter, "roles.depth_reporter")?,
            upgrade_delay_s: written.roles.upgrade_delay_s,
            clearinghouse,
            assets,
            markets,
            calibration: calibration.transpose()?,
        })
    }

    fn asset(index: usize, written: &WrittenAsset) -> Result<Asset> {
        let listing: AddAssetArgs = idl::read("AddAssetArgs", &written.listing)?;
        listing.validate()?;
        let mint = Some(address(&written.mint, "mint")?).filter(|mint| *mint != Pubkey::default());
        Ok(Asset { mint, listing, stress: stress(u8::try_from(index)?, &written.stress_bps)? })
    }

    fn market(written: &mut WrittenMarket, assets: &[Asset]) -> Result<Market> {
        let at = assets.iter().position(|asset| asset.name() == written.on);
        let at =
            at.with_context(|| format!("it is on '{}', which is no asset of this config", written.on))?;
        written.listing["asset"] = at.into();
        let listing: AddMarketArgs = idl::read("AddMarketArgs", &written.listing)?;
        let backstop = written.backstop.as_ref().map(|table| idl::read("BackstopParams", table));
        let backstop = backstop.transpose().context("[markets.backstop]")?;
        parameters::check_backstop(backstop, listing.band_bps)?;
        Ok(Market { listing, backstop })
    }
}
