//! Facts of option positions and their curves: against `f64`, and against the account.

mod common;

use ballast_risk::RiskError::{BadParameter, BadPrice, BookTooLarge};
use ballast_risk::black::PRICE_ERROR;
use ballast_risk::curve::Curve;
use ballast_risk::fixed::RATE_ONE;
use ballast_risk::option::{Kind, OptionPosition, Settling, VolBand, YEAR_S, deviation};
use ballast_risk::price::Price;
use ballast_risk::rows::Rows;
use ballast_risk::scenario::{SCENARIOS, Vector, WORST, Z_MAX};
use common::normal::black;
use common::{Stream, UNIT, any_price, column, from_f64, rows, to_f64, wide_i64, wide_u64};
use proptest::prelude::*;

const ERROR: f64 = PRICE_ERROR as f64 / UNIT;
/// Where the pieces of a curve meet, in σ.
const KNOTS: [i64; 11] = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32];

/// Exact value of a position where spot has moved by a factor, micro-units; and its delta to the factor.
fn exact(p: &OptionPosition, spot: &Price, factor: f64, s: u64) -> (f64, f64) {
    let share = p.settling.share as f64 / UNIT;
    let moving = to_f64(spot) * share;
    let done = if p.settling.share == RATE_ONE { 0.0 } else { to_f64(&p.settling.fixed) * (1.0 - share) };
    let price = black(moving * factor, to_f64(&p.strike) - done, s as f64 / UNIT);
    let n = p.contracts as f64;
    match p.kind {
        Kind::Call => (n * price.call, n * moving * price.delta),
        Kind::Put => (n * price.put, n * moving * (price.delta - 1.0)),
    }
}

fn notional(positions: &[OptionPosition], spot: &Price) -> f64 {
    positions.iter().map(|p| p.contracts.unsigned_abs() as f64 * to_f64(spot)).sum()
}

/// Whether the strike of what still moves is inside the domain.
fn is_near(p: &OptionPosition, spot: &Price) -> bool {
    let share = p.settling.share as f64 / UNIT;
    let done = if p.settling.share == RATE_ONE { 0.0 } else { to_f64(&p.settling.fixed) * (1.0 - share) };
    (to_f64(&p.strike) - done) / (to_f64(spot) * share) < 2f64.powi(20) * 0.999
}

/// Spot at a return of `z`, never below nothing.
fn factor(sigma: u64, z: i64) -> f64 {
    (1.0 + sigma as f64 / UNIT * z as f64 / 1024.0).max(0.0)
}

/// Exact profit of positions at `z` and one end of the band.
fn profit(positions: &[OptionPosition], spot: &Price, sigma: u64, z: i64, band: &VolBand, end: usize) -> f64 {
    let of = |p: &OptionPosition| {
        let stressed = band.around(p.deviation).unwrap()[end];
        exact(p, spot, factor(sigma, z), stressed).0 - exact(p, spot, 1.0, p.deviation).0
    };
    positions.iter().map(of).sum()
}

/// What a curve may lose by its own arithmetic: as documented on `Curve::new`.
fn arithmetic(positions: &[OptionPosition], spot: &Price, sigma: u64) -> f64 {
    let growth = (1.0 + 32.0 * sigma as f64 / UNIT).log2().floor().exp2();
    growth * (notional(positions, spot) * 8.0 * ERROR + 8.0 * positions.len() as f64) + 514.0
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Long,
    Short,
    Both,
}

/// A market and positions in its options: strikes around spot and far from it, hours to years, some in
/// their settlement window.
fn book(side: Side) -> impl Strategy<Value = (Price, u64, Vec<OptionPosition>, VolBand)> {
    (any::<u64>(), 1usize..8).prop_map(move |(seed, count)| {
        let mut s = Stream::new(seed);
        let spot = from_f64(10f64.powf(s.between(-4.0, 5.0)));
        let sigma = (UNIT * 10f64.powf(s.between(-4.0, -0.01))) as u64;
        let scale = 10f64.powf(s.between(1.0, 14.5));
        let position = |_| {
            let reach = if s.unit() < 0.1 { 12.0 } else { 0.7 };
            let value = s.between(0.0, scale);
            let sign = match side {
                Side::Long => 1.0,
                Side::Short => -1.0,
                Side::Both => s.between(-1.0, 1.0).signum(),
            };
            let settling = if s.unit() < 0.2 {
                let share = (s.unit() * UNIT) as u64;
                Settling { share, fixed: from_f64(to_f64(&spot) * s.between(0.7, 1.4)) }
            } else {
                Settling::NOT_YET
            };
            OptionPosition {
                kind: if s.unit() < 0.5 { Kind::Call } else { Kind::Put },
                strike: from_f64(to_f64(&spot) * s.between(-reach, reach).exp()),
                contracts: (sign * value / to_f64(&spot)) as i64,
                deviation: (UNIT * 10f64.powf(s.between(-4.0, 0.6))) as u64,
                settling,
            }
        };
        let positions = (0..count).map(position).collect();
        let mut s = Stream::new(seed ^ 1);
        let band =
            VolBand { down: (UNIT * s.between(0.4, 1.0)) as u64, up: (UNIT * s.between(1.0, 1.9)) as u64 };
        (spot, sigma, positions, band)
    })
}

/// Returns as the ring holds them, with the knots and their neighbours.
fn z() -> impl Strategy<Value = i64> {
    let knot = (0..KNOTS.len(), -1..=1i64, any::<bool>())
        .prop_map(|(k, by, up)| ((KNOTS[k] * if up { 1024 } else { -1024 }) + by).clamp(-Z_MAX, Z_MAX));
    prop_oneof![-Z_MAX..=Z_MAX, -4096..4096i64, knot]
}

/// What interpolation may lose: `h·ΔΔ/2` of what is held, `h·ΔΔ/4` of what is owed.
fn interpolation(
    positions: &[OptionPosition],
    spot: &Price,
    sigma: u64,
    z: i64,
    band: &VolBand,
    end: usize,
) -> f64 {
    // A piece owns its left knot.
    let reach = if z < 0 { -z } else { z + 1 };
    let outer = KNOTS.iter().position(|&k| k * 1024 >= reach).unwrap_or(KNOTS.len() - 1);
    let (near, far) = (KNOTS[outer - 1] * 1024, KNOTS[outer] * 1024);
    let (left, right) = if z < 0 { (-far, -near) } else { (near, far) };
    let width = sigma as f64 / UNIT * (right - left) as f64 / 1024.0;
    let reaches_zero = 1.0 + sigma as f64 / UNIT * left as f64 / 1024.0 < 0.0;
    let of = |p: &OptionPosition| {
        let s = band.around(p.deviation).unwrap()[end];
        let delta = |z: i64| exact(p, spot, factor(sigma, z), s).1;
        let moving = p.contracts as f64 * to_f64(spot) * p.settling.share as f64 / UNIT;
        if reaches_zero {
            // Where the asset becomes worthless within the piece.
            return moving.abs() * width;
        }
        (delta(right) - delta(left)).abs() * width / if p.contracts > 0 { 2.0 } else { 4.0 }
    };
    positions.iter().map(of).sum()
}

fn curve(spot: &Price, sigma: u64, positions: &[OptionPosition], band: &VolBand) -> Curve {
    Curve::new(spot, sigma, positions.iter(), band).unwrap()
}

proptest! {
    #![proptest_config(common::cases(1_000))]

    #[test]
    fn a_curve_never_overstates((spot, sigma, positions, band) in book(Side::Both), z in z()) {
        let worse = (0..2).map(|end| profit(&positions, &spot, sigma, z, &band, end)).fold(f64::MAX, f64::min);
        let got = curve(&spot, sigma, &positions, &band).at(z) as f64;
        prop_assume!(positions.iter().all(|p| is_near(p, &spot)));
        prop_assert!(got <= worse + 1e-11 * notional(&positions, &spot), "{got} above {worse}");
    }

    #[test]
    fn a_curve_understates_by_no_more_than_interpolation(
        (spot, sigma, positions, band, end) in prop_oneof![
            book(Side::Long).prop_map(|(a, b, c, d)| (a, b, c, d, 0)),
            book(Side::Short).prop_map(|(a, b, c, d)| (a, b, c, d, 1)),
        ],
        z in z(),
    ) {
        prop_assume!(positions.iter().all(|p| is_near(p, &spot)));
        let exact = profit(&positions, &spot, sigma, z, &band, end);
        let got = curve(&spot, sigma, &positions, &band).at(z) as f64;
        let allowed = interpolation(&positions, &spot, sigma, z, &band, end)
            + arithmetic(&positions, &spot, sigma);
        prop_assert!(got >= exact - allowed - 1e-11 * notional(&positions, &spot),
            "{got} below {exact} by {}, allowed {allowed}", exact - got);
        prop_assert!(got <= exact + 1e-11 * notional(&positions, &spot), "{got} above {exact}");
    }

    #[test]
    fn the_worst_loss_bounds_the_curve((spot, sigma, positions, band) in book(Side::Both), zs in prop::collection::vec(z(), 64)) {
        let curve = curve(&spot, sigma, &positions, &band);
        let worst = curve.worst_loss() as i64;
        prop_assert!(zs.iter().all(|&z| curve.at(z) >= -worst));
        let knots = KNOTS.iter().flat_map(|k| [k * 1024, -k * 1024, k * 1024 - 1, -k * 1024 - 1]);
        let nearest = knots.map(|z| curve.at(z.clamp(-Z_MAX, Z_MAX))).min().unwrap();
        // One step of z from where the worst is.
        let step = (notional(&positions, &spot) * sigma as f64 / UNIT / 1024.0) as i64 * 2;
        prop_assert!(-worst >= nearest.min(0) - step - 2, "{worst} {nearest} {step}");
    }

    /// Merging two books never needs more than both did apart, but for interpolation: the tangent of a
    /// higher price may be lower at the end of a piece.
    #[test]
    fn curves_are_subadditive((spot, sigma, positions, band) in book(Side::Both), cut in 0usize..8, z in z()) {
        let (a, b) = positions.split_at(cut.min(positions.len()));
        let of = |positions: &[OptionPosition]| curve(&spot, sigma, positions, &band).at(z) as f64;
        let bent = (0..2).map(|end| interpolation(&positions, &spot, sigma, z, &band, end));
        let slack = bent.fold(0.0, f64::max) + 2.0 * arithmetic(&positions, &spot, sigma);
        prop_assert!(of(&positions) >= of(a) + of(b) - slack, "{} {} {}", of(&positions), of(a), of(b));
    }

    /// Under the mark and the curve together, whatever the strike.
    #[test]
    fn mark_and_curve_never_exceed_the_stressed_value(
        (spot, sigma, positions, band) in book(Side::Both), far in -40.0..40f64, z in z(),
    ) {
        let strike = from_f64((to_f64(&spot) * far.exp2()).clamp(1e-15, 1e14));
        let positions: Vec<_> = positions.iter().map(|p| OptionPosition { strike, ..*p }).collect();
        let mark: f64 =
            positions.iter().map(|p| p.value(&spot, &VolBand::NONE).unwrap_or(0) as f64).sum();
        let positions: Vec<_> =
            positions.into_iter().filter(|p| p.value(&spot, &VolBand::NONE).is_ok()).collect();
        let stressed = |end: usize| -> f64 {
            let of = |p: &OptionPosition| exact(p, &spot, factor(sigma, z), band.around(p.deviation).unwrap()[end]).0;
            positions.iter().map(of).sum()
        };
        let size: f64 = notional(&positions, &spot) * (1.0 + far.exp2());
        let got = mark + curve(&spot, sigma, &positions, &band).at(z) as f64;
        let worse = stressed(0).min(stressed(1));
        prop_assert!(got <= worse + 1e-11 * size, "{got} above {worse}");
    }

    #[test]
    fn a_value_is_rounded_against_the_account((spot, _, positions, band) in book(Side::Both)) {
        for p in positions.iter().filter(|p| is_near(p, &spot)) {
            let [down, up] = band.around(p.deviation).unwrap();
            let size = notional(&[*p], &spot);
            let done = p.contracts.unsigned_abs() as f64 * to_f64(&p.strike);
            let float = 1e-12 * (size + done);
            if done > 2f64.powi(62) {
                continue;
            }
            for (band, s) in [(band, if p.contracts < 0 { up } else { down }), (VolBand::NONE, p.deviation)] {
                let (got, exact) = (p.value(&spot, &band).unwrap() as f64, exact(p, &spot, 1.0, s).0);
                prop_assert!(got <= exact + float, "{got} above {exact}");
                prop_assert!(got >= exact - 2.0 * ERROR * size - 8.0 - float, "{got} below {exact}");
            }
            // Who holds and who owes together have nothing to gain.
            let other = OptionPosition { contracts: -p.contracts, ..*p };
            prop_assert!(p.value(&spot, &band).unwrap() + other.value(&spot, &band).unwrap() <= 0);
            prop_assert!(p.value(&spot, &band).unwrap() <= p.value(&spot, &VolBand::NONE).unwrap() + 1);
            prop_assert_eq!(p.withdrawal_value(&spot, &band).unwrap(), p.value(&spot, &band).unwrap().min(0));
            prop_assert!(p.contracts < 0 || p.value(&spot, &band).unwrap() >= 0);
        }
    }

    #[test]
    fn delta_is_the_slope_of_the_value((spot, _, positions, _) in book(Side::Both)) {
        for p in positions.iter().filter(|p| is_near(p, &spot)) {
            let units = |f: f64| exact(p, &spot, f, p.deviation).1 / to_f64(&spot);
            let (low, high) = (units(1.0 - ERROR), units(1.0 + ERROR));
            let got = p.delta(&spot).unwrap() as f64;
            // Inside the window the strike's rounding is magnified by what is left of it.
            prop_assume!(p.settling.share > RATE_ONE / 1000);
            let slack = 3.0 * ERROR * p.contracts.unsigned_abs() as f64 + 2.0
                + if p.settling.share == RATE_ONE { 0.0 } else { (high - low).abs() };
            prop_assert!(got <= low.max(high) + slack && got >= low.min(high) - slack, "{low} {got} {high}");
        }
    }

    #[test]
    fn the_deviation_is_that_of_the_settlement_average(
        implied in 0..20 * RATE_ONE, remaining in any::<u32>(), window in any::<u32>(),
    ) {
        let (t, w) = (f64::from(remaining), f64::from(window));
        let time = if t >= w { t - w * 2.0 / 3.0 } else { t / 3.0 };
        let exact = implied as f64 * (time / YEAR_S as f64).sqrt();
        let got = deviation(implied, remaining, window).unwrap() as f64;
        // The root is held in 2⁻²⁸ of an implied volatility of one.
        prop_assert!(got <= exact * (1.0 + 1e-14) && got >= exact - implied as f64 / UNIT * 16.0 - 2.0);
    }

    #[test]
    fn the_share_is_what_the_window_still_holds(remaining in any::<u32>(), window in 1..u32::MAX) {
        let exact = (f64::from(remaining) / f64::from(window)).min(1.0) * UNIT;
        let got = Settling::share(remaining, window) as f64;
        prop_assert!(got >= exact - 1e-6 && got < exact + 1.000_001);
    }

    #[test]
    fn options_answer_everywhere(
        spot in any_price(), strike in any_price(), fixed in any_price(), contracts in wide_i64(),
        s in wide_u64(), share in wide_u64(), sigma in wide_u64(), down in wide_u64(), up in wide_u64(),
        call in any::<bool>(), unset in 0u8..32,
    ) {
        let set = |n: u8, price: Price| if n == unset { Price::default() } else { price };
        let share = if share % 3 == 0 { RATE_ONE } else { share >> (share % 40) };
        let settling = Settling { share, fixed: set(0, fixed) };
        let kind = if call { Kind::Call } else { Kind::Put };
        let p = OptionPosition { kind, strike: set(1, strike), contracts, deviation: s, settling };
        let (spot, band) = (set(2, spot), VolBand { down, up });
        for band in [band, VolBand::NONE, VolBand { down: 0, up: VolBand::MAX_UP }] {
            let value = p.value(&spot, &band);
            prop_assert!(value.is_err() || value.unwrap().signum() * contracts.signum() >= 0);
            let sigma = if sigma % 2 == 0 { sigma } else { sigma % RATE_ONE };
            if let Ok(curve) = Curve::new(&spot, sigma, [p, p].iter(), &band) {
                for z in [-Z_MAX, -1, 0, 1, Z_MAX] {
                    prop_assert!(curve.at(z).unsigned_abs() < 1 << 59);
                }
            }
        }
        let _ = (p.delta(&spot), p.short_minimum(&spot, s), p.notional(&spot));
    }
}

proptest! {
    #![proptest_config(common::cases(100))]

    /// The shortfall of a book with options is that of its rows, and no less than the exact one.
    #[test]
    fn the_shortfall_of_rows_is_at_least_the_exact_one(
        (spot, sigma, positions, band) in book(Side::Both), seed in any::<u64>(), weight in -30_000i64..30_000,
        shift in 0u32..47,
    ) {
        prop_assume!(positions.iter().all(|p| is_near(p, &spot)));
        let mut s = Stream::new(seed);
        let ring = column((0..SCENARIOS).map(|_| (s.shock() * 1024.0) as i64));
        let mut vector = Vector::new();
        vector.add(&ring, weight);
        let mut table = Rows::of(&vector, shift);
        // Without options, the vector's own.
        let linear = vector.expected_shortfall(5_000, shift);
        prop_assert!(table.expected_shortfall(5_000, shift).abs_diff(linear) <= 1);
        let options = curve(&spot, sigma, &positions, &band);
        table.add(&options, &ring);
        let exact = |z: i64| {
            let line = (weight * z) as f64 * (f64::from(shift) - 18.0).exp2();
            let worse = (0..2).map(|end| profit(&positions, &spot, sigma, z, &band, end));
            line + worse.fold(f64::MAX, f64::min)
        };
        let mut losses: Vec<f64> = rows(&ring).map(|z| -exact(z)).collect();
        losses.sort_by(|a, b| b.total_cmp(a));
        let mean = losses[..WORST].iter().sum::<f64>() / WORST as f64;
        let float = 1e-11 * (notional(&positions, &spot) + mean.abs());
        prop_assert!(table.expected_shortfall(0, shift) as f64 + float >= mean.max(0.0));
        for (row, z) in table.as_array().iter().zip(rows(&ring)) {
            let line = (i128::from(weight * z) << shift) >> 18;
            prop_assert_eq!(i128::from(*row), line + i128::from(options.at(z)));
        }
    }
}

fn at_the_money(kind: Kind, contracts: i64) -> (Price, OptionPosition) {
    let spot = Price::from_decimal(150, 0, 9).unwrap();
    let deviation = RATE_ONE / 10;
    (spot, OptionPosition { kind, strike: spot, contracts, deviation, settling: Settling::NOT_YET })
}

/// Per cent of the underlying's value.
fn percent(curve: &Curve, sigmas: i64, value: f64) -> f64 {
    curve.at((sigmas * 1024).min(Z_MAX)) as f64 / value * 100.0
}

#[test]
fn a_straddle_that_is_held_loses_its_vega_and_one_that_is_owed_both_ways() {
    let band = VolBand { down: RATE_ONE * 4 / 5, up: RATE_ONE * 6 / 5 };
    let book = |n: i64| [Kind::Call, Kind::Put].map(|kind| at_the_money(kind, n).1);
    let spot = at_the_money(Kind::Call, 0).0;
    // A thousand SOL; the straddle is worth 8 % of them, a fifth of its volatility 1.6 %.
    let (units, value) = (1_000_000_000_000, 150_000e6);
    let held = curve(&spot, RATE_ONE / 100, &book(units), &band);
    assert!((percent(&held, 0, value) + 1.6).abs() < 0.05);
    assert!(percent(&held, 8, value) > 0.0 && percent(&held, -8, value) > 0.0);
    let owed = curve(&spot, RATE_ONE / 100, &book(-units), &band);
    assert!((percent(&owed, 0, value) + 1.6).abs() < 0.05);
    // At 32 %, three deviations out, a straddle is worth its intrinsic value: 32 − 8 were lost.
    assert!((percent(&owed, 32, value) + 24.0).abs() < 0.2);
    assert!((percent(&owed, -32, value) + 24.0).abs() < 0.2);
}

/// Opposite positions in one option leave nothing but the interpolation.
#[test]
fn a_hedge_in_the_same_option_is_a_hedge() {
    let units = 1_000_000_000_000;
    let (spot, long) = at_the_money(Kind::Call, units);
    let short = OptionPosition { contracts: -units, ..long };
    let band = VolBand { down: RATE_ONE / 2, up: 2 * RATE_ONE };
    let hedged = curve(&spot, RATE_ONE / 100, &[long, short], &band);
    for z in (-Z_MAX..=Z_MAX).step_by(61) {
        let z = hedged.at(z) as f64 / 150_000e6;
        assert!(z <= 0.0 && z > -0.008, "{z}");
    }
    let alone = curve(&spot, RATE_ONE / 100, &[short], &band);
    assert!(alone.at(0) < 8 * hedged.at(0));
}

/// What has been averaged no longer moves.
#[test]
fn a_settled_average_carries_no_risk() {
    let (spot, position) = at_the_money(Kind::Call, 1_000_000_000_000);
    let fixed = Price::from_decimal(160, 0, 9).unwrap();
    let band = VolBand { down: RATE_ONE / 2, up: 2 * RATE_ONE };
    let mut last = f64::MAX;
    for share in [RATE_ONE / 2, RATE_ONE / 4, RATE_ONE / 100, 0] {
        let settling = Settling { share, fixed };
        let short = OptionPosition { contracts: -position.contracts, settling, ..position };
        let curve = curve(&spot, RATE_ONE / 100, &[short], &band);
        let loss = -percent(&curve, 8, 150_000e6);
        assert!(loss < last * 0.6 + 1e-3, "{loss} after {last}");
        last = loss;
    }
    let settling = Settling { share: 0, fixed };
    let done = OptionPosition { settling, ..position };
    // 10 quote on each of a thousand.
    assert!((done.value(&spot, &VolBand::NONE).unwrap() - 10_000_000_000).abs() <= 20_000);
    assert_eq!(done.delta(&spot), Ok(0));
    let short = OptionPosition { contracts: -position.contracts, ..done };
    assert_eq!(short.short_minimum(&spot, RATE_ONE), Ok(0));
}

#[test]
fn a_far_short_is_charged_though_it_has_neither_delta_nor_shortfall() {
    let (spot, mut position) = at_the_money(Kind::Put, -1_000_000_000_000);
    position.strike = Price::from_decimal(15, 0, 9).unwrap();
    position.deviation = RATE_ONE / 100;
    let curve = curve(&spot, RATE_ONE / 1_000, &[position], &VolBand::NONE);
    assert!(curve.at(-Z_MAX) > -20_000);
    // One per cent of 150,000 quote.
    assert_eq!(position.short_minimum(&spot, RATE_ONE / 100).unwrap().div_ceil(1_000_000), 1_500);
    position.contracts = -position.contracts;
    assert_eq!(position.short_minimum(&spot, RATE_ONE / 100), Ok(0));
}

/// Beyond the domain the strike counts as nearer than it is: never as an asset.
#[test]
fn a_remote_call_that_is_held_is_worth_nothing_anywhere() {
    let (spot, mut position) = at_the_money(Kind::Call, 1_000_000_000);
    position.strike = from_f64(to_f64(&spot) * 2f64.powi(22));
    position.deviation = 6 * RATE_ONE;
    assert_eq!(position.value(&spot, &VolBand::NONE), Ok(0));
    assert!(curve(&spot, RATE_ONE / 2, &[position], &VolBand::NONE).at(Z_MAX) <= 0);
    // One that is owed counts for more than it is.
    position.contracts = -position.contracts;
    let owed = position.value(&spot, &VolBand::NONE).unwrap() as f64;
    assert!(owed <= exact(&position, &spot, 1.0, position.deviation).0 && owed >= -150e6, "{owed}");
}

#[test]
fn what_is_outside_the_domain_is_refused() {
    let (spot, position) = at_the_money(Kind::Call, 1 << 53);
    let on =
        |spot: &Price, sigma: u64, band: &VolBand| Curve::new(spot, sigma, [position].iter(), band).err();
    assert_eq!(on(&spot, RATE_ONE / 100, &VolBand::NONE), None);
    assert_eq!(on(&Price::from_decimal(9_000, 0, 9).unwrap(), 1, &VolBand::NONE), Some(BookTooLarge));
    assert_eq!(on(&spot, RATE_ONE, &VolBand::NONE), Some(BadParameter));
    assert_eq!(on(&spot, 1, &VolBand { down: RATE_ONE + 1, up: RATE_ONE }), Some(BadParameter));
    assert_eq!(on(&spot, 1, &VolBand { down: 0, up: RATE_ONE - 1 }), Some(BadParameter));
    assert_eq!(on(&Price::default(), 1, &VolBand::NONE), Some(BadPrice));
    assert_eq!(position.value(&Price::default(), &VolBand::NONE), Err(BadPrice));
    let settling = Settling { share: RATE_ONE + 1, fixed: spot };
    let late = OptionPosition { settling, ..position };
    assert_eq!(late.value(&spot, &VolBand::NONE), Err(BadParameter));
    // A window that has begun needs its average.
    let settling = Settling { share: RATE_ONE / 2, fixed: Price::default() };
    assert_eq!(OptionPosition { settling, ..position }.value(&spot, &VolBand::NONE), Err(BadPrice));
    // An empty book is flat.
    let flat = Curve::new(&spot, RATE_ONE / 10, [].iter(), &VolBand::NONE).unwrap();
    assert!((-Z_MAX..=Z_MAX).all(|z| flat.at(z) == 0));
}
