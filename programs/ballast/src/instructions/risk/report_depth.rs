use anchor_lang::prelude::*;

use crate::error::{BallastError, OrRefuse};
use crate::event::DepthReported;
use crate::state::{Clearinghouse, RiskBoard};

/// Takes a report of an asset's depth: the quote volume that its markets trade in a horizon. Believed inside the
/// asset's bounds, down at once, up slowly; it fades when it is not repeated.
#[derive(Accounts)]
pub struct ReportDepth<'info> {
    pub depth_reporter: Signer<'info>,
    #[account(has_one = depth_reporter @ BallastError::NotDepthReporter, has_one = board @ BallastError::WrongClearinghouse)]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
}

pub fn report_depth(ctx: Context<ReportDepth>, asset: u8, volume: u64) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let mut board = ctx.accounts.board.load_mut()?;
    let setting = board.setting(now);
    board
        .update(asset.into(), |state| {
            let mut depth = state.reported_depth();
            depth.report(&state.depth_params(), volume, now)?;
            (state.depth, state.depth_time) = (depth.volume, depth.time);
            state.publish(&setting)
        })
        .or_refuse()?;
    let believed = board.assets[usize::from(asset)].depth;
    emit!(DepthReported { clearinghouse: board.clearinghouse, asset, reported: volume, believed });
    Ok(())
}
