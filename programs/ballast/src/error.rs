//! Every way to be refused, each with a sentence that says what was wrong and what was expected.

use anchor_lang::prelude::*;
use ballast_risk::RiskError;
use ballast_risk::liquidation::Refusal;

/// Errors of the program; codes start at 6000 and are never reused.
#[error_code]
#[derive(PartialEq, Eq)]
pub enum BallastError {
    #[msg("The signer is not the program's upgrade authority: only it may initialise a clearinghouse")]
    NotUpgradeAuthority,
    #[msg("The signer is not this clearinghouse's governance")]
    NotGovernance,
    #[msg("The signer is neither the owner of the margin account nor its delegate")]
    NotAuthorised,
    #[msg("Only the owner of the margin account may do this; a delegate may not")]
    NotOwner,
    #[msg("A parameter lies outside the limits that the code sets")]
    ParameterOutOfBounds,
    #[msg("The account belongs to another clearinghouse")]
    WrongClearinghouse,
    #[msg("The board is already at its full size")]
    BoardComplete,
    #[msg("The board has no room for another asset or market")]
    BoardFull,
    #[msg("The clearinghouse is not open yet: governance has to open it before the first deposit")]
    NotOpen,
    #[msg("The clearinghouse is already open: its calibration and set-up can no longer be changed")]
    AlreadyOpen,
    #[msg("The amount is zero: give a positive amount")]
    ZeroAmount,
    #[msg(
        "The asset config does not belong to the mint of this vault: pass the asset of the deposited token, or none for the quote token"
    )]
    WrongAsset,
    #[msg("The vault is not the one that the clearinghouse or the asset names")]
    WrongVault,
    #[msg("The asset has no mint: it is a risk factor, not collateral")]
    NotCollateral,
    #[msg("The deposit would take the asset above its deposit cap")]
    DepositCapExceeded,
    #[msg("The margin account does not hold that much")]
    InsufficientBalance,
    #[msg("All collateral slots of the margin account are taken")]
    NoCollateralSlot,
    #[msg("All position slots of the margin account are taken")]
    NoPositionSlot,
    #[msg("The margin account has no position in this market")]
    NoPosition,
    #[msg("The account would end below its initial margin")]
    BelowInitialMargin,
    #[msg("The account is below its initial margin and the fill does not strictly reduce its risk")]
    NotReducing,
    #[msg("The fill's price is outside the band around the oracle price")]
    OutsidePriceBand,
    #[msg("The fill would take the market above its open-interest cap")]
    OpenInterestCapExceeded,
    #[msg("The same margin account was passed twice: two different ones are needed")]
    DuplicateAccount,
    #[msg("A liquidation names between one and eight legs, each position and each collateral once")]
    BadLegs,
    #[msg("The account is at or above its maintenance margin and may not be liquidated")]
    AccountHealthy,
    #[msg("The step would not shrink the account's shortfall")]
    ShortfallNotReduced,
    #[msg("The step takes more than is needed to bring the account to its target")]
    LiquidationTooLarge,
    #[msg("The margin account still holds a balance, collateral or a position: withdraw or settle it first")]
    AccountNotEmpty,
    #[msg(
        "There is nothing to settle: no unsettled loss that can be paid, or no profit that the pool can pay"
    )]
    NothingToSettle,
    #[msg("The market account is missing or is not the one named")]
    WrongMarket,
    #[msg("The price update is for another feed than the asset's")]
    WrongFeed,
    #[msg("The price update is not fully verified")]
    NotFullyVerified,
    #[msg("The price is older than the asset allows")]
    StalePrice,
    #[msg("The price was published in the future")]
    FuturePrice,
    #[msg("The price is not strictly newer than the one on the board")]
    PriceNotNewer,
    #[msg("The confidence interval is wider than the asset allows")]
    WideConfidence,
    #[msg("The price is zero, negative, or outside the range that can be represented")]
    BadPrice,
    #[msg("The next tick is not due yet")]
    TickNotDue,
    #[msg("An amount does not fit its integer type")]
    Overflow,
    #[msg("The book exceeds the largest gross exposure that can be margined")]
    BookTooLarge,
    #[msg("A holding names an asset or market that is not on the board")]
    UnknownAsset,
    #[msg("The account is already at the current version")]
    AlreadyCurrent,
    #[msg("The account is of a version or kind that this program does not know")]
    UnknownVersion,
    #[msg(
        "Calibration data must hold one return for every scenario, each within the winsorised bound, and no stress row may fall by more than 100 %"
    )]
    BadCalibration,
    #[msg(
        "The largest accepted price move, with carry, slippage and penalty, exceeds the least haircut or the asset's shocks"
    )]
    UnsafeEnvelope,
    #[msg("The signer is not the clearinghouse's depth reporter")]
    NotDepthReporter,
    #[msg("The asset has no feed of implied volatility")]
    NoImpliedFeed,
    #[msg("The option has expired: its positions can only be settled")]
    OptionExpired,
    #[msg("The option's settlement window has begun: positions in it can only be reduced, on both sides")]
    OptionSettling,
    #[msg("The option has not expired yet: its premium is settled at expiry, or by trading out of it")]
    OptionNotExpired,
    #[msg(
        "The option's settlement price is not fixed yet: refresh the asset with a price published after expiry"
    )]
    SettlementPriceUnknown,
    #[msg("A margin account holds positions in at most eight options")]
    TooManyOptions,

    // ---- policy ----
    #[msg("The asset is guarded: its haircut is above its maximum, so positions in it can only be reduced")]
    AssetGuarded,
    #[msg(
        "The asset's price is in doubt: it jumped, its sources differ or its confidence is wide; wait until it is confirmed"
    )]
    PriceDoubted,
    #[msg("The asset is halted: it has no recent price; refresh it first")]
    AssetHalted,
    #[msg("The quote token is off its peg: no new risk until it is back")]
    QuoteOffPeg,
    #[msg("An outage has just ended: liquidation waits until traders had time to act")]
    GracePeriod,
    #[msg("The guardian has paused this; pauses expire by themselves")]
    Paused,
    #[msg("The account, market or asset is restricted to reducing positions and loans")]
    ReduceOnly,
    // ---- prices ----

    // ---- liquidation ----

    // ---- waterfall, lending ----

    // ---- backstop ----
    #[msg("The market has a backstop vault already, or is an option: one vault, and only for a perpetual")]
    NoBackstopHere,
    #[msg("The backstop vault, its margin account and the market do not belong together")]
    WrongBackstop,
    #[msg("The backstop vault owes more than it has: nothing can be deposited until that is settled")]
    BackstopInsolvent,
    #[msg("The deposit is too small for a single share")]
    NoShares,
    #[msg("The owner does not hold that many shares in the vault")]
    InsufficientShares,
    #[msg(
        "No withdrawal may be made now: ask for one, wait out the delay, and make it within the time after it"
    )]
    WithdrawalNotDue,
    #[msg(
        "The backstop vault lost more than its limit in the window: it takes no risk until the window is over"
    )]
    BackstopHalted,
    #[msg("The trade, or what the backstop would hold after it, is larger than it takes")]
    BackstopFull,
    #[msg(
        "The request cannot be executed: it is filled at the first price published after it, within a few seconds"
    )]
    RequestNotDue,
    #[msg("The price that the request waited for is on the board: execute it")]
    RequestDue,
    #[msg("The account has not been below its maintenance margin for long enough: touch it first, then wait")]
    TakeoverNotDue,
    #[msg("Funding was brought in step less than a minute ago")]
    FundingNotDue,
    // ---- accounts, tokens ----

    // ---- governance ----
}

impl From<RiskError> for BallastError {
    fn from(e: RiskError) -> Self {
        match e {
            RiskError::Overflow => Self::Overflow,
            RiskError::BookTooLarge => Self::BookTooLarge,
            RiskError::BadPrice => Self::BadPrice,
            RiskError::StalePrice => Self::StalePrice,
            RiskError::UnknownAsset => Self::UnknownAsset,
            RiskError::BadParameter => Self::ParameterOutOfBounds,
            RiskError::UnsafeEnvelope => Self::UnsafeEnvelope,
        }
    }
}

impl From<Refusal> for BallastError {
    fn from(r: Refusal) -> Self {
        match r {
            Refusal::Healthy => Self::AccountHealthy,
            Refusal::ShortfallNotReduced => Self::ShortfallNotReduced,
            Refusal::TooMuch => Self::LiquidationTooLarge,
        }
    }
}

/// Carries an engine result into an instruction's result.
pub trait OrRefuse<T> {
    /// The value, or the program error that names what was wrong.
    fn or_refuse(self) -> Result<T>;
}

impl<T> OrRefuse<T> for ballast_risk::Result<T> {
    fn or_refuse(self) -> Result<T> {
        self.map_err(|e| BallastError::from(e).into())
    }
}
