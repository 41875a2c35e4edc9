use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::event::ClearinghouseOpened;
use crate::state::{Clearinghouse, RiskBoard};

/// Opens the clearinghouse for deposits. There is no way back: calibration ends before anybody's
/// money can be margined by it.
#[derive(Accounts)]
pub struct OpenClearinghouse<'info> {
    pub governance: Signer<'info>,
    #[account(
        mut,
        has_one = governance @ BallastError::NotGovernance,
        has_one = board @ BallastError::WrongClearinghouse,
        constraint = !clearinghouse.open @ BallastError::AlreadyOpen,
    )]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    /// Loads only if it is complete.
    pub board: AccountLoader<'info, RiskBoard>,
}

pub fn open_clearinghouse(ctx: Context<OpenClearinghouse>) -> Result<()> {
    ctx.accounts.board.load()?;
    let clearinghouse = &mut ctx.accounts.clearinghouse;
    clearinghouse.open = true;
    emit!(ClearinghouseOpened {
        clearinghouse: clearinghouse.key(),
        calibration_hash: clearinghouse.calibration_hash,
    });
    Ok(())
}
