use anchor_lang::prelude::*;

use crate::error::{BallastError, OrRefuse};
use crate::event::Ticked;
use crate::state::RiskBoard;

/// Takes one synchronous sample of all returns into the ring, once in a cell of the tick grid.
/// Permissionless.
#[derive(Accounts)]
pub struct Tick<'info> {
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
}

pub fn tick(ctx: Context<Tick>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let mut board = ctx.accounts.board.load_mut()?;
    require!(board.tick_is_due(now), BallastError::TickNotDue);
    let (row, sampled) = board.tick(now).or_refuse()?;
    emit!(Ticked { clearinghouse: board.clearinghouse, tick: board.tick_count, row, sampled });
    Ok(())
}
