use anchor_lang::prelude::*;
use ballast_risk::fixed::rate_from_bps;
use ballast_risk::funding::{FundingParams, Inventory};
use ballast_risk::shares::{LossWindow, Worth};

use crate::error::{BallastError, OrRefuse};
use crate::governance::{DELAY_S, RAMP_S, ramp};
use crate::limits::BackstopParams;
use crate::margin::BoardView;
use crate::state::{MarginAccount, Market};

/// Capital that quotes and takes over in one market. It lies in a margin account like any other, the *slice*, which
/// trades in this market alone: what happens there cannot reach another market's capital.
#[account]
#[derive(InitSpace)]
pub struct BackstopVault {
    /// Layout version.
    pub version: u8,
    /// Bump of this address.
    pub bump: u8,
    /// Index of its market.
    pub market: u8,
    /// The clearinghouse it belongs to.
    pub clearinghouse: Pubkey,
    /// Its margin account.
    pub slice: Pubkey,
    /// What it charges and how much it risks.
    pub params: BackstopParams,
    /// Shares that somebody owns, and how often the vault started anew.
    pub total_shares: u64,
    pub epoch: u32,
    /// Commitments of open requests, quote micro-units: in the slice's quote, and not the vault's yet.
    pub committed: u64,
    /// See [`LossWindow`].
    pub high: i64,
    pub window_start: i64,
    pub halted_until: i64,
    /// See [`Inventory`].
    pub inventory_sum: i128,
    pub inventory_since: i64,
    pub inventory_until: i64,
    /// Largest position that funding was measured against when that last changed, native units, and when, unix seconds.
    /// See [`Self::funding_position`].
    pub funding_from: u64,
    pub funding_since: i64,
    /// For later versions.
    pub reserved: [u8; 112],
}

const _: () = assert!(BackstopVault::INIT_SPACE == 3 + 64 + 24 + 7 * 4 + 12 + 8 + 24 + 16 + 16 + 16 + 112);

impl BackstopVault {
    /// Refuses a vault, a slice and a market that do not belong together.
    pub fn require_of(&self, this: &Pubkey, slice: &Pubkey, market: &Market) -> Result<()> {
        require_keys_eq!(market.backstop, *this, BallastError::WrongBackstop);
        require_keys_eq!(self.slice, *slice, BallastError::WrongBackstop);
        Ok(())
    }

    /// What its shares are worth. Without a position no price is needed, so that the way out stays open.
    pub fn worth(&self, slice: &MarginAccount, view: &BoardView) -> Result<Worth> {
        let listed = view.board().market(self.market.into()).or_refuse()?;
        let position = slice.position_now(self.market, listed)?;
        let committed = i64::try_from(self.committed).map_err(|_| BallastError::Overflow)?;
        let cash =
            view.quote(slice).or_refuse()?.checked_sub(committed).and_then(|x| x.checked_add(position.entry));
        let cash = cash.ok_or(BallastError::Overflow)?;
        if position.base == 0 {
            return Ok(Worth::flat(cash));
        }
        let asset = view.fresh(listed.asset.into()).or_refuse()?;
        Worth::of(cash, position.base, &asset.spot(), &asset.stable()).or_refuse()
    }

    fn losses(&self) -> LossWindow {
        LossWindow { high: self.high, start: self.window_start, halted_until: self.halted_until }
    }

    fn set_losses(&mut self, losses: LossWindow) {
        (self.high, self.window_start, self.halted_until) = (losses.high, losses.start, losses.halted_until);
    }

    /// Holds what it has lost against its limit, and its inventory up to now against time.
    pub fn mark(&mut self, slice: &MarginAccount, view: &BoardView) -> Result<()> {
        let worth = self.worth(slice, view)?;
        let mut losses = self.losses();
        losses.mark(worth.spot, view.now(), self.params.loss_limit, self.params.loss_window_s);
        self.set_losses(losses);
        let mut inventory = self.inventory();
        let listed = view.board().market(self.market.into()).or_refuse()?;
        inventory.follow(slice.position_now(self.market, listed)?.base, view.now());
        self.set_inventory(inventory);
        Ok(())
    }

    /// Capital came in (negative: went out).
    pub fn flow(&mut self, amount: i64) -> Result<()> {
        let mut losses = self.losses();
        losses.flow(amount).or_refuse()?;
        self.set_losses(losses);
        Ok(())
    }

    /// Whether it takes no more risk.
    pub fn is_halted(&self, now: i64) -> bool {
        self.losses().is_halted(now)
    }

    /// What it held since funding was last brought in step.
    pub fn inventory(&self) -> Inventory {
        Inventory { sum: self.inventory_sum, since: self.inventory_since, until: self.inventory_until }
    }

    /// The inventory at which funding moves at its full velocity, native units. `max_position` is lowered at once, and
    /// with the same inventory that would raise what positions pay: so this follows it as what burdens them does, once
    /// a notice is over and along a ramp.
    pub fn funding_position(&self, now: i64) -> u64 {
        let to = self.params.max_position;
        let noticed = now.saturating_sub(self.funding_since).saturating_sub(DELAY_S);
        ramp::value(self.funding_from.max(to), to, noticed, RAMP_S)
    }

    /// To be called before `max_position` moves.
    pub fn hold_funding(&mut self, now: i64) {
        (self.funding_from, self.funding_since) = (self.funding_position(now), now);
    }

    /// How funding follows its inventory.
    pub fn funding(&self, now: i64) -> FundingParams {
        FundingParams {
            velocity: rate_from_bps(self.params.funding_velocity_bps),
            max: rate_from_bps(self.params.funding_max_bps),
            max_position: self.funding_position(now),
        }
    }

    /// Keeps it.
    pub fn set_inventory(&mut self, inventory: Inventory) {
        self.inventory_sum = inventory.sum;
        (self.inventory_since, self.inventory_until) = (inventory.since, inventory.until);
    }
}
