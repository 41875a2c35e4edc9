use anchor_lang::prelude::*;
use anchor_spl::token_interface::TokenAccount;

use crate::error::{BallastError, OrRefuse};
use crate::state::{AssetConfig, Market, RiskBoard};

/// Copies to the board what is open in a market, and what an asset's vault holds, so that a margin check sees how
/// crowded the asset is without reading either. Permissionless; it copies the state as it is, so doing it more
/// often changes nothing.
#[derive(Accounts)]
pub struct RefreshExposure<'info> {
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(constraint = asset.clearinghouse == board.load()?.clearinghouse @ BallastError::WrongClearinghouse)]
    pub asset: Box<Account<'info, AssetConfig>>,
    #[account(
        constraint = market.clearinghouse == asset.clearinghouse @ BallastError::WrongClearinghouse,
        constraint = market.asset == asset.index @ BallastError::WrongMarket,
    )]
    pub market: Option<Box<Account<'info, Market>>>,
    #[account(constraint = vault.key() == asset.vault @ BallastError::WrongVault)]
    pub vault: Option<Box<InterfaceAccount<'info, TokenAccount>>>,
}

pub fn refresh_exposure(ctx: Context<RefreshExposure>) -> Result<()> {
    let a = ctx.accounts;
    let mut board = a.board.load_mut()?;
    let index = usize::from(a.asset.index);
    let setting = board.setting(Clock::get()?.unix_timestamp);
    if let Some(market) = &a.market {
        board.follow_open_interest(market.index.into(), market.open_interest, setting.now).or_refuse()?;
    }
    board
        .update(index, |state| {
            if let Some(vault) = &a.vault {
                state.deposits = vault.amount;
            }
            state.publish(&setting)
        })
        .or_refuse()
}
