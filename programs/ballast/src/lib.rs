//! Ballast: a clearing program for on-chain derivatives.
//!
//! It holds traders' collateral, keeps every account's margin in step with how risky the market is
//! right now, and closes what falls short without anybody's permission. This file is its table of
//! contents: one line a handler. An instruction reads accounts, calls the pure engine
//! (`ballast-risk`) with plain numbers, writes accounts and emits an event.

use anchor_lang::prelude::*;

#[cfg(target_arch = "bpf")]
use sbf_builtins as _;

pub mod error;
pub mod event;
pub mod governance;
mod heap;
pub mod instructions;
pub mod limits;
pub mod margin;
pub mod oracle;
pub mod policy;
pub mod solvency;
pub mod state;
pub mod token;

use governance::Parameter;
use instructions::*;
use state::current;

declare_id!("Bsr6dUsWpMNKqWYvNqW18eG4mvLMjjXA1Y9ehyN91W9h");

/// The program. Handlers are documented where they live, one file each.
#[program]
pub mod ballast {
    use super::*;

    // Anchor compares discriminators one after the other in this order: what runs most often comes first.

    // ---- risk --------------------------------------------------------------------------------

    /// Takes an asset's price from its oracle and brings its volatility and haircuts up to date.
    pub fn refresh_price(ctx: Context<RefreshPrice>) -> Result<()> {
        instructions::refresh_price(current(ctx)?)
    }

    /// Takes the quote token's price in dollars from its oracle.
    pub fn refresh_quote(ctx: Context<RefreshQuote>) -> Result<()> {
        instructions::refresh_quote(current(ctx)?)
    }

    /// Takes an asset's implied volatility from its oracle.
    pub fn refresh_implied_volatility(ctx: Context<RefreshImpliedVolatility>) -> Result<()> {
        instructions::refresh_implied_volatility(current(ctx)?)
    }

    /// Takes a report of an asset's depth from the named role.
    pub fn report_depth(ctx: Context<ReportDepth>, asset: u8, volume: u64) -> Result<()> {
        instructions::report_depth(current(ctx)?, asset, volume)
    }

    /// Copies open interest and deposits of an asset to the board.
    pub fn refresh_exposure(ctx: Context<RefreshExposure>) -> Result<()> {
        instructions::refresh_exposure(current(ctx)?)
    }

    /// Takes one synchronous sample of all returns into the scenario ring, or brings derived state in step between
    /// samples.
    pub fn tick(ctx: Context<Tick>) -> Result<()> {
        instructions::tick(current(ctx)?)
    }

    /// Equity and requirement of an account at spot, as return data.
    pub fn health(ctx: Context<Health>) -> Result<HealthReport> {
        instructions::health(current(ctx)?)
    }

    /// Charges loans for the time since the last step, and sets their rate by how much of the quote is lent.
    pub fn accrue_interest(ctx: Context<AccrueInterest>) -> Result<()> {
        instructions::accrue_interest(current(ctx)?)
    }

    /// Holds an account's shortfall in stress against what would pay for it; a market that is not covered does not grow.
    pub fn report_cover(ctx: Context<ReportCover>) -> Result<()> {
        instructions::report_cover(current(ctx)?)
    }

    /// Proves over all accounts that the vaults hold what the books say; the figures are return data.
    pub fn attest_solvency<'info>(ctx: Context<'info, AttestSolvency<'info>>) -> Result<SolvencyReport> {
        instructions::attest_solvency(current(ctx)?)
    }

    // ---- trading -----------------------------------------------------------------------------

    /// Books a trade that taker and maker agreed on, inside a band around the oracle.
    pub fn match_fill(ctx: Context<MatchFill>, args: MatchFillArgs) -> Result<()> {
        instructions::match_fill(current(ctx)?, args)
    }

    /// Moves a position's loss into the market's pool, or its profit out of it.
    pub fn settle(ctx: Context<Settle>) -> Result<()> {
        instructions::settle(current(ctx)?)
    }

    /// Makes an expired option's settlement price final where its oracle has fallen silent.
    pub fn fix_settlement_price(ctx: Context<FixSettlementPrice>, market: u8) -> Result<()> {
        instructions::fix_settlement_price(current(ctx)?, market)
    }

    /// Brings a position in step with its side of the market.
    pub fn touch_position(ctx: Context<TouchPosition>) -> Result<()> {
        instructions::touch_position(current(ctx)?)
    }

    /// Moves a market's collected fees, and an empty market's dust, into the insurance fund.
    pub fn sweep_fees(ctx: Context<SweepFees>) -> Result<()> {
        instructions::sweep_fees(current(ctx)?)
    }

    // ---- liquidation -------------------------------------------------------------------------

    /// Takes over part of an account that has fallen below its maintenance margin.
    pub fn liquidate<'info>(ctx: Context<'info, Liquidate<'info>>, legs: Vec<LegAmount>) -> Result<()> {
        instructions::liquidate(current(ctx)?, legs)
    }

    /// Pays for a bankrupt account: insurance, then its market's slice, then the other side of its market.
    pub fn resolve_bankruptcy(ctx: Context<ResolveBankruptcy>) -> Result<()> {
        instructions::resolve_bankruptcy(current(ctx)?)
    }

    /// Starts or resets the clock of an account by its margin, and announces its alerts.
    pub fn touch_account(ctx: Context<TouchAccount>) -> Result<()> {
        instructions::touch_account(current(ctx)?)
    }

    /// Sets the levels of equity ÷ MM at which an account alerts.
    pub fn set_alerts(ctx: Context<SetAlerts>, levels_bps: [u16; 4]) -> Result<()> {
        instructions::set_alerts(current(ctx)?, levels_bps)
    }

    // ---- backstop ----------------------------------------------------------------------------

    /// Gives a perpetual its backstop vault and the margin account that its capital lies in.
    pub fn create_backstop(ctx: Context<CreateBackstop>, params: limits::BackstopParams) -> Result<()> {
        instructions::create_backstop(current(ctx)?, params)
    }

    /// Opens the account that an owner's shares of a backstop vault stand in.
    pub fn open_backstop_share(ctx: Context<OpenBackstopShare>) -> Result<()> {
        instructions::open_backstop_share(current(ctx)?)
    }

    /// Buys shares of a backstop vault for quote.
    pub fn backstop_deposit(ctx: Context<BackstopDeposit>, amount: u64) -> Result<()> {
        instructions::backstop_deposit(current(ctx)?, amount)
    }

    /// Starts the delay of a withdrawal from a backstop vault.
    pub fn backstop_request_withdraw(ctx: Context<RequestWithdrawal>, shares: u64) -> Result<()> {
        instructions::backstop_request_withdraw(current(ctx)?, shares)
    }

    /// Takes a withdrawal from a backstop vault back before it is made.
    pub fn backstop_cancel_withdraw(ctx: Context<RequestWithdrawal>) -> Result<()> {
        instructions::backstop_cancel_withdraw(current(ctx)?)
    }

    /// Pays out the shares whose delay is over.
    pub fn backstop_withdraw(ctx: Context<BackstopWithdraw>) -> Result<()> {
        instructions::backstop_withdraw(current(ctx)?)
    }

    /// Asks a market's backstop for a trade at the first price published after now.
    pub fn request_trade(ctx: Context<RequestTrade>, args: RequestTradeArgs) -> Result<()> {
        instructions::request_trade(current(ctx)?, args)
    }

    /// Fills a request at the price it waited for, or declines it there.
    pub fn execute_trade(ctx: Context<ExecuteTrade>) -> Result<()> {
        instructions::execute_trade(current(ctx)?)
    }

    /// Takes a request back, or clears away one that missed its price.
    pub fn close_request(ctx: Context<CloseRequest>) -> Result<()> {
        instructions::close_request(current(ctx)?)
    }

    /// Brings a market's funding in step with time and with its backstop's inventory.
    pub fn update_funding(ctx: Context<UpdateFunding>) -> Result<()> {
        instructions::update_funding(current(ctx)?)
    }

    /// Gives the backstop part of a position that nobody liquidated.
    pub fn take_over(ctx: Context<TakeOver>, amount: u64) -> Result<()> {
        instructions::take_over(current(ctx)?, amount)
    }

    // ---- account -----------------------------------------------------------------------------

    /// Opens a margin account: a sub-account of its owner.
    pub fn open_margin_account(ctx: Context<OpenMarginAccount>, sub_account: u16) -> Result<()> {
        instructions::open_margin_account(current(ctx)?, sub_account)
    }

    /// Names, or with the default key removes, the key that may act but never withdraw: its powers, and until when.
    pub fn set_delegate(ctx: Context<SetDelegate>, delegate: Pubkey, powers: u8, until: i64) -> Result<()> {
        instructions::set_delegate(current(ctx)?, delegate, powers, until)
    }

    /// Ties an empty account to one market, or with none makes it cross margin again.
    pub fn set_mode(ctx: Context<SetMode>) -> Result<()> {
        instructions::set_mode(current(ctx)?)
    }

    /// Holds the owner's own account to reducing, or lifts that.
    pub fn set_restriction(ctx: Context<SetRestriction>, reduce_only: bool) -> Result<()> {
        instructions::set_restriction(current(ctx)?, reduce_only)
    }

    /// Moves quote, or collateral, between two accounts of one owner; IM must hold afterwards.
    pub fn transfer(ctx: Context<Transfer>, amount: u64, asset: Option<u8>) -> Result<()> {
        instructions::transfer(current(ctx)?, amount, asset)
    }

    /// Deposits quote, or collateral of a listed asset.
    pub fn deposit(ctx: Context<Deposit>, amount: u64) -> Result<()> {
        instructions::deposit(current(ctx)?, amount)
    }

    /// Withdraws quote (below zero: borrows it) or collateral; IM must hold afterwards.
    pub fn withdraw(ctx: Context<Withdraw>, amount: u64) -> Result<()> {
        instructions::withdraw(current(ctx)?, amount)
    }

    /// Brings the total of loans in step with what an account owes, and pays the insurance fund its interest.
    pub fn count_loan(ctx: Context<CountLoan>) -> Result<()> {
        instructions::count_loan(current(ctx)?)
    }

    /// Closes an empty margin account and returns its rent.
    pub fn close_margin_account(ctx: Context<CloseMarginAccount>) -> Result<()> {
        instructions::close_margin_account(current(ctx)?)
    }

    // ---- governance --------------------------------------------------------------------------

    /// Creates a clearinghouse for a quote token. Signed by the program's upgrade authority.
    pub fn initialize_clearinghouse(
        ctx: Context<InitializeClearinghouse>,
        args: InitializeClearinghouseArgs,
    ) -> Result<()> {
        instructions::initialize_clearinghouse(current(ctx)?, args)
    }

    /// Allocates the first part of the risk board.
    pub fn create_board(ctx: Context<CreateBoard>) -> Result<()> {
        instructions::create_board(current(ctx)?)
    }

    /// Grows the board by one step; the step that reaches full size makes it usable.
    pub fn grow_board<'info>(ctx: Context<'info, GrowBoard<'info>>) -> Result<()> {
        instructions::grow_board(current(ctx)?)
    }

    /// Lists an asset: its risk config, and its collateral vault where it has a mint.
    pub fn add_asset(ctx: Context<AddAsset>, args: AddAssetArgs) -> Result<()> {
        instructions::add_asset(current(ctx)?, args)
    }

    /// Opens a market on an asset: a perpetual, or an option series.
    pub fn add_market(ctx: Context<AddMarket>, args: AddMarketArgs) -> Result<()> {
        instructions::add_market(current(ctx)?, args)
    }

    /// Loads an asset's variances and scenarios, computed from history, before the first deposit.
    pub fn load_calibration(ctx: Context<LoadCalibration>, args: LoadCalibrationArgs) -> Result<()> {
        instructions::load_calibration(current(ctx)?, args)
    }

    /// Loads an asset's part in the joint stress rows.
    pub fn load_stress(ctx: Context<LoadStress>, args: LoadStressArgs) -> Result<()> {
        instructions::load_stress(current(ctx)?, args)
    }

    /// Names the key that reports depth.
    pub fn set_depth_reporter(ctx: Context<SetDepthReporter>, reporter: Pubkey) -> Result<()> {
        instructions::set_depth_reporter(current(ctx)?, reporter)
    }

    /// Opens the clearinghouse for deposits; calibration ends here.
    pub fn open_clearinghouse(ctx: Context<OpenClearinghouse>) -> Result<()> {
        instructions::open_clearinghouse(current(ctx)?)
    }

    /// Brings an account of an older version to the current one.
    pub fn migrate(ctx: Context<Migrate>) -> Result<()> {
        instructions::migrate(ctx)
    }

    /// Announces a move of a parameter: a loosening, or what ramps.
    pub fn propose(ctx: Context<Propose>, change: Move) -> Result<()> {
        instructions::propose(current(ctx)?, change)
    }

    /// Moves at once what binds new risk only.
    pub fn tighten(ctx: Context<Tighten>, change: Move) -> Result<()> {
        instructions::tighten(current(ctx)?, change)
    }

    /// Announces a listing after the opening.
    pub fn propose_listing(ctx: Context<Announce>, hash: [u8; 32]) -> Result<()> {
        instructions::propose_listing(current(ctx)?, hash)
    }

    /// Announces who shall hold a role.
    pub fn propose_role(ctx: Context<Announce>, role: u8, key: Pubkey) -> Result<()> {
        instructions::propose_role(current(ctx)?, role, key)
    }

    /// Carries a ripe proposal out, or moves its ramp on.
    pub fn apply_proposal(ctx: Context<ApplyProposal>) -> Result<()> {
        instructions::apply_proposal(current(ctx)?)
    }

    /// Ends a proposal.
    pub fn cancel_proposal(ctx: Context<CancelProposal>) -> Result<()> {
        instructions::cancel_proposal(current(ctx)?)
    }

    /// Takes the steward's or the guardian's role away, at once.
    pub fn remove_role(ctx: Context<RemoveRole>, role: u8) -> Result<()> {
        instructions::remove_role(current(ctx)?, role)
    }

    /// Says between which values the steward may move a parameter.
    pub fn grant_mandate(
        ctx: Context<GrantMandate>,
        parameter: Parameter,
        target: u8,
        least: u64,
        most: u64,
    ) -> Result<()> {
        instructions::grant_mandate(current(ctx)?, parameter, target, least, most)
    }

    /// Takes a mandate away, at once.
    pub fn revoke_mandate(ctx: Context<RevokeMandate>) -> Result<()> {
        instructions::revoke_mandate(current(ctx)?)
    }

    /// Stops new risk, or deposits, for a time: the guardian's.
    pub fn pause(ctx: Context<Pause>, args: PauseArgs) -> Result<()> {
        instructions::pause(current(ctx)?, args)
    }

    /// Ends a pause before its time.
    pub fn lift_pause(ctx: Context<LiftPause>) -> Result<()> {
        instructions::lift_pause(current(ctx)?)
    }

    /// Names who may take governance over after the delay.
    pub fn propose_governance(ctx: Context<ProposeGovernance>, next: Pubkey) -> Result<()> {
        instructions::propose_governance(current(ctx)?, next)
    }

    /// The named key takes governance over.
    pub fn accept_governance(ctx: Context<AcceptGovernance>) -> Result<()> {
        instructions::accept_governance(current(ctx)?)
    }

    /// Gives quote to the insurance fund.
    pub fn top_up_insurance(ctx: Context<TopUpInsurance>, amount: u64) -> Result<()> {
        instructions::top_up_insurance(current(ctx)?, amount)
    }
}
