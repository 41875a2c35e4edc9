//! Accounts → plain numbers: the one place where holdings and board meet the engine.

use core::cell::Cell;

use anchor_lang::prelude::Clock;
use ballast_risk::asset::{AssetRisk, RiskView, Side};
use ballast_risk::book::{Basis, Book, Position};
use ballast_risk::breaker::State;
use ballast_risk::margin::{Margin, MarginParams};
use ballast_risk::option_book::OptionHolding;
use ballast_risk::scenario::Column;
use ballast_risk::stress::StressColumn;
use ballast_risk::{Result, RiskError, settlement};

use crate::heap;
use crate::limits::{MAX_POSITIONS, OPTION_PARAMS};
use crate::state::{AssetState, MarginAccount, MarketState, PositionSlot, RiskBoard};

/// The board as the engine sees it at a moment.
pub struct BoardView<'a> {
    board: &'a RiskBoard,
    now: i64,
    doubt: Doubt,
}

/// What an asset whose price is not believed (stale, halted or doubted) does to a book that holds it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// It cannot be valued, and so neither can the book: for reports.
    Refuse,
    /// What is held of it counts for nothing, what is owed of it in full: for new risk and withdrawals.
    Void,
    /// It counts at the bound that favours the account: for liquidation.
    Favour,
}

impl<'a> BoardView<'a> {
    /// The board at the cluster's time.
    pub fn new(board: &'a RiskBoard, clock: &Clock) -> Self {
        Self::at(board, clock.unix_timestamp)
    }

    /// The board at a unix time.
    pub fn at(board: &'a RiskBoard, now: i64) -> Self {
        Self { board, now, doubt: Doubt::Refuse }
    }

    /// The board as new risk and withdrawals see it: an asset whose price is not believed neither stops them nor pays
    /// for them.
    pub fn for_new_risk(board: &'a RiskBoard, now: i64) -> Self {
        Self { board, now, doubt: Doubt::Void }
    }

    /// The board as a liquidation sees it. A dollar of an asset whose price is silent or doubted must not shield
    /// the rest of an account, so such an asset is valued in the account's favour instead of refusing;
    /// it cannot itself be taken over ([`crate::policy`]). In its favour, because a keeper could otherwise
    /// let a hedge go stale and take the other leg.
    pub fn for_liquidation(board: &'a RiskBoard, now: i64) -> Self {
        Self { board, now, doubt: Doubt::Favour }
    }

    /// Unix seconds.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// The board itself.
    pub fn board(&self) -> &'a RiskBoard {
        self.board
    }

    /// An asset whose price may be used now.
    pub fn fresh(&self, index: usize) -> Result<&'a AssetState> {
        let asset = self.board.asset(index)?;
        if asset.is_fresh(self.now) { Ok(asset) } else { Err(RiskError::StalePrice) }
    }

    /// A perpetual position as it is now; of an option none, and `options` is set.
    #[inline(always)]
    fn position(&self, slot: &PositionSlot, options: &Cell<bool>) -> Option<Position> {
        let Ok(market) = self.board.market(slot.market.into()) else {
            return Some(unknown(slot));
        };
        if market.is_option() {
            options.set(true);
            return None;
        }
        if !market.is_in_step(slot) {
            return Some(stepped(market, slot));
        }
        let (asset, profit_cap) = (market.asset.into(), market.profit_cap);
        Some(Position { asset, base: slot.base, entry: slot.entry, profit_cap })
    }

    /// An account's position in an option market.
    pub fn option(&self, slot: &PositionSlot) -> Result<OptionHolding> {
        let market = self.board.market(slot.market.into())?;
        let asset = self.board.asset(market.asset.into())?;
        market.holding(slot, asset, self.board.params.horizon_s, self.now)
    }

    /// The option positions of an account, in the order in which its book has them.
    pub fn options(account: &MarginAccount, board: &RiskBoard) -> impl Iterator<Item = PositionSlot> {
        account
            .held_positions()
            .filter(|s| board.market(s.market.into()).is_ok_and(|m| m.is_option()))
            .copied()
    }

    /// Every asset that an account holds or trades, some of them more than once.
    pub fn assets<'s>(
        account: &'s MarginAccount,
        board: &'s RiskBoard,
    ) -> impl Iterator<Item = Result<usize>> + 's {
        let collateral = account.held_collateral().map(|s| Ok(usize::from(s.asset)));
        let traded = account.held_positions().map(|s| Ok(usize::from(board.market(s.market.into())?.asset)));
        collateral.chain(traded)
    }

    /// Settled quote of an account, less the interest on its loan that it was not charged yet.
    pub fn quote(&self, account: &MarginAccount) -> Result<i64> {
        if account.quote >= 0 || account.loan_index == self.board.loan_index {
            return Ok(account.quote);
        }
        account.quote.checked_sub_unsigned(account.interest(self.board)?).ok_or(RiskError::Overflow)
    }

    /// Values an account's holdings.
    pub fn book<'v>(&'v self, account: &'v MarginAccount, basis: Basis) -> Result<Book<'v>> {
        if basis == Basis::Maintenance {
            self.book_at_spot(account)
        } else {
            self.book_on(self, account, basis)
        }
    }

    /// At spot nothing is left out, and each position is read once, where it lies.
    #[inline(never)]
    fn book_at_spot<'v>(&'v self, account: &MarginAccount) -> Result<Book<'v>> {
        let found = Cell::new(false);
        let linear = account.held_positions().filter_map(|s| self.position(s, &found));
        let book = Book::new(self.quote(account)?, collateral(account), linear, self, Basis::Maintenance)?;
        if found.get() { self.with_options(book, account) } else { Ok(book) }
    }

    /// Values an account's holdings on another view of this board's assets.
    #[inline(never)]
    pub fn book_on<'v, V: RiskView>(
        &self,
        view: &'v V,
        account: &MarginAccount,
        basis: Basis,
    ) -> Result<Book<'v>> {
        // Elsewhere the book reads all of them twice a leg: they are brought in step once.
        let found = Cell::new(false);
        let mut linear = Vec::with_capacity(MAX_POSITIONS);
        linear.extend(account.held_positions().filter_map(|s| self.position(s, &found)));
        let book = Book::new(self.quote(account)?, collateral(account), linear.iter().copied(), view, basis)?;
        if found.get() { self.with_options(book, account) } else { Ok(book) }
    }

    #[inline(never)]
    fn with_options<'v>(&self, book: Book<'v>, account: &MarginAccount) -> Result<Book<'v>> {
        let options = Self::options(account, self.board).map(|s| self.option(&s));
        let options = options.collect::<Result<Vec<_>>>()?;
        let found = Cell::new(true);
        let linear = account.held_positions().filter_map(|s| self.position(s, &found));
        book.with_options(options.into_iter(), linear, &OPTION_PARAMS)
    }

    /// What a book must meet on a basis: only MM lags behind volatility; new risk is charged at once.
    pub fn params(&self, basis: Basis) -> MarginParams {
        let params = self.board.margin_params();
        if basis == Basis::Maintenance { params } else { params.at_once() }
    }

    /// Equity and requirement of an account.
    pub fn margin(&self, account: &MarginAccount, basis: Basis) -> Result<Margin> {
        heap::scope(|| self.margin_of(account, basis))
    }

    /// What an account is worth on a basis, quote micro-units.
    pub fn equity(&self, account: &MarginAccount, basis: Basis) -> Result<i64> {
        heap::scope(|| Ok(self.book(account, basis)?.equity()))
    }

    fn margin_of(&self, account: &MarginAccount, basis: Basis) -> Result<Margin> {
        let params = self.params(basis);
        if basis != Basis::Maintenance && account.held_positions().any(|s| s.crowding != 0) {
            let remembered = Remembered { view: self, account };
            return self.book_on(&remembered, account, basis)?.margin(&params);
        }
        self.book(account, basis)?.margin(&params)
    }

    /// What an account remembers of a market's crowding, where the board's copy is older.
    fn remembered(&self, slot: &PositionSlot, asset: usize) -> u64 {
        match self.board.market(slot.market.into()) {
            Ok(m) if usize::from(m.asset) == asset && slot.crowding_time >= m.open_interest_time => {
                slot.crowding
            }
            _ => 0,
        }
    }

    /// What an account's collateral counts for when it pays a loss.
    pub fn collateral_credit(&self, account: &MarginAccount) -> Result<u64> {
        account.held_collateral().try_fold(0u64, |sum, slot| {
            // Without a believed price it counts for nothing; it must not stop a loss from being paid.
            let asset = self.board.asset(slot.asset.into())?;
            if !asset.is_believed(self.now) {
                return Ok(sum);
            }
            let haircut = self.risk_of(asset)?.long.haircut;
            let credit = settlement::collateral_credit(slot.amount, &asset.spot(), &asset.stable(), haircut)?;
            sum.checked_add(credit).ok_or(RiskError::Overflow)
        })
    }
}

/// An account's collateral as the engine wants it.
fn collateral(account: &MarginAccount) -> impl Iterator<Item = (usize, u64)> {
    account.held_collateral().map(|s| (usize::from(s.asset), s.amount))
}

/// An index that is not listed becomes a position that the engine refuses.
fn unknown(slot: &PositionSlot) -> Position {
    Position { asset: usize::MAX, base: slot.base, entry: slot.entry, profit_cap: 0 }
}

/// A position that its market has moved on from; nor can one be valued that has no way into step.
#[inline(never)]
fn stepped(market: &MarketState, slot: &PositionSlot) -> Position {
    market.now(slot).map_or(unknown(slot), |PositionSlot { base, entry, .. }| Position {
        asset: market.asset.into(),
        base,
        entry,
        profit_cap: market.profit_cap,
    })
}

/// The board as an account sees it that traded after open interest was last copied to it. Whoever filled a market
/// must not take out in the next instruction what the crowd demanded in this one.
struct Remembered<'a> {
    view: &'a BoardView<'a>,
    account: &'a MarginAccount,
}

impl RiskView for Remembered<'_> {
    fn asset(&self, index: usize) -> Result<AssetRisk> {
        let mut risk = self.view.asset(index)?;
        for slot in self.account.held_positions().filter(|slot| slot.crowding != 0) {
            let share = self.view.remembered(slot, index);
            risk.crowding = risk.crowding.max(self.view.board.asset(index)?.crowding_rate(share));
        }
        Ok(risk)
    }

    fn column(&self, index: usize) -> Result<&Column> {
        self.view.column(index)
    }

    fn stress(&self, index: usize) -> Result<&StressColumn> {
        self.view.stress(index)
    }

    fn scenarios(&self, index: usize) -> Result<(&Column, &StressColumn)> {
        self.view.scenarios(index)
    }
}

impl RiskView for BoardView<'_> {
    #[inline(always)]
    fn asset(&self, index: usize) -> Result<AssetRisk> {
        let a = self.board.asset(index)?;
        if a.breaker == State::Normal as u8 && a.underlying == 0 && a.is_fresh(self.now) {
            return Ok(a.risk());
        }
        self.unusual(a)
    }

    #[inline(always)]
    fn column(&self, index: usize) -> Result<&Column> {
        self.board.ring.get(self.core_of(index)).ok_or(RiskError::UnknownAsset)
    }

    #[inline(always)]
    fn stress(&self, index: usize) -> Result<&StressColumn> {
        self.board.stress.get(self.core_of(index)).ok_or(RiskError::UnknownAsset)
    }

    #[inline(always)]
    fn scenarios(&self, index: usize) -> Result<(&Column, &StressColumn)> {
        let core = self.core_of(index);
        match (self.board.ring.get(core), self.board.stress.get(core)) {
            (Some(column), Some(stress)) => Ok((column, stress)),
            _ => Err(RiskError::UnknownAsset),
        }
    }
}

impl BoardView<'_> {
    /// Whose scenarios an asset has: a staked token its underlying's, which is what makes the two net.
    #[inline(always)]
    fn core_of(&self, index: usize) -> usize {
        match self.board.assets.get(index).map_or(0, |a| a.underlying) {
            0 => index,
            underlying => usize::from(underlying) - 1,
        }
    }

    /// The risk of an asset as if its price were believed. Of a staked token it is its underlying's at its own price,
    /// with what may come between the two as an un-netted add-on on either side.
    fn risk_of(&self, a: &AssetState) -> Result<AssetRisk> {
        let Some(underlying) = a.underlying.checked_sub(1) else { return Ok(a.risk()) };
        let under = self.board.asset(underlying.into())?.risk();
        let side = |of: &Side| Side {
            haircut: of.haircut.saturating_add(a.basis),
            addon: of.addon.saturating_add(a.basis),
            ..*of
        };
        let (long, short) = (side(&under.long), side(&under.short));
        let crowding = a.crowding_rate(a.crowding).max(under.crowding);
        Ok(AssetRisk { spot: a.spot(), stable: a.stable(), long, short, crowding, ..under })
    }

    /// The risk of an asset that is guarded, doubted, halted or staked.
    #[inline(never)]
    fn unusual(&self, a: &AssetState) -> Result<AssetRisk> {
        let state = a.state(self.now);
        let mut risk = self.risk_of(a)?;
        if state == State::Guarded {
            risk.crowding = risk.crowding.saturating_add(a.guarded_rate(&self.board.prices));
        }
        if state < State::Doubted {
            return Ok(risk);
        }
        match self.doubt {
            Doubt::Refuse => return Err(RiskError::StalePrice),
            Doubt::Void => {
                risk.void = true;
                return Ok(risk);
            }
            Doubt::Favour => {}
        }
        // In the account's favour: the risk stays, because it may be the hedge of the rest, and dropping it would
        // raise the margin; add-ons go, and the price is credited the most it is ever charged for. By
        // sub-additivity the shortfall is then at most what it would be without the asset, and at most
        // what it would be if the price had moved by the largest haircut in the account's favour.
        (risk.long.addon, risk.short.addon) = (0, 0);
        (risk.long.crowd, risk.short.crowd) = (u64::MAX, u64::MAX);
        risk.floor = 0;
        risk.favour = a.haircut_max;
        Ok(risk)
    }
}
