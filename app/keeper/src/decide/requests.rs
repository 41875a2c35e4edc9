//! Requests to trade with a backstop: executed at the first price after them, cleared away where they missed it.
//!
//! Where a request stands is judged on the board with the posted prices: the price that it waits for and its execution go
//! out in one transaction.

use ballast::state::{Stage, TradeRequest};
use serde_json::json;

use super::Scene;
use crate::act::intent::{Intent, Urgency};

/// What is to be done about open requests.
#[must_use]
pub fn decide(scene: &Scene) -> Vec<Intent> {
    let decided =
        scene.book.requests().filter_map(|(address, request)| one(scene, &address.to_string(), request));
    decided.collect()
}

fn one(scene: &Scene, address: &str, request: &TradeRequest) -> Option<Intent> {
    let market = scene.book.market(request.market)?;
    let vault = scene.book.vault(market)?;
    let asset = scene.fresh.board.asset(market.asset.into()).ok()?;
    let at = &scene.book.at;
    let price = asset.publish_time.to_le_bytes();
    let subject = format!("request:{address}");
    let detail =
        json!({ "request": address, "account": request.margin_account.to_string(), "base": request.base });
    let mut intent = match request.stage(asset, vault.params.max_lag_s, scene.now) {
        Stage::Waiting => return None,
        Stage::Due => {
            Intent::new("execute_trade", subject, &[&price], at.execute_trade(request)).at(Urgency::Now)
        }
        Stage::Missed | Stage::Unserved => {
            let close = at.close_request(scene.own.1, request);
            Intent::new("close_request", subject, &[&price], close).at(Urgency::Housekeeping)
        }
    };
    // Of a fill the trader's IM is asked, of all that it holds.
    let trader = scene.book.margin(&request.margin_account).filter(|_| intent.kind == "execute_trade");
    let held = trader.map(|account| scene.needs(account)).unwrap_or_default();
    intent.needs = scene.fresh.needed(held.into_iter().chain(std::iter::once(market.asset)));
    Some(intent.telling(&detail))
}
