use anchor_lang::prelude::*;
use ballast_risk::fill::reduces;
use ballast_risk::interest;

use crate::error::{BallastError, OrRefuse};
use crate::limits::{MAX_COLLATERAL, MAX_POSITIONS};
use crate::state::{MarketState, RiskBoard};

/// Collateral in one asset. A slot with nothing in it is free.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CollateralSlot {
    /// Native units of the asset.
    pub amount: u64,
    /// Index of the asset on the board.
    pub asset: u8,
    pub padding: [u8; 7],
}

/// A position in one market. A slot with neither base nor entry is free.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PositionSlot {
    /// Signed native units of the market's asset.
    pub base: i64,
    /// Signed quote micro-units: minus what the base cost, plus losses paid in, minus profits paid
    /// out. `⌊base·price⌋ + entry` is the unsettled profit.
    pub entry: i64,
    /// Index of the market on the board.
    pub market: u8,
    pub padding: [u8; 3],
    /// The epoch of its side of the market ([`crate::state::SideIndex`]) that the next two belong to.
    pub epoch: u32,
    /// How crowded the market was at this account's last trade in it, a share of the haircut, and when that was, unix seconds: until the board knows, the account remembers.
    pub crowding: u64,
    pub crowding_time: i64,
    /// Scale and cash of its side of the market when `base` and `entry` were last written.
    pub scale: u64,
    pub cash: i64,
    /// For later versions.
    pub reserved: u64,
}

/// What became of one account's position in a market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PositionChange {
    /// Base as it was last written, and as it was once it was brought in step, signed native units.
    pub written: i64,
    pub before: i64,
    /// Base at the end.
    pub after: i64,
    /// What bringing it in step gave its entry, signed quote micro-units.
    pub given: i64,
}

impl PositionSlot {
    fn is_free(&self) -> bool {
        self.base == 0 && self.entry == 0
    }
}

/// A trader's sub-account. Zero-copy.
#[account(zero_copy)]
#[derive(Debug, PartialEq, Eq)]
pub struct MarginAccount {
    /// Layout version.
    pub version: u8,
    /// Bump of this address.
    pub bump: u8,
    /// Which of the owner's sub-accounts.
    pub sub_account: u16,
    /// 0: cross margin; otherwise the only market that it may trade in, plus one.
    pub isolated: u8,
    /// Restrictions that stand on it, bits of [`crate::policy::restriction`].
    pub restrictions: u8,
    /// What its delegate may do, bits of [`delegate_power`].
    pub delegate_powers: u8,
    /// The last alert level that was announced: how many of `alert_bps` its health was below.
    pub alert: u8,
    /// The clearinghouse it belongs to.
    pub clearinghouse: Pubkey,
    /// Who may do everything.
    pub owner: Pubkey,
    /// Who may trade but not withdraw; default for nobody.
    pub delegate: Pubkey,
    /// Settled quote, signed micro-units; below zero it is a loan against the rest.
    pub quote: i64,
    /// Collateral by asset.
    pub collateral: [CollateralSlot; MAX_COLLATERAL],
    /// Positions by market.
    pub positions: [PositionSlot; MAX_POSITIONS],
    /// From when on its delegate may do nothing, unix seconds; zero for never.
    pub delegate_until: i64,
    /// Index of interest on loans up to which `quote` has been charged.
    pub loan_index: u64,
    /// What of its loan the treasury's total holds, quote micro-units.
    pub loan_counted: u64,
    /// Interest that left `quote` and was not yet swept into the insurance fund, quote micro-units.
    pub interest_owed: u64,
    /// When it was first found below its MM, unix seconds, and the newest publish time among its prices then; zero
    /// while it is above.
    pub short_since: i64,
    pub short_publish: i64,
    /// When the running phase of its liquidation began, unix seconds, and the margin freed in it, quote micro-units.
    pub phase_start: i64,
    pub phase_taken: u64,
    /// Levels of equity ÷ MM at which it alerts, basis points, falling; zero for none.
    pub alert_bps: [u16; 4],
    /// Of an isolated account: its market's asset, the only one that it may hold as collateral.
    pub isolated_asset: u8,
    pub padding: [u8; 7],
    /// When it was last found below its MM, unix seconds.
    pub short_seen: i64,
    /// What it has paid to insurance, in trading fees and in the fund's part of its penalties, less the bounties that
    /// insurance has paid for it, quote micro-units.
    pub contributed: u64,
    /// For later versions.
    pub reserved: [u64; 20],
}

const _: () = assert!(core::mem::size_of::<MarginAccount>() == 8 + 3 * 32 + 8 + 16 * 16 + 64 * 16 + 256);

/// What an owner may let a delegate do. Never: withdraw.
pub mod delegate_power {
    /// Trade in a way that adds risk.
    pub const TRADE: u8 = 1;
    /// Trade in a way that reduces a position.
    pub const REDUCE: u8 = 2;
    /// Deposit from a wallet of its own.
    pub const DEPOSIT: u8 = 4;
    /// Liquidate with this account as the keeper's.
    pub const LIQUIDATE: u8 = 8;
    /// All of them.
    pub const ALL: u8 = TRADE | REDUCE | DEPOSIT | LIQUIDATE;
}

impl MarginAccount {
    /// Remembers what open interest adds to IM in a market that the account just traded in.
    pub fn remember_crowding(&mut self, market: u8, crowding: u64, now: i64) {
        if let Some(slot) = self.positions.iter_mut().find(|slot| !slot.is_free() && slot.market == market) {
            (slot.crowding, slot.crowding_time) = (crowding, now);
        }
    }

    /// Bytes of the account, discriminator included.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// Refuses a signer that is neither the owner nor a delegate with this power at `now`.
    pub fn authorise(&self, signer: &Pubkey, power: u8, now: i64) -> Result<()> {
        if *signer == self.owner {
            return Ok(());
        }
        let delegated = self.delegate != Pubkey::default() && *signer == self.delegate;
        require!(delegated, BallastError::NotAuthorised);
        let over = self.delegate_until != 0 && now >= self.delegate_until;
        require!(!over, BallastError::DelegateExpired);
        require!(self.delegate_powers & power != 0, BallastError::DelegateLacksPower);
        Ok(())
    }

    /// The power that a delegate needs to trade `base` more in a market.
    pub fn power_to_trade(&self, market: u8, listed: &MarketState, base: i64) -> Result<u8> {
        let held = self.position_now(market, listed)?.base;
        let holds = held.checked_add(base).ok_or(BallastError::Overflow)?;
        Ok(if reduces(held, holds) { delegate_power::REDUCE } else { delegate_power::TRADE })
    }

    /// Ties the account to one market and its asset, or with none to no market.
    pub fn set_mode(&mut self, market: Option<(u8, u8)>) -> Result<()> {
        require!(self.is_empty(), BallastError::AccountNotEmpty);
        // Markets are fewer than 255.
        (self.isolated, self.isolated_asset) = market.map_or((0, 0), |(market, asset)| (market + 1, asset));
        Ok(())
    }

    /// Interest on its loan since it was last charged, quote micro-units, rounded up.
    pub fn interest(&self, board: &RiskBoard) -> ballast_risk::Result<u64> {
        // An account that was never charged owes since the beginning.
        interest::owed(self.loan(), self.loan_index.max(interest::INDEX_ONE), board.loan_index)
    }

    /// Charges the interest on its loan up to now: it leaves the quote and is owed to the insurance fund.
    pub fn accrue(&mut self, board: &RiskBoard) -> Result<()> {
        if self.loan_index == board.loan_index {
            return Ok(());
        }
        let charged = self.interest(board).or_refuse()?;
        let quote = i64::try_from(charged).ok().and_then(|charged| self.quote.checked_sub(charged));
        self.quote = quote.ok_or(BallastError::Overflow)?;
        self.interest_owed = self.interest_owed.checked_add(charged).ok_or(BallastError::Overflow)?;
        self.loan_index = board.loan_index;
        Ok(())
    }

    /// Changes the settled quote balance, once interest has been charged on what it was. Nothing else changes it, so
    /// nobody can forget to charge.
    pub fn add_quote(&mut self, amount: i64, board: &RiskBoard) -> Result<()> {
        self.accrue(board)?;
        self.quote = self.quote.checked_add(amount).ok_or(BallastError::Overflow)?;
        Ok(())
    }

    /// What it owes of quote, micro-units, up to when interest was last charged.
    pub fn loan(&self) -> u64 {
        self.quote.min(0).unsigned_abs()
    }

    /// Native units held of an asset.
    pub fn collateral_of(&self, asset: u8) -> u64 {
        self.collateral.iter().find(|s| s.amount != 0 && s.asset == asset).map_or(0, |s| s.amount)
    }

    /// Adds collateral, in the asset's slot or the first free one.
    ///
    /// # Errors
    /// Of an isolated account any but its market's asset.
    pub fn add_collateral(&mut self, asset: u8, amount: u64) -> Result<()> {
        require!(self.isolated == 0 || asset == self.isolated_asset, BallastError::IsolatedCollateral);
        let at = self
            .collateral
            .iter()
            .position(|s| s.amount != 0 && s.asset == asset)
            .or_else(|| self.collateral.iter().position(|s| s.amount == 0))
            .ok_or(BallastError::NoCollateralSlot)?;
        let slot = &mut self.collateral[at];
        slot.asset = asset;
        slot.amount = slot.amount.checked_add(amount).ok_or(BallastError::Overflow)?;
        Ok(())
    }

    /// Takes collateral out of its slot.
    pub fn take_collateral(&mut self, asset: u8, amount: u64) -> Result<()> {
        let slot = self
            .collateral
            .iter_mut()
            .find(|s| s.amount >= amount && s.amount != 0 && s.asset == asset)
            .ok_or(BallastError::InsufficientBalance)?;
        slot.amount -= amount;
        if slot.amount == 0 {
            *slot = CollateralSlot::default();
        }
        Ok(())
    }

    /// The position in a market as it was last written; a flat one where there is none.
    pub fn position(&self, market: u8) -> PositionSlot {
        self.positions.iter().find(|s| !s.is_free() && s.market == market).copied().unwrap_or_default()
    }

    /// The position in a market as it is now; a flat one where there is none.
    pub fn position_now(&self, market: u8, listed: &MarketState) -> Result<PositionSlot> {
        listed.now(&self.position(market)).or_refuse()
    }

    /// Brings a position in step with its market; its market follows the change.
    pub fn keep_step(&mut self, market: u8, listed: &MarketState) -> Result<PositionChange> {
        if self.position(market).is_free() {
            Ok(PositionChange::default())
        } else {
            self.add_position(market, listed, 0, 0)
        }
    }

    /// Brings a position in step with its market and adds to it, in the market's slot or the first free one; frees a
    /// slot that ends empty. Its market follows the change.
    ///
    /// # Errors
    /// Of an isolated account any market but its own.
    pub fn add_position(
        &mut self,
        market: u8,
        listed: &MarketState,
        base: i64,
        entry: i64,
    ) -> Result<PositionChange> {
        let other = self.isolated != 0 && u16::from(market) + 1 != u16::from(self.isolated);
        require!(!other, BallastError::IsolatedMarket);
        let at = self
            .positions
            .iter()
            .position(|s| !s.is_free() && s.market == market)
            .or_else(|| self.positions.iter().position(PositionSlot::is_free))
            .ok_or(BallastError::NoPositionSlot)?;
        let slot = &mut self.positions[at];
        slot.market = market;
        let written = slot.base;
        let given = slot.keep_step(listed).or_refuse()?;
        let before = slot.base;
        slot.base = before.checked_add(base).ok_or(BallastError::Overflow)?;
        slot.entry = slot.entry.checked_add(entry).ok_or(BallastError::Overflow)?;
        slot.mark(listed);
        let change = PositionChange { written, before, after: slot.base, given };
        if slot.is_free() {
            *slot = PositionSlot::default();
        }
        Ok(change)
    }

    /// Slots with collateral.
    pub fn held_collateral(&self) -> impl Iterator<Item = &CollateralSlot> + Clone {
        self.collateral.iter().filter(|s| s.amount != 0)
    }

    /// Slots with a position or something unsettled.
    pub fn held_positions(&self) -> impl Iterator<Item = &PositionSlot> + Clone {
        self.positions.iter().filter(|s| !s.is_free())
    }

    /// Whether nothing is owed by this account whatever prices do.
    pub fn is_free_of_risk(&self) -> bool {
        self.quote >= 0 && self.held_positions().next().is_none()
    }

    /// Whether nothing at all is left in it.
    pub fn is_empty(&self) -> bool {
        let owes_nothing = self.loan_counted == 0 && self.interest_owed == 0;
        let holds_nothing = self.held_collateral().next().is_none() && self.held_positions().next().is_none();
        self.quote == 0 && owes_nothing && holds_nothing
    }
}
