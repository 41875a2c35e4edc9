//! Options, repriced: Black-76 in f64 with the normal distribution of a library, settlement on an average, volatility at
//! both ends of a band.
//!
//! ```text
//! call = F·Φ(d₁) − K·Φ(d₂)      d₁ = ln(F/K)/s + s/2     d₂ = d₁ − s      s = σ·√((T − ⅔W)/horizon), or σ·√(T/3)/√horizon
//! ```
//!
//! The engine does not reprice in every scenario: it draws what all options on an asset gain over twenty pieces of the
//! standardised return, and over three points of the absolute one. Chords lie below what is owed, tangents below what
//! is held; so an honest engine charges at least what repricing says ([`Group::gain`]) and at most what these lines say
//! ([`Group::drawn`], [`Group::shaped`]). Both are reckoned here, and the engine must lie between them, within
//!
//! - 2⁻¹⁷ of the underlyings' value and 4,096 micro-units an option ([`Group::noise`]): its Black-76 is good to 2⁻²⁶ of
//!   spot, a curve to 2⁻¹⁹ in the wildest market, and both are rounded.

use super::board::{Asset, Board, OptionTerms};
use super::ledger::Position;
use super::margin::Basis;

/// Seconds for which an implied volatility counts.
const IMPLIED_AGE_S: i64 = 7_200;
/// How far the mark's volatility is doubted for new risk, and how far it may move over the horizon.
const MARK_BAND: [f64; 2] = [0.8, 1.25];
const STRESS_BAND: [f64; 2] = [0.7, 1.5];
/// Where the pieces of a curve meet, in σ.
const KNOTS: [f64; 21] = [
    -32.0, -24.0, -16.0, -12.0, -8.0, -6.0, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0,
    16.0, 24.0, 32.0,
];

/// The normal distribution.
fn phi(x: f64) -> f64 {
    0.5 * libm::erfc(-x / core::f64::consts::SQRT_2)
}

/// One unit of an option on what still moves: value and delta of a call on `spot` at `strike`.
fn call(spot: f64, strike: f64, s: f64) -> (f64, f64) {
    if strike <= 0.0 {
        // It can no longer end out of the money.
        return (spot - strike, 1.0);
    }
    if spot <= 0.0 {
        return (0.0, 0.0);
    }
    if s < 1e-9 {
        return ((spot - strike).max(0.0), f64::from(spot > strike));
    }
    let d1 = (spot / strike).ln() / s + s / 2.0;
    (spot * phi(d1) - strike * phi(d1 - s), phi(d1))
}

/// A position in one option, at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    is_put: bool,
    /// Signed native units.
    contracts: f64,
    /// Share of the settlement average still to come.
    share: f64,
    /// Strike on the average to come, quote micro-units a native unit; of an expired one the payoff stands for it.
    strike: f64,
    /// What a unit pays where nothing moves any more.
    payoff: f64,
    deviation: f64,
    short_minimum: f64,
    entry: f64,
    profit_cap: f64,
}

impl Held {
    /// An account's position in an option market, at the time at which the board was read.
    pub(super) fn of(position: &Position, terms: &OptionTerms, board: &Board) -> Self {
        let market = &board.markets[position.market];
        let asset = &board.assets[market.asset];
        let now = board.moment.0;
        let fresh = now - asset.implied_time <= IMPLIED_AGE_S && asset.implied > 0.0;
        let sigma = if fresh { asset.implied } else { asset.sigma }.max(asset.sigma_floor);
        let (left, window) = ((terms.expiry - now).max(0) as f64, f64::from(terms.window_s));
        let counts = if left >= window { left - window * 2.0 / 3.0 } else { left / 3.0 };
        let share = (left / window).min(1.0);
        let passed = (window - left).max(0.0);
        let average = if terms.is_final() {
            terms.average
        } else if terms.averaged_s == 0 || passed == 0.0 {
            asset.spot
        } else {
            let older = (f64::from(terms.averaged_s) / passed).min(1.0);
            terms.average * older + asset.spot * (1.0 - older)
        };
        let above = average - terms.strike;
        Self {
            is_put: terms.is_put,
            contracts: position.base as f64,
            share,
            strike: if share > 0.0 { (terms.strike - (1.0 - share) * average) / share } else { 0.0 },
            payoff: if terms.is_put { (-above).max(0.0) } else { above.max(0.0) },
            deviation: (sigma * (counts / board.params.horizon_s).sqrt()).min(8.0),
            short_minimum: terms.short_minimum,
            entry: position.entry as f64,
            profit_cap: market.profit_cap,
        }
    }

    fn is_held(&self) -> bool {
        self.contracts >= 0.0
    }

    /// Value, and what it moves by for a unit of spot, at a volatility `factor` times its mark's.
    fn at(&self, spot: f64, factor: f64) -> (f64, f64) {
        if self.share == 0.0 {
            return (self.contracts * self.payoff, 0.0);
        }
        let units = self.contracts * self.share;
        let (value, delta) = call(spot, self.strike, (self.deviation * factor).min(8.0));
        if self.is_put {
            return (units * (value - spot + self.strike).max(0.0), units * (delta - 1.0));
        }
        (units * value, units * delta)
    }

    /// Value at its mark.
    #[must_use]
    pub fn value(&self, spot: f64) -> f64 {
        self.at(spot, 1.0).0
    }

    /// What it adds to equity at a price, its entry aside.
    pub(super) fn counted(&self, price: f64, basis: Basis) -> f64 {
        let doubted = self.at(price, MARK_BAND[usize::from(!self.is_held())]).0;
        let (value, cap) = match basis {
            Basis::Maintenance => return self.value(price),
            Basis::Initial => (doubted, self.profit_cap),
            Basis::Withdrawal => (if self.is_held() { 0.0 } else { doubted }, 0.0),
        };
        value - (value + self.entry - cap).max(0.0)
    }
}

/// All options on one asset, beside its linear leg.
#[derive(Clone, Debug)]
pub struct Group {
    options: Vec<Held>,
    /// The price that their risk is drawn from.
    spot: f64,
    sigma: f64,
    fall: f64,
    rise: f64,
    /// Least charge on what is owed, and value of the underlyings.
    pub minimum: f64,
    pub notional: f64,
    /// What the floor on gross exposure applies to.
    pub exposed: f64,
}

impl Group {
    pub(super) fn of(asset: &Asset, options: Vec<Held>, spot: f64) -> Self {
        let widened = |short: bool| {
            let shock = asset.shock.of(short);
            if asset.charges.netted { shock } else { shock.max(asset.haircut.of(short)) }
        };
        let sizes = |o: &Held| o.contracts.abs() * spot;
        let exposed = |o: &Held| {
            let moving = sizes(o) * o.share;
            if o.is_held() && o.contracts > 0.0 { moving.min(o.value(spot).max(0.0)) } else { moving }
        };
        let owed = |o: &&Held| o.contracts < 0.0;
        Self {
            spot,
            sigma: asset.sigma.min(1.0),
            fall: widened(false).min(1.0),
            rise: widened(true).min(8.0),
            minimum: options.iter().filter(owed).map(|o| sizes(o) * o.share * o.short_minimum).sum(),
            notional: options.iter().map(sizes).sum(),
            exposed: options.iter().map(exposed).sum(),
            options,
        }
    }

    /// By how much two honest reckonings of one profit may differ.
    #[must_use]
    pub fn noise(&self) -> f64 {
        self.notional * 0.5f64.powi(17) + 4_096.0 * self.options.len() as f64
    }

    /// Ends of the band that can be the worse.
    fn ends(&self) -> &'static [f64] {
        let open = || self.options.iter().filter(|o| o.contracts != 0.0);
        match (open().any(Held::is_held), open().any(|o| !o.is_held())) {
            (true, false) => &STRESS_BAND[..1],
            (false, true) => &STRESS_BAND[1..],
            _ => &STRESS_BAND,
        }
    }

    fn worse(&self, of: impl Fn(f64) -> f64) -> f64 {
        self.ends().iter().map(|factor| of(*factor)).fold(f64::INFINITY, f64::min)
    }

    /// What one gains where spot is `at` times itself.
    fn gained(&self, option: &Held, at: f64, factor: f64) -> f64 {
        option.at(self.spot * at.max(0.0), factor).0 - option.value(self.spot)
    }

    /// Profit at a return, repriced, at the worse end of the band.
    #[must_use]
    pub fn gain(&self, r: f64) -> f64 {
        self.worse(|factor| self.options.iter().map(|o| self.gained(o, 1.0 + r, factor)).sum())
    }

    /// Value that moves as the options do for a small move.
    #[must_use]
    pub fn delta(&self) -> f64 {
        let moves = |o: &Held| o.at(self.spot, STRESS_BAND[usize::from(!o.is_held())]).1 * self.spot;
        self.options.iter().map(moves).sum()
    }

    /// The tangent of what is held, drawn at `from` and read at `at`.
    fn tangent(&self, option: &Held, from: f64, at: f64, factor: f64) -> f64 {
        let slope = option.at(self.spot * from, factor).1 * self.spot;
        self.gained(option, from, factor) + slope * (at - from)
    }

    /// Profit at both ends of a piece of the curve under one volatility.
    fn piece(&self, knots: [f64; 2], factor: f64) -> [f64; 2] {
        let raw = knots.map(|z| 1.0 + self.sigma * z);
        let spots = raw.map(|x| x.max(0.0));
        let middle = (spots[0] + spots[1]) / 2.0;
        let mut ends = [0.0; 2];
        for option in &self.options {
            if option.is_held() {
                let read = if !option.is_put && raw[1] > 0.0 { raw } else { spots };
                for (sum, at) in ends.iter_mut().zip(read) {
                    *sum += self.tangent(option, middle, at, factor);
                }
            } else {
                let [left, right] = spots.map(|at| self.gained(option, at, factor));
                // Where the asset becomes worthless, a put that is owed loses all.
                let kinked = option.is_put && raw[0] < 0.0 && raw[1] > 0.0;
                ends[0] += left;
                ends[1] += if kinked { right.min(left) } else { right };
            }
        }
        ends
    }

    /// Profit at a standardised return, as a curve of twenty pieces draws it.
    #[must_use]
    pub fn drawn(&self, z: f64) -> f64 {
        let piece = KNOTS[1..20].partition_point(|knot| *knot <= z);
        let (a, b) = (KNOTS[piece], KNOTS[piece + 1]);
        let ends: Vec<[f64; 2]> = self.ends().iter().map(|factor| self.piece([a, b], *factor)).collect();
        let [left, right] = [0, 1].map(|end| ends.iter().map(|of| of[end]).fold(f64::INFINITY, f64::min));
        left + (right - left) * (z - a) / (b - a)
    }

    /// The least of the curve.
    #[must_use]
    pub fn least_drawn(&self) -> f64 {
        KNOTS.iter().map(|z| self.drawn(*z).min(self.drawn(z - 1e-9))).fold(0.0, f64::min)
    }

    /// Profit at an absolute return, as chords and tangents of three points bound it.
    #[must_use]
    pub fn shaped(&self, r: f64) -> f64 {
        self.worse(|factor| {
            let owed = |r: f64| {
                let owed = self.options.iter().filter(|o| !o.is_held());
                owed.map(|o| self.gained(o, 1.0 + r, factor)).sum::<f64>()
            };
            let held = || self.options.iter().filter(|o| o.is_held());
            let (rest, end, over) = if r > 0.0 {
                (owed(0.0), owed(self.rise), self.rise)
            } else {
                (owed(0.0), owed(-self.fall), self.fall)
            };
            let chord = if over > 0.0 { rest + (end - rest) * r.abs() / over } else { rest };
            let lost: f64 = held().map(|o| -o.value(self.spot)).sum();
            let tangents = [-self.fall, 0.0, self.rise];
            let tangents = tangents
                .map(|from| held().map(|o| self.tangent(o, 1.0 + from, 1.0 + r, factor)).sum::<f64>());
            chord + tangents.into_iter().fold(lost, f64::max)
        })
    }

    /// The asset's worst fall, no move, its worst rise: where lines and repricing agree.
    #[must_use]
    pub fn points(&self) -> [f64; 3] {
        [-self.fall, 0.0, self.rise]
    }
}
