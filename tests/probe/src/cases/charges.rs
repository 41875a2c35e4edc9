//! What an asset and a book are charged, part by part; fills, liquidations and settlements.

use alloc::vec::Vec;

use ballast_risk::envelope::Envelope;
use ballast_risk::fill::{self, Change};
use ballast_risk::fixed::RATE_ONE;
use ballast_risk::haircut::{Drivers, HaircutBounds, Seasoning, haircuts};
use ballast_risk::liquidation::{self, LiquidationParams};
use ballast_risk::liquidity::{Depth, DepthParams, Impact, crowding};
use ballast_risk::margin::Margin;
use ballast_risk::scenario::Tails;
use ballast_risk::settlement;
use ballast_risk::stress::{self, STRESS_ROWS, Shock, StressColumn, StressParams, StressVector};

use super::Words;
use crate::draw::Draw;
use crate::wire::Answer;

/// ω and d, now and then beyond what is accepted.
pub(super) fn some_stress(draw: &mut Draw) -> StressParams {
    StressParams { weight: draw.up_to(RATE_ONE + 1), decorrelation: draw.up_to(RATE_ONE + 1) }
}

/// Shocks of every size in every row.
pub(super) fn some_column(draw: &mut Draw) -> StressColumn {
    let length = draw.below(16);
    let shocks: [i16; STRESS_ROWS] = core::array::from_fn(|_| {
        let x = (draw.uniform() >> 48) as i16;
        if draw.one_in(16) { i16::MIN } else { x >> length }
    });
    stress::column(&shocks)
}

/// Stress rows of a few assets, the worst of them, and the blend.
#[inline(never)]
pub(super) fn stress_rows(draw: &mut Draw, out: &mut Answer) {
    let columns: Vec<StressColumn> = (0..3).map(|_| some_column(draw)).collect();
    columns[0].iter().for_each(|word| word.put(out));
    let own = Shock { long: draw.up_to(8 * RATE_ONE), short: draw.up_to(8 * RATE_ONE) };
    let shock = own.covering(&columns[1]);
    shock.long.put(out);
    shock.short.put(out);
    shock.widest().put(out);
    // Weights that sum to less than 2¹⁶.
    let mut weight = || draw.signed() % (1 << 14);
    let mut vector = StressVector::new();
    vector.add_many([&columns[0], &columns[1]], [weight(), weight()]);
    vector.add_many([&columns[2]], [weight()]);
    vector.worst(draw.word(), draw.below(40) as u32).put(out);
    vector.worst(draw.up_to(1 << 38), draw.below(40) as u32).put(out);
    let params = some_stress(draw);
    params.validate().is_ok().put(out);
    params.blend(draw.word(), draw.word()).put(out);
    params.blend(draw.up_to(1 << 53), draw.up_to(1 << 53)).put(out);
}

/// The square-root law, depth in time, and crowding.
#[inline(never)]
pub(super) fn liquidity(draw: &mut Draw, out: &mut Answer) {
    let impact = Impact::new(draw.word(), draw.up_to(RATE_ONE - 1), draw.word());
    impact.coefficient.put(out);
    impact.rate(draw.word()).put(out);
    impact.excess(draw.word(), draw.word()).put(out);
    let usual = Impact::new(draw.up_to(16 * RATE_ONE), draw.up_to(RATE_ONE - 1), 1 + draw.up_to(1 << 53));
    usual.excess(draw.up_to(1 << 53), draw.up_to(1 << 53)).put(out);
    crowding(draw.word(), draw.word(), draw.up_to(RATE_ONE)).put(out);

    let cap = draw.up_to(1 << 53);
    let params = DepthParams { floor: draw.up_to(cap), cap, half_life_s: draw.half() % 90_000 };
    if params.validate().is_err() {
        return 0u8.put(out);
    }
    let mut depth = Depth { volume: draw.word(), time: draw.signed() / 4 };
    let mut now = depth.time;
    for _ in 0..3 {
        now = now.saturating_add(draw.up_to(200_000) as i64).saturating_sub(5);
        depth.at(&params, now).put(out);
        depth.report(&params, draw.word(), now).is_ok().put(out);
        depth.volume.put(out);
        depth.time.put(out);
    }
}

/// The envelope of a configuration.
#[inline(never)]
pub(super) fn envelope(draw: &mut Draw, out: &mut Answer) {
    let mut bps = || if draw.one_in(8) { draw.half() } else { draw.half() % 10_001 };
    let envelope =
        Envelope { max_move_bps: bps(), carry_bps: bps(), penalty_bps: bps(), slippage_bps: bps() };
    envelope.least_haircut().put(out);
    let haircut_min = draw.up_to(RATE_ONE);
    let shock = Shock { long: draw.up_to(RATE_ONE), short: draw.up_to(8 * RATE_ONE) };
    let safe = envelope.check(haircut_min, shock, draw.up_to(RATE_ONE));
    safe.is_ok().put(out);
}

#[inline(never)]
pub(super) fn haircut(draw: &mut Draw, out: &mut Answer) {
    let bounds = HaircutBounds { min: draw.up_to(RATE_ONE), max: draw.up_to(RATE_ONE + 1) };
    bounds.validate().is_ok().put(out);
    let stress = some_stress(draw);
    for seasoning in [
        Seasoning::FULL,
        Seasoning {
            lived: draw.half() % 9_000,
            needed: draw.half() % 9_000,
            rows: draw.half() % 300,
            missed: draw.half() % 64,
        },
    ] {
        seasoning.nets().put(out);
        seasoning.tail(draw.half() >> 8).put(out);
        let drivers = Drivers {
            sigma: draw.up_to(2 * RATE_ONE),
            expected: draw.up_to(2 * RATE_ONE),
            tails: Tails { long: draw.half() >> 8, short: draw.half() >> 8 },
            shock: Shock { long: draw.up_to(8 * RATE_ONE), short: draw.up_to(8 * RATE_ONE) },
            liquidity_long: draw.up_to(RATE_ONE),
            liquidity_short: draw.word(),
            seasoning,
        };
        let h = haircuts(&drivers, &stress, &bounds);
        h.long.put(out);
        h.short.put(out);
        h.addon_long.put(out);
        h.addon_short.put(out);
        h.netted.put(out);
    }
}

fn some_margin(draw: &mut Draw) -> Margin {
    let maintenance = draw.word();
    Margin { equity: draw.signed(), maintenance, initial: draw.word(), ..Margin::default() }
}

#[inline(never)]
pub(super) fn liquidate(draw: &mut Draw, out: &mut Answer) {
    let params = LiquidationParams {
        penalty_bps: draw.half() % 20_001,
        insurance_share_bps: draw.half() % 20_001,
        buffer_bps: draw.half(),
        dust: draw.word(),
    };
    let spot = if draw.one_in(2) { draw.price() } else { draw.coin() };
    match liquidation::terms(draw.signed(), &spot, draw.signed(), &params) {
        Ok(t) => {
            t.quantity.put(out);
            t.proceeds.put(out);
            t.penalty.put(out);
            t.to_insurance.put(out);
            t.to_keeper().put(out);
        }
        Err(e) => (1 + e as u8).put(out),
    }
    liquidation::target(draw.word(), &params).put(out);
    let (before, after) = (some_margin(draw), some_margin(draw));
    before.put(out);
    let verdict = liquidation::judge(&before, &after, draw.word(), &params);
    verdict.map(|refusal| refusal.map_or(0, |r| 1 + r as u8)).put(out);
}

#[inline(never)]
pub(super) fn settle(draw: &mut Draw, out: &mut Answer) {
    let (spot, stable) = (draw.price(), draw.price());
    settlement::collateral_credit(draw.word(), &spot, &stable, draw.up_to(2 * RATE_ONE)).put(out);
    settlement::payable(draw.word(), draw.signed(), draw.word()).put(out);
    settlement::unsettled(draw.signed(), draw.signed(), &spot).put(out);
    settlement::unsettled(draw.signed() >> 20, draw.signed() >> 10, &stable).put(out);
}

#[inline(never)]
pub(super) fn filled(draw: &mut Draw, out: &mut Answer) {
    let (base, quote) = (draw.signed(), draw.word());
    let (spot, bps) = (if draw.one_in(2) { draw.price() } else { draw.coin() }, draw.half());
    fill::within_band(base, quote, &spot, bps).put(out);
    fill::no_worse_than_liquidation(base, quote, &spot, bps % 20_000).put(out);
    fill::fee(quote, bps).put(out);
    // A quote near the oracle's value, where the band decides.
    if let Ok(value) = spot.value(-base.saturating_abs()) {
        let near = value.unsigned_abs().saturating_add(draw.below(3)).saturating_sub(1);
        fill::within_band(base, near, &spot, bps % 100).put(out);
        fill::no_worse_than_liquidation(base, near, &spot, bps % 100).put(out);
    }
    let change = Change {
        position_before: draw.signed(),
        position_after: draw.signed(),
        excess_before: i128::from(draw.signed()) << draw.below(64),
        excess_after: i128::from(draw.signed()) << draw.below(64),
        equity_after: draw.signed(),
    };
    change.strictly_reduces().put(out);
}
