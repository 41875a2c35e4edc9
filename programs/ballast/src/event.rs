//! What the program says of what it did. Money is quote micro-units, amounts are native units,
//! rates are 2⁻³², times are unix seconds.

use anchor_lang::prelude::*;

use crate::instructions::SolvencyReport;

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
    /// Bits of [`crate::state::delegate_power`].
    pub powers: u8,
    /// Zero for never.
    pub until: i64,
}

#[event]
pub struct MarginAccountClosed {
    pub account: Pubkey,
    pub owner: Pubkey,
}

/// `asset` is none for the quote token; `amount` is what arrived, after a transfer fee.
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
    /// What insurance paid the keeper.
    pub bounty: u64,
}

// ---- liquidation ----

/// The account was found below its MM: its clock runs. `publish` is the newest publish time among its prices.
#[event]
pub struct FoundShort {
    pub account: Pubkey,
    pub publish: i64,
    pub equity: i64,
    pub maintenance: u64,
}

/// It was found at or above its MM: its clock is reset.
#[event]
pub struct Recovered {
    pub account: Pubkey,
    pub equity: i64,
    pub maintenance: u64,
}

/// Equity ÷ MM fell below the first `level` of the account's alert levels.
#[event]
pub struct AlertRaised {
    pub account: Pubkey,
    pub level: u8,
    pub equity: i64,
    pub maintenance: u64,
}

/// It rose again; `level` are left.
#[event]
pub struct AlertCleared {
    pub account: Pubkey,
    pub level: u8,
    pub equity: i64,
    pub maintenance: u64,
}

/// Levels of equity ÷ MM, basis points.
#[event]
pub struct AlertsSet {
    pub account: Pubkey,
    pub levels_bps: [u16; 4],
}

// ---- accounts, tokens ----

/// What was noted of a collateral's mint when it was listed.
#[event]
pub struct CollateralNoted {
    pub clearinghouse: Pubkey,
    pub asset: u8,
    pub token_program: Pubkey,
    /// Somebody can freeze the vault.
    pub freezable: bool,
    pub transfer_fee_bps: u16,
}

/// `market` is none for cross margin.
#[event]
pub struct ModeSet {
    pub account: Pubkey,
    pub market: Option<u8>,
}

/// The owner's own restriction of an account.
#[event]
pub struct RestrictionSet {
    pub account: Pubkey,
    pub reduce_only: bool,
}

/// `asset` is none for the quote token.
#[event]
pub struct Transferred {
    pub from: Pubkey,
    pub to: Pubkey,
    pub asset: Option<u8>,
    pub amount: u64,
}

// ---- governance ----

/// `parameter` is a number of [`crate::governance::Parameter`]; `target` its asset or market.
#[event]
pub struct ParameterMoved {
    pub clearinghouse: Pubkey,
    pub parameter: u8,
    pub target: u8,
    pub from: u64,
    pub to: u64,
    /// None where it moved at once.
    pub proposal: Option<u64>,
}

/// `kind`, `subject` and what `from` and `to` mean: see [`crate::state::Proposal`].
#[event]
pub struct Proposed {
    pub clearinghouse: Pubkey,
    pub proposal: u64,
    pub kind: u8,
    pub parameter: u8,
    pub target: u8,
    pub from: u64,
    pub to: u64,
    pub subject: [u8; 32],
    pub loosens: bool,
    pub ready_at: i64,
    pub expires_at: i64,
}

#[event]
pub struct ProposalEnded {
    pub clearinghouse: Pubkey,
    pub proposal: u64,
    pub done: bool,
}

/// `role` is a number of [`crate::state::proposal::role`].
#[event]
pub struct RoleNamed {
    pub clearinghouse: Pubkey,
    pub role: u8,
    pub key: Pubkey,
}

/// The steward may move `parameter` of `target` between `least` and `most`; least above most: not at all.
#[event]
pub struct MandateSet {
    pub clearinghouse: Pubkey,
    pub parameter: u8,
    pub target: u8,
    pub least: u64,
    pub most: u64,
}

/// `bits` of [`crate::policy::pause`]; `assets` and `markets` are bits of those that may only be reduced.
#[event]
pub struct PauseSet {
    pub clearinghouse: Pubkey,
    pub bits: u32,
    pub assets: u32,
    pub markets: u64,
    pub until: i64,
}

/// `next` may take governance over from `from` on; the default key: nobody.
#[event]
pub struct SuccessorNamed {
    pub clearinghouse: Pubkey,
    pub next: Pubkey,
    pub from: i64,
}

#[event]
pub struct GovernanceTaken {
    pub clearinghouse: Pubkey,
    pub governance: Pubkey,
}

#[event]
pub struct InsuranceToppedUp {
    pub clearinghouse: Pubkey,
    pub amount: u64,
    pub insurance: u64,
}

// ---- waterfall, lending ----

/// A position was brought in step with its side of the market.
#[event]
pub struct PositionTouched {
    pub account: Pubkey,
    pub market: u8,
    pub base_before: i64,
    pub base: i64,
    pub entry_before: i64,
    pub entry: i64,
}

/// What the insurance fund got of the dust of an empty market; negative: what it paid of it.
#[event]
pub struct DustSwept {
    pub market: u8,
    pub amount: i64,
    pub insurance: u64,
}

/// What an account could leave unpaid in stress, and what would pay for it; `cap` is open interest beyond which the market
/// does not grow, zero for none.
#[event]
pub struct CoverReported {
    pub market: u8,
    pub account: Pubkey,
    pub shortfall: u64,
    pub fund: u64,
    pub cap: u64,
}

/// Who paid for a bankrupt account: the parts sum to its deficit, `left` is still owed. `base` of a position in `market` was
/// closed against the other side, `whole_side` where all of it.
#[event]
pub struct BankruptcyResolved {
    pub account: Pubkey,
    pub market: Option<u8>,
    pub base: i64,
    pub insurance: u64,
    pub slice: u64,
    pub socialised: u64,
    pub left: u64,
    pub whole_side: bool,
}

// ---- prices ----

/// `from` and `to` are [`ballast_risk::breaker::State`], `cause` a [`ballast_risk::breaker::Cause`].
#[event]
pub struct BreakerChanged {
    pub clearinghouse: Pubkey,
    pub asset: u8,
    pub from: u8,
    pub to: u8,
    pub cause: u8,
}

/// A sample that is not acted upon; `consistent` is how many in a row agree so far.
#[event]
pub struct PriceHeld {
    pub clearinghouse: Pubkey,
    pub asset: u8,
    pub cause: u8,
    pub consistent: u8,
    pub publish_time: i64,
}

/// `dollars` a quote token as published, `rate` what counts of it inside the cap, both rates.
#[event]
pub struct QuoteRefreshed {
    pub clearinghouse: Pubkey,
    pub dollars: u64,
    pub rate: u64,
    pub off_peg: bool,
    pub publish_time: i64,
}

// ---- solvency ----

/// Every account was counted, and the vaults held what the books claim of them.
#[event]
pub struct SolvencyAttested {
    pub clearinghouse: Pubkey,
    pub report: SolvencyReport,
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

/// Loans were charged for `charged_s` seconds: a unit owed since the beginning has grown to `index` (2⁻⁴⁰), and grows on at
/// `rate` a year while `utilisation` of the quote is lent, both rates.
#[event]
pub struct InterestCharged {
    pub index: u64,
    pub rate: u64,
    pub utilisation: u64,
    pub charged_s: u64,
}
