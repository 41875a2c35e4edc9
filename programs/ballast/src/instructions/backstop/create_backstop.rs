use anchor_lang::prelude::*;

use crate::error::{BallastError, OrRefuse};
use crate::event::BackstopCreated;
use crate::instructions::governance::propose_listing::{listing_hash, require_announced};
use crate::limits::BackstopParams;
use crate::state::risk_board::LOAN_INDEX_ONE;
use crate::state::{
    BackstopVault, Clearinghouse, MarginAccount, Market, Proposal, RiskBoard, Treasury, VERSION, seeds,
};

/// Gives a perpetual its backstop: a vault, and the margin account that its capital lies in. The margin account's owner
/// is the vault's address, for which nobody signs: only the instructions of this folder move it.
#[derive(Accounts)]
pub struct CreateBackstop<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    pub governance: Signer<'info>,
    #[account(has_one = governance @ BallastError::NotGovernance, has_one = board @ BallastError::WrongClearinghouse)]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub treasury: Box<Account<'info, Treasury>>,
    #[account(
        mut,
        has_one = clearinghouse @ BallastError::WrongClearinghouse,
        constraint = market.backstop == Pubkey::default() @ BallastError::NoBackstopHere,
    )]
    pub market: Box<Account<'info, Market>>,
    #[account(
        init,
        payer = payer,
        space = 8 + BackstopVault::INIT_SPACE,
        seeds = [seeds::BACKSTOP, market.key().as_ref()],
        bump,
    )]
    pub vault: Box<Account<'info, BackstopVault>>,
    #[account(
        init,
        payer = payer,
        space = MarginAccount::SPACE,
        seeds = [seeds::MARGIN, clearinghouse.key().as_ref(), vault.key().as_ref(), &0u16.to_le_bytes()],
        bump,
    )]
    pub slice: AccountLoader<'info, MarginAccount>,
    pub system_program: Program<'info, System>,
    /// Needed after the opening: it brings funding to positions that are open.
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub proposal: Option<Box<Account<'info, Proposal>>>,
}

pub fn create_backstop(ctx: Context<CreateBackstop>, params: BackstopParams) -> Result<()> {
    let a = ctx.accounts;
    params.validate(a.market.band_bps)?;
    let proposal = a.proposal.as_deref_mut().map(|p| &mut **p);
    require_announced(&a.clearinghouse, proposal, || {
        listing_hash("create_backstop", a.market.index, Pubkey::default(), &params)
    })?;
    let listed = a.board.load()?;
    let is_option = listed.market(a.market.index.into()).or_refuse()?.is_option();
    require!(!is_option, BallastError::NoBackstopHere);
    let now = Clock::get()?.unix_timestamp;

    let mut slice = a.slice.load_init()?;
    slice.version = VERSION;
    slice.bump = ctx.bumps.slice;
    slice.isolated = a.market.index + 1;
    slice.clearinghouse = a.clearinghouse.key();
    slice.owner = a.vault.key();
    slice.loan_index = LOAN_INDEX_ONE;
    slice.isolated_asset = a.market.asset;
    a.treasury.count_opened()?;

    a.vault.set_inner(BackstopVault {
        version: VERSION,
        bump: ctx.bumps.vault,
        market: a.market.index,
        clearinghouse: a.clearinghouse.key(),
        slice: a.slice.key(),
        params,
        total_shares: 0,
        epoch: 1,
        committed: 0,
        high: 0,
        window_start: now,
        halted_until: 0,
        inventory_sum: 0,
        inventory_since: now,
        inventory_until: now,
        funding_from: params.max_position,
        funding_since: now,
        reserved: [0; 112],
    });
    a.market.quoted_bps = params.quoted_bps();
    a.market.backstop = a.vault.key();
    emit!(BackstopCreated { market: a.market.index, vault: a.vault.key(), slice: a.slice.key() });
    Ok(())
}
