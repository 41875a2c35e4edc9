//! What only a local cluster can do, over HTTP: money for everybody, shocks, and time.

use std::sync::Arc;

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::system_instruction;
use anyhow::{Context, Result};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use solana_signer::Signer as _;

use super::feed::Feed;
use super::house::give;
use super::keeper::Keeper;
use super::people::{QUOTE, SOL};

/// What the faucet gives at once: SOL, quote tokens, and coins for so many dollars each.
const FAUCET_SOL: u64 = 10 * SOL;
const FAUCET_QUOTE: u64 = 20_000 * QUOTE;
const FAUCET_DOLLARS: f64 = 5_000.0;
/// Seconds that a shock takes where nobody says.
const SHOCK_S: f64 = 10.0;

/// What the control endpoints act upon.
#[derive(Clone)]
pub struct Control {
    /// Prices and time.
    pub feed: Arc<Feed>,
    /// The keeper, where one runs.
    pub keeper: Option<Arc<Keeper>>,
}

type Answer = Result<Json<Value>, (StatusCode, Json<Value>)>;

#[derive(Deserialize)]
struct Faucet {
    address: String,
}

#[derive(Deserialize)]
struct Shock {
    asset: Value,
    bps: f64,
    #[serde(default)]
    seconds: Option<f64>,
}

#[derive(Deserialize)]
struct Time {
    seconds: i64,
}

/// Runs what waits for the node where it may wait, and says why it failed.
async fn answer(work: impl FnOnce() -> Result<Value> + Send + 'static) -> Answer {
    let done = tokio::task::spawn_blocking(work).await;
    let failed = |error: String| (StatusCode::BAD_REQUEST, Json(json!({ "error": error })));
    match done {
        Ok(Ok(value)) => Ok(Json(value)),
        Ok(Err(error)) => Err(failed(format!("{error:#}"))),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// The endpoints under `/control`.
pub fn routes(control: Control) -> Router {
    Router::new()
        .route("/control/status", get(status))
        .route("/control/faucet", post(faucet))
        .route("/control/shock", post(shock))
        .route("/control/time", post(time))
        .with_state(control)
}

async fn status(State(control): State<Control>) -> Answer {
    answer(move || {
        let mut said = control.feed.status();
        said["keeper"] = control.keeper.as_ref().map_or(Value::Null, |keeper| keeper.status());
        Ok(said)
    })
    .await
}

async fn faucet(State(control): State<Control>, Json(asked): Json<Faucet>) -> Answer {
    answer(move || {
        let text = asked.address;
        let owner: Pubkey =
            text.parse().ok().with_context(|| format!("'{text}' is no address (32 bytes in base58)"))?;
        give_to(&control.feed, &owner)
    })
    .await
}

async fn shock(State(control): State<Control>, Json(asked): Json<Shock>) -> Answer {
    answer(move || {
        let name = asked.asset.as_str().map_or_else(|| asked.asset.to_string(), str::to_owned);
        let seconds = asked.seconds.unwrap_or(SHOCK_S);
        control.feed.shock(&name, asked.bps, seconds)?;
        Ok(json!({ "asset": name, "bps": asked.bps, "seconds": seconds }))
    })
    .await
}

async fn time(State(control): State<Control>, Json(asked): Json<Time>) -> Answer {
    answer(move || Ok(json!({ "now": control.feed.travel(asked.seconds)? }))).await
}

/// SOL, quote, and a little of each coin.
fn give_to(feed: &Feed, owner: &Pubkey) -> Result<Value> {
    let (house, payer) = (&feed.house, feed.keys.payer.pubkey());
    let dollars = feed.prices();
    let mut all = vec![system_instruction::transfer(&payer, owner, FAUCET_SOL)];
    all.extend(give(&payer, owner, &house.at.quote_mint, FAUCET_QUOTE));
    let mut tokens = vec![json!({
        "symbol": "quote", "mint": house.at.quote_mint.to_string(), "amount": FAUCET_QUOTE.to_string(),
    })];
    for (asset, dollars) in house.config.assets.iter().zip(dollars) {
        let Some(mint) = asset.mint else { continue };
        let whole = 10f64.powi(asset.listing.decimals.into());
        let amount = (FAUCET_DOLLARS / dollars * whole) as u64;
        all.extend(give(&payer, owner, &mint, amount));
        tokens.push(json!({
            "symbol": asset.name(), "mint": mint.to_string(), "amount": amount.to_string(),
        }));
    }
    let all: Vec<_> = all.into_iter().map(|i| (format!("give to {owner}"), i)).collect();
    feed.node.send_all(&all, &feed.keys.payer, &[])?;
    Ok(json!({ "address": owner.to_string(), "lamports": FAUCET_SOL.to_string(), "tokens": tokens }))
}
