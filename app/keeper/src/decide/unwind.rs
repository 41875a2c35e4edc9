//! What the keeper took over, and passes on.
//!
//! A position above its limit is reduced against the market's backstop, by a request for the opposite trade: the whole of
//! it, as far as the backstop trades at once and takes. Collateral that was bought is the owner's to withdraw and sell.

use ballast::instructions::RequestTradeArgs;
use ballast_risk::quoting;
use serde_json::json;

use super::Scene;
use crate::act::intent::{Intent, Urgency};

/// The requests that bring the keeper's own positions down.
#[must_use]
pub fn decide(scene: &Scene) -> Vec<Intent> {
    let rules = &scene.config.inventory;
    let (Some(own), Ok(above)) = (scene.book.margin(&scene.own.0), u64::try_from(rules.unwind_above)) else {
        return Vec::new();
    };
    own.held_positions().filter_map(|slot| one(scene, slot.market, above)).collect()
}

fn one(scene: &Scene, index: u8, above: u64) -> Option<Intent> {
    let rules = &scene.config.inventory;
    let (own, board) = (scene.book.margin(&scene.own.0)?, &scene.fresh.board);
    let listed = board.market(index.into()).ok()?;
    let held = own.position_now(index, listed).ok()?.base;
    let asset = board.asset(listed.asset.into()).ok()?;
    let worth = asset.spot().value(held).ok()?.unsigned_abs();
    if held == 0 || worth <= above || !asset.is_believed(scene.now) {
        return None;
    }
    // One at a time: what the last one left is asked for when it is known.
    let asked = scene.book.requests().any(|(_, r)| r.margin_account == scene.own.0 && r.market == index);
    let market = scene.book.market(index)?;
    let vault = scene.book.vault(market).filter(|_| !asked)?;
    let slice = scene.book.margin(&vault.slice)?;
    let inventory = slice.position_now(index, listed).ok()?.base;
    let params = vault.params.quoting();
    let mut size = held.unsigned_abs().min(vault.params.max_trade);
    let mut base = 0;
    // Halved until the backstop would take it.
    while size > 0 && base == 0 {
        let wanted = -held.signum() * i64::try_from(size).ok()?;
        let fits = matches!(quoting::quote(wanted, inventory, &asset.spot(), &params), Ok(Some(q))
            if !(q.increases && vault.is_halted(scene.now)));
        (base, size) = (if fits { wanted } else { 0 }, size / 2);
    }
    let value = u128::from(asset.spot().value(base).ok().filter(|_| base != 0)?.unsigned_abs());
    let bps = u128::from(rules.unwind_slippage_bps.min(10_000));
    let limit =
        if base > 0 { (value * (10_000 + bps)).div_ceil(10_000) } else { value * (10_000 - bps) / 10_000 };
    let limit_quote = u64::try_from(limit).ok()?.max(1);
    // The id follows from what is held, so that the same unwinding is asked for once.
    let hash = scene.book.hash(&scene.own.0);
    let id = u64::from_le_bytes(hash[..8].try_into().ok()?).wrapping_add(index.into());
    let args = RequestTradeArgs { id, base, limit_quote, expires_in_s: rules.unwind_expires_s };
    let instruction = scene.book.at.request_trade(scene.own.1, index, scene.own, args);
    let epoch = (scene.now / i64::from(rules.unwind_expires_s.max(1))).to_le_bytes();
    let detail = json!({ "market": index, "base": base, "limitQuote": limit_quote });
    let mut intent = Intent::new("request_trade", format!("own:{index}"), &[&hash, &epoch], instruction)
        .at(Urgency::Crank)
        .telling(&detail);
    intent.needs = scene.needs(own);
    Some(intent)
}
