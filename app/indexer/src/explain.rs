//! Why an account must hold what it must hold, and a haircut be what it is, as JSON: what `ballast explain --json` prints
//! and what the gateway answers are made here, by the program's own engine.

use ballast::state::{AssetState, MarginAccount, RiskBoard};
use ballast_client::decode::dollars;
use ballast_client::explain::{Account, explain, traded, what_if};
use ballast_client::haircut::parts;
use ballast_client::health::Health;
use ballast_risk::RiskError;
use ballast_risk::explain::StressSource;
use ballast_risk::fixed::RATE_ONE;
use ballast_risk::stress::StressParams;
use serde_json::{Value, json};

/// A rate as a fraction.
#[must_use]
pub fn factor(rate: u64) -> f64 {
    rate as f64 / RATE_ONE as f64
}

/// What the numbers are called.
pub struct Names<'a> {
    /// The board they were made on.
    pub board: &'a RiskBoard,
    /// Names of the assets, by index.
    pub symbols: Vec<String>,
}

impl Names<'_> {
    /// An asset's name.
    #[must_use]
    pub fn asset(&self, index: usize) -> &str {
        self.symbols.get(index).map_or("?", String::as_str)
    }

    /// An asset's price, moved by a factor, in dollars.
    #[must_use]
    pub fn price(&self, asset: usize, by: Option<u64>) -> Option<f64> {
        let state = self.board.assets.get(asset)?;
        Some(dollars(state, state.spot()) * factor(by?))
    }

    /// Where a stress comes from.
    #[must_use]
    pub fn source(&self, source: StressSource) -> String {
        match source {
            StressSource::Row(row) => format!("joint row {row}"),
            StressSource::Asset(asset) => format!("{} alone", self.asset(asset)),
            StressSource::Decorrelation => "every hedge fails in part".into(),
        }
    }
}

/// Reads a trade that is not made: market and native units.
///
/// # Errors
/// A sentence that says what a trade looks like.
pub fn trade(text: &str) -> Result<(u8, i64), String> {
    let parts =
        text.split_once(':').and_then(|(market, base)| Some((market.parse().ok()?, base.parse().ok()?)));
    parts.ok_or_else(|| format!("'{text}' is no trade: give MARKET:BASE, as in 0:-1500000000"))
}

/// Why an account has no margin.
#[must_use]
pub fn unvalued(error: RiskError) -> String {
    match error {
        RiskError::StalePrice => {
            "an asset in the account has no recent price on the board that is believed, so it cannot be valued: \
             refresh the board, wait while a breaker doubts the price, or ask for a time at which prices were fresh"
                .into()
        }
        other => format!("the account cannot be valued: {other}"),
    }
}

/// Explains an account at a unix time, and what a trade (market, native units) would make of it.
///
/// # Errors
/// A sentence that says why it cannot be valued, or the trade not be tried.
pub fn answer(
    account: &MarginAccount,
    board: &RiskBoard,
    symbols: Vec<String>,
    now: i64,
    trade: Option<(u8, i64)>,
) -> Result<Value, String> {
    let explained = explain(account, board, now).map_err(unvalued)?;
    let names = Names { board, symbols };
    let Some((market, base)) = trade else { return Ok(as_json(&explained, &names, None)) };
    let untried = |error| format!("the trade {market}:{base} cannot be tried: {error}");
    let tried = what_if(account, board, now, market, base, None).map_err(untried)?;
    let after = traded(account, board, now, market, base, None).map_err(untried)?;
    let after = explain(&after, board, now).map_err(untried)?;
    let mut answer = as_json(&explained, &names, Some(&tried));
    answer["what_if"]["after"]["explained"] = as_json(&after, &names, None);
    Ok(answer)
}

/// An explained account. Its keys are an interface: scripts read them. Money is micro-units and exposure native units, as
/// text: more than a number of JSON holds in every language.
#[must_use]
pub fn as_json(account: &Account, names: &Names, tried: Option<&(Health, Health)>) -> Value {
    let (e, m) = (&account.explanation, &account.explanation.margin);
    let legs = e.legs.iter().zip(&account.distances).map(|(leg, distance)| {
        json!({
            "asset": names.asset(leg.asset), "exposure": leg.exposure.to_string(),
            "expected_shortfall": leg.expected_shortfall.to_string(), "stress": leg.stress.to_string(),
            "addon": leg.addon.to_string(), "maintenance": leg.maintenance.to_string(),
            "liquidation_price_below": names.price(leg.asset, distance.down),
            "liquidation_price_above": names.price(leg.asset, distance.up),
        })
    });
    let worst = e
        .worst
        .iter()
        .map(|w| json!({ "row": w.row, "time": names.board.row_times[w.row], "loss": w.loss.to_string() }));
    let margins = |h: &Health| {
        json!({
            "equity": h.initial.equity.to_string(), "mm": h.maintenance.maintenance.to_string(),
            "im": h.initial.initial.to_string(), "accepted": h.initial.meets_initial(),
        })
    };
    json!({
        "equity": m.equity.to_string(), "mm": m.maintenance.to_string(), "im": m.initial.to_string(),
        "expected_shortfall": m.expected_shortfall.to_string(), "stress": m.stress.to_string(),
        "stress_source": names.source(e.source), "addons": m.addons.to_string(), "rest": e.rest.to_string(),
        "legs": legs.collect::<Vec<_>>(), "worst": worst.collect::<Vec<_>>(),
        "liquidation_volatility_factor": account.volatility.map(factor),
        "what_if": tried.map(|(before, after)| json!({ "before": margins(before), "after": margins(after) })),
    })
}

/// The parts of an asset's haircuts, fractions; each side's parts sum to its haircut.
#[must_use]
pub fn haircut(asset: &AssetState, stress: &StressParams) -> Value {
    let side = |short: bool| {
        let p = parts(asset, short, stress);
        let named = [
            ("volatility", p.volatility),
            ("tail", p.tail),
            ("stress", p.stress),
            ("forecast", p.forecast),
            ("liquidity", p.liquidity),
            ("bounds", p.bounds),
        ];
        let named = named.map(|(name, rate)| json!({ "name": name, "rate": rate }));
        json!({ "haircut": p.total, "parts": named })
    };
    json!({
        "long": side(false), "short": side(true),
        "least": factor(asset.haircut_min), "most": factor(asset.haircut_max),
    })
}
