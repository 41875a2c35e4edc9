use anchor_lang::prelude::*;
use ballast_risk::stress::{self, SHOCK_BITS, STRESS_ROWS};

use super::propose_listing::{listing_hash, require_announced};
use crate::error::{BallastError, OrRefuse};
use crate::event::StressLoaded;
use crate::state::{Clearinghouse, Proposal, RiskBoard};

/// Arguments of `load_stress`.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct LoadStressArgs {
    /// Index of the asset.
    pub asset: u8,
    /// The asset's simple return in every joint stress row, 2⁻¹²; zero where the row does not move it.
    pub shocks: [i16; STRESS_ROWS],
}

/// Loads an asset's part in the joint stress rows: before the clearinghouse opens, or, for an asset that is listed
/// later, before its first price. What is loaded enters the running hash of the calibration.
#[derive(Accounts)]
pub struct LoadStress<'info> {
    pub governance: Signer<'info>,
    #[account(mut, has_one = governance @ BallastError::NotGovernance, has_one = board @ BallastError::WrongClearinghouse)]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    /// Needed after the opening.
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub proposal: Option<Box<Account<'info, Proposal>>>,
}

pub fn load_stress(ctx: Context<LoadStress>, args: LoadStressArgs) -> Result<()> {
    // Nothing falls by more than all of it.
    require!(args.shocks.iter().all(|shock| *shock >= -(1 << SHOCK_BITS)), BallastError::BadCalibration);
    let a = ctx.accounts;
    let mut board = a.board.load_mut()?;
    let index = usize::from(args.asset);
    a.clearinghouse.require_unused(board.asset(index).or_refuse()?)?;
    let proposal = a.proposal.as_deref_mut().map(|p| &mut **p);
    require_announced(&a.clearinghouse, proposal, || {
        listing_hash("load_stress", args.asset, Pubkey::default(), &args)
    })?;
    let setting = board.setting(Clock::get()?.unix_timestamp);
    let column = stress::column(&args.shocks);
    board.stress[index] = column;
    board
        .update(index, |state| {
            state.set_shock(&column);
            state.publish(&setting)
        })
        .or_refuse()?;
    let shocks: &[u8] = bytemuck::cast_slice(&args.shocks);
    let hash = a.clearinghouse.absorb(args.asset, &[shocks]);
    emit!(StressLoaded {
        clearinghouse: a.clearinghouse.key(),
        asset: args.asset,
        shocks: args.shocks,
        hash,
    });
    Ok(())
}
