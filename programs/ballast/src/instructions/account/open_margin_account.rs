use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::event::{MarginAccountOpened, ModeSet};
use crate::state::risk_board::LOAN_INDEX_ONE;
use crate::state::{Clearinghouse, MarginAccount, Market, Treasury, VERSION, delegate_power, seeds};

/// Opens one of an owner's sub-accounts. The owner signs: nobody opens accounts in another's name.
#[derive(Accounts)]
#[instruction(sub_account: u16)]
pub struct OpenMarginAccount<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    pub owner: Signer<'info>,
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(
        init,
        payer = payer,
        space = MarginAccount::SPACE,
        seeds = [seeds::MARGIN, clearinghouse.key().as_ref(), owner.key().as_ref(), &sub_account.to_le_bytes()],
        bump,
    )]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    /// Of an isolated account: the only market that it will hold.
    #[account(has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub market: Option<Box<Account<'info, Market>>>,
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub treasury: Box<Account<'info, Treasury>>,
    pub system_program: Program<'info, System>,
}

pub fn open_margin_account(ctx: Context<OpenMarginAccount>, sub_account: u16) -> Result<()> {
    let a = ctx.accounts;
    let mut account = a.margin_account.load_init()?;
    account.version = VERSION;
    account.bump = ctx.bumps.margin_account;
    account.sub_account = sub_account;
    account.clearinghouse = a.clearinghouse.key();
    account.owner = a.owner.key();
    account.delegate_powers = delegate_power::ALL;
    account.loan_index = LOAN_INDEX_ONE;
    if let Some(market) = &a.market {
        account.set_mode(Some((market.index, market.asset)))?;
        emit!(ModeSet { account: a.margin_account.key(), market: Some(market.index) });
    }
    a.treasury.count_opened()?;
    emit!(MarginAccountOpened { account: a.margin_account.key(), owner: a.owner.key(), sub_account });
    Ok(())
}
