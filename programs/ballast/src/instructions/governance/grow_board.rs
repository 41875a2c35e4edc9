use anchor_lang::Discriminator;
use anchor_lang::prelude::*;
use anchor_lang::solana_program::entrypoint::MAX_PERMITTED_DATA_INCREASE;
use anchor_lang::system_program::{Transfer, transfer};

use crate::error::BallastError;
use crate::event::BoardCompleted;
use crate::state::{Clearinghouse, RiskBoard, VERSION, seeds};

/// Grows the board by at most one instruction's allowance. The step that reaches full size writes
/// the discriminator, without which no instruction accepts the account.
#[derive(Accounts)]
pub struct GrowBoard<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    /// CHECK: at the board's address and owned by this program; it has no discriminator yet.
    #[account(
        mut,
        seeds = [seeds::BOARD, clearinghouse.key().as_ref()],
        bump,
        owner = crate::ID,
    )]
    pub board: UncheckedAccount<'info>,
    pub system_program: Program<'info, System>,
}

pub fn grow_board<'info>(ctx: Context<'info, GrowBoard<'info>>) -> Result<()> {
    let a = ctx.accounts;
    let size = a.board.data_len();
    require!(size < RiskBoard::SPACE, BallastError::BoardComplete);
    let grown = RiskBoard::SPACE.min(size + MAX_PERMITTED_DATA_INCREASE);

    let missing = Rent::get()?.minimum_balance(grown).saturating_sub(a.board.lamports());
    let pay = Transfer { from: a.payer.to_account_info(), to: a.board.to_account_info() };
    transfer(CpiContext::new(a.system_program.key(), pay), missing)?;
    a.board.resize(grown)?;

    if grown == RiskBoard::SPACE {
        a.board.try_borrow_mut_data()?[..8].copy_from_slice(RiskBoard::DISCRIMINATOR);
        let loader = AccountLoader::<RiskBoard>::try_from(&a.board)?;
        let mut board = loader.load_mut()?;
        board.version = VERSION;
        board.bump = ctx.bumps.board;
        board.clearinghouse = a.clearinghouse.key();
        board.start(&a.clearinghouse);
        emit!(BoardCompleted { clearinghouse: a.clearinghouse.key(), board: a.board.key() });
    }
    Ok(())
}
