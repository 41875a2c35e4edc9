//! Answers.

use std::collections::HashMap;
use std::sync::Arc;

use anchor_lang::prelude::Pubkey;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use ballast::state::MarginAccount;
use ballast_client::decode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Gateway, Refused, ask};
use crate::explain;
use crate::state::View;
use crate::store::events::{self, Shown, Wanted};
use crate::store::history::{self, AssetPoint, HousePoint, MarketPoint};

type Asked = Query<HashMap<String, String>>;
type Answer<T> = Result<Json<T>, Refused>;

/// Behind by this much, the gateway calls itself unwell, seconds.
const UNWELL_S: u64 = 60;
/// An account is explained at most this far from the chain's time, seconds.
const FARTHEST_S: i64 = 10 * 365 * 86_400;

fn view(gateway: &Gateway) -> Result<Arc<View>, Refused> {
    gateway.state.view().ok_or_else(|| Refused::later("the board was not read yet: try again in a moment"))
}

fn address(text: &str) -> Result<Pubkey, Refused> {
    let what = "it takes 32 bytes in base58, 43 or 44 letters and digits";
    text.parse().map_err(|_| Refused::bad(format!("'{text}' is no address: {what}")))
}

pub async fn nothing() -> Refused {
    Refused::missing("there is nothing here: docs/indexing.md lists what can be asked for")
}

pub async fn config(State(gateway): State<Gateway>) -> Answer<Value> {
    let (state, view) = (&gateway.state, view(&gateway)?);
    let (house, public) = (state.house(), &state.public);
    let (assets, markets) =
        house.listing(|index| view.board.market(index).is_ok_and(|market| market.is_option()));
    Ok(Json(json!({
        "cluster": public.cluster, "rpcUrl": public.rpc_url, "wsUrl": public.ws_url,
        "programId": ballast::ID.to_string(), "clearinghouse": state.at.clearinghouse.to_string(),
        "quoteMint": state.at.quote_mint.to_string(), "board": state.at.board.to_string(),
        "treasury": state.at.treasury.to_string(), "quoteVault": state.at.quote_vault.to_string(),
        "faucet": public.faucet, "assets": assets, "markets": markets,
    })))
}

pub async fn health(State(gateway): State<Gateway>) -> Json<Value> {
    let state = &gateway.state;
    let behind = state.behind().map(|behind| behind.as_secs());
    let ok = behind.is_some_and(|behind| behind < UNWELL_S);
    Json(json!({ "ok": ok, "slot": state.slot(), "behindSeconds": behind, "events": state.count() }))
}

pub async fn asset_history(
    State(gateway): State<Gateway>,
    Path(index): Path<String>,
    query: Asked,
) -> Answer<Vec<AssetPoint>> {
    let state = &gateway.state;
    let index = ask::index(&index, "asset", state.house().assets.len())?;
    let range = ask::range(&query, state.now())?;
    Ok(Json(state.store.read(move |from| history::asset(from, index, range)).await?))
}

pub async fn market_history(
    State(gateway): State<Gateway>,
    Path(index): Path<String>,
    query: Asked,
) -> Answer<Vec<MarketPoint>> {
    let state = &gateway.state;
    let index = ask::index(&index, "market", state.house().markets.len())?;
    let range = ask::range(&query, state.now())?;
    Ok(Json(state.store.read(move |from| history::market(from, index, range)).await?))
}

pub async fn house_history(State(gateway): State<Gateway>, query: Asked) -> Answer<Vec<HousePoint>> {
    let state = &gateway.state;
    let range = ask::range(&query, state.now())?;
    Ok(Json(state.store.read(move |from| history::house(from, range)).await?))
}

pub async fn events(State(gateway): State<Gateway>, query: Asked) -> Answer<Vec<Shown>> {
    let account = query.get("account").filter(|text| !text.is_empty());
    let wanted = Wanted {
        kinds: ask::kinds(&query)?,
        account: account.map(|text| address(text)).transpose()?,
        before: ask::maybe(&query, "before", "the id of an event")?,
        limit: ask::limit(&query)?,
    };
    Ok(Json(gateway.state.store.read(move |from| events::find(from, &wanted)).await?))
}

pub async fn accounts(State(gateway): State<Gateway>, query: Asked) -> Answer<Value> {
    let limit = ask::limit(&query)?;
    if let Some(sort) = query.get("sort").filter(|sort| *sort != "health" && !sort.is_empty()) {
        return Err(Refused::bad(format!("accounts cannot be sorted by '{sort}': give sort=health")));
    }
    let state = &gateway.state;
    let standings = state.accounts.standings(view(&gateway)?, state.house()).await;
    let standings = standings.map_err(|error| Refused::later(error.to_string()))?;
    Ok(Json(json!(standings[..limit.min(standings.len())])))
}

/// The account as it was last told of, or as the node has it.
async fn margin_account(gateway: &Gateway, address: &Pubkey) -> Result<Arc<MarginAccount>, Refused> {
    let state = &gateway.state;
    if let Some(known) = state.accounts.get(address) {
        return Ok(known);
    }
    let found = state.node.accounts(&[*address]).await;
    let (_, mut found) = found.map_err(|error| Refused::later(error.to_string()))?;
    let found = found.pop().flatten();
    let found = found.ok_or_else(|| Refused::missing(format!("there is no account {address}")))?;
    if found.owner != ballast::ID {
        let whose = found.owner;
        return Err(Refused::bad(format!(
            "{address} belongs to {whose}: it is no margin account of Ballast"
        )));
    }
    let account: Arc<MarginAccount> = decode::margin_account(&found.data)
        .map_err(|error| Refused::bad(format!("{address} cannot be read: {error}")))?
        .into();
    if account.clearinghouse != state.at.clearinghouse {
        return Err(Refused::bad(format!("{address} is an account of another clearinghouse")));
    }
    Ok(account)
}

pub async fn explain(
    State(gateway): State<Gateway>,
    Path(text): Path<String>,
    query: Asked,
) -> Answer<Value> {
    let address = address(&text)?;
    let trade = query.get("trade").filter(|text| !text.is_empty());
    let trade = trade.map(|text| explain::trade(text).map_err(Refused::bad)).transpose()?;
    let view = view(&gateway)?;
    let at: i64 = ask::maybe(&query, "at", "a time in unix seconds")?.unwrap_or_else(|| view.now());
    if at.abs_diff(view.now()) > FARTHEST_S.unsigned_abs() {
        return Err(Refused::bad(format!("{at} is too far from now to say anything of")));
    }
    let account = margin_account(&gateway, &address).await?;
    explained(&gateway, account, view, at, trade).await
}

/// What somebody asks of an account that does not stand so on the chain.
#[derive(Deserialize)]
struct Supposed {
    /// Its bytes, base64.
    account: String,
    /// A trade that is not made, as in the path for accounts that stand.
    trade: Option<String>,
}

/// Explains an account's bytes as a simulated transaction has left them, so that what a transaction would do can be
/// seen before it is signed.
pub async fn explain_bytes(State(gateway): State<Gateway>, body: Bytes) -> Answer<Value> {
    let asked: Supposed = serde_json::from_slice(&body)
        .map_err(|error| Refused::bad(format!("give {{\"account\": \"bytes in base64\"}}: {error}")))?;
    let bytes = BASE64.decode(&asked.account).map_err(|_| Refused::bad("'account' is not base64"))?;
    let account = decode::margin_account(&bytes).map_err(|error| Refused::bad(error.to_string()))?;
    if account.clearinghouse != gateway.state.at.clearinghouse {
        return Err(Refused::bad("these bytes are an account of another clearinghouse"));
    }
    let trade = asked.trade.map(|text| explain::trade(&text).map_err(Refused::bad)).transpose()?;
    let view = view(&gateway)?;
    let now = view.now();
    explained(&gateway, account.into(), view, now, trade).await
}

async fn explained(
    gateway: &Gateway,
    account: Arc<MarginAccount>,
    view: Arc<View>,
    at: i64,
    trade: Option<(u8, i64)>,
) -> Answer<Value> {
    let _place = gateway.explainers.acquire().await.map_err(|_| Refused::later("the gateway is stopping"))?;
    let symbols = gateway.state.house().symbols();
    let answer = move || explain::answer(&account, &view.board, symbols, at, trade);
    let answer = tokio::task::spawn_blocking(answer).await.map_err(anyhow::Error::from)?;
    Ok(Json(answer.map_err(Refused::impossible)?))
}

pub async fn haircut(State(gateway): State<Gateway>, Path(index): Path<String>) -> Answer<Value> {
    let view = view(&gateway)?;
    let index = ask::index(&index, "asset", view.board.asset_count.into())?;
    let answer = move || {
        let stress = view.board.margin_params().stress;
        view.board.asset(index.into()).ok().map(|asset| explain::haircut(asset, &stress))
    };
    let answer = tokio::task::spawn_blocking(answer).await.map_err(anyhow::Error::from)?;
    answer.map(Json).ok_or_else(|| Refused::missing(format!("there is no asset {index}")))
}
