//! Cranks: what keeps the house going whether or not anybody falls short.

use anchor_lang::prelude::Pubkey;
use ballast::governance::ROWS;
use ballast::oracle::pyth;
use ballast::policy::{self, Action};
use ballast::state::proposal::kind;
use ballast::state::{MarginAccount, Market};
use ballast_client::instructions::{Sources, Which};
use ballast_risk::cover::{self, Report};
use ballast_risk::settlement;
use serde_json::json;

use super::Scene;
use crate::act::intent::{Intent, Urgency};

/// Least seconds between two steps of funding and of interest, as the program has it.
const LEAST_STEP_S: i64 = 60;
/// Seconds after which the quote token's price is put on the board again.
const QUOTE_EVERY_S: i64 = 60;
/// Seconds after expiry from when on a silent oracle's last price settles an option, as the program has it.
const FIX_AFTER_S: i64 = 3_600;
/// Seconds between two steps of a ramp.
const RAMP_EVERY_S: i64 = 3_600;
/// Change of open interest that is worth copying to the board: one part in so many.
const EXPOSURE_PARTS: u64 = 10;
/// Settlements that are decided in one look.
const MOST_SETTLED: usize = 16;

/// Puts an asset's posted price on the board.
#[must_use]
pub fn refresh(scene: &Scene, asset: u8) -> Option<Intent> {
    let posted = scene.fresh.pending(asset)?;
    let config = scene.book.asset(asset)?;
    let given = |address: Pubkey| (address != Pubkey::default()).then_some(address);
    let sources = Sources {
        price_update: posted.account,
        second_source: given(config.second_source),
        stake_pool: given(config.stake_pool),
    };
    let instruction = scene.book.at.refresh_price_from(asset, &sources);
    let subject = format!("asset:{asset}:{}", posted.publish_time);
    let mut intent = Intent::new("refresh_price", subject, &[], instruction)
        .at(Urgency::Price)
        .telling(&json!({ "asset": asset, "publishTime": posted.publish_time }));
    intent.price_heard = scene.heard.get(&posted.account).copied();
    intent.puts = Some(asset);
    intent.needs = scene.fresh.underlying(asset).into_iter().collect();
    Some(intent)
}

/// The posted prices that are to be put on the board even where nothing waits for them.
pub fn prices<'a>(scene: &'a Scene) -> impl Iterator<Item = Intent> + 'a {
    let (rules, board) = (&scene.config.cranks, scene.board());
    let due = move |asset: &u8| {
        let (Some(posted), Ok(on)) = (scene.fresh.pending(*asset), board.asset((*asset).into())) else {
            return false;
        };
        // What is held back is not the price, but it was heard.
        let late = posted.publish_time - on.publish_time.max(on.heard_time) >= rules.refresh_every_s;
        posted.move_bps >= rules.refresh_move_bps || late || on.breaker != 0 || !on.is_fresh(scene.now)
    };
    (0..board.asset_count).filter(due).filter_map(|asset| refresh(scene, asset))
}

fn quote(scene: &Scene) -> Option<Intent> {
    let (house, board) = (scene.book.house()?, scene.board());
    let account = scene.book.posts().quote.filter(|_| house.quote_feed_id != [0; 32])?;
    let publish_time = scene.book.price(&account)?.price_message.publish_time;
    let late = publish_time - board.quote_time >= QUOTE_EVERY_S;
    let newer = publish_time > board.quote_time && (late || board.off_peg != 0);
    let state = publish_time.to_le_bytes();
    let instruction = scene.book.at.refresh_quote(account);
    newer.then(|| {
        Intent::new("refresh_quote", format!("quote:{publish_time}"), &[&state], instruction)
            .at(Urgency::Price)
    })
}

/// Puts an asset's posted implied volatility on the board, where the program would take it: options are marked at it, and it
/// is forgotten when nobody repeats it.
fn implied(scene: &Scene, asset: u8) -> Option<Intent> {
    let (config, on) = (scene.book.asset(asset)?, scene.board().asset(asset.into()).ok()?);
    let account = *scene.book.posts().implied.get(&asset)?;
    let update = scene.book.price(&account)?;
    let publish_time = update.price_message.publish_time;
    let late = publish_time.saturating_sub(on.implied_time) >= scene.config.cranks.implied_every_s.max(1);
    if !late || pyth::accept_volatility(update, config, scene.clock).is_err() {
        return None;
    }
    let instruction = scene.book.at.refresh_implied_volatility(asset, account);
    let state = [publish_time, on.implied_time].map(i64::to_le_bytes).concat();
    let detail = json!({ "asset": asset, "publishTime": publish_time });
    let subject = format!("implied:{asset}");
    Some(Intent::new("refresh_implied_volatility", subject, &[&state], instruction).telling(&detail))
}

fn tick(scene: &Scene) -> Option<Intent> {
    let board = scene.board();
    let due = board.due(scene.now)?;
    let state = [board.last_tick, board.last_short_tick].map(i64::to_le_bytes).concat();
    let mut intent = Intent::new("tick", "tick".into(), &[&state], scene.book.at.tick())
        .telling(&json!({ "kind": format!("{due:?}") }));
    // Who has no recent price is left out of the row.
    let stale = (0..board.asset_count).filter(|a| !board.assets[usize::from(*a)].is_fresh(scene.now));
    intent.needs = scene.fresh.needed(stale);
    Some(intent)
}

fn interest(scene: &Scene) -> Option<Intent> {
    let board = scene.board();
    let every = scene.config.cranks.interest_every_s.max(LEAST_STEP_S);
    let due = scene.now.saturating_sub(board.loan_time) >= every;
    let state = board.loan_time.to_le_bytes();
    let instruction = scene.book.at.accrue_interest();
    due.then(|| {
        Intent::new("accrue_interest", "interest".into(), &[&state], instruction).at(Urgency::Housekeeping)
    })
}

/// What is due of a market itself.
fn of_market(scene: &Scene, market: &Market) -> Vec<Intent> {
    let (board, rules, at) = (scene.board(), &scene.config.cranks, &scene.book.at);
    let index = market.index;
    let Ok(listed) = board.market(index.into()) else { return Vec::new() };
    let Ok(asset) = board.asset(listed.asset.into()) else { return Vec::new() };
    let mut due = Vec::new();
    let funding = scene.now.saturating_sub(listed.funding_time) >= rules.funding_every_s.max(LEAST_STEP_S);
    if funding && scene.book.vault(market).is_some() && asset.is_believed(scene.now) {
        let state = listed.funding_time.to_le_bytes();
        due.push(Intent::new(
            "update_funding",
            format!("funding:{index}"),
            &[&state],
            at.update_funding(index),
        ));
    }
    let expired = listed.is_option() && scene.now >= listed.expiry.saturating_add(FIX_AFTER_S);
    if expired && listed.settlement_price().is_none() {
        let instruction = at.fix_settlement_price(index);
        due.push(Intent::new("fix_settlement_price", format!("fix:{index}"), &[], instruction));
    }
    let (open, known) = (market.open_interest, listed.open_interest);
    if open.abs_diff(known) > open.max(known) / EXPOSURE_PARTS {
        let state = [open, known].map(u64::to_le_bytes).concat();
        let instruction = at.refresh_exposure(listed.asset, Some(index), None);
        due.push(Intent::new("refresh_exposure", format!("exposure:{index}"), &[&state], instruction));
    }
    if market.fees >= rules.sweep_least.max(1) {
        let state = market.fees.to_le_bytes();
        let sweep = Intent::new("sweep_fees", format!("fees:{index}"), &[&state], at.sweep_fees(index));
        due.push(sweep.at(Urgency::Housekeeping));
    }
    due.extend(cover(scene, market));
    due
}

/// Reports the account of a market that could leave the most unpaid, where that changes what the market knows.
fn cover(scene: &Scene, market: &Market) -> Option<Intent> {
    let subject = format!("cover:{}", market.index);
    if !scene.is_due("report_cover", &subject, scene.config.cranks.cover_every_s) {
        return None;
    }
    let backed = scene.book.vault(market);
    let holders = scene.book.margins().filter(|address| {
        let held = scene.book.margin(address).is_some_and(|a| a.position(market.index).base != 0);
        let listed = market.cover_accounts.contains(address);
        (held || listed) && backed.is_none_or(|v| v.slice != **address)
    });
    let reports = holders.filter_map(|address| {
        let held = scene.book.margin(address)?.position(market.index).base != 0;
        let found = scene.watch.found(address)?;
        let shortfall = if held { cover::shortfall(found.stress, found.equity) } else { 0 };
        Some(Report { account: *address, shortfall, time: scene.now })
    });
    let known = market.cover();
    let news = reports.filter(|report| {
        let mut largest = known;
        let entered = cover::take(&mut largest, *report);
        let same = |k: &Report<Pubkey>| k.account == report.account && k.shortfall == report.shortfall;
        (entered || largest != known) && !known.iter().any(same)
    });
    let report = news.max_by_key(|report| report.shortfall)?;
    let at = &scene.book.at;
    let instruction = at.report_cover(report.account, market.index, backed.is_some());
    let hash = scene.book.hash(&at.market(market.index));
    let detail = json!({ "account": report.account.to_string(), "shortfall": report.shortfall });
    let report = Intent::new("report_cover", subject, &[&hash, report.account.as_ref()], instruction);
    Some(report.at(Urgency::Housekeeping).telling(&detail))
}

fn proposals(scene: &Scene) -> Vec<Intent> {
    let mut due = Vec::new();
    for (address, made) in scene.book.proposals() {
        let waits = made.ramps && made.ramp_time != 0 && scene.now - made.ramp_time < RAMP_EVERY_S;
        if waits || made.require_ripe(scene.clock).is_err() {
            continue;
        }
        let which = match made.kind {
            kind::PARAMETER => match ROWS.get(usize::from(made.parameter)) {
                Some(row) => Some(Which { parameter: row.parameter, target: made.target }),
                None => continue,
            },
            kind::ROLE => None,
            _ => continue,
        };
        let instruction = scene.book.at.apply_proposal(made.id, which);
        let hash = scene.book.hash(address);
        let apply = Intent::new("apply_proposal", format!("proposal:{address}"), &[&hash], instruction);
        due.push(apply.at(Urgency::Housekeeping).telling(&json!({ "proposal": made.id })));
    }
    due
}

/// A settlement, or a position that has to be brought in step, and what is unsettled of it.
fn of_position(scene: &Scene, address: &Pubkey, account: &MarginAccount) -> Vec<(i64, Intent)> {
    let (board, at) = (scene.board(), &scene.book.at);
    let mut due = Vec::new();
    let hash = scene.book.hash(address);
    for slot in account.held_positions() {
        let Ok(listed) = board.market(slot.market.into()) else { continue };
        let Ok(asset) = board.asset(listed.asset.into()) else { continue };
        let subject = format!("account:{address}");
        if slot.base != 0 && listed.side(slot.base).epoch != slot.epoch {
            let instruction = at.touch_position(slot.market, *address);
            let touch = Intent::new("touch_position", subject, &[&hash, &[slot.market]], instruction);
            due.push((0, touch.at(Urgency::Housekeeping)));
            continue;
        }
        let Ok(now) = listed.now(slot) else { continue };
        let cleared = listed.is_option() && listed.settlement_price().is_some() && now.base != 0;
        let unsettled = if listed.is_option() {
            if scene.now < listed.expiry || (listed.settlement_price().is_none() && now.base != 0) {
                continue;
            }
            now.entry
        } else if asset.is_believed(scene.now) {
            settlement::unsettled(now.base, now.entry, &asset.spot()).unwrap_or(0)
        } else {
            continue;
        };
        let index = usize::from(listed.asset);
        // Of a young jump losses are paid in and profit waits; an option's price is an average that no jump changes.
        let waits = !listed.is_option()
            && policy::require_asset_itself(board, Action::PayOut, index, scene.now).is_err();
        let pool = scene.book.market(slot.market).map_or(0, |m| m.pool);
        let pays = unsettled < 0 || (pool > 0 && !waits);
        let large = unsettled.unsigned_abs() >= scene.config.cranks.settle_least.max(1) && pays;
        let key = format!("{address}:{}", slot.market);
        if (large || cleared) && scene.is_due("settle", &key, scene.config.cranks.settle_every_s) {
            let instruction = at.settle(slot.market, *address);
            let detail =
                json!({ "account": address.to_string(), "market": slot.market, "unsettled": unsettled });
            let settle = Intent::new("settle", key, &[&hash], instruction);
            due.push((unsettled, settle.at(Urgency::Housekeeping).telling(&detail)));
        }
    }
    due
}

fn accounts(scene: &Scene) -> Vec<Intent> {
    let mut due = Vec::new();
    for address in scene.book.margins() {
        let Some(account) = scene.book.margin(address) else { continue };
        due.extend(of_position(scene, address, account));
        let owed = account.loan().abs_diff(account.loan_counted).saturating_add(account.interest_owed);
        if owed >= scene.config.cranks.settle_least.max(1) {
            let hash = scene.book.hash(address);
            let instruction = scene.book.at.count_loan(*address);
            let count = Intent::new("count_loan", format!("account:{address}"), &[&hash], instruction);
            due.push((0, count.at(Urgency::Housekeeping)));
        }
    }
    // Losers first: what they pay is what winners are paid from.
    due.sort_by_key(|(unsettled, _)| *unsettled);
    due.into_iter().map(|(_, intent)| intent).take(MOST_SETTLED).collect()
}

/// What is due of the board, now.
#[must_use]
pub fn board(scene: &Scene) -> Vec<Intent> {
    let implied = (0..scene.board().asset_count).filter_map(|asset| implied(scene, asset));
    quote(scene).into_iter().chain(implied).chain(tick(scene)).collect()
}

/// What is due of markets, accounts and proposals; looked at every few seconds.
#[must_use]
pub fn housekeeping(scene: &Scene) -> Vec<Intent> {
    let markets = (0..scene.board().market_count).filter_map(|i| scene.book.market(i));
    let mut due: Vec<Intent> = markets.flat_map(|market| of_market(scene, market)).collect();
    due.extend(interest(scene));
    due.extend(proposals(scene));
    due.extend(accounts(scene));
    due
}
