use anchor_lang::prelude::*;
use ballast_risk::book::Basis;
use ballast_risk::fill;

use crate::error::{BallastError, OrRefuse};
use crate::event::TradeRequested;
use crate::instructions::trading::book::action_of;
use crate::limits::{FUTURE_TOLERANCE_S, REQUEST_LIFE_S, within};
use crate::margin::BoardView;
use crate::policy::{self, Action};
use crate::state::{BackstopVault, MarginAccount, Market, RiskBoard, TradeRequest, VERSION, seeds};

/// Arguments of `request_trade`.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug)]
pub struct RequestTradeArgs {
    /// The requester's number for it, free among the account's open requests.
    pub id: u64,
    /// Signed native units that the account buys (negative: sells).
    pub base: i64,
    /// Most that it pays, least that it gets, in all and the market's fee apart, quote micro-units.
    pub limit_quote: u64,
    /// Seconds after which a price is too late.
    pub expires_in_s: u32,
}

/// Asks a market's backstop for a trade at the first price published after now. Signed by owner or delegate.
#[derive(Accounts)]
#[instruction(args: RequestTradeArgs)]
pub struct RequestTrade<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    pub authority: Signer<'info>,
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(constraint = market.clearinghouse == board.load()?.clearinghouse @ BallastError::WrongClearinghouse)]
    pub market: Box<Account<'info, Market>>,
    #[account(mut)]
    pub vault: Box<Account<'info, BackstopVault>>,
    #[account(mut)]
    pub slice: AccountLoader<'info, MarginAccount>,
    #[account(mut, constraint = margin_account.key() != slice.key() @ BallastError::DuplicateAccount)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    #[account(
        init,
        payer = payer,
        space = 8 + TradeRequest::INIT_SPACE,
        seeds = [seeds::REQUEST, margin_account.key().as_ref(), &args.id.to_le_bytes()],
        bump,
    )]
    pub request: Box<Account<'info, TradeRequest>>,
    pub system_program: Program<'info, System>,
}

pub fn request_trade(ctx: Context<RequestTrade>, args: RequestTradeArgs) -> Result<()> {
    require!(args.base != 0 && args.limit_quote != 0, BallastError::ZeroAmount);
    within(REQUEST_LIFE_S, args.expires_in_s)?;
    let a = ctx.accounts;
    a.vault.require_of(&a.vault.key(), &a.slice.key(), &a.market)?;
    require!(args.base.unsigned_abs() <= a.vault.params.max_trade, BallastError::BackstopFull);
    let board = a.board.load()?;
    let view = BoardView::new(&board, &Clock::get()?);
    let asset = view.fresh(a.market.asset.into()).or_refuse()?;
    let mut account = a.margin_account.load_mut()?;
    let mut slice = a.slice.load_mut()?;
    require_keys_eq!(account.clearinghouse, board.clearinghouse, BallastError::WrongClearinghouse);
    let listed = board.market(a.market.index.into()).or_refuse()?;
    let held = account.position_now(a.market.index, listed)?.base;
    let power = account.power_to_trade(a.market.index, listed, args.base)?;
    account.authorise(a.authority.key, power, view.now())?;
    let action = action_of(held, held.checked_add(args.base).ok_or(BallastError::Overflow)?);
    policy::require_market(&board, action, a.market.index.into(), view.now())?;
    policy::require_unrestricted(account.restrictions, action)?;

    // One fee, on the value as it stands.
    let back = args.base.checked_neg().ok_or(BallastError::Overflow)?;
    let value = asset.spot().value(back).or_refuse()?.unsigned_abs();
    let commitment = fill::fee(value, a.vault.params.fee_bps).or_refuse()?;
    let amount = i64::try_from(commitment).map_err(|_| BallastError::Overflow)?;
    account.add_quote(-amount, &board)?;
    slice.add_quote(amount, &board)?;
    a.vault.committed = a.vault.committed.checked_add(commitment).ok_or(BallastError::Overflow)?;
    // Who is below IM may still ask to reduce, as long as asking does not make it liquidatable.
    if !view.margin(&account, Basis::Initial).or_refuse()?.meets_initial() {
        require!(action == Action::Reduce, BallastError::BelowInitialMargin);
        let left = view.margin(&account, Basis::Maintenance).or_refuse()?;
        require!(!left.is_liquidatable(), BallastError::BelowInitialMargin);
    }

    // A price that could have been accepted by now may be known by now, and the cluster's clock may run behind those
    // of publishers: so only one that would still be in the future.
    let after = asset.publish_time.max(view.now()).saturating_add(FUTURE_TOLERANCE_S);
    let expires = after.saturating_add(args.expires_in_s.into());
    a.request.set_inner(TradeRequest {
        version: VERSION,
        bump: ctx.bumps.request,
        market: a.market.index,
        margin_account: a.margin_account.key(),
        payer: a.payer.key(),
        id: args.id,
        base: args.base,
        limit_quote: args.limit_quote,
        commitment,
        after,
        expires,
        reserved: [0; 64],
    });
    emit!(TradeRequested {
        market: a.market.index,
        account: a.margin_account.key(),
        id: args.id,
        base: args.base,
        limit_quote: args.limit_quote,
        commitment,
        after,
        expires,
    });
    Ok(())
}
