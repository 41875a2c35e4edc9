use anchor_lang::prelude::*;

use crate::error::{BallastError, OrRefuse};
use crate::event::Ticked;
use crate::state::{RiskBoard, TickKind};

/// Takes the tick that is due: once in a cell of the grid one synchronous sample of all returns into the ring, and
/// in between, the higher the market's volatility the more often, an update of everything that follows from time.
/// Permissionless.
#[derive(Accounts)]
pub struct Tick<'info> {
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
}

pub fn tick(ctx: Context<Tick>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let mut board = ctx.accounts.board.load_mut()?;
    let (row, sampled) = match board.due(now).ok_or(BallastError::TickNotDue)? {
        TickKind::Full => {
            let (row, sampled) = board.tick(now).or_refuse()?;
            (Some(row), sampled)
        }
        TickKind::Short => {
            board.short_tick(now).or_refuse()?;
            (None, 0)
        }
    };
    emit!(Ticked {
        clearinghouse: board.clearinghouse,
        tick: board.tick_count,
        row,
        sampled,
        index: board.index().value(),
        next_in_s: board.tick_interval(),
        notice: board.notice,
    });
    Ok(())
}
