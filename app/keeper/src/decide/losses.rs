//! Accounts that no keeper takes: the backstop takes over, and what is bankrupt is resolved.

use anchor_lang::prelude::Pubkey;
use ballast::margin::BoardView;
use ballast::policy::{self, Action};
use ballast_client::plan;
use ballast_risk::book::Basis;
use ballast_risk::settlement;
use serde_json::json;

use super::Scene;
use crate::act::intent::{Intent, Urgency};

fn intent(
    scene: &Scene,
    kind: &'static str,
    address: &Pubkey,
    instruction: anchor_lang::solana_program::instruction::Instruction,
) -> Intent {
    let (hash, board) = (scene.book.hash(address), scene.book.hash(&scene.book.at.board));
    let mut intent =
        Intent::new(kind, format!("account:{address}"), &[&hash, &board], instruction).at(Urgency::Loss);
    intent.needs = scene.book.margin(address).map(|a| scene.needs(a)).unwrap_or_default();
    intent
}

/// The part of an account's position that a backstop takes over, if one is due and a backstop can carry it.
#[must_use]
pub fn take_over(scene: &Scene, address: &Pubkey) -> Option<Intent> {
    let account = scene.book.margin(address)?;
    let board = &scene.fresh.board;
    let wait = u64::from(board.phases.takeover_s);
    if account.short_for(scene.now).is_none_or(|s| s < wait) {
        return None;
    }
    let mut best: Option<(u8, plan::Plan)> = None;
    for slot in account.held_positions() {
        let Some(market) = scene.book.market(slot.market) else { continue };
        let Some(vault) = scene.book.vault(market) else { continue };
        let Some(slice) = scene.book.margin(&vault.slice).filter(|_| vault.slice != *address) else {
            continue;
        };
        if policy::require_market(board, Action::Liquidate, slot.market.into(), scene.now).is_err() {
            continue;
        }
        let listed = board.market(slot.market.into()).ok()?;
        let (held, base) = (slice.position_now(slot.market, listed).ok()?.base, listed.now(slot).ok()?.base);
        let reduces = held.signum() * base.signum() < 0;
        let room = if reduces {
            held.unsigned_abs()
        } else if vault.is_halted(scene.now) {
            0
        } else {
            vault.params.max_position.saturating_sub(held.unsigned_abs())
        };
        let found = plan::takeover(account, slice, board, (slot.market, room), scene.now).ok().flatten();
        if let Some(found) = found
            && best.as_ref().is_none_or(|(_, b)| found.step.after.shortfall() < b.step.after.shortfall())
        {
            best = Some((slot.market, found));
        }
    }
    let (market, plan) = best?;
    let amount = plan.legs.first()?.amount;
    let detail = json!({ "account": address.to_string(), "market": market, "amount": amount });
    Some(
        intent(scene, "take_over", address, scene.book.at.take_over(market, *address, amount))
            .telling(&detail),
    )
}

/// The resolution of an account whose equity is below zero, if it is due.
#[must_use]
pub fn resolve(scene: &Scene, address: &Pubkey) -> Option<Intent> {
    let account = scene.book.margin(address)?;
    let board = &scene.fresh.board;
    let view = BoardView::at(board, scene.now);
    if view.equity(account, Basis::Maintenance).ok()? >= 0 {
        return None;
    }
    policy::require_open(board, Action::Liquidate, scene.now).ok()?;
    policy::require_holdings(board, account, Action::Liquidate, scene.now).ok()?;
    let mut worst: Option<(u8, i64)> = None;
    let mut left = account.held_collateral().next().is_some();
    for slot in account.held_positions() {
        let listed = board.market(slot.market.into()).ok()?;
        let now = listed.now(slot).ok()?;
        left |= now.base != 0;
        if listed.is_option() || now.base == 0 {
            continue;
        }
        let spot = board.asset(listed.asset.into()).ok()?.spot();
        let unsettled = settlement::unsettled(now.base, now.entry, &spot).ok()?;
        if worst.is_none_or(|(_, least)| unsettled < least) {
            worst = Some((slot.market, unsettled));
        }
    }
    if left && !account.has_waited(board, scene.now) {
        return None;
    }
    // Without a position only the fund can pay, and only what it has.
    if worst.is_none() && scene.book.treasury()?.insurance == 0 {
        return None;
    }
    let market = worst.map(|(market, _)| market);
    let backed = |m: &u8| scene.book.market(*m).is_some_and(|m| m.backstop != Pubkey::default());
    let at = &scene.book.at;
    let instruction = match market.filter(backed) {
        Some(market) => at.resolve_with_backstop(*address, market),
        None => at.resolve_bankruptcy(*address, market),
    };
    let treasury = scene.book.treasury()?.insurance.to_le_bytes();
    let detail = json!({ "account": address.to_string(), "market": market });
    let mut intent = intent(scene, "resolve_bankruptcy", address, instruction).telling(&detail);
    intent.key = crate::act::intent::key("resolve_bankruptcy", &intent.key, &[&treasury]);
    Some(intent)
}
