use anchor_lang::prelude::*;
use ballast_risk::fixed::VAR_ONE;
use ballast_risk::scenario::{self, SCENARIOS, Tails, Z_MAX};
use ballast_risk::volatility::VolatilityState;

use super::propose_listing::{listing_hash, require_announced};
use crate::error::{BallastError, OrRefuse};
use crate::event::CalibrationLoaded;
use crate::state::{Clearinghouse, Proposal, RiskBoard};

/// Arguments of `load_calibration`.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct LoadCalibrationArgs {
    /// Index of the asset.
    pub asset: u8,
    /// Short, fast and slow average of variance over the horizon, 2⁻⁴⁸.
    pub variance_short: u64,
    pub variance_fast: u64,
    pub variance_slow: u64,
    /// One standardised return a scenario, 2⁻¹⁰, the same hours for every asset: the rolling rows, oldest first,
    /// then those of the tail memory.
    pub returns: Vec<i16>,
}

/// Loads what history says of an asset: before the clearinghouse opens, or, for an asset that is listed later,
/// before its first price. What is loaded enters the running hash, so that anybody can recompute it. Loaded
/// history never counts as life: the asset still has to live its ticks before it nets.
#[derive(Accounts)]
pub struct LoadCalibration<'info> {
    pub governance: Signer<'info>,
    #[account(
        mut,
        has_one = governance @ BallastError::NotGovernance,
        has_one = board @ BallastError::WrongClearinghouse,
    )]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    /// Needed after the opening.
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub proposal: Option<Box<Account<'info, Proposal>>>,
}

pub fn load_calibration(ctx: Context<LoadCalibration>, args: LoadCalibrationArgs) -> Result<()> {
    let bounded = args.returns.iter().all(|z| i64::from(*z).abs() <= Z_MAX);
    require!(args.returns.len() == SCENARIOS && bounded, BallastError::BadCalibration);
    let variances = [args.variance_short, args.variance_fast, args.variance_slow];
    require!(variances.iter().all(|v| (1..VAR_ONE).contains(v)), BallastError::BadCalibration);

    let a = ctx.accounts;
    let mut guard = a.board.load_mut()?;
    let board = &mut *guard;
    let index = usize::from(args.asset);
    a.clearinghouse.require_unused(board.asset(index).or_refuse()?)?;
    let proposal = a.proposal.as_deref_mut().map(|p| &mut **p);
    require_announced(&a.clearinghouse, proposal, || {
        listing_hash("load_calibration", args.asset, Pubkey::default(), &args)
    })?;
    let setting = board.setting(Clock::get()?.unix_timestamp);
    let column = &mut board.ring[index];
    for (row, z) in args.returns.iter().enumerate() {
        scenario::set(column, row, (*z).into());
    }
    let tails = Tails::of(column);
    board
        .update(index, |state| {
            let loaded = VolatilityState {
                short: args.variance_short,
                fast: args.variance_fast,
                slow: args.variance_slow,
                ..VolatilityState::default()
            };
            let live = loaded.live(&state.volatility_params(&setting));
            (state.variance_short, state.variance_fast) = (loaded.short, loaded.fast);
            state.variance_slow = loaded.slow;
            (state.sigma, state.forecast_sigma) = (live.sigma, live.forecast);
            state.rows_filled = SCENARIOS as u32;
            state.set_tails(tails);
            state.publish(&setting)
        })
        .or_refuse()?;

    let returns: &[u8] = bytemuck::cast_slice(&args.returns);
    let [short, fast, slow] = variances.map(u64::to_le_bytes);
    let hash = a.clearinghouse.absorb(args.asset, &[&short, &fast, &slow, returns]);
    emit!(CalibrationLoaded { clearinghouse: a.clearinghouse.key(), asset: args.asset, hash });
    Ok(())
}
