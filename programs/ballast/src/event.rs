//! What the program says of what it did. Money is quote micro-units, amounts are native units,
//! rates are 2⁻³², times are unix seconds.

use anchor_lang::prelude::*;

#[event]
pub struct ClearinghouseInitialized {
    pub clearinghouse: Pubkey,
    pub quote_mint: Pubkey,
    pub governance: Pubkey,
}

#[event]
pub struct BoardCompleted {
    pub clearinghouse: Pubkey,
    pub board: Pubkey,
}

#[event]
pub struct AssetAdded {
    pub clearinghouse: Pubkey,
    pub asset: u8,
    pub symbol: [u8; 16],
    pub mint: Option<Pubkey>,
    pub feed_id: [u8; 32],
}

#[event]
pub struct MarketAdded {
    pub clearinghouse: Pubkey,
    pub market: u8,
    pub asset: u8,
    pub symbol: [u8; 16],
}

/// `hash` is the running SHA-256 over everything loaded so far.
#[event]
pub struct CalibrationLoaded {
    pub clearinghouse: Pubkey,
    pub asset: u8,
    pub hash: [u8; 32],
}

/// `shocks` are the asset's simple returns in the joint stress rows, 2⁻¹²; `hash` as in [`CalibrationLoaded`].
#[event]
pub struct StressLoaded {
    pub clearinghouse: Pubkey,
    pub asset: u8,
    pub shocks: [i16; 32],
    pub hash: [u8; 32],
}

#[event]
pub struct DepthReporterSet {
    pub clearinghouse: Pubkey,
    pub reporter: Pubkey,
}

/// `believed` is what counts of `reported`, both quote micro-units over a horizon.
#[event]
pub struct DepthReported {
    pub clearinghouse: Pubkey,
    pub asset: u8,
    pub reported: u64,
    pub believed: u64,
}

/// `sigma` is over the horizon.
#[event]
pub struct ImpliedVolatilityRefreshed {
    pub clearinghouse: Pubkey,
    pub asset: u8,
    pub sigma: u64,
    pub publish_time: i64,
}

#[event]
pub struct ClearinghouseOpened {
    pub clearinghouse: Pubkey,
    pub calibration_hash: [u8; 32],
}

#[event]
pub struct AccountMigrated {
    pub account: Pubkey,
    pub from_version: u8,
    pub to_version: u8,
}

#[event]
pub struct PriceRefreshed {
    pub clearinghouse: Pubkey,
    pub asset: u8,
    pub price_mantissa: u64,
    pub price_shift: u8,
    pub publish_time: i64,
    pub sigma: u64,
    pub haircut_long: u64,
    pub haircut_short: u64,
    pub addon_long: u64,
    pub addon_short: u64,
    pub notice: u64,
}

/// `row` is none for a short tick; `sampled` has a bit for every asset whose return entered the ring. `index` is the
/// market-wide volatility, `notice` the factor on volatility in MM.
#[event]
pub struct Ticked {
    pub clearinghouse: Pubkey,
    pub tick: u64,
    pub row: Option<u32>,
    pub sampled: u32,
    pub index: u64,
    pub next_in_s: u32,
    pub notice: u64,
}

#[event]
pub struct MarginAccountOpened {
    pub account: Pubkey,
    pub owner: Pubkey,
    pub sub_account: u16,
}

#[event]
pub struct DelegateSet {
    pub account: Pubkey,
    pub delegate: Pubkey,
}

#[event]
pub struct MarginAccountClosed {
    pub account: Pubkey,
    pub owner: Pubkey,
}

/// `asset` is none for the quote token.
#[event]
pub struct Deposited {
    pub account: Pubkey,
    pub asset: Option<u8>,
    pub amount: u64,
}

/// `asset` is none for the quote token.
#[event]
pub struct Withdrawn {
    pub account: Pubkey,
    pub asset: Option<u8>,
    pub amount: u64,
}

/// `base` is what the taker bought (negative: sold), `quote` what was paid for it.
#[event]
pub struct Filled {
    pub market: u8,
    pub taker: Pubkey,
    pub maker: Pubkey,
    pub base: i64,
    pub quote: u64,
    pub fee: u64,
}

/// `amount` moved from the pool to the account; negative: from the account to the pool.
#[event]
pub struct Settled {
    pub account: Pubkey,
    pub market: u8,
    pub amount: i64,
    pub pool: u64,
}

/// `price_mantissa·2^(−price_shift)` micro-units a native unit: the average at which the option settles.
#[event]
pub struct SettlementPriceFixed {
    pub clearinghouse: Pubkey,
    pub market: u8,
    pub price_mantissa: u64,
    pub price_shift: u8,
}

/// `contracts` of an expired option were cleared for `payoff`, both signed.
#[event]
pub struct OptionSettled {
    pub account: Pubkey,
    pub market: u8,
    pub contracts: i64,
    pub payoff: i64,
}

#[event]
pub struct FeesSwept {
    pub market: u8,
    pub amount: u64,
    pub insurance: u64,
}

/// One leg of a liquidation.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegTaken {
    /// None where collateral was bought.
    pub market: Option<u8>,
    pub asset: u8,
    /// Signed native units that left the account.
    pub quantity: i64,
    /// What the account was credited for them, after penalty.
    pub proceeds: i64,
    pub penalty: u64,
}

#[event]
pub struct Liquidated {
    pub account: Pubkey,
    pub keeper: Pubkey,
    pub legs: Vec<LegTaken>,
    pub penalty: u64,
    pub to_insurance: u64,
    pub equity_before: i64,
    pub mm_before: u64,
    pub equity_after: i64,
    pub mm_after: u64,
}

// ---- backstop ----

#[event]
pub struct BackstopCreated {
    pub market: u8,
    pub vault: Pubkey,
    pub slice: Pubkey,
}

/// `worth` is at the higher of spot and stable price.
#[event]
pub struct BackstopDeposited {
    pub vault: Pubkey,
    pub owner: Pubkey,
    pub amount: u64,
    pub shares: u64,
    pub worth: i64,
    pub total_shares: u64,
}

/// `shares` are zero where the request was taken back.
#[event]
pub struct BackstopWithdrawalRequested {
    pub vault: Pubkey,
    pub owner: Pubkey,
    pub shares: u64,
    pub from: i64,
    pub until: i64,
}

/// `worth` is at the lower of spot and stable price.
#[event]
pub struct BackstopWithdrawn {
    pub vault: Pubkey,
    pub owner: Pubkey,
    pub amount: u64,
    pub shares: u64,
    pub worth: i64,
    pub total_shares: u64,
}

/// The first price published after `after` is traded on.
#[event]
pub struct TradeRequested {
    pub market: u8,
    pub account: Pubkey,
    pub id: u64,
    pub base: i64,
    pub limit_quote: u64,
    pub commitment: u64,
    pub after: i64,
    pub expires: i64,
}

/// A request was not filled at its price; its commitment was given back.
#[event]
pub struct TradeDeclined {
    pub market: u8,
    pub account: Pubkey,
    pub id: u64,
    pub reason: crate::instructions::Decline,
}

/// A request was taken back or missed its price; `kept` of its commitment stayed with the backstop.
#[event]
pub struct TradeRequestClosed {
    pub market: u8,
    pub account: Pubkey,
    pub id: u64,
    pub kept: u64,
}

/// `rate` is what longs pay to shorts in a day; `long` and `short` are what a native unit of either side was paid,
/// micro-units in `2^(−cash_shift)`.
#[event]
pub struct FundingUpdated {
    pub market: u8,
    pub inventory: i64,
    pub rate: i64,
    pub long: i64,
    pub short: i64,
}

#[event]
pub struct TakenOver {
    pub market: u8,
    pub account: Pubkey,
    pub vault: Pubkey,
    pub quantity: i64,
    pub proceeds: i64,
    pub penalty: u64,
    pub to_insurance: u64,
}
