//! `idl/governance.json`: the table of parameters that governance may move, for clients in other languages.
//!
//! Rows, sentences and constants come from the program's own table. Where a value stands is not written down anywhere
//! but in `Books`, so it is found by asking: one byte of an account after the other is set to one, and whatever
//! `Books::get` then says differs from zero shows offset, width and unit of the field.

use anchor_lang::{AnchorDeserialize, Space};
use anyhow::{Context, Result, bail, ensure};
use ballast::governance::table::{Loosens, Pace, Row, Target};
use ballast::governance::{self, Books, Parameter, ROWS};
use ballast::state::{AssetConfig, AssetState, BackstopVault, Clearinghouse, Market, MarketState, RiskBoard};
use serde_json::{Value, json};

/// The table's source, for its sentences.
const TABLE: &str = include_str!("../../../programs/ballast/src/governance/table.rs");
/// Bytes of an account before its first field.
const DISCRIMINATOR: usize = 8;

/// An account, or a part of the board, that a parameter may stand in.
#[derive(Clone, Copy)]
enum Place {
    Clearinghouse,
    AssetConfig,
    Market,
    AssetState,
    MarketState,
    BackstopVault,
}

impl Place {
    fn of(target: Target) -> &'static [Self] {
        match target {
            Target::House => &[Self::Clearinghouse],
            Target::Asset => &[Self::AssetConfig, Self::AssetState],
            Target::Market => &[Self::Market, Self::MarketState],
            Target::Backstop => &[Self::BackstopVault],
        }
    }

    fn size(self) -> usize {
        match self {
            Self::Clearinghouse => Clearinghouse::INIT_SPACE,
            Self::AssetConfig => AssetConfig::INIT_SPACE,
            Self::Market => Market::INIT_SPACE,
            Self::AssetState => size_of::<AssetState>(),
            Self::MarketState => size_of::<MarketState>(),
            Self::BackstopVault => BackstopVault::INIT_SPACE,
        }
    }

    /// The account, where this part of it begins for index zero, and how far the next index is.
    fn base(self) -> (&'static str, usize, usize) {
        match self {
            Self::Clearinghouse => ("clearinghouse", DISCRIMINATOR, 0),
            Self::AssetConfig => ("assetConfig", DISCRIMINATOR, 0),
            Self::Market => ("market", DISCRIMINATOR, 0),
            Self::BackstopVault => ("backstopVault", DISCRIMINATOR, 0),
            Self::AssetState => {
                ("riskBoard", DISCRIMINATOR + std::mem::offset_of!(RiskBoard, assets), self.size())
            }
            Self::MarketState => {
                ("riskBoard", DISCRIMINATOR + std::mem::offset_of!(RiskBoard, markets), self.size())
            }
        }
    }

    /// What a parameter is where one byte of this place is one and everything else zero.
    fn ask(self, parameter: Parameter, board: &mut RiskBoard, at: usize) -> Result<u64> {
        let mut bytes = vec![0; self.size()];
        bytes[at] = 1;
        let zeros = |size: usize| vec![0; size];
        let own = |wanted: bool, size: usize| if wanted { bytes.clone() } else { zeros(size) };
        let house = own(matches!(self, Self::Clearinghouse), Clearinghouse::INIT_SPACE);
        let config = own(matches!(self, Self::AssetConfig), AssetConfig::INIT_SPACE);
        let market = own(matches!(self, Self::Market), Market::INIT_SPACE);
        let vault = own(matches!(self, Self::BackstopVault), BackstopVault::INIT_SPACE);
        match self {
            Self::AssetState => bytemuck::bytes_of_mut(&mut board.assets[0]).copy_from_slice(&bytes),
            Self::MarketState => bytemuck::bytes_of_mut(&mut board.markets[0]).copy_from_slice(&bytes),
            _ => {
                board.assets[0] = bytemuck::Zeroable::zeroed();
                board.markets[0] = bytemuck::Zeroable::zeroed();
            }
        }
        let mut house = Clearinghouse::deserialize(&mut &house[..])?;
        let mut config = AssetConfig::deserialize(&mut &config[..])?;
        let mut market = Market::deserialize(&mut &market[..])?;
        let mut vault = BackstopVault::deserialize(&mut &vault[..])?;
        let target = parameter.row().target;
        let mut books = Books {
            house: &mut house,
            board,
            asset: (target == Target::Asset).then_some(&mut config),
            market: matches!(target, Target::Market | Target::Backstop).then_some(&mut market),
            backstop: (target == Target::Backstop).then_some(&mut vault),
        };
        // Refused where the byte is the one that names another market: it is not the value's.
        Ok(books.get(parameter).unwrap_or(0))
    }
}

/// Account, offset in its data, distance to the next index, width in bytes, and whether it is a 2⁻³² rate that is moved in
/// basis points.
fn find(row: &Row, board: &mut RiskBoard) -> Result<Value> {
    for &place in Place::of(row.target) {
        let mut hits = Vec::new();
        for at in 0..place.size() {
            let value = place.ask(row.parameter, board, at)?;
            if value != 0 {
                hits.push((at, value));
            }
        }
        let Some(&(first, least)) = hits.first() else { continue };
        ensure!(hits.last().is_some_and(|(at, _)| at - first + 1 == hits.len()), "its bytes are apart");
        // A rate of 2⁻³² is read as one basis point, rounded up, and one of 2⁻²⁴ as one too.
        let rate = hits.get(1).is_some_and(|&(_, second)| second != 256);
        ensure!(least == 1, "its lowest byte does not come first");
        let (account, base, stride) = place.base();
        return Ok(json!({
            "account": account, "offset": base + first, "stride": stride, "width": hits.len(), "rate": rate,
        }));
    }
    bail!("no byte of its accounts changes it")
}

/// The heading and the sentence of a parameter in the table's source.
fn sentence(name: &str) -> Result<(String, String)> {
    let (mut heading, mut docs) = (String::new(), String::new());
    let body = TABLE.split_once("pub enum Parameter {").context("no parameters in the table")?.1;
    for line in body.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("// ----") {
            heading = text.trim_end_matches('-').trim().to_owned();
        } else if let Some(text) = line.strip_prefix("///") {
            docs = if docs.is_empty() { text.trim().to_owned() } else { format!("{docs} {}", text.trim()) };
        } else if line.trim_end_matches(',') == name {
            return Ok((heading, docs));
        } else {
            docs.clear();
        }
    }
    bail!("{name} has no sentence in the table")
}

/// What a value counts, told by its sentence: each names its unit.
fn unit(docs: &str) -> &'static str {
    let docs = docs.to_lowercase();
    let units = [
        ("basis points", "bps"),
        ("micro-units", "quote"),
        ("native units", "native"),
        ("1e-8", "e8"),
        ("bits", "bits"),
        ("seconds", "seconds"),
    ];
    units.iter().find(|(word, _)| docs.contains(word)).map_or("count", |(_, unit)| unit)
}

fn entry(row: &Row, board: &mut RiskBoard) -> Result<Value> {
    let name = format!("{:?}", row.parameter);
    let (group, docs) = sentence(&name)?;
    Ok(json!({
        "index": row.parameter as u8,
        "name": name,
        "group": group,
        "docs": docs,
        "unit": unit(&docs),
        "target": match row.target {
            Target::House => "house",
            Target::Asset => "asset",
            Target::Market => "market",
            Target::Backstop => "backstop",
        },
        // Numbers above 2^53 are no numbers in JSON's best-known reader.
        "least": row.least.to_string(),
        "most": row.most.to_string(),
        "loosens": match row.loosens { Loosens::Up => "up", Loosens::Down => "down", Loosens::Either => "either" },
        "tightens": match row.tightens { Pace::AtOnce => "atOnce", Pace::Ramp => "ramp", Pace::Wait => "wait" },
        "stepBps": row.step_bps.to_string(),
        "stepLeast": row.step_least.to_string(),
        "stewardBps": row.steward_bps.to_string(),
        "place": find(row, board).with_context(|| format!("where does {name} stand?"))?,
    }))
}

/// The table as JSON.
///
/// # Errors
/// Where the program's table and its source say different things.
pub fn generate() -> Result<String> {
    let mut board: Box<RiskBoard> = bytemuck::zeroed_box();
    let rows = ROWS.iter().map(|row| entry(row, &mut board)).collect::<Result<Vec<_>>>()?;
    let table = json!({
        "delaySeconds": governance::DELAY_S,
        "longDelaySeconds": governance::LONG_DELAY_S,
        "lifeSeconds": governance::LIFE_S,
        "rampSeconds": governance::RAMP_S,
        "rampStepSeconds": governance::RAMP_STEP_S,
        "stewardPauseSeconds": governance::STEWARD_PAUSE_S,
        "parameters": rows,
    });
    Ok(serde_json::to_string_pretty(&table)? + "\n")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use ballast::governance::ROWS;
    use serde_json::Value;

    #[test]
    fn every_parameter_has_a_place_of_its_own_and_a_sentence() {
        let table: Value = serde_json::from_str(&super::generate().unwrap()).unwrap();
        let rows = table["parameters"].as_array().unwrap();
        assert_eq!(rows.len(), ROWS.len());
        let mut places = HashSet::new();
        for row in rows {
            let place = &row["place"];
            assert!(places.insert((place["account"].to_string(), place["offset"].as_u64())), "{row}");
            assert!(matches!(place["width"].as_u64(), Some(1 | 4 | 8)), "{row}");
            assert!(row["docs"].as_str().is_some_and(|docs| docs.ends_with('.')), "{row}");
        }
    }
}
