use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::event::Proposed;
use crate::governance::{Books, DELAY_S, Loosens, Pace, Parameter, STEWARD_PAUSE_S};
use crate::state::proposal::kind;
use crate::state::{
    AssetConfig, BackstopVault, Clearinghouse, Mandate, Market, Proposal, RiskBoard, VERSION, seeds,
};

/// A parameter's move: what the signer believes to stand now, and what shall stand.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    pub parameter: Parameter,
    /// The value that stands now; another one refuses, so that what was signed long ago is harmless.
    pub from: u64,
    pub to: u64,
}

/// Announces a move of a parameter. Signed by governance, or by the steward inside its mandate; anybody pays.
#[derive(Accounts)]
pub struct Propose<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    pub authority: Signer<'info>,
    #[account(mut, has_one = board @ BallastError::WrongClearinghouse)]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(
        init,
        payer = payer,
        space = 8 + Proposal::INIT_SPACE,
        seeds = [seeds::PROPOSAL, clearinghouse.key().as_ref(), &clearinghouse.proposals.to_le_bytes()],
        bump,
    )]
    pub proposal: Box<Account<'info, Proposal>>,
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub asset: Option<Box<Account<'info, AssetConfig>>>,
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub market: Option<Box<Account<'info, Market>>>,
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub backstop: Option<Box<Account<'info, BackstopVault>>>,
    /// Needed where the steward signs.
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub mandate: Option<Box<Account<'info, Mandate>>>,
    pub system_program: Program<'info, System>,
}

pub fn propose(ctx: Context<Propose>, change: Move) -> Result<()> {
    let a = ctx.accounts;
    let by_steward = signs_as_steward(&a.clearinghouse, a.authority.key)?;
    let row = change.parameter.row();
    let clock = Clock::get()?;
    let target = {
        let mut board = a.board.load_mut()?;
        let (asset, market) = (a.asset.as_deref_mut(), a.market.as_deref_mut());
        let mut books = Books::of(&mut a.clearinghouse, &mut board, asset, market, a.backstop.as_deref_mut());
        require_current(&mut books, &change)?;
        books.target(change.parameter)?
    };
    if by_steward {
        let mandate = a.mandate.as_deref_mut().ok_or(BallastError::BeyondMandate)?;
        use_mandate(mandate, &change, target, clock.unix_timestamp)?;
    }
    require!(row.within_step(change.from, change.to), BallastError::StepTooLarge);
    let house = a.clearinghouse.key();
    let mut proposal = Proposal {
        version: VERSION,
        bump: ctx.bumps.proposal,
        kind: kind::PARAMETER,
        parameter: change.parameter as u8,
        target,
        by_steward,
        loosens: row.is_loosening(change.from, change.to) && row.loosens != Loosens::Either,
        ramps: row.pace(change.from, change.to) == Pace::Ramp,
        ..blank(&a.clearinghouse, house, a.payer.key())
    };
    (proposal.from, proposal.to, proposal.at) = (change.from, change.to, change.from);
    proposal.start(&clock, DELAY_S);
    enter(&mut a.clearinghouse, &mut a.proposal, proposal)
}

/// Whether the signer is the steward; refuses who is neither that nor governance.
pub(super) fn signs_as_steward(house: &Clearinghouse, authority: &Pubkey) -> Result<bool> {
    if *authority == house.governance {
        return Ok(false);
    }
    // The default key, which stands where there is no steward, is the system program's: it never signs.
    require_keys_eq!(*authority, house.steward, BallastError::WrongRole);
    Ok(true)
}

/// Refuses a move on another value than the one that stands, out of bounds, or to nowhere.
pub(super) fn require_current(books: &mut Books, change: &Move) -> Result<()> {
    require!(books.get(change.parameter)? == change.from, BallastError::StateChanged);
    require!(change.parameter.row().admits(change.to), BallastError::ParameterOutOfBounds);
    require!(change.from != change.to, BallastError::NothingToChange);
    Ok(())
}

/// Refuses what the steward's mandate does not cover, and uses it.
pub(super) fn use_mandate(mandate: &mut Mandate, change: &Move, target: u8, now: i64) -> Result<()> {
    let named = mandate.parameter == change.parameter as u8 && mandate.target == target;
    let covered = named
        && (mandate.least..=mandate.most).contains(&change.to)
        && now.saturating_sub(mandate.used_at) >= STEWARD_PAUSE_S
        && change.parameter.row().within_steward_step(change.from, change.to);
    require!(covered, BallastError::BeyondMandate);
    mandate.used_at = now;
    Ok(())
}

/// A proposal with its number, and nothing proposed yet.
pub(super) fn blank(house: &Clearinghouse, clearinghouse: Pubkey, payer: Pubkey) -> Proposal {
    Proposal {
        version: VERSION,
        bump: 0,
        kind: kind::PARAMETER,
        parameter: 0,
        target: 0,
        by_steward: false,
        loosens: true,
        ramps: false,
        done: false,
        clearinghouse,
        payer,
        id: house.proposals,
        from: 0,
        to: 0,
        at: 0,
        subject: [0; 32],
        bound: Pubkey::default(),
        created_slot: 0,
        created: 0,
        ready_at: 0,
        expires_at: 0,
        ready_slot: 0,
        ramped_s: 0,
        ramp_time: 0,
        reserved: [0; 64],
    }
}

/// Writes a proposal and says so.
pub(super) fn enter(
    house: &mut Clearinghouse,
    account: &mut Account<Proposal>,
    proposal: Proposal,
) -> Result<()> {
    house.proposals = house.proposals.checked_add(1).ok_or(BallastError::Overflow)?;
    emit!(Proposed {
        clearinghouse: proposal.clearinghouse,
        proposal: proposal.id,
        kind: proposal.kind,
        parameter: proposal.parameter,
        target: proposal.target,
        from: proposal.from,
        to: proposal.to,
        subject: proposal.subject,
        loosens: proposal.loosens,
        ready_at: proposal.ready_at,
        expires_at: proposal.expires_at,
    });
    account.set_inner(proposal);
    Ok(())
}
