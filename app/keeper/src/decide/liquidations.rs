//! Touches and liquidations.
//!
//! What is due follows from [`ballast_client::plan::due`] on the board with the posted prices. Of a liquidation the plan
//! with the smallest shortfall is taken ([`ballast_client::plan::best_in`]); it is worth what the keeper keeps of the
//! penalty, and the bounty, less what passing on what was taken over is expected to lose, and the transaction. Touches
//! earn nothing and are made regardless: without them nobody's breach is ever confirmed.

use std::collections::BTreeMap;

use anchor_lang::prelude::Pubkey;
use ballast::instructions::LiquidationLeg;
use ballast::margin::BoardView;
use ballast::policy::{self, Action};
use ballast::state::{MarginAccount, RiskBoard};
use ballast_client::plan::{self, Due, Plan, Surroundings};
use ballast_risk::book::Basis;
use ballast_risk::phase::{Window, is_below};
use serde_json::json;

use super::Scene;
use crate::act::intent::{Intent, Urgency};

/// Seconds after which another look at an account that stays short is worth something, as `touch_account` has it.
const LOOK_AGAIN_S: i64 = 600;
/// Largest share of its levels' distance at which an alert clears, basis points, as `touch_account` has it.
const CLEAR_BPS: u32 = 10_500;

/// What a liquidation is expected to earn, quote micro-units.
#[must_use]
pub fn expected(plan: &Plan, slippage_bps: u64, cost: i64) -> i64 {
    let gain = i128::from(plan.step.to_keeper()) + i128::from(plan.bounty);
    let volume: u128 = plan.step.terms.iter().map(|t| u128::from(t.volume)).sum();
    let lost = (volume * u128::from(slippage_bps)).div_ceil(10_000);
    let net = gain - i128::try_from(lost).unwrap_or(i128::MAX) - i128::from(cost);
    i64::try_from(net).unwrap_or(if net < 0 { i64::MIN } else { i64::MAX })
}

/// Whether a look at an account would write anything down.
fn touch_is_due(account: &MarginAccount, board: &RiskBoard, now: i64) -> bool {
    let Ok(margin) = BoardView::for_liquidation(board, now).margin(account, Basis::Maintenance) else {
        return false;
    };
    let looked = if margin.is_liquidatable() {
        let open = policy::require_open(board, Action::Liquidate, now).is_ok();
        open && now.saturating_sub(account.short_seen) >= LOOK_AGAIN_S
    } else {
        account.short_since != 0 && account.has_fresh_prices(board, now)
    };
    let below = |bps: u32| {
        let levels = account.alert_bps.iter().filter(|level| **level != 0);
        levels.filter(|level| is_below(&margin, u32::from(**level) * bps / 10_000)).count() as u8
    };
    looked || below(10_000).max(account.alert.min(below(CLEAR_BPS))) != account.alert
}

/// The touch that an account is due, if any. `short` accounts come before those whose alert merely changes.
#[must_use]
pub fn touch(scene: &Scene, address: &Pubkey) -> Option<Intent> {
    let account = scene.book.margin(address)?;
    if !touch_is_due(account, &scene.fresh.board, scene.now) {
        return None;
    }
    let short = scene.watch.found(address).is_some_and(|v| v.ratio_bps < 10_000);
    let hash = scene.book.hash(address);
    let minute = (scene.now / LOOK_AGAIN_S).to_le_bytes();
    let instruction = scene.book.at.touch_account(*address);
    let mut intent =
        Intent::new("touch_account", format!("account:{address}"), &[&hash, &minute], instruction)
            .at(if short { Urgency::Now } else { Urgency::Crank });
    intent.needs = scene.needs(account);
    intent.price_heard = scene.price_heard(account);
    intent.shares = true;
    Some(intent)
}

/// Whether what the keeper would hold is within its limits.
fn within_limits(scene: &Scene, plan: &Plan, after: &MarginAccount) -> bool {
    let most = scene.config.inventory.most_value;
    if most == 0 {
        return true;
    }
    let board = &scene.fresh.board;
    let worth = |asset: u8, amount: i64| {
        let spot = board.asset(asset.into()).ok().map(ballast::state::AssetState::spot);
        spot.and_then(|s| s.value(amount).ok()).map_or(u64::MAX, i64::unsigned_abs)
    };
    plan.legs.iter().all(|leg| match leg.leg {
        LiquidationLeg::Position { market } => board.market(market.into()).is_ok_and(|m| {
            worth(m.asset, m.now(&after.position(market)).map_or(i64::MAX, |p| p.base)) <= most
        }),
        LiquidationLeg::Collateral { asset } => {
            worth(asset, i64::try_from(after.collateral_of(asset)).unwrap_or(i64::MAX)) <= most
        }
    })
}

/// The keeper's account and the markets' windows as they will be after what was decided before: all liquidations of a look
/// together are carried, and have room.
pub struct Ahead {
    keeper: MarginAccount,
    windows: BTreeMap<u8, Window>,
}

impl Ahead {
    /// As they stand; none where the keeper has no margin account of its own.
    #[must_use]
    pub fn of(scene: &Scene) -> Option<Self> {
        Some(Self { keeper: *scene.book.margin(&scene.own.0)?, windows: BTreeMap::new() })
    }

    /// What of their windows an account's markets will have used up.
    fn windows(&self, scene: &Scene, account: &MarginAccount) -> Vec<(u8, Window)> {
        let window = |market: u8| {
            let listed = scene.book.market(market)?;
            let stands = Window { time: listed.window_start, taken: listed.window_taken };
            Some((market, self.windows.get(&market).copied().unwrap_or(stands)))
        };
        account.held_positions().filter_map(|slot| window(slot.market)).collect()
    }
}

/// What is to be done about an account that falls short; `ahead` is brought forward by it.
#[must_use]
pub fn decide(scene: &Scene, address: &Pubkey, ahead: &mut Ahead) -> Option<Intent> {
    let account = scene.book.margin(address)?;
    let board = &scene.fresh.board;
    policy::require_open(board, Action::Liquidate, scene.now).ok()?;
    match plan::due(account, board, scene.now).ok()? {
        Due::Nothing => None,
        Due::Touch | Due::Confirmation => touch(scene, address),
        Due::Liquidation => liquidation(scene, address, account, ahead).or_else(|| touch(scene, address)),
    }
}

fn liquidation(
    scene: &Scene,
    address: &Pubkey,
    account: &MarginAccount,
    ahead: &mut Ahead,
) -> Option<Intent> {
    // The program refuses a keeper of the account's own owner.
    if account.owner == scene.own.1 || *address == scene.own.0 {
        return None;
    }
    let (board, rules) = (&scene.fresh.board, &scene.config.liquidation);
    let windows = ahead.windows(scene, account);
    let insurance = scene.book.treasury().map_or(0, |t| t.insurance);
    let around = Surroundings { windows: &windows, insurance, now: scene.now };
    let plan = plan::best_in(account, &ahead.keeper, board, around).ok().flatten()?;
    let expected = expected(&plan, rules.slippage_bps, rules.cost);
    if expected < rules.min_profit {
        tracing::debug!(account = %address, expected, "a liquidation is not worth its cost");
        return None;
    }
    let after = plan.taken_by(&ahead.keeper, board).ok()?;
    if !within_limits(scene, &plan, &after) {
        tracing::debug!(account = %address, "a liquidation would take the keeper beyond its limits");
        return None;
    }
    ahead.windows.extend(plan.windows_after(board, &around).ok()?);
    ahead.keeper = after;

    let instruction = scene.book.at.liquidate(*address, scene.own, &plan.legs);
    let hash = scene.book.hash(address);
    // The same account may be tried again at other prices, and once phase or window have moved on.
    let assets = BoardView::assets(account, board).filter_map(Result::ok);
    let times: Vec<u8> = assets.flat_map(|a| board.assets[a].publish_time.to_le_bytes()).collect();
    let legs: Vec<_> = plan.legs.iter().map(|l| (format!("{:?}", l.leg), l.amount)).collect();
    let detail = json!({
        "account": address.to_string(), "legs": legs, "equity": plan.step.before.equity,
        "maintenance": plan.step.before.maintenance, "equityAfter": plan.step.after.equity,
        "maintenanceAfter": plan.step.after.maintenance, "penalty": plan.step.penalty(), "bounty": plan.bounty,
    });
    let mut intent = Intent::new("liquidate", format!("account:{address}"), &[&hash, &times], instruction)
        .at(Urgency::Now)
        .telling(&detail);
    intent.needs = scene.needs(account);
    intent.price_heard = scene.price_heard(account);
    intent.expected = expected;
    Some(intent)
}
