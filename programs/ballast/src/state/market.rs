use std::io::Write;

use anchor_lang::prelude::*;
use ballast_risk::cover::{REPORT_LASTS_S, Report};
use ballast_risk::fixed::RATE_ONE;
use ballast_risk::liquidity;

use crate::error::BallastError;
use crate::state::{PositionChange, Treasury};

/// A market on an asset: a perpetual, or one option series. The terms of an option stand on the board.
#[account]
#[derive(InitSpace)]
pub struct Market {
    /// Layout version.
    pub version: u8,
    /// Bump of this address.
    pub bump: u8,
    /// Index on the board.
    pub index: u8,
    /// Index of its asset.
    pub asset: u8,
    /// The clearinghouse it belongs to.
    pub clearinghouse: Pubkey,
    /// Name, zero-padded.
    pub symbol: [u8; 16],
    /// Fills are booked at most this far from the oracle, basis points.
    pub band_bps: u32,
    /// Taker fee, basis points of the quote paid.
    pub fee_bps: u32,
    /// Most that may be open on one side, native units.
    pub open_interest_cap: u64,
    /// Σ of long positions = Σ of short positions, native units.
    pub open_interest: u64,
    /// Settled losses not yet paid out as profits, quote micro-units.
    pub pool: u64,
    /// Fees collected and not yet swept, quote micro-units.
    pub fees: u64,
    /// Σ of payoffs of the positions that were cleared after expiry, quote micro-units. Where all are cleared it is
    /// minus the dust of their rounding, which stays in the pool.
    pub realised: i64,
    /// What the side indexes have promised to positions in all and not yet written into their entries, quote
    /// micro-units: Σ of entries + this = pool + realised. What is left of it when nothing is open is dust of rounding.
    pub promised: i64,
    /// Accounts with a long and with a short position, of any epoch.
    pub holders_long: u32,
    pub holders_short: u32,
    /// What of its window of liquidations is used up, quote micro-units, as of when, unix seconds.
    pub window_start: i64,
    pub window_taken: u64,
    /// The two accounts whose worst stress exceeds their equity the most, by how much, quote micro-units, and when that was
    /// reported, unix seconds.
    pub cover_accounts: [Pubkey; 2],
    pub cover_losses: [u64; 2],
    pub cover_times: [i64; 2],
    /// Open interest beyond which nothing is added while they are not covered, native units; zero for none.
    pub cover_cap: u64,
    /// The vault that quotes and takes over in this market; default for none.
    pub backstop: Pubkey,
    /// How far from the oracle that vault may quote, fee and skew together, basis points: the band is never narrower.
    pub quoted_bps: u32,
    /// For later versions.
    pub reserved: [u8; 228],
}

const _: () = assert!(Market::INIT_SPACE == 4 + 32 + 16 + 8 + 32 + 8 + 8 + 16 + 104 + 32 + 8 + 4 + 228);

fn add(a: u64, b: u64) -> Result<u64> {
    a.checked_add(b).ok_or(BallastError::Overflow.into())
}

/// Takes bytes in place. Inlined, the length of what is written is known, and a field is a store.
struct Behind<'a>(&'a mut [u8]);

impl Write for Behind<'_> {
    #[inline(always)]
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    #[inline(always)]
    fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let (here, rest) = core::mem::take(&mut self.0)
            .split_at_mut_checked(bytes.len())
            .ok_or(std::io::ErrorKind::WriteZero)?;
        here.copy_from_slice(bytes);
        self.0 = rest;
        Ok(())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Market {
    /// Writes it into its account. Anchor's own way copies every field through a call; a liquidation writes many markets.
    pub fn write_to(&self, info: &AccountInfo) -> Result<()> {
        let mut data = info.try_borrow_mut_data()?;
        let behind = data.get_mut(Self::DISCRIMINATOR.len()..).ok_or(BallastError::WrongMarket)?;
        self.serialize(&mut Behind(behind))?;
        Ok(())
    }

    /// How near open interest is to its cap: the share of the asset's haircut that is added to IM.
    pub fn crowding(&self) -> u64 {
        liquidity::crowding(self.open_interest, self.open_interest_cap, RATE_ONE)
    }

    /// The two largest shortfalls that were reported.
    pub fn cover(&self) -> [Report<Pubkey>; 2] {
        core::array::from_fn(|at| Report {
            account: self.cover_accounts[at],
            shortfall: self.cover_losses[at],
            time: self.cover_times[at],
        })
    }

    /// Keeps them, and lets open interest grow only where they are covered.
    pub fn set_cover(&mut self, largest: &[Report<Pubkey>; 2], covered: bool) {
        self.cover_accounts = largest.map(|report| report.account);
        self.cover_losses = largest.map(|report| report.shortfall);
        self.cover_times = largest.map(|report| report.time);
        self.cover_cap = if covered { 0 } else { self.open_interest.max(1) };
    }

    /// Most that may be open on one side at `now`, native units.
    pub fn cap(&self, now: i64) -> u64 {
        let newest = self.cover_times[0].max(self.cover_times[1]);
        if self.cover_cap == 0 || now.saturating_sub(newest) > REPORT_LASTS_S {
            self.open_interest_cap
        } else {
            self.open_interest_cap.min(self.cover_cap)
        }
    }

    /// Follows what became of one account's position. Longs of all accounts make the open interest; the shorts equal
    /// them, but for the native units that truncation left behind on either side.
    pub fn follow(&mut self, change: &PositionChange) -> Result<()> {
        let PositionChange { written, before, after, given } = *change;
        let open = i128::from(self.open_interest) + i128::from(after.max(0)) - i128::from(before.max(0));
        self.open_interest = u64::try_from(open).map_err(|_| BallastError::Overflow)?;
        self.promised = self.promised.checked_sub(given).ok_or(BallastError::Overflow)?;
        let count = |holders: u32, was: bool, is: bool| {
            holders
                .checked_add(is.into())
                .and_then(|n| n.checked_sub(was.into()))
                .ok_or(BallastError::Overflow)
        };
        self.holders_long = count(self.holders_long, written > 0, after > 0)?;
        self.holders_short = count(self.holders_short, written < 0, after < 0)?;
        if self.holders_long == 0 && self.holders_short == 0 {
            self.open_interest = 0;
        }
        Ok(())
    }

    /// Where nobody holds a position, what the side indexes still promise is dust: of it the insurance fund gets what the
    /// pool holds, or pays what it lacks, so that the last winner can be paid. Returns what the fund got, signed.
    pub fn sweep_dust(&mut self, treasury: &mut Treasury) -> Result<i64> {
        if self.holders_long != 0 || self.holders_short != 0 {
            return Ok(0);
        }
        let most = if self.promised > 0 { self.pool } else { treasury.insurance };
        let moved = self.promised.unsigned_abs().min(most);
        let signed = i64::try_from(moved).map_err(|_| BallastError::Overflow)?;
        let swept = if self.promised > 0 {
            (self.pool, treasury.insurance) = (self.pool - moved, add(treasury.insurance, moved)?);
            signed
        } else {
            (self.pool, treasury.insurance) = (add(self.pool, moved)?, treasury.insurance - moved);
            -signed
        };
        self.promised -= swept;
        Ok(swept)
    }

    /// Refuses a trade while positions of a side that was closed as a whole are still to be brought in step
    /// (`touch_position`): an epoch may only turn when none of the one before is left.
    pub fn require_settled(&self) -> Result<()> {
        let held = self.holders_long != 0 || self.holders_short != 0;
        require!(self.open_interest != 0 || !held, BallastError::MarketResetting);
        Ok(())
    }
}
