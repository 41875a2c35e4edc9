//! Some hundreds of books: most of them long, some short, some hedged, some on collateral.

use ballast_client::health::health;
use ballast_risk::book::Basis;
use ballast_sandbox::house::QUOTE;
use ballast_sandbox::{House, Refusal};

use super::{ASSETS, COUNT, Scenario};
use crate::demo::cast::{self, Cast, Role};
use crate::random::Random;
use crate::report::model::TraderRole;

/// What an account held before the fall, in dollars and whole coins.
#[derive(Clone, Debug)]
pub struct Holding {
    /// Quote balance and entries.
    pub cash: f64,
    /// Coins of collateral.
    pub collateral: [f64; COUNT],
    /// Coins of perpetuals, signed.
    pub perpetuals: [f64; COUNT],
    /// MM ÷ gross exposure.
    pub maintenance: f64,
}

/// Draws one book and puts it on.
fn enter(
    house: &mut House,
    random: &mut Random,
    desk: &ballast_sandbox::Person,
) -> Result<cast::Actor, Refusal> {
    // Equities from a thousand to half a million, twenty thousand in the middle.
    let equity = (20_000.0 * random.normal().exp()).clamp(1_000.0, 500_000.0);
    let whole = equity as u64;
    let (first, second) = (random.below(COUNT), random.below(COUNT));
    let other = if second == first { (first + 1) % COUNT } else { second };
    // Many near the limit, few far from it.
    let cushion = 1.55 + 3.5 * random.uniform().powi(2);
    let kind = random.uniform();
    let (coins, single, short, pair) =
        ([(first, whole)], [(first, 1)], [(first, -1)], [(first, 1), (other, -1)]);
    let (all, elsewhere) = ([(first, 2), (other, 1)], [(other, 1)]);
    let role = |book, quote, collateral, perpetuals, borrows| Role {
        name: "",
        book,
        quote,
        collateral,
        perpetuals,
        cushion,
        borrows,
    };
    let role = match kind {
        k if k < 0.52 => role("long", whole, &[], &single, 0),
        k if k < 0.64 => role("long two", whole, &[], &all, 0),
        k if k < 0.74 => role("short", whole, &[], &short, 0),
        k if k < 0.84 => role("hedged pair", whole, &[], &pair, 0),
        k if k < 0.93 => role("long on coins", 0, &coins, &elsewhere, 0),
        _ => {
            let lent = equity * (0.45 + 0.2 * random.uniform());
            role("loan on coins", 0, &coins, &[], lent as u64)
        }
    };
    let slices = if role.perpetuals.len() > 1 { cast::SLICES } else { 1 };
    cast::trader(house, &role, desk, slices)
}

/// Everybody: keepers, the desk that takes the other side, and the crowd.
///
/// # Errors
/// What the program refuses.
pub fn gather(house: &mut House, scenario: &Scenario) -> Result<Cast, Refusal> {
    let mut random = Random::seeded(scenario.seed ^ 0x6372_6f77);
    let desk = cast::professional(house, "Desk", "the other side", TraderRole::MarketMaker, 2_000_000_000)?;
    let keepers = (0..scenario.keepers)
        .map(|k| {
            let name = format!("Keeper {}", k + 1);
            cast::professional(
                house,
                &name,
                "sells what it takes",
                TraderRole::Keeper,
                scenario.keeper_capital,
            )
        })
        .collect::<Result<Vec<_>, _>>()?;
    let traders = (0..scenario.accounts)
        .map(|_| enter(house, &mut random, &desk.person))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Cast { traders, keepers, desk })
}

/// What everybody of the crowd holds now.
#[must_use]
pub fn holdings(house: &House, cast: &Cast) -> Vec<Holding> {
    let board = house.board();
    let view = ballast::margin::BoardView::at(&board, house.vm.now());
    let whole = |asset: usize| 10f64.powi(house.assets[asset].spec.args.decimals.into());
    let held = |actor: &cast::Actor| {
        let account = house.margin_account(&actor.person.account);
        let mut holding = Holding {
            cash: account.quote as f64 / QUOTE as f64,
            collateral: [0.0; COUNT],
            perpetuals: [0.0; COUNT],
            maintenance: 0.0,
        };
        for slot in account.held_positions() {
            let asset = usize::from(slot.market);
            holding.perpetuals[asset] += slot.base as f64 / whole(asset);
            holding.cash += slot.entry as f64 / QUOTE as f64;
        }
        for slot in account.held_collateral() {
            holding.collateral[usize::from(slot.asset)] += slot.amount as f64 / whole(slot.asset.into());
        }
        let gross = view.book(&account, Basis::Maintenance).map_or(0, |b| b.gross());
        let maintenance = health(&account, &board, house.vm.now()).map_or(0, |h| h.maintenance.maintenance);
        holding.maintenance = maintenance as f64 / gross.max(1) as f64;
        holding
    };
    cast.traders.iter().map(held).collect()
}

impl Holding {
    /// Equity at prices, dollars.
    #[must_use]
    pub fn equity(&self, prices: &[f64; COUNT]) -> f64 {
        let coins = (0..ASSETS.len()).map(|a| (self.collateral[a] + self.perpetuals[a]) * prices[a]);
        self.cash + coins.sum::<f64>()
    }

    /// Σ of absolute exposures at prices, dollars, an asset's collateral and perpetual netted.
    #[must_use]
    pub fn gross(&self, prices: &[f64; COUNT]) -> f64 {
        (0..ASSETS.len()).map(|a| ((self.collateral[a] + self.perpetuals[a]) * prices[a]).abs()).sum()
    }
}
