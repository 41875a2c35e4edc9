//! What happens to all positions of a market at once, and how one follows.
//!
//! Conservation: nothing of this touches an account. Σ entries + [`crate::state::Market::promised`] = pool + realised
//! before and after, because what an index gives one side it takes from the other, or from the bankrupt whose entry
//! changes in the same instruction; and because what a position is given when it is brought in step leaves `promised`.

use ballast_risk::funding::Payment;
use ballast_risk::price::Price;
use ballast_risk::side::{self, Index, Snapshot};
use ballast_risk::{Result, RiskError};

use crate::state::{MarketState, PositionSlot, SideIndex};

impl SideIndex {
    fn index(&self) -> Index {
        Index { scale: self.scale, cash: self.cash, last_cash: self.last_cash, epoch: self.epoch }
    }

    fn set(&mut self, index: &Index) {
        (self.scale, self.cash) = (index.scale, index.cash);
        (self.last_cash, self.epoch) = (index.last_cash, index.epoch);
    }
}

impl PositionSlot {
    /// Remembers what its base and entry are in step with.
    pub fn mark(&mut self, market: &MarketState) {
        let side = market.side(self.base);
        (self.scale, self.cash, self.epoch) = (side.scale, side.cash, side.epoch);
    }

    /// Brings base and entry in step with its market; returns what the entry was given, quote micro-units.
    pub fn keep_step(&mut self, market: &MarketState) -> Result<i64> {
        let (base, given) = market.effective(self)?;
        self.base = base;
        self.entry = self.entry.checked_add(given).ok_or(RiskError::Overflow)?;
        self.mark(market);
        Ok(given)
    }
}

impl MarketState {
    /// The side that a signed base is on; of no base the short one, which then means nothing.
    #[inline(always)]
    pub fn side(&self, base: i64) -> &SideIndex {
        if base > 0 { &self.long } else { &self.short }
    }

    fn side_mut(&mut self, base: i64) -> &mut SideIndex {
        if base > 0 { &mut self.long } else { &mut self.short }
    }

    /// Native units that truncation can take from the side that a signed base is on, by closing part of it now.
    pub fn dust_of(&self, base: i64, open: u64, holders: u32) -> u64 {
        self.side(base).index().dust(open, holders)
    }

    /// Whether nothing has happened to a position since it was last written.
    #[inline(always)]
    pub fn is_in_step(&self, slot: &PositionSlot) -> bool {
        let side = self.side(slot.base);
        slot.base == 0 || (slot.cash == side.cash && slot.scale == side.scale && slot.epoch == side.epoch)
    }

    /// What a position's base is now, and what its entry is to be given.
    #[inline(never)]
    pub fn effective(&self, slot: &PositionSlot) -> Result<(i64, i64)> {
        if self.is_in_step(slot) {
            return Ok((slot.base, 0));
        }
        let side = self.side(slot.base);
        let at = Snapshot { scale: slot.scale, cash: slot.cash, epoch: slot.epoch };
        side::effective(slot.base, &at, &side.index(), self.cash_shift.into())
    }

    /// A position as it is now, without writing it.
    pub fn now(&self, slot: &PositionSlot) -> Result<PositionSlot> {
        let (base, given) = self.effective(slot)?;
        let entry = slot.entry.checked_add(given).ok_or(RiskError::Overflow)?;
        Ok(PositionSlot { base, entry, ..*slot })
    }

    /// The unit of cash, `2^(−shift)` quote micro-units; chosen from the price at first use and then kept.
    pub fn cash_unit(&mut self, spot: &Price) -> u32 {
        if self.cash_shift == 0 {
            self.cash_shift = side::shift_for(spot) as u8;
        }
        self.cash_shift.into()
    }

    /// Pays funding to every unit on either side (negative: takes it), in units of [`Self::cash_unit`]. Both sides are
    /// rounded against it, so what the one is given never exceeds what the other has paid.
    pub fn pay_funding(&mut self, paid: &Payment) -> Result<()> {
        let (mut long, mut short) = (self.long.index(), self.short.index());
        long.pay(paid.long)?;
        short.pay(paid.short)?;
        self.long.set(&long);
        self.short.set(&short);
        Ok(())
    }

    /// Closes a position of `base` (signed) of which `open` are open on each side against the whole opposite side,
    /// which pays `total` micro-units for it in all. Where the other side would be left with a scale that is too small,
    /// the whole market is closed at spot. Says whether an epoch has turned.
    pub fn deleverage(&mut self, base: i64, open: u64, total: i64, spot: &Price) -> Result<bool> {
        let shift = self.cash_unit(spot);
        let given = total.checked_neg().ok_or(RiskError::Overflow)?;
        let mut other = self.side(base.checked_neg().ok_or(RiskError::Overflow)?).index();
        if let Some(turned) = other.close(open, base.unsigned_abs(), given, shift)? {
            self.side_mut(-base).set(&other);
            return Ok(turned);
        }
        // What is left of both sides is closed at spot: the longs are paid for it what the shorts pay.
        let left = i64::try_from(open - base.unsigned_abs()).map_err(|_| RiskError::Overflow)?;
        let worth = spot.value(left)?;
        let mut own = self.side(base).index();
        let (to_own, to_other) = if base > 0 { (worth, -worth) } else { (-worth, worth) };
        let to_other = to_other.checked_add(given).ok_or(RiskError::Overflow)?;
        own.close(left.unsigned_abs(), left.unsigned_abs(), to_own, shift)?;
        other.close(open, open, to_other, shift)?;
        self.side_mut(base).set(&own);
        self.side_mut(-base).set(&other);
        Ok(true)
    }
}
