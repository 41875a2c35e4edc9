//! Every way to be refused, each with a sentence that says what was wrong and what was expected.

use anchor_lang::prelude::*;
use ballast_risk::RiskError;
use ballast_risk::liquidation::Refusal;
use ballast_risk::phase::Wait;

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
    #[msg("The asset has a second source or a stake pool: its account has to be passed")]
    SourceMissing,
    #[msg(
        "The account is not the source that the asset's config names, or is not owned and laid out as its program does"
    )]
    WrongSource,
    #[msg("The stake pool was not updated in this epoch or the one before: update it first")]
    StaleStakePool,
    #[msg("The price of the staked token's underlying is stale or in doubt: refresh it first")]
    UnderlyingNotBelieved,
    #[msg("The clearinghouse has no feed of its quote token")]
    NoQuoteFeed,
    // ---- liquidation ----
    #[msg("Nothing to touch: the account's clock and alerts are as its margin says")]
    NothingToTouch,
    #[msg(
        "The breach is not confirmed: touch the account, and come back once every asset it holds was published again"
    )]
    BreachUnconfirmed,
    #[msg("The step takes more than this phase of the account's liquidation has left: take less, or wait")]
    PhaseUsedUp,
    #[msg(
        "The step takes more than the market's window has left for an account as deep as this: take less, or wait"
    )]
    WindowUsedUp,
    #[msg("Account and keeper have one owner: trade or deposit instead")]
    SameOwner,
    #[msg("Alert levels fall strictly, from above 100 %; zeros stand at the end")]
    BadAlertLevels,

    // ---- waterfall, lending ----
    #[msg(
        "A side of the market was closed as a whole: bring its old positions in step first (touch_position)"
    )]
    MarketResetting,
    #[msg("The position is in step with its market already")]
    PositionInStep,
    #[msg("The account is not bankrupt: its equity at spot is not below zero")]
    NotBankrupt,
    #[msg("The fund is empty, and no position is left that the other side could be asked for")]
    NothingToResolve,
    #[msg("The market is not the one in which the account has its largest unsettled loss")]
    NotWorstMarket,
    #[msg(
        "Loans would be above the utilisation up to which withdrawals may borrow: deposits are not lent to the last unit"
    )]
    UtilisationTooHigh,
    #[msg("Withdrawals have borrowed as much as they may in a window: the limit refills evenly with time")]
    LendingWindowFull,
    #[msg("As much has left the vault as may in a window: the limit refills evenly with time")]
    OutflowWindowFull,
    #[msg(
        "Nothing would change: the account's shortfall in stress is not among the two largest of the market"
    )]
    NotCovered,

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
    #[msg("The delegate's time is over: the owner may name it again")]
    DelegateExpired,
    #[msg("The owner did not give the delegate the power to do this")]
    DelegateLacksPower,
    #[msg("The account is isolated: it holds positions in its own market only")]
    IsolatedMarket,
    #[msg("The account is isolated: it holds quote and its market's asset only")]
    IsolatedCollateral,
    #[msg("The account is of another layout version than the program: migrate it first")]
    WrongVersion,
    #[msg("The token program is not the one that owns the token accounts")]
    WrongTokenProgram,
    #[msg("Nothing of the deposit would arrive: the transfer fee takes it all")]
    NothingArrived,
    #[msg("The mint's transfer fee is above the one at listing: only withdrawals until it is back")]
    TransferFeeRaised,
    #[msg("The mint has a permanent delegate, who could take the vault's tokens")]
    MintHasPermanentDelegate,
    #[msg("The mint has a transfer hook with a program, which could refuse withdrawals")]
    MintHasTransferHook,
    #[msg("The mint's tokens cannot be transferred")]
    MintNotTransferable,
    #[msg("The mint has confidential balances, which cannot be added up")]
    MintConfidential,
    #[msg("The mint freezes new token accounts")]
    MintFreezesByDefault,
    #[msg("The mint's transfers can be paused")]
    MintPausable,
    #[msg("The mint can be closed, and made again as another token")]
    MintClosable,
    #[msg("The mint's displayed amount changes by itself, so that a price is not of its native unit")]
    MintRescaled,
    #[msg("The mint has an extension that is not on the list of accepted ones")]
    MintExtensionUnknown,
    // ---- governance ----
    #[msg("The signer does not hold the role that this needs")]
    WrongRole,
    #[msg("Pass exactly the account that the parameter belongs to: none, its asset, or its market")]
    WrongTarget,
    #[msg("The value is not the one that the proposal was made on: propose again on what stands now")]
    StateChanged,
    #[msg("The move is longer than one proposal may go: see the parameter's step")]
    StepTooLarge,
    #[msg("This direction of the parameter does not move at once: propose it, and wait")]
    NotAtOnce,
    #[msg("Nothing would change: the proposed value stands already")]
    NothingToChange,
    #[msg("The delay has not passed yet, in seconds and in slots")]
    TooEarly,
    #[msg("The proposal has expired: make a new one")]
    ProposalExpired,
    #[msg("The proposal has been carried out already")]
    ProposalDone,
    #[msg("The proposal is of another kind, or for something else than what was passed")]
    WrongProposal,
    #[msg("After the opening this needs a matured proposal that names it")]
    ProposalNeeded,
    #[msg("The steward's mandate does not cover this move, or the last one is less than a day ago")]
    BeyondMandate,
    #[msg("A pause names what it stops, and lasts no longer than its kind may")]
    BadPause,
    #[msg("Another pause still stands, or the last one is too short ago: pauses must not follow one another")]
    PauseTooSoon,
    #[msg("Nobody has been named to take governance over")]
    NoSuccessor,

    // ---- solvency ----
    #[msg(
        "Something is missing from the attestation: pass every asset with its vault, every market and every margin account"
    )]
    AttestationIncomplete,
    #[msg("Assets and markets go by index, margin accounts by ascending address, each once")]
    AttestationOutOfOrder,
    #[msg("A vault holds less than the books claim of it")]
    VaultBelowClaims,
    #[msg("In a market, positions, entries or open interest do not sum to what it must be")]
    BooksUnbalanced,

    // ---- waterfall and lending ----
    #[msg(
        "The market has a backstop: pass its vault and its slice, which pay before the other side of the market does"
    )]
    SliceOmitted,
    #[msg("Keepers come first: touch the account, and resolve it once its clock has run for resolve_s")]
    KeepersFirst,
    #[msg("Interest was charged less than a minute ago")]
    InterestNotDue,
    #[msg(
        "Profit waits: the price is far from its stable price, and bankrupt accounts come before winners; settle again when the stable price has followed"
    )]
    ProfitWaits,
    #[msg(
        "The account is bankrupt and the price is far from its stable price: its perpetual positions are resolved against the other side, not taken over; its collateral may be taken"
    )]
    ResolvedFirst,
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

impl From<Wait> for BallastError {
    fn from(w: Wait) -> Self {
        match w {
            Wait::Phase => Self::PhaseUsedUp,
            Wait::Window => Self::WindowUsedUp,
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
