//! Equity and requirement of an account, in exact weights, and how far an honest engine may differ.
//!
//! The engine reckons in integers and rounds against the account, so it never asks for less than the
//! figures here, and for more by at most what its documentation owns up to:
//!
//! - weights are rounded to a lane of 2¹⁴ to 2¹⁵ steps; the error, and the charge that covers it,
//!   come to at most `Σ_i T_i·(2⁻¹⁴·Σ|w|σ + 2·2⁻⁸)` with `T_i` the wider tail of leg i in σ;
//! - every leg's value is rounded by less than a micro-unit, and its add-on likewise;
//! - rates are rounded to 2⁻³²: of a gross exposure `G`, `G·2⁻³²` a rate.

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
    pub core: f64,
    pub addons: f64,
    pub maintenance: f64,
    pub initial: f64,
    /// Σ of absolute exposures.
    pub gross: f64,
    /// Whether it holds any exposure.
    pub exposed: bool,
    /// By how much the engine's MM may exceed `maintenance`.
    pub overcharge: f64,
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

    /// Equity and requirement of an account.
    #[must_use]
    pub fn margin(&self, account: &Account, basis: Basis) -> Margin {
        let legs = self.legs(account);
        let mut m = Margin { equity: account.quote as f64, ..Margin::default() };
        m.equity += account.positions.iter().map(|p| i128::from(p.entry)).sum::<i128>() as f64;
        let mut losses = vec![0.0; ROWS];
        let (mut risk, mut tails) = (0.0, 0.0);
        for leg in &legs {
            let value = leg.net as f64 * leg.price(basis);
            m.equity += leg.counted(self, basis);
            m.gross += value.abs();
            m.exposed |= leg.net != 0;
            let charges = leg.asset.charges;
            m.addons += value.abs() * if value < 0.0 { charges.addon_short } else { charges.addon_long };
            if charges.netted {
                let weight = value * leg.asset.sigma;
                for (loss, z) in losses.iter_mut().zip(&leg.asset.column) {
                    *loss -= weight * *z as f64 / SIGMA_UNITS;
                }
                if leg.net != 0 {
                    risk += weight.abs();
                    tails += leg.asset.tails[0].max(leg.asset.tails[1]);
                }
            }
        }
        let count = (legs.len() + account.positions.len()) as f64;
        m.noise = 4.0 + 2.0 * count + 4.0 * count * m.gross * RATE_UNIT + 1e-13 * (m.gross + m.equity.abs());
        if !m.exposed {
            return m;
        }
        m.core = shortfall(&mut losses);
        m.maintenance = (m.core + m.addons).max(self.min_maintenance);
        m.initial = m.maintenance * self.initial_ratio;
        m.overcharge = tails * (risk / f64::from(1 << 14) + 2.0 / 256.0) + tails + 4.0 * count;
        m
    }
}
