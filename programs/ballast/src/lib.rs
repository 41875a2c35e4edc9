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
mod heap;
pub mod instructions;
pub mod limits;
pub mod margin;
pub mod oracle;
pub mod policy;
pub mod state;

use instructions::*;

declare_id!("Bsr6dUsWpMNKqWYvNqW18eG4mvLMjjXA1Y9ehyN91W9h");

/// The program. Handlers are documented where they live, one file each.
#[program]
pub mod ballast {
    use super::*;

    // ---- governance --------------------------------------------------------------------------

    /// Creates a clearinghouse for a quote token. Signed by the program's upgrade authority.
    pub fn initialize_clearinghouse(
        ctx: Context<InitializeClearinghouse>,
        args: InitializeClearinghouseArgs,
    ) -> Result<()> {
        instructions::initialize_clearinghouse(ctx, args)
    }

    /// Allocates the first part of the risk board.
    pub fn create_board(ctx: Context<CreateBoard>) -> Result<()> {
        instructions::create_board(ctx)
    }

    /// Grows the board by one step; the step that reaches full size makes it usable.
    pub fn grow_board<'info>(ctx: Context<'info, GrowBoard<'info>>) -> Result<()> {
        instructions::grow_board(ctx)
    }

    /// Lists an asset: its risk config, and its collateral vault where it has a mint.
    pub fn add_asset(ctx: Context<AddAsset>, args: AddAssetArgs) -> Result<()> {
        instructions::add_asset(ctx, args)
    }

    /// Opens a market on an asset: a perpetual, or an option series.
    pub fn add_market(ctx: Context<AddMarket>, args: AddMarketArgs) -> Result<()> {
        instructions::add_market(ctx, args)
    }

    /// Loads an asset's variances and scenarios, computed from history, before the first deposit.
    pub fn load_calibration(ctx: Context<LoadCalibration>, args: LoadCalibrationArgs) -> Result<()> {
        instructions::load_calibration(ctx, args)
    }

    /// Loads an asset's part in the joint stress rows.
    pub fn load_stress(ctx: Context<LoadStress>, args: LoadStressArgs) -> Result<()> {
        instructions::load_stress(ctx, args)
    }

    /// Names the key that reports depth.
    pub fn set_depth_reporter(ctx: Context<SetDepthReporter>, reporter: Pubkey) -> Result<()> {
        instructions::set_depth_reporter(ctx, reporter)
    }

    /// Opens the clearinghouse for deposits; calibration ends here.
    pub fn open_clearinghouse(ctx: Context<OpenClearinghouse>) -> Result<()> {
        instructions::open_clearinghouse(ctx)
    }

    /// Brings an account of an older version to the current one.
    pub fn migrate(ctx: Context<Migrate>) -> Result<()> {
        instructions::migrate(ctx)
    }

    // ---- risk --------------------------------------------------------------------------------

    /// Takes an asset's price from its oracle and brings its volatility and haircuts up to date.
    pub fn refresh_price(ctx: Context<RefreshPrice>) -> Result<()> {
        instructions::refresh_price(ctx)
    }

    /// Takes an asset's implied volatility from its oracle.
    pub fn refresh_implied_volatility(ctx: Context<RefreshImpliedVolatility>) -> Result<()> {
        instructions::refresh_implied_volatility(ctx)
    }

    /// Takes a report of an asset's depth from the named role.
    pub fn report_depth(ctx: Context<ReportDepth>, asset: u8, volume: u64) -> Result<()> {
        instructions::report_depth(ctx, asset, volume)
    }

    /// Copies open interest and deposits of an asset to the board.
    pub fn refresh_exposure(ctx: Context<RefreshExposure>) -> Result<()> {
        instructions::refresh_exposure(ctx)
    }

    /// Takes one synchronous sample of all returns into the scenario ring, or brings derived state in step between
    /// samples.
    pub fn tick(ctx: Context<Tick>) -> Result<()> {
        instructions::tick(ctx)
    }

    /// Equity and requirement of an account at spot, as return data.
    pub fn health(ctx: Context<Health>) -> Result<HealthReport> {
        instructions::health(ctx)
    }

    // ---- account -----------------------------------------------------------------------------

    /// Opens a margin account: a sub-account of its owner.
    pub fn open_margin_account(ctx: Context<OpenMarginAccount>, sub_account: u16) -> Result<()> {
        instructions::open_margin_account(ctx, sub_account)
    }

    /// Names, or with the default key removes, the key that may trade but never withdraw.
    pub fn set_delegate(ctx: Context<SetDelegate>, delegate: Pubkey) -> Result<()> {
        instructions::set_delegate(ctx, delegate)
    }

    /// Deposits quote, or collateral of a listed asset.
    pub fn deposit(ctx: Context<Deposit>, amount: u64) -> Result<()> {
        instructions::deposit(ctx, amount)
    }

    /// Withdraws quote (below zero: borrows it) or collateral; IM must hold afterwards.
    pub fn withdraw(ctx: Context<Withdraw>, amount: u64) -> Result<()> {
        instructions::withdraw(ctx, amount)
    }

    /// Closes an empty margin account and returns its rent.
    pub fn close_margin_account(ctx: Context<CloseMarginAccount>) -> Result<()> {
        instructions::close_margin_account(ctx)
    }

    // ---- trading -----------------------------------------------------------------------------

    /// Books a trade that taker and maker agreed on, inside a band around the oracle.
    pub fn match_fill(ctx: Context<MatchFill>, args: MatchFillArgs) -> Result<()> {
        instructions::match_fill(ctx, args)
    }

    /// Moves a position's loss into the market's pool, or its profit out of it.
    pub fn settle(ctx: Context<Settle>) -> Result<()> {
        instructions::settle(ctx)
    }

    /// Makes an expired option's settlement price final where its oracle has fallen silent.
    pub fn fix_settlement_price(ctx: Context<FixSettlementPrice>, market: u8) -> Result<()> {
        instructions::fix_settlement_price(ctx, market)
    }

    /// Moves a market's collected fees into the insurance fund.
    pub fn sweep_fees(ctx: Context<SweepFees>) -> Result<()> {
        instructions::sweep_fees(ctx)
    }

    // ---- liquidation -------------------------------------------------------------------------

    /// Takes over part of an account that has fallen below its maintenance margin.
    pub fn liquidate<'info>(ctx: Context<'info, Liquidate<'info>>, legs: Vec<LegAmount>) -> Result<()> {
        instructions::liquidate(ctx, legs)
    }

    // ---- backstop ----------------------------------------------------------------------------

    /// Gives a perpetual its backstop vault and the margin account that its capital lies in.
    pub fn create_backstop(ctx: Context<CreateBackstop>, params: limits::BackstopParams) -> Result<()> {
        instructions::create_backstop(ctx, params)
    }

    /// Opens the account that an owner's shares of a backstop vault stand in.
    pub fn open_backstop_share(ctx: Context<OpenBackstopShare>) -> Result<()> {
        instructions::open_backstop_share(ctx)
    }

    /// Buys shares of a backstop vault for quote.
    pub fn backstop_deposit(ctx: Context<BackstopDeposit>, amount: u64) -> Result<()> {
        instructions::backstop_deposit(ctx, amount)
    }

    /// Starts the delay of a withdrawal from a backstop vault.
    pub fn backstop_request_withdraw(ctx: Context<RequestWithdrawal>, shares: u64) -> Result<()> {
        instructions::backstop_request_withdraw(ctx, shares)
    }

    /// Takes a withdrawal from a backstop vault back before it is made.
    pub fn backstop_cancel_withdraw(ctx: Context<RequestWithdrawal>) -> Result<()> {
        instructions::backstop_cancel_withdraw(ctx)
    }

    /// Pays out the shares whose delay is over.
    pub fn backstop_withdraw(ctx: Context<BackstopWithdraw>) -> Result<()> {
        instructions::backstop_withdraw(ctx)
    }

    /// Asks a market's backstop for a trade at the first price published after now.
    pub fn request_trade(ctx: Context<RequestTrade>, args: RequestTradeArgs) -> Result<()> {
        instructions::request_trade(ctx, args)
    }

    /// Fills a request at the price it waited for, or declines it there.
    pub fn execute_trade(ctx: Context<ExecuteTrade>) -> Result<()> {
        instructions::execute_trade(ctx)
    }

    /// Takes a request back, or clears away one that missed its price.
    pub fn close_request(ctx: Context<CloseRequest>) -> Result<()> {
        instructions::close_request(ctx)
    }

    /// Brings a market's funding in step with time and with its backstop's inventory.
    pub fn update_funding(ctx: Context<UpdateFunding>) -> Result<()> {
        instructions::update_funding(ctx)
    }

    /// Gives the backstop part of a position that nobody liquidated.
    pub fn take_over(ctx: Context<TakeOver>, amount: u64) -> Result<()> {
        instructions::take_over(ctx, amount)
    }
}
