//! Accounts → totals: do the vaults hold what the books say?
//!
//! ```text
//! quote vault      ≥  Σ quote + Σ interest owed + Σ pools + Σ fees + insurance       quote signed: loans count below zero
//! collateral vault ≥  Σ slots                                                       of every asset
//! Σ entries + promised  =  pool + realised                                          in every market
//! Σ base                =  0                                                        unless it is an expired option
//! open interest         =  Σ longs
//! ```
//!
//! Entries are summed as they are written; bases as they are now, in step with their side of the market. A side that was
//! deleveraged has left behind what truncation took from its positions: the market counts the most that this can be
//! ([`Market::base_dust`]), and longs may lack so much of what is open, as may shorts of longs or longs of shorts.
//!
//! Vaults may hold more: anybody may send tokens to them. A sum that does not fit is an error, never a wrapped number.

use anchor_lang::prelude::*;
use ballast_risk::option::VolBand;

use crate::error::{BallastError, OrRefuse};
use crate::instructions::SolvencyReport;
use crate::margin::BoardView;
use crate::state::{MarginAccount, Market, MarketState, PositionSlot, RiskBoard, Treasury};

/// Where a token account says how much it holds; SPL Token and Token-2022 agree.
const AMOUNT: core::ops::Range<usize> = 64..72;

/// Native units in a vault.
pub fn tokens_in(vault: &AccountInfo) -> Result<u64> {
    let data = vault.try_borrow_data()?;
    let amount = data.get(AMOUNT).and_then(|bytes| bytes.try_into().ok());
    Ok(u64::from_le_bytes(amount.ok_or(BallastError::WrongVault)?))
}

/// One collateral, native units.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct CollateralFigures {
    /// Index on the board.
    pub asset: u8,
    /// Tokens in its vault.
    pub vault: u64,
    /// Σ of what accounts hold.
    pub claims: u64,
}

impl CollateralFigures {
    /// What nobody claims, native units.
    pub fn surplus(&self) -> u64 {
        self.vault.saturating_sub(self.claims)
    }
}

/// Σ over accounts in one market, and what it says of itself.
#[derive(Clone, Copy, Default)]
struct MarketTotals {
    base: i128,
    longs: i128,
    entries: i128,
    /// `pool + realised − promised`.
    owed: i128,
    open_interest: u64,
    /// Native units that truncation may have taken from either side.
    dust: u64,
}

/// The books while they are summed up.
pub struct Books<'a> {
    board: &'a RiskBoard,
    balances: u128,
    loans: u128,
    interest_owed: u128,
    pools: u128,
    fees: u128,
    bad_debt: u128,
    accounts: u64,
    unvalued: u64,
    /// By asset.
    held: Vec<u128>,
    /// By market, in the order in which they are added.
    markets: Vec<MarketTotals>,
}

fn fits(sum: u128) -> Result<u64> {
    Ok(u64::try_from(sum).map_err(|_| BallastError::Overflow)?)
}

impl<'a> Books<'a> {
    /// Empty books of a clearinghouse.
    pub fn of(board: &'a RiskBoard) -> Self {
        Self {
            board,
            balances: 0,
            loans: 0,
            interest_owed: 0,
            pools: 0,
            fees: 0,
            bad_debt: 0,
            accounts: 0,
            unvalued: 0,
            held: vec![0; board.asset_count.into()],
            markets: Vec::with_capacity(board.market_count.into()),
        }
    }

    /// Adds the next market.
    pub fn add_market(&mut self, market: &Market) -> Result<()> {
        self.pools += u128::from(market.pool);
        self.fees += u128::from(market.fees);
        self.markets.push(MarketTotals {
            owed: i128::from(market.pool) + i128::from(market.realised) - i128::from(market.promised),
            open_interest: market.open_interest,
            dust: market.base_dust,
            ..MarketTotals::default()
        });
        Ok(())
    }

    /// Adds a margin account, once all markets are added.
    pub fn add_account(&mut self, account: &MarginAccount, view: &BoardView) -> Result<()> {
        self.accounts += 1;
        if account.quote < 0 {
            self.loans += u128::from(account.quote.unsigned_abs());
        } else {
            self.balances += account.quote as u128;
        }
        self.interest_owed += u128::from(account.interest_owed);
        for slot in account.held_collateral() {
            let held = self.held.get_mut(usize::from(slot.asset)).ok_or(BallastError::WrongAsset)?;
            *held += u128::from(slot.amount);
        }
        for slot in account.held_positions() {
            let totals = self.markets.get_mut(usize::from(slot.market)).ok_or(BallastError::WrongMarket)?;
            let (base, _) = self.board.markets[usize::from(slot.market)].effective(slot).or_refuse()?;
            totals.base += i128::from(base);
            totals.longs += i128::from(base.max(0));
            totals.entries += i128::from(slot.entry);
        }
        // Who owes nothing has nothing to be short of.
        if account.is_free_of_risk() {
            return Ok(());
        }
        match worth(account, view) {
            Some(worth) if worth < 0 => self.bad_debt += worth.unsigned_abs(),
            Some(_) => {}
            None => self.unvalued += 1,
        }
        Ok(())
    }

    /// Refuses books that do not balance or vaults that hold too little; otherwise the figures.
    pub fn close(
        self,
        treasury: &Treasury,
        quote_vault: u64,
        vaults: &[(u8, u64)],
        now: i64,
    ) -> Result<SolvencyReport> {
        for (listed, totals) in self.board.markets.iter().zip(&self.markets) {
            totals.require_balanced(listed, now)?;
        }
        let claims =
            self.balances + self.interest_owed + self.pools + self.fees + u128::from(treasury.insurance);
        let backing = u128::from(quote_vault) + self.loans;
        let surplus = backing.checked_sub(claims).ok_or(BallastError::VaultBelowClaims)?;
        let mut collateral = Vec::with_capacity(vaults.len());
        for (asset, vault) in vaults {
            let claims = fits(self.held[usize::from(*asset)])?;
            require!(*vault >= claims, BallastError::VaultBelowClaims);
            collateral.push(CollateralFigures { asset: *asset, vault: *vault, claims });
        }
        // What is no collateral has no vault, and nobody may hold any.
        let backed = |asset: usize| vaults.iter().any(|(listed, _)| usize::from(*listed) == asset);
        let unbacked = self.held.iter().enumerate().any(|(asset, held)| *held != 0 && !backed(asset));
        require!(!unbacked, BallastError::VaultBelowClaims);
        Ok(SolvencyReport {
            accounts: self.accounts,
            quote_vault,
            balances: fits(self.balances)?,
            loans: fits(self.loans)?,
            interest_owed: fits(self.interest_owed)?,
            pools: fits(self.pools)?,
            fees: fits(self.fees)?,
            insurance: treasury.insurance,
            surplus: fits(surplus)?,
            bad_debt: fits(self.bad_debt)?,
            unvalued: self.unvalued,
            collateral,
        })
    }
}

impl MarketTotals {
    fn require_balanced(&self, listed: &MarketState, now: i64) -> Result<()> {
        require!(self.entries == self.owed, BallastError::BooksUnbalanced);
        let missing = i128::from(self.open_interest) - self.longs;
        require!((0..=i128::from(self.dust)).contains(&missing), BallastError::BooksUnbalanced);
        // Expired positions are cleared one by one, each for its payoff.
        let clearing = listed.is_option() && now >= listed.expiry;
        require!(
            self.base.unsigned_abs() <= u128::from(self.dust) || clearing,
            BallastError::BooksUnbalanced
        );
        Ok(())
    }
}

/// What an account is worth at the last accepted prices, however old: an attestation speaks of what is on the books
/// and must not fail for a silent oracle. None where something in it never had a price.
fn worth(account: &MarginAccount, view: &BoardView) -> Option<i128> {
    let spot = |asset: u8| view.board().asset(asset.into()).ok().map(|a| a.spot()).filter(|p| p.is_set());
    let mut worth = i128::from(view.quote(account).ok()?);
    for slot in account.held_collateral() {
        worth += i128::from(spot(slot.asset)?.value(i64::try_from(slot.amount).ok()?).ok()?);
    }
    for slot in account.held_positions() {
        let slot = view.board().market(slot.market.into()).ok()?.now(slot).ok()?;
        worth += i128::from(slot.entry) + i128::from(value_of(&slot, view, spot)?);
    }
    Some(worth)
}

/// Value of a position at spot, or of an option at its mark.
fn value_of(
    slot: &PositionSlot,
    view: &BoardView,
    spot: impl Fn(u8) -> Option<ballast_risk::price::Price>,
) -> Option<i64> {
    if slot.base == 0 {
        return Some(0);
    }
    let market = view.board().market(slot.market.into()).ok()?;
    let spot = spot(market.asset)?;
    if market.is_option() {
        view.option(slot).ok()?.position.value(&spot, &VolBand::NONE).ok()
    } else {
        spot.value(slot.base).ok()
    }
}
