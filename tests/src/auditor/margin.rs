//! Equity and requirement of an account, in exact weights, and how far an honest engine may differ.
//!
//! ```text
//! ES      c·(mean of the seven worst rows)          c: notice, on the basis of maintenance only
//! stress  max(joint row, one asset alone, d·Σ all alone)
//! core    ES + ω·max(0, stress − ES)
//! add-on  Σ |w|·max(add-on, min − c·(haircut − add-on)) + |w|·(impact(|w|) − impact(crowd))⁺
//! MM      max(core + add-ons, g·Σ|w|, least)        IM  κ·MM + Σ crowding·haircut·|w|
//! ```
//!
//! The engine reckons in integers and rounds against the account, so it never asks for less than the
//! figures here, and for more by at most what its documentation owns up to:
//!
//! - weights are rounded to a lane of 2¹⁴ to 2¹⁵ steps; the error, and the charge that covers it,
//!   come to at most `Σ_i T_i·(2⁻¹⁴·Σ|w|σ + 2·2⁻⁸)` with `T_i` the wider tail of leg i in σ, and in the
//!   joint stress rows, with its wider shock `S_i` in place of the tail, to `Σ_i S_i·(2⁻¹⁴·Σ|w| + 2)`,
//!   of which ω counts;
//! - every leg's value is rounded by less than a micro-unit, and its charges likewise;
//! - rates are rounded to 2⁻³²: of a gross exposure `G`, `G·2⁻³²` a rate;
//! - roots of sizes are taken in whole numbers: of a leg above its crowd `|w|·η·σ/√depth` either way.

use super::board::{Asset, Board, RATE_UNIT, ROWS, SIGMA_UNITS, shortfall};
use super::ledger::{Account, Position};

/// The question asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// May it be liquidated? At spot; profit counts.
    Maintenance,
    /// May it take on risk? At the worse price; profit counts up to each market's cap.
    Initial,
    /// May money leave it? At the worse price; profit counts for nothing.
    Withdrawal,
}

/// What an account is worth and must hold, quote micro-units.
#[derive(Clone, Copy, Debug, Default)]
pub struct Margin {
    pub equity: f64,
    pub expected_shortfall: f64,
    pub stress: f64,
    pub core: f64,
    pub addons: f64,
    pub maintenance: f64,
    pub initial: f64,
    /// What crowded assets add to IM.
    pub crowding: f64,
    /// Σ of absolute exposures.
    pub gross: f64,
    /// Whether it holds any exposure.
    pub exposed: bool,
    /// By how much the engine's MM may exceed `maintenance`, and its parts the parts.
    pub overcharge: f64,
    pub shortfall_overcharge: f64,
    pub stress_overcharge: f64,
    /// IM ÷ MM.
    pub initial_ratio: f64,
    /// By how much two honest reckonings may differ either way.
    pub noise: f64,
}

impl Margin {
    /// By how much equity falls short of MM; negative where it exceeds it.
    #[must_use]
    pub fn shortfall(&self) -> f64 {
        self.maintenance - self.equity
    }

    /// Whether MM is met by any honest reckoning: even the engine's roundings leave it so.
    #[must_use]
    pub fn is_clearly_healthy(&self) -> bool {
        self.equity >= self.maintenance + self.overcharge + self.noise
    }

    /// Whether the account is below MM by any honest reckoning.
    #[must_use]
    pub fn is_clearly_short(&self) -> bool {
        self.equity < self.maintenance - self.noise
    }

    /// Whether the account is below IM by any honest reckoning.
    #[must_use]
    pub fn is_clearly_below_initial(&self) -> bool {
        self.equity < self.initial - self.noise
    }
}

/// An engine's word on an account, quote micro-units.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    pub equity: f64,
    pub expected_shortfall: f64,
    pub stress: f64,
    pub addons: f64,
    pub maintenance: f64,
    pub initial: f64,
}

impl Margin {
    /// Every figure of a claim that an honest engine could not have come to: below the exact one, or above it by
    /// more than its roundings.
    #[must_use]
    pub fn refuted(&self, claim: &Claim) -> Vec<String> {
        let mut found = Vec::new();
        let mut check = |what: &str, claimed: f64, own: f64, least: f64, most: f64| {
            if claimed < own - least || claimed > own + most {
                found.push(format!(
                    "{what} is {claimed:.0} by the engine, {own:.1} by the auditor ({self:?})"
                ));
            }
        };
        let noise = self.noise;
        check("equity", claim.equity, self.equity, noise, noise);
        let over = self.shortfall_overcharge + noise;
        check("the shortfall", claim.expected_shortfall, self.expected_shortfall, noise, over);
        check("stress", claim.stress, self.stress, 8.0 * noise, self.stress_overcharge + 8.0 * noise);
        check("add-ons", claim.addons, self.addons, noise, noise);
        check("MM", claim.maintenance, self.maintenance, noise, self.overcharge + noise);
        let over = self.initial_ratio * (self.overcharge + noise) + noise;
        check("IM", claim.initial, self.initial, 2.0 * noise, over);
        found
    }
}

struct Leg<'a> {
    asset: &'a Asset,
    /// Exact sum of native units.
    net: i128,
    positions: Vec<&'a Position>,
}

impl Leg<'_> {
    /// The price at which the exposure counts.
    fn price(&self, basis: Basis) -> f64 {
        let (spot, stable) = (self.asset.spot, self.asset.stable);
        match basis {
            Basis::Maintenance => spot,
            _ if self.net >= 0 => spot.min(stable),
            _ => spot.max(stable),
        }
    }

    /// What it adds to equity, entries aside: its value, less the profit that is left out.
    fn counted(&self, board: &Board, basis: Basis) -> f64 {
        let net = self.net as f64;
        if basis == Basis::Maintenance || self.positions.is_empty() {
            return net * self.price(basis);
        }
        let at = |price: f64| {
            let left_out = self.positions.iter().map(|p| {
                let cap = if basis == Basis::Initial { board.markets[p.market].profit_cap } else { 0.0 };
                (p.base as f64 * price + p.entry as f64 - cap).max(0.0)
            });
            net * price - left_out.sum::<f64>()
        };
        at(self.asset.spot).min(at(self.asset.stable))
    }
}

impl Board {
    fn legs<'a>(&'a self, account: &'a Account) -> Vec<Leg<'a>> {
        let legs = self.assets.iter().map(|asset| {
            let held: i128 = account
                .collateral
                .iter()
                .filter(|c| c.asset == asset.index)
                .map(|c| i128::from(c.amount))
                .sum();
            let positions: Vec<&Position> =
                account.positions.iter().filter(|p| self.markets[p.market].asset == asset.index).collect();
            let net = held + positions.iter().map(|p| i128::from(p.base)).sum::<i128>();
            (held, Leg { asset, net, positions })
        });
        legs.filter(|(held, leg)| *held != 0 || !leg.positions.is_empty()).map(|(_, leg)| leg).collect()
    }

    /// Whether every price that an account depends on may be used at a time.
    #[must_use]
    pub fn is_fresh_for(&self, account: &Account, now: i64) -> bool {
        self.legs(account).iter().all(|leg| leg.asset.is_fresh(now))
    }

    /// How crowded a leg's asset is: as the board knows, or as the account remembers from a later trade.
    fn crowding_for(&self, leg: &Leg, basis: Basis) -> f64 {
        let remembered = leg.positions.iter().filter(|p| {
            basis != Basis::Maintenance && p.crowding_time >= self.markets[p.market].open_interest_time
        });
        remembered.map(|p| p.crowding as f64 * RATE_UNIT).fold(leg.asset.crowding, f64::max)
    }

    /// Equity and requirement of an account.
    #[must_use]
    pub fn margin(&self, account: &Account, basis: Basis) -> Margin {
        let full = self.margin_at(account, basis, 1.0);
        if basis != Basis::Maintenance || self.notice >= 1.0 {
            return full;
        }
        // Floors that are made up for leg by leg could cost a hedge more than it is given: notice never raises MM.
        let lagging = self.margin_at(account, basis, self.notice);
        if full.maintenance <= lagging.maintenance { full } else { lagging }
    }

    fn margin_at(&self, account: &Account, basis: Basis, notice: f64) -> Margin {
        let legs = self.legs(account);
        let mut m = Margin { equity: account.quote as f64, ..Margin::default() };
        m.equity += account.positions.iter().map(|p| i128::from(p.entry)).sum::<i128>() as f64;
        let mut core = Core::new();
        for leg in &legs {
            let value = leg.net as f64 * leg.price(basis);
            m.equity += leg.counted(self, basis);
            m.gross += value.abs();
            m.exposed |= leg.net != 0;
            let (addon, slack) = leg.asset.addon_of(value, notice, self.params.stress_weight);
            m.addons += addon;
            m.noise += slack;
            m.crowding += value.abs() * leg.asset.haircut.widest() * self.crowding_for(leg, basis);
            if leg.asset.charges.netted && leg.net != 0 {
                core.add(leg.asset, value);
            }
        }
        let count = (legs.len() + account.positions.len()) as f64;
        m.noise += 6.0 + 3.0 * count;
        m.noise += (16.0 + 8.0 * count) * m.gross * RATE_UNIT + 1e-13 * (m.gross + m.equity.abs());
        if !m.exposed {
            return m;
        }
        let p = &self.params;
        m.expected_shortfall = notice * shortfall(&mut core.losses);
        m.stress = core.joint().max(core.largest).max(p.decorrelation * core.alone);
        m.core = m.expected_shortfall + p.stress_weight * (m.stress - m.expected_shortfall).max(0.0);
        m.maintenance = (m.core + m.addons).max(p.gross_floor * m.gross).max(p.min_maintenance);
        m.initial = m.maintenance * p.initial_ratio + m.crowding;
        let lane = f64::from(1 << 14);
        let of_rows = core.tails * (core.risk / lane + 2.0 / 256.0) + core.tails;
        let of_stress = core.shocks * (core.gross / lane + 2.0);
        m.shortfall_overcharge = of_rows + 2.0 * count;
        m.stress_overcharge = of_stress + 2.0 * count;
        m.overcharge = m.shortfall_overcharge + p.stress_weight * m.stress_overcharge + 4.0 * count;
        m.initial_ratio = p.initial_ratio;
        m
    }
}

impl Asset {
    /// What an exposure is charged un-netted, and by how much two reckonings of it may differ.
    fn addon_of(&self, value: f64, notice: f64, weight: f64) -> (f64, f64) {
        let (size, short) = (value.abs(), value < 0.0);
        let mut rate = self.charges.addon.of(short);
        if self.charges.netted {
            // The least haircut binds on what is really charged: where the core lags, the add-on makes up for it.
            // The core is max(own, (1 − ω)·own + ω·shock), of which only own lags.
            let (core, shock) = (self.charges.haircut.of(short) - rate, self.shock.of(short));
            let lagging = notice * core;
            let stressed = if core > shock { (shock - lagging).max(0.0) } else { (1.0 - notice) * shock };
            rate = rate.max(self.haircut_min - lagging - weight * stressed);
        }
        let crowd = self.crowd.of(short);
        if size <= crowd {
            return (size * rate, size * self.impact);
        }
        let excess = self.impact_rate(size) - self.impact_rate(crowd);
        (size * (rate + excess), size * 2.0 * self.impact)
    }
}

/// What the netted legs of a book come to.
struct Core {
    losses: Vec<f64>,
    joint: Vec<f64>,
    /// Σ of exposures, and of exposures times σ.
    gross: f64,
    risk: f64,
    /// Σ of wider tails, in σ, and of wider shocks.
    tails: f64,
    shocks: f64,
    /// Losses of the legs in their own worst stress: the largest, and the sum.
    largest: f64,
    alone: f64,
}

impl Core {
    fn new() -> Self {
        Self {
            losses: vec![0.0; ROWS],
            joint: Vec::new(),
            gross: 0.0,
            risk: 0.0,
            tails: 0.0,
            shocks: 0.0,
            largest: 0.0,
            alone: 0.0,
        }
    }

    fn add(&mut self, asset: &Asset, value: f64) {
        let weight = value * asset.sigma;
        for (loss, z) in self.losses.iter_mut().zip(&asset.column) {
            *loss -= weight * *z as f64 / SIGMA_UNITS;
        }
        self.joint.resize(asset.stress.len(), 0.0);
        for (loss, r) in self.joint.iter_mut().zip(&asset.stress) {
            *loss -= value * r;
        }
        self.gross += value.abs();
        self.risk += weight.abs();
        self.tails += asset.tails.widest();
        self.shocks += asset.shock.widest();
        let alone = value.abs() * asset.shock.of(value < 0.0);
        self.largest = self.largest.max(alone);
        self.alone += alone;
    }

    /// The worst joint row.
    fn joint(&self) -> f64 {
        self.joint.iter().copied().fold(0.0, f64::max)
    }
}
