//! Funding and deleveraging of a whole market, by the board's own state, without a VM.

use ballast::state::{MarketState, PositionSlot, SideIndex};
use ballast_risk::fixed::RATE_ONE;
use ballast_risk::funding;
use ballast_risk::price::Price;
use ballast_risk::side::SCALE_ONE;
use bytemuck::Zeroable;

fn market() -> MarketState {
    let side = SideIndex { scale: SCALE_ONE, ..SideIndex::zeroed() };
    MarketState { long: side, short: side, ..MarketState::zeroed() }
}

fn slot(market: &MarketState, base: i64) -> PositionSlot {
    let mut slot = PositionSlot { base, ..PositionSlot::default() };
    slot.mark(market);
    slot
}

/// 100 quote for a whole token of nine decimals: a tenth of a micro-unit a native unit.
fn hundred() -> Price {
    Price::from_decimal(100, 0, 9).expect("a price")
}

/// Longs pay shorts a rate (2⁻³²) of what a unit is worth.
fn fund(market: &mut MarketState, spot: &Price, rate: i64) {
    let charged = rate << (funding::CHARGE_BITS - 32);
    let paid = funding::payment(charged, spot, market.cash_unit(spot)).expect("it fits");
    market.pay_funding(&paid).expect("it fits");
}

#[test]
fn what_longs_pay_is_what_shorts_are_given() {
    let (mut market, spot) = (market(), hundred());
    let longs = [slot(&market, 600_000_000_000), slot(&market, 400_000_000_001)];
    let short = slot(&market, -1_000_000_000_001);
    // A tenth of a per cent of 100,000 quote.
    fund(&mut market, &spot, RATE_ONE as i64 / 1_000);
    let given = |s: &PositionSlot| market.now(s).expect("it fits").entry;
    let paid: i64 = longs.iter().map(given).sum();
    assert!((-100_000_000..=-99_999_900).contains(&paid), "{paid}");
    let left = -paid - given(&short);
    assert!((0..=4).contains(&left), "{left} micro-units of rounding");
    // And back.
    fund(&mut market, &spot, -(RATE_ONE as i64) / 1_000);
    let all: i64 = longs.iter().chain([&short]).map(|s| market.now(s).expect("it fits").entry).sum();
    assert!((-8..=0).contains(&all), "roundings go against accounts: {all}");
}

#[test]
fn the_unit_of_cash_is_chosen_once() {
    let mut market = market();
    let shift = market.cash_unit(&hundred());
    assert_eq!(market.cash_unit(&Price::from_decimal(1, -9, 9).expect("a price")), shift);
}

/// A sliver that would make the scale lose its precision: the market is closed on both sides, at spot.
#[test]
fn a_side_of_which_hardly_anything_is_left_is_closed_as_a_whole() {
    let (mut market, spot) = (market(), hundred());
    let open = 1u64 << 40;
    let (winner, sliver) = (slot(&market, open as i64), slot(&market, -1_000));
    let closed = 1_000 - open as i64;
    let total = spot.value(closed).expect("it fits");
    assert_eq!(market.deleverage(closed, open, total, &spot), Ok(true));
    let ends =
        [market.now(&winner).expect("of the last epoch"), market.now(&sliver).expect("of the last epoch")];
    assert_eq!((ends[0].base, ends[1].base), (0, 0));
    // The winner is paid for everything, by the bankrupt and by the sliver, which pays for itself.
    let sum = ends[0].entry + ends[1].entry + total;
    assert!((-100..=0).contains(&sum), "{sum}");
    assert_eq!(ends[1].entry, -100, "a thousand units at a tenth of a micro-unit");
    assert_eq!((market.long.epoch, market.short.epoch), (1, 1));
}
