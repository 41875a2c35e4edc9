//! What bad debt could have been: plain arithmetic on the published prices, without the program.
//!
//! Nothing of the engine is used here. Each book is taken as it stood before the fall and walked along the prices
//! that were published: with a liquidator who takes all of it, for nothing, at the first price at which it is below
//! its maintenance ratio; and with nobody who ever comes. What the program leaves lies between the two, up to what
//! no order of partial liquidations can exceed: every leg at its own worst price, and all penalties on top.

use super::COUNT;
use super::crowd::Holding;

/// Bad debt of the whole crowd, dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bound {
    /// Liquidated whole and at once, at the first published price below the maintenance ratio.
    pub at_once: f64,
    /// Never liquidated, at the end of the path.
    pub never_end: f64,
    /// Never liquidated, each account at its worst moment.
    pub never_worst: f64,
    /// Each leg at its worst moment, less every penalty: beyond this no sequence of liquidations can go.
    pub most: f64,
}

/// Walks every book along the prices. `penalty` is the largest rate of a liquidation.
#[must_use]
pub fn replay(books: &[Holding], prices: &[[f64; COUNT]], penalty: f64) -> Bound {
    let mut bound = Bound::default();
    let (Some(start), Some(end)) = (prices.first(), prices.last()) else { return bound };
    let worst = |quantity: f64, asset: usize| {
        prices.iter().map(|p| quantity * (p[asset] - start[asset])).fold(0.0, f64::min)
    };
    let dearest = |asset: usize| prices.iter().map(|p| p[asset]).fold(0.0, f64::max);
    for book in books {
        let caught = prices.iter().find(|p| book.equity(p) < book.maintenance * book.gross(p));
        bound.at_once += caught.map_or(0.0, |p| (-book.equity(p)).max(0.0));
        bound.never_end += (-book.equity(end)).max(0.0);
        bound.never_worst += prices.iter().map(|p| -book.equity(p)).fold(0.0, f64::max);
        let mut least = book.equity(start);
        for asset in 0..COUNT {
            for quantity in [book.collateral[asset], book.perpetuals[asset]] {
                least += worst(quantity, asset) - penalty * quantity.abs() * dearest(asset);
            }
        }
        bound.most += (-least).max(0.0);
    }
    bound
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(cash: f64) -> Holding {
        Holding { cash, collateral: [0.0; COUNT], perpetuals: [1.0, 0.0, 0.0], maintenance: 0.05 }
    }

    #[test]
    fn a_book_is_caught_between_maintenance_and_bankruptcy_unless_the_price_jumps_past_both() {
        let path = |steps: &[f64]| steps.iter().map(|p| [*p, 1.0, 1.0]).collect::<Vec<_>>();
        // 100 coins' worth on 10: bankrupt at 90.
        let book = [long(-90.0)];
        let slow = replay(&book, &path(&[100.0, 97.0, 94.0, 91.0, 80.0, 95.0]), 0.0);
        assert_eq!(slow, Bound { at_once: 0.0, never_end: 0.0, never_worst: 10.0, most: 10.0 });
        let jump = replay(&book, &path(&[100.0, 80.0, 85.0]), 0.01);
        assert_eq!((jump.at_once, jump.never_end, jump.never_worst), (10.0, 5.0, 10.0));
        assert!((jump.most - 11.0).abs() < 1e-9);
    }
}
