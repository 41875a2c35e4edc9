//! What the market may do to the house.
//!
//! - **One book.** All accounts netted into one: positions cancel, collateral stays. Its Expected Shortfall is what the
//!   house's assets lose in the worst scenarios, as one trader's would.
//! - **Expected bad debt.** In every row of the ring, every account is valued at the prices of that row; what it is
//!   worth below zero is bad debt. The mean of the worst 2.5 % of rows.
//! - **Cover-2.** The two accounts whose loss in stress exceeds their maintenance margin the most, and whether the
//!   insurance fund carries both.
//!
//! Rows move prices by `σ·z`, at most to zero; options keep the volatility that they are marked at.

use anchor_lang::prelude::Pubkey;
use ballast::margin::BoardView;
use ballast::state::RiskBoard;
use ballast_risk::book::{Basis, Book};
use ballast_risk::fixed::RATE_ONE;
use ballast_risk::margin::Margin;
use ballast_risk::option::{OptionPosition, VolBand};
use ballast_risk::scenario::{SCENARIOS, WORST};
use ballast_risk::stress::{SHOCK_BITS, STRESS_ROWS};
use ballast_risk::{RiskError, scenario, stress};

use super::books::{Audited, Books};

/// Figures of the whole house, quote micro-units.
#[derive(Clone, Debug)]
pub struct Risk {
    /// The house as one account; none where its book cannot be valued.
    pub one_book: Option<Margin>,
    /// Bad debt at the prices that stand.
    pub bad_debt: f64,
    /// Mean of bad debt in the worst 2.5 % of rows of the ring.
    pub expected_bad_debt: f64,
    /// Bad debt in the worst joint stress row.
    pub stress_bad_debt: f64,
    /// The two accounts that exceed their margin the most in stress, and by how much.
    pub cover: Vec<(Pubkey, u64)>,
}

/// An account as linear exposures and options.
struct Exposed {
    equity: f64,
    /// Native units by asset.
    net: Vec<f64>,
    options: Vec<(usize, OptionPosition)>,
}

impl Exposed {
    fn of(audited: &Audited, view: &BoardView) -> Option<Self> {
        let board = view.board();
        let mut net = vec![0.0; board.asset_count.into()];
        let mut options = Vec::new();
        for slot in audited.account.held_collateral() {
            *net.get_mut(usize::from(slot.asset))? += slot.amount as f64;
        }
        for slot in audited.account.held_positions().filter(|s| s.base != 0) {
            let market = board.market(slot.market.into()).ok()?;
            if market.is_option() {
                options.push((usize::from(market.asset), view.option(slot).ok()?.position));
            } else {
                *net.get_mut(usize::from(market.asset))? += slot.base as f64;
            }
        }
        Some(Self { equity: audited.margin?.equity as f64, net, options })
    }

    /// Equity where every price is its spot times a factor.
    fn at(&self, spots: &[f64], factors: &[f64], board: &RiskBoard) -> f64 {
        let linear = self.net.iter().zip(spots).zip(factors).map(|((n, s), f)| n * s * (f - 1.0));
        let options = self.options.iter().map(|(asset, option)| {
            let spot = board.assets[*asset].spot();
            let worth = |factor: f64| {
                let moved = spot.scaled((factor * RATE_ONE as f64) as u64).unwrap_or(spot);
                option.value(&moved, &VolBand::NONE).map_or(0.0, |v| v as f64)
            };
            // Nothing is left of a price of zero: a millionth of it stands for it.
            worth(factors[*asset].max(1e-6)) - worth(1.0)
        });
        self.equity + linear.sum::<f64>() + options.sum::<f64>()
    }
}

/// Prices of every row, as factors on spot, by asset.
fn ring_rows(board: &RiskBoard) -> Vec<Vec<f64>> {
    let row = |row: usize| {
        let factor = |asset: usize| {
            let z = scenario::get(&board.ring[asset], row) as f64 / f64::from(1 << scenario::Z_BITS);
            (1.0 + z * board.assets[asset].sigma as f64 / RATE_ONE as f64).max(0.0)
        };
        (0..usize::from(board.asset_count)).map(factor).collect()
    };
    (0..SCENARIOS).map(row).collect()
}

fn stress_rows(board: &RiskBoard) -> Vec<Vec<f64>> {
    let row = |row: usize| {
        let factor = |asset: usize| {
            let shock = stress::get(&board.stress[asset], row) as f64 / f64::from(1 << SHOCK_BITS);
            (1.0 + shock).max(0.0)
        };
        (0..usize::from(board.asset_count)).map(factor).collect()
    };
    (0..STRESS_ROWS).map(row).collect()
}

impl Risk {
    /// Of a house.
    #[must_use]
    pub fn of(books: &Books) -> Self {
        let board = &*books.board;
        let view = BoardView::at(board, books.time);
        let exposed: Vec<Exposed> =
            books.accounts.iter().filter_map(|audited| Exposed::of(audited, &view)).collect();
        let spots: Vec<f64> = board.assets[..usize::from(board.asset_count)]
            .iter()
            .map(|a| a.spot_mantissa as f64 * 0.5f64.powi(a.spot_shift.into()))
            .collect();
        let debt = |factors: &Vec<f64>| -> f64 {
            exposed.iter().map(|e| (-e.at(&spots, factors, board)).max(0.0)).sum()
        };
        let mut in_ring: Vec<f64> = ring_rows(board).iter().map(debt).collect();
        in_ring.sort_by(|a, b| b.total_cmp(a));
        let mut cover: Vec<(Pubkey, u64)> = books
            .accounts
            .iter()
            .filter_map(|a| Some((a.address, a.margin?)))
            .map(|(address, m)| (address, m.stress.saturating_sub(m.maintenance)))
            .filter(|(_, beyond)| *beyond > 0)
            .collect();
        cover.sort_by_key(|(address, beyond)| (core::cmp::Reverse(*beyond), *address));
        cover.truncate(2);
        Self {
            one_book: one_book(books, &view).ok(),
            bad_debt: exposed.iter().map(|e| (-e.equity).max(0.0)).sum(),
            expected_bad_debt: in_ring[..WORST].iter().sum::<f64>() / WORST as f64,
            stress_bad_debt: stress_rows(board).iter().map(debt).fold(0.0, f64::max),
            cover,
        }
    }
}

/// All accounts in one: settled quote, the house's own money, and all collateral. Positions cancel.
fn one_book(books: &Books, view: &BoardView) -> ballast_risk::Result<Margin> {
    let held = books.tokens.iter().skip(1).map(|t| t.vault);
    let indexes = books.assets.iter().filter(|c| c.is_collateral()).map(|c| usize::from(c.index));
    let quote = i64::try_from(books.tokens[0].vault).map_err(|_| RiskError::Overflow)?;
    let none = core::iter::empty();
    Book::new(quote, indexes.zip(held).filter(|(_, held)| *held != 0), none, view, Basis::Maintenance)?
        .margin(&view.params(Basis::Maintenance))
}
