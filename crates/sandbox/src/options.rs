//! Option series for a test or the demo: listing them, and premiums by the program's own model.

use ballast::instructions::{AddMarketArgs, OptionTerms};
use ballast::margin::BoardView;
use ballast::state::PositionSlot;
use ballast_client::deployment::symbol;
use ballast_risk::option::VolBand;

use crate::house::{House, MarketSpec, Person, Sent};

/// Seconds over which a test's options average spot before they expire.
pub const WINDOW_S: u32 = 1_800;

impl MarketSpec {
    /// A European option on an asset with a strike in dollars: half an hour's average, a least charge of 1 %, and
    /// otherwise as [`MarketSpec::perpetual`].
    #[must_use]
    pub fn option(name: &str, asset: u8, is_put: bool, strike: f64, expiry: i64) -> Self {
        let full = format!("{name}-{}-{strike}", if is_put { "P" } else { "C" });
        let terms = OptionTerms {
            is_put,
            strike: (strike * 1e8).round() as i64,
            exponent: -8,
            expiry,
            window_s: WINDOW_S,
            short_minimum_bps: 100,
        };
        let args =
            AddMarketArgs { symbol: symbol(&full), option: Some(terms), ..Self::perpetual(name, asset).args };
        Self { symbol: full, args }
    }
}

impl House {
    /// What an account with this many contracts of an option counts them for at their mark, quote micro-units.
    ///
    /// # Panics
    /// If the market is no option, or its asset has no price.
    #[must_use]
    pub fn option_mark(&self, market: u8, contracts: i64) -> i64 {
        let board = self.board();
        let slot = PositionSlot { base: contracts, market, ..PositionSlot::default() };
        let holding = BoardView::at(&board, self.vm.now()).option(&slot).expect("an option on a known asset");
        holding.position.value(&board.assets[holding.asset].spot(), &VolBand::NONE).expect("it has a value")
    }

    /// A fill of an option at its mark.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn fill_at_mark(&mut self, market: u8, taker: &Person, maker: &Person, contracts: i64) -> Sent {
        let premium = self.option_mark(market, contracts.abs()).unsigned_abs().max(1);
        self.fill(market, taker, maker, contracts, premium)
    }

    /// Makes an expired option's settlement price final.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn fix_settlement_price(&mut self, market: u8) -> Sent {
        let fix = self.at.fix_settlement_price(market);
        self.vm.send(&[fix], &[])
    }
}
