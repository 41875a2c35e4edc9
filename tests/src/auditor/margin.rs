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
//! - of options it draws lines below the exact profits ([`super::options`]): what those charge above repricing, row by
//!   row and shock by shock, is reckoned and allowed;
//! - roots of sizes are taken in whole numbers: of a leg above its crowd `|w|·η·σ/√depth` either way.

use super::board::{Asset, Board, RATE_UNIT, ROWS, SIGMA_UNITS, shortfall};
use super::ledger::{Account, Position};
use super::options::{Group, Held};

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
    /// Of it what comes of rounding weights to a lane, which a book that is changed keeps from before.
    pub lane_overcharge: f64,
    pub shortfall_overcharge: f64,
    pub stress_overcharge: f64,
    pub addon_overcharge: f64,
    pub crowding_overcharge: f64,
    /// IM ÷ MM.
    pub initial_ratio: f64,
    /// By how much two honest reckonings may differ either way.
    pub noise: f64,
}

impl Margin {
    /// By how much the engine's MM may exceed `maintenance` where it was reckoned by changing the book of `before`: weights
    /// stay in the lane that was chosen for that book as long as they fit, however small they have become.
    #[must_use]
    pub fn overcharge_after(&self, before: &Self) -> f64 {
        self.overcharge + (before.lane_overcharge - self.lane_overcharge).max(0.0)
    }

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
        check("add-ons", claim.addons, self.addons, noise, self.addon_overcharge + noise);
        check("MM", claim.maintenance, self.maintenance, noise, self.overcharge + noise);
        let over = self.initial_ratio * (self.overcharge + noise) + self.crowding_overcharge + noise;
        check("IM", claim.initial, self.initial, 2.0 * noise, over);
        found
    }
}

struct Leg<'a> {
    asset: &'a Asset,
    /// Exact sum of native units, options aside.
    net: i128,
    positions: Vec<&'a Position>,
    /// Options on it; what was cleared of them counts still.
    options: Vec<Held>,
    /// Of all positions, options too: how crowded their markets were, where the account knows better than the board.
    remembered: f64,
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

    /// What it adds to equity at a price, entries aside: its value, less the profit that is left out.
    fn counted_at(&self, board: &Board, basis: Basis, price: f64) -> f64 {
        let left_out = self.positions.iter().map(|p| {
            let cap = if basis == Basis::Initial { board.markets[p.market].profit_cap } else { 0.0 };
            (p.base as f64 * price + p.entry as f64 - cap).max(0.0)
        });
        let options = self.options.iter().map(|o| o.counted(price, basis));
        self.net as f64 * price - left_out.sum::<f64>() + options.sum::<f64>()
    }

    /// The same at the price at which it counts, and that price for options: both, where they count alike and an
    /// engine's last digit decides.
    fn counted(&self, board: &Board, basis: Basis) -> (f64, Vec<f64>) {
        let (net, spot, stable) = (self.net as f64, self.asset.spot, self.asset.stable);
        if basis == Basis::Maintenance {
            let options = self.options.iter().map(|o| o.counted(spot, basis));
            return (net * spot + options.sum::<f64>(), vec![spot]);
        }
        if self.positions.is_empty() && self.options.is_empty() {
            return (net * self.price(basis), vec![spot]);
        }
        let (fast, slow) = (self.counted_at(board, basis, spot), self.counted_at(board, basis, stable));
        let either = || Group::of(self.asset, self.options.clone(), spot.max(stable)).noise();
        let prices = if self.options.is_empty() || (slow - fast).abs() > either() {
            vec![if slow < fast { stable } else { spot }]
        } else {
            vec![spot, stable]
        };
        (slow.min(fast), prices)
    }
}

impl Board {
    fn legs<'a>(&'a self, account: &'a Account, basis: Basis) -> Vec<Leg<'a>> {
        let legs = self.assets.iter().map(|asset| {
            let held: i128 = account
                .collateral
                .iter()
                .filter(|c| c.asset == asset.index)
                .map(|c| i128::from(c.amount))
                .sum();
            let on_asset = account.positions.iter().filter(|p| self.markets[p.market].asset == asset.index);
            let known = |p: &&Position| {
                basis != Basis::Maintenance && p.crowding_time >= self.markets[p.market].open_interest_time
            };
            let remembered =
                on_asset.clone().filter(known).map(|p| p.crowding as f64 * RATE_UNIT).fold(0.0, f64::max);
            let (mut positions, mut options) = (Vec::new(), Vec::new());
            for position in on_asset {
                match &self.markets[position.market].option {
                    Some(terms) => options.push(Held::of(position, terms, self)),
                    None => positions.push(position),
                }
            }
            let net = held + positions.iter().map(|p| i128::from(p.base)).sum::<i128>();
            (held, Leg { asset, net, positions, options, remembered })
        });
        let used = |held: i128, leg: &Leg| held != 0 || !leg.positions.is_empty() || !leg.options.is_empty();
        legs.filter(|(held, leg)| used(*held, leg)).map(|(_, leg)| leg).collect()
    }

    /// Whether every price that an account depends on may be used at a time.
    #[must_use]
    pub fn is_fresh_for(&self, account: &Account, now: i64) -> bool {
        self.legs(account, Basis::Maintenance).iter().all(|leg| leg.asset.is_fresh(now))
    }

    /// What an account is worth at spot.
    #[must_use]
    pub fn equity(&self, account: &Account) -> f64 {
        let entries: i128 = account.positions.iter().map(|p| i128::from(p.entry)).sum();
        let legs = self.legs(account, Basis::Maintenance);
        let held: f64 = legs.iter().map(|leg| leg.counted(self, Basis::Maintenance).0).sum();
        account.quote as f64 + entries as f64 + held
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
        let legs = self.legs(account, basis);
        let mut m = Margin { equity: account.quote as f64, ..Margin::default() };
        m.equity += account.positions.iter().map(|p| i128::from(p.entry)).sum::<i128>() as f64;
        // By repricing, and by an engine's lines.
        let (mut core, mut lines) = (Core::new(), Core::new());
        let (mut most_addons, mut least_exposed, mut most_exposed) = (0.0, 0.0, 0.0);
        for leg in &legs {
            let asset = leg.asset;
            let value = leg.net as f64 * leg.price(basis);
            let (counted, prices) = leg.counted(self, basis);
            m.equity += counted;
            let options = if leg.options.is_empty() { &[][..] } else { &prices };
            let groups: Vec<Group> =
                options.iter().map(|price| Group::of(asset, leg.options.clone(), *price)).collect();
            let rates = [false, true].map(|short| asset.addon_rate(short, notice, self.params.stress_weight));
            let crowded = asset.haircut.widest() * asset.crowding.max(leg.remembered);
            let alone = [asset.charged(value, rates, crowded)];
            let charged: Vec<Charged> =
                groups.iter().map(|g| g.charged(asset, value, rates, crowded)).collect();
            let charged = if groups.is_empty() { &alone[..] } else { &charged };
            let least = |of: &dyn Fn(&Charged) -> f64| charged.iter().map(of).fold(f64::INFINITY, f64::min);
            let most = |of: &dyn Fn(&Charged) -> f64| charged.iter().map(of).fold(0.0, f64::max);
            m.gross += value.abs() + most(&|c| c.notional);
            least_exposed += value.abs() + least(&|c| c.exposed);
            most_exposed += value.abs() + most(&|c| c.exposed);
            m.exposed |= leg.net != 0 || !groups.is_empty();
            m.addons += least(&|c| c.addon);
            most_addons += most(&|c| c.drawn);
            m.noise += most(&|c| c.noise);
            m.crowding += least(&|c| c.crowding);
            m.crowding_overcharge += most(&|c| c.crowding) - least(&|c| c.crowding);
            if asset.charges.netted && (leg.net != 0 || !groups.is_empty()) {
                core.add(asset, value, &groups, false);
                lines.add(asset, value, &groups, true);
            }
        }
        let count = (legs.len() + account.positions.len()) as f64;
        m.noise += 6.0 + 3.0 * count;
        m.noise += (16.0 + 8.0 * count) * m.gross * RATE_UNIT + 1e-13 * (m.gross + m.equity.abs());
        if !m.exposed {
            return m;
        }
        let p = &self.params;
        let require = |addons: f64, core: f64, exposed: f64| {
            (core + addons).max(p.gross_floor * exposed).max(p.min_maintenance)
        };
        let blend = |shortfall: f64, stress: f64| shortfall + p.stress_weight * (stress - shortfall).max(0.0);
        m.expected_shortfall = notice * shortfall(&mut core.losses);
        m.stress = core.joint().max(core.largest).max(p.decorrelation * core.alone);
        m.core = blend(m.expected_shortfall, m.stress);
        m.maintenance = require(m.addons, m.core, least_exposed);
        m.initial = m.maintenance * p.initial_ratio + m.crowding;
        let lane = f64::from(1 << 14);
        let of_rows = core.tails * (core.risk / lane + 2.0 / 256.0) + core.tails;
        let of_stress = core.shocks * (core.gross / lane + 2.0);
        let drawn_shortfall = notice * shortfall(&mut lines.losses);
        let drawn_stress = lines.joint().max(lines.largest).max(p.decorrelation * lines.alone);
        m.shortfall_overcharge = of_rows + 2.0 * count + (drawn_shortfall - m.expected_shortfall).max(0.0);
        m.stress_overcharge = of_stress + 2.0 * count + (drawn_stress - m.stress).max(0.0);
        m.addon_overcharge = (most_addons - m.addons).max(0.0);
        let drawn = require(most_addons, blend(drawn_shortfall, drawn_stress), most_exposed);
        m.lane_overcharge = of_rows + p.stress_weight * of_stress + 6.0 * count;
        m.overcharge = m.lane_overcharge + (drawn - m.maintenance).max(0.0);
        m.initial_ratio = p.initial_ratio;
        m
    }
}

/// What an asset adds to a requirement beside the joint core.
struct Charged {
    /// Un-netted, repriced and by an engine's lines.
    addon: f64,
    drawn: f64,
    crowding: f64,
    /// Of options: value of the underlyings, and what of it the floor on gross exposure applies to.
    notional: f64,
    exposed: f64,
    noise: f64,
}

impl Group {
    /// With options: at the exposure with their delta.
    fn charged(&self, asset: &Asset, value: f64, rates: [f64; 2], crowded: f64) -> Charged {
        let exposure = value + self.delta();
        let (exact, drawn) = self.particular(asset, value, rates);
        let (excess, slack) = asset.excess_of(exposure);
        Charged {
            addon: exact + excess + self.minimum,
            drawn: drawn + excess + self.minimum,
            crowding: exposure.abs() * crowded,
            notional: self.notional,
            exposed: self.exposed,
            noise: slack + self.noise(),
        }
    }

    /// What an asset with options is charged beside core and size, repriced and by an engine's lines: outside the core
    /// the linear leg at its rate and the options at their worst; inside, the whole of it where the price moves by the
    /// rate of either side.
    fn particular(&self, asset: &Asset, value: f64, rates: [f64; 2]) -> (f64, f64) {
        if !asset.charges.netted {
            let linear = value.abs() * rates[usize::from(value < 0.0)];
            let worst = self.points().map(|r| -self.gain(r)).into_iter().fold(0.0, f64::max);
            return (linear + worst, linear + worst.max(-self.least_drawn()));
        }
        let rest = self.gain(0.0);
        let moves = [-rates[0].min(8.0), rates[1].min(8.0)];
        let worst = |profit: &dyn Fn(f64) -> f64| {
            moves.map(|r| (rest - value * r - profit(r)).max(0.0)).into_iter().fold(0.0, f64::max)
        };
        (worst(&|r| self.gain(r)), worst(&|r| self.shaped(r)))
    }
}

impl Asset {
    /// Without options.
    fn charged(&self, value: f64, rates: [f64; 2], crowded: f64) -> Charged {
        let (excess, noise) = self.excess_of(value);
        let addon = value.abs() * rates[usize::from(value < 0.0)] + excess;
        let crowding = value.abs() * crowded;
        Charged { addon, drawn: addon, crowding, notional: 0.0, exposed: 0.0, noise }
    }

    /// The rate at which exposure on a side is charged un-netted.
    fn addon_rate(&self, short: bool, notice: f64, weight: f64) -> f64 {
        let rate = self.charges.addon.of(short);
        if !self.charges.netted {
            return rate;
        }
        // The least haircut binds on what is really charged: where the core lags, the add-on makes up for it.
        // The core is max(own, (1 − ω)·own + ω·shock), of which only own lags.
        let (core, shock) = (self.charges.haircut.of(short) - rate, self.shock.of(short));
        let lagging = notice * core;
        let stressed = if core > shock { (shock - lagging).max(0.0) } else { (1.0 - notice) * shock };
        rate.max(self.haircut_min - lagging - weight * stressed)
    }

    /// What an exposure costs beyond its crowd, and by how much two reckonings of its charges may differ.
    fn excess_of(&self, exposure: f64) -> (f64, f64) {
        let (size, crowd) = (exposure.abs(), self.crowd.of(exposure < 0.0));
        if size <= crowd {
            return (0.0, size * self.impact);
        }
        (size * (self.impact_rate(size) - self.impact_rate(crowd)), size * 2.0 * self.impact)
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

    /// Adds a leg with the options on its asset, at each of the prices that may be theirs: the most that they may gain
    /// by repricing, or the least by an engine's lines.
    fn add(&mut self, asset: &Asset, value: f64, groups: &[Group], by_lines: bool) {
        let weight = value * asset.sigma;
        let of = |profit: &dyn Fn(&Group) -> f64| {
            let profits = groups.iter().map(profit);
            let best = if by_lines { profits.reduce(f64::min) } else { profits.reduce(f64::max) };
            best.unwrap_or(0.0)
        };
        for (loss, z) in self.losses.iter_mut().zip(&asset.column) {
            let z = *z as f64 / SIGMA_UNITS;
            *loss -= weight * z;
            *loss -= of(&|g| if by_lines { g.drawn(z) } else { g.gain(asset.sigma * z) });
        }
        self.joint.resize(asset.stress.len(), 0.0);
        for (loss, r) in self.joint.iter_mut().zip(&asset.stress) {
            *loss -= value * r + of(&|g| if by_lines { g.shaped(*r) } else { g.gain(*r) });
        }
        self.gross += value.abs();
        self.risk += weight.abs();
        self.tails += asset.tails.widest();
        self.shocks += asset.shock.widest();
        let alone = if groups.is_empty() {
            value.abs() * asset.shock.of(value < 0.0)
        } else {
            let worst =
                |g: &Group| g.points().map(|r| -value * r - g.gain(r)).into_iter().fold(0.0, f64::max);
            let worst = groups.iter().map(worst);
            if by_lines { worst.fold(0.0, f64::max) } else { worst.fold(f64::INFINITY, f64::min) }
        };
        self.largest = self.largest.max(alone);
        self.alone += alone;
    }

    /// The worst joint row.
    fn joint(&self) -> f64 {
        self.joint.iter().copied().fold(0.0, f64::max)
    }
}
