//! The program's risk board, walked through history bar by bar.
//!
//! The desk does to a board what keepers do on-chain: a refresh an asset with every close, a tick where
//! one is due. It has seen the closes up to its own time and cannot see others.

use anyhow::{Result, anyhow, ensure};
use ballast::margin::BoardView;
use ballast::state::{AcceptedPrice, AssetState, RiskBoard, TickKind};
use ballast_risk::RiskError;
use ballast_risk::book::{Basis, Book, Position};
use ballast_risk::fixed::RATE_ONE;
use ballast_risk::margin::Margin;
use ballast_risk::scenario::SCENARIOS;

use super::{Market, Setting};
use crate::calibration::PriceScale;

/// What a book is required to hold, quote micro-units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requirement {
    /// Under volatility as it stands.
    pub at_once: u64,
    /// While maintenance margin gives notice; never more.
    pub limited: u64,
}

/// A board, and how far it has come.
pub struct Desk<'a> {
    market: &'a Market,
    board: Box<RiskBoard>,
    /// How each asset's prices are written, fixed by its first one.
    scales: Vec<Option<PriceScale>>,
    step: usize,
    now: i64,
    /// Time between the last two ticks, seconds.
    elapsed: i64,
    /// Whether only the shortfall over the ring is required.
    core_only: bool,
}

impl<'a> Desk<'a> {
    /// A desk before the first bar.
    ///
    /// # Errors
    /// If the program refuses the setting.
    pub fn new(market: &'a Market, setting: &Setting) -> Result<Self> {
        let assets = market.symbols.len();
        Ok(Self {
            market,
            board: setting.board(assets)?,
            scales: vec![None; assets],
            step: 0,
            now: i64::MIN,
            elapsed: 0,
            core_only: setting.core_only,
        })
    }

    /// Takes the next bar's closes. Returns whether a tick was taken with them; none at the end.
    ///
    /// # Errors
    /// If the engine refuses a price.
    pub fn advance(&mut self) -> Result<Option<bool>> {
        let Some(&now) = self.market.times.get(self.step) else { return Ok(None) };
        // The closes of a bar come at once, where prices came all along: each refresh has the whole bar for notice, or
        // the first would use it up and the limit would bind on the rest.
        let notice = (self.board.notice_level, self.board.notice_time);
        for (index, closes) in self.market.closes.iter().enumerate() {
            let close = closes[self.step];
            if !close.is_finite() {
                continue;
            }
            let refused = |e: RiskError| anyhow!("{} at {close}: {e}", self.market.symbols[index]);
            let scale = *self.scales[index].get_or_insert_with(|| PriceScale::around(close));
            let price = scale.price(close).map_err(refused)?;
            let accepted = AcceptedPrice { price, publish_time: now, confidence_bps: 0 };
            (self.board.notice_level, self.board.notice_time) = notice;
            self.board.refresh(index, &accepted, now).map_err(refused)?;
        }
        self.now = now;
        self.step += 1;
        let due = self.board.due(now);
        let refused = |e| anyhow!("a tick was refused: {e}");
        match due {
            Some(TickKind::Full) => {
                self.elapsed = now - self.board.last_tick;
                self.board.tick(now).map(|_| ()).map_err(refused)?;
            }
            Some(TickKind::Short) => self.board.short_tick(now).map_err(refused)?,
            None => {}
        }
        Ok(Some(due == Some(TickKind::Full)))
    }

    /// The time it has come to, unix seconds.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.now
    }

    /// What it walks through.
    #[must_use]
    pub fn market(&self) -> &'a Market {
        self.market
    }

    /// The board.
    #[must_use]
    pub fn board(&self) -> &RiskBoard {
        &self.board
    }

    /// Whether the last two ticks lie about one horizon apart, as the engine understands it for a row.
    #[must_use]
    pub fn spans_horizon(&self) -> bool {
        let horizon = i64::from(self.board.params.horizon_s);
        4 * self.elapsed >= 3 * horizon && 2 * self.elapsed <= 3 * horizon
    }

    fn asset(&self, index: usize) -> &AssetState {
        &self.board.assets[index]
    }

    /// Whether an asset has a price now and a ring of its own to be judged by.
    #[must_use]
    pub fn is_warm(&self, index: usize) -> bool {
        let a = self.asset(index);
        // After an outage an asset is new again and nets with nothing: the core alone would then not charge it at all.
        let charged = !self.core_only || a.netted != 0;
        let full = a.rows_filled as usize >= SCENARIOS && a.ticks_lived >= a.net_after_ticks;
        self.has_price(index) && full && charged
    }

    /// Whether an asset has a price now.
    #[must_use]
    pub fn has_price(&self, index: usize) -> bool {
        self.asset(index).is_fresh(self.now)
    }

    /// Native units worth `quote` micro-units at the last price, rounded to nearest.
    ///
    /// # Errors
    /// If they do not fit 63 bits.
    pub fn units(&self, index: usize, quote: f64) -> Result<i64> {
        let spot = self.asset(index).spot();
        let units = quote / (spot.mantissa as f64 * (-f64::from(spot.shift)).exp2());
        // Beyond 2⁶² a price has fallen so far that the book is no longer one that anybody holds.
        ensure!(units.abs() < (1_u64 << 62) as f64, "a book cannot be sized");
        Ok(units.round() as i64)
    }

    /// What signed native units are worth at the last prices, quote micro-units.
    ///
    /// # Errors
    /// [`RiskError::Overflow`].
    pub fn value(&self, holdings: &[(usize, i64)]) -> Result<i64, RiskError> {
        holdings.iter().try_fold(0_i64, |sum, &(index, units)| {
            sum.checked_add(self.asset(index).spot().value(units)?).ok_or(RiskError::Overflow)
        })
    }

    /// What they will be worth `bars` after the last one; none where an asset has no price then. Only a judge
    /// may ask.
    ///
    /// # Errors
    /// As [`Self::value`].
    pub fn value_after(&self, holdings: &[(usize, i64)], bars: usize) -> Result<Option<i64>, RiskError> {
        let at = self.step + bars;
        let mut sum = 0_i64;
        for &(index, units) in holdings {
            let close = at.checked_sub(1).and_then(|at| self.market.closes[index].get(at));
            let (Some(close), Some(scale)) = (close.filter(|c| c.is_finite()), self.scales[index]) else {
                return Ok(None);
            };
            sum = sum.checked_add(scale.price(*close)?.value(units)?).ok_or(RiskError::Overflow)?;
        }
        Ok(Some(sum))
    }

    /// What a book of perpetual positions is required to hold under the setting, as a liquidation would ask.
    ///
    /// # Errors
    /// What the engine refuses.
    pub fn requirement(&self, holdings: &[(usize, i64)]) -> Result<Requirement, RiskError> {
        let view = BoardView::at(&self.board, self.now);
        let positions =
            holdings.iter().map(|&(asset, base)| Position { asset, base, entry: 0, profit_cap: 0 });
        let mut book = Book::new(0, core::iter::empty(), positions, &view, Basis::Maintenance)?;
        let params = view.params(Basis::Maintenance);
        let read = |m: Margin| if self.core_only { m.expected_shortfall } else { m.maintenance };
        let limited = read(book.margin(&params)?);
        let at_once = if params.notice == RATE_ONE { limited } else { read(book.margin(&params.at_once())?) };
        Ok(Requirement { at_once, limited })
    }
}

#[cfg(test)]
mod tests {
    use super::super::market::tests::series;
    use super::super::sources::Sources;
    use super::*;

    fn wave(i: i64) -> f64 {
        100.0 * (1.0 + 0.01 * ((i * i) as f64).sin())
    }

    fn market(interval_s: i64, at: impl IntoIterator<Item = i64>) -> Market {
        Market::new(Sources { series: vec![series("BTC", interval_s, at, wave)], notes: vec![] }, None, None)
            .unwrap()
    }

    fn ticks(market: &Market) -> (usize, Box<RiskBoard>) {
        let mut desk = Desk::new(market, &Setting::plain(market.horizon_s as u32)).unwrap();
        let mut ticks = 0;
        while let Some(ticked) = desk.advance().unwrap() {
            ticks += usize::from(ticked);
        }
        (ticks, desk.board)
    }

    #[test]
    fn bars_shorter_than_an_hour_feed_sigma_and_tick_on_the_hour() {
        let (n, board) = ticks(&market(300, 0..12 * 400));
        assert_eq!(n, 401);
        assert!(board.assets[0].rows_filled == 256);
        // Twelve moves an hour make √12 times the σ that one of them an hour makes.
        let (_, hourly) = ticks(&market(3_600, 0..400));
        let ratio = board.assets[0].sigma as f64 / hourly.assets[0].sigma as f64;
        assert!((2.9..4.1).contains(&ratio), "{ratio}");
    }

    #[test]
    fn an_outage_leaves_no_row() {
        let m = market(3_600, (0..400).filter(|i| !(300..310).contains(i)));
        let mut desk = Desk::new(&m, &Setting::plain(3_600)).unwrap();
        for step in 0..400 {
            desk.advance().unwrap();
            assert_eq!(desk.has_price(0), !(300..310).contains(&step));
        }
        // The first tick has nothing to compare with; the one after the outage spans eleven hours and is scaled.
        assert_eq!(desk.board.assets[0].ticks_lived, 400 - 10 - 1);
    }

    #[test]
    fn it_is_warm_once_its_ring_is_its_own() {
        let m = market(3_600, 0..400);
        let mut desk = Desk::new(&m, &Setting::plain(3_600)).unwrap();
        let warm: Vec<bool> = (0..400).map(|_| desk.advance().map(|_| desk.is_warm(0)).unwrap()).collect();
        assert_eq!(warm.iter().position(|w| *w), Some(256));
    }

    #[test]
    fn after_a_long_outage_the_core_alone_judges_nobody_until_the_asset_nets_again() {
        let m = market(3_600, (0..420).filter(|i| !(300..350).contains(i)));
        let [plain, whole] = [Setting::plain(3_600), Setting::recommended(3_600)].map(|setting| {
            let mut desk = Desk::new(&m, &setting).unwrap();
            let warm: Vec<bool> =
                (0..420).map(|_| desk.advance().map(|_| desk.is_warm(0)).unwrap()).collect();
            (0..420).filter(|step| *step >= 300 && warm[*step]).min()
        });
        // Fifty ticks missed, and thirty-two forgiven: it takes eighteen. Everything on charges its haircut meanwhile.
        assert_eq!(whole, Some(350));
        assert!(plain.is_some_and(|step| (366..=370).contains(&step)), "{plain:?}");
    }

    #[test]
    fn a_book_is_sized_and_margined_as_a_share_of_what_it_is_worth() {
        let m = market(3_600, 0..400);
        let mut desk = Desk::new(&m, &Setting::plain(3_600)).unwrap();
        while desk.advance().unwrap().is_some() {}
        let units = desk.units(0, 1e12).unwrap();
        assert!((desk.value(&[(0, units)]).unwrap() - 1_000_000_000_000).abs() < 100);
        let margin = desk.requirement(&[(0, units)]).unwrap();
        let asset = &desk.board.assets[0];
        let core = (asset.haircut_long - asset.addon_long) as f64 / RATE_ONE as f64;
        assert!((margin.at_once as f64 / 1e12 - core).abs() < 1e-4 * core);
        assert!(margin.limited <= margin.at_once);
    }
}
