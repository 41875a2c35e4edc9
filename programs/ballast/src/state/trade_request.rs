use anchor_lang::prelude::*;

use crate::state::AssetState;

/// A trader's firm wish to trade with a market's backstop at the first price that is accepted after it.
///
/// Who asks for a price that is not known yet must not decide once it is: for as long as the request is open a
/// commitment of one fee lies with the backstop, given back when the request is held against its price, filled or not.
#[account]
#[derive(InitSpace)]
pub struct TradeRequest {
    /// Layout version.
    pub version: u8,
    /// Bump of this address.
    pub bump: u8,
    /// Index of the market.
    pub market: u8,
    /// Who trades, and who paid the rent.
    pub margin_account: Pubkey,
    pub payer: Pubkey,
    /// The requester's number for it.
    pub id: u64,
    /// Signed native units that the account buys (negative: sells).
    pub base: i64,
    /// Most that it pays, least that it gets, in all and fees apart, quote micro-units.
    pub limit_quote: u64,
    /// What lies with the backstop, quote micro-units.
    pub commitment: u64,
    /// Only a price published later than this is traded on, unix seconds.
    pub after: i64,
    /// Only a price published up to this is traded on, unix seconds.
    pub expires: i64,
    /// For later versions.
    pub reserved: [u8; 64],
}

const _: () = assert!(TradeRequest::INIT_SPACE == 3 + 64 + 48 + 64);

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Its price has not been accepted yet.
    Waiting,
    /// Its price stands on the board.
    Due,
    /// Its price stood on the board, and nobody executed it in time.
    Missed,
    /// No price came before it expired.
    Unserved,
}

impl TradeRequest {
    /// Where it stands. The price it trades on is the first one after it, and no later one: the price before that one
    /// must be too old. And only for a moment, because whoever executes it may know more by then.
    pub fn stage(&self, asset: &AssetState, max_lag_s: u32, now: i64) -> Stage {
        if asset.publish_time <= self.after {
            return if now > self.expires { Stage::Unserved } else { Stage::Waiting };
        }
        let first = asset.previous_publish_time <= self.after;
        if first && asset.publish_time > self.expires {
            Stage::Unserved
        } else if first && now <= asset.publish_time.saturating_add(max_lag_s.into()) {
            Stage::Due
        } else {
            Stage::Missed
        }
    }

    /// Whether a price is within its limit.
    pub fn accepts(&self, quote: u64) -> bool {
        if self.base > 0 { quote <= self.limit_quote } else { quote >= self.limit_quote }
    }
}
