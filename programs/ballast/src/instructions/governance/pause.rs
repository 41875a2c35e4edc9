use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::event::PauseSet;
use crate::policy::pause::{ALL, DEPOSITS, NEW_RISK};
use crate::state::{Clearinghouse, RiskBoard};

/// What a pause stops.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct PauseArgs {
    /// Bits of [`crate::policy::pause`], for the whole house.
    pub bits: u32,
    /// Assets and markets, a bit each, that may only be reduced.
    pub assets: u32,
    pub markets: u64,
    /// How long, seconds.
    pub seconds: u32,
}

/// How long a pause of a kind may last, and for how many times as long the guardian must leave it off afterwards. So
/// a hostile guardian stops new risk for a quarter of the time, and liquidation (which waits while deposits are
/// paused) for an hour and one twenty-fifth of the time, until governance takes its role away.
struct Rule {
    longest_s: u32,
    rest: i64,
}

const RULES: [Rule; 3] = [
    // New risk.
    Rule { longest_s: 86_400, rest: 3 },
    // Deposits, and with them liquidation.
    Rule { longest_s: 3_600, rest: 24 },
    // Single assets and markets.
    Rule { longest_s: 86_400, rest: 3 },
];

/// Stops new risk, deposits, or anything but reducing in single assets and markets, for a time. Signed by the
/// guardian; ends by itself.
#[derive(Accounts)]
pub struct Pause<'info> {
    pub guardian: Signer<'info>,
    #[account(
        mut,
        has_one = guardian @ BallastError::WrongRole,
        has_one = board @ BallastError::WrongClearinghouse,
    )]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
}

pub fn pause(ctx: Context<Pause>, args: PauseArgs) -> Result<()> {
    let a = ctx.accounts;
    let now = Clock::get()?.unix_timestamp;
    let mut board = a.board.load_mut()?;
    let named = [args.bits & NEW_RISK != 0, args.bits & DEPOSITS != 0, args.assets != 0 || args.markets != 0];
    let known = args.bits & !ALL == 0 && named.contains(&true) && args.seconds > 0;
    require!(known, BallastError::BadPause);
    // One at a time: a pause never prolongs another.
    require!(now >= board.pause_until, BallastError::PauseTooSoon);
    let until = now.saturating_add(args.seconds.into());
    for (kind, rule) in RULES.iter().enumerate().filter(|(kind, _)| named[*kind]) {
        require!(args.seconds <= rule.longest_s, BallastError::BadPause);
        require!(now >= a.clearinghouse.next_pause[kind], BallastError::PauseTooSoon);
        a.clearinghouse.next_pause[kind] = until.saturating_add(rule.rest * i64::from(args.seconds));
    }
    (board.paused, board.paused_assets, board.paused_markets) = (args.bits, args.assets, args.markets);
    board.pause_until = until;
    say(a.clearinghouse.key(), &board);
    Ok(())
}

/// Ends a pause before its time. Signed by the guardian or by governance. The rest that was owed is still owed.
#[derive(Accounts)]
pub struct LiftPause<'info> {
    pub authority: Signer<'info>,
    #[account(
        constraint = [clearinghouse.guardian, clearinghouse.governance].contains(authority.key) @ BallastError::WrongRole,
        has_one = board @ BallastError::WrongClearinghouse,
    )]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
}

pub fn lift_pause(ctx: Context<LiftPause>) -> Result<()> {
    let mut board = ctx.accounts.board.load_mut()?;
    (board.paused, board.paused_assets, board.paused_markets) = (0, 0, 0);
    board.pause_until = 0;
    say(ctx.accounts.clearinghouse.key(), &board);
    Ok(())
}

fn say(clearinghouse: Pubkey, board: &RiskBoard) {
    emit!(PauseSet {
        clearinghouse,
        bits: board.paused,
        assets: board.paused_assets,
        markets: board.paused_markets,
        until: board.pause_until,
    });
}
