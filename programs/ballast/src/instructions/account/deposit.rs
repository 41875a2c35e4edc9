use anchor_lang::prelude::*;
use anchor_spl::token::{self, Token, TokenAccount, Transfer};

use crate::error::BallastError;
use crate::event::Deposited;
use crate::policy::{self, Action};
use crate::state::{AssetConfig, Clearinghouse, MarginAccount, RiskBoard};

/// Deposits quote (no asset) or collateral (with its asset). Owner or delegate sign, so that nobody
/// fills another's slots with dust.
#[derive(Accounts)]
pub struct Deposit<'info> {
    #[account(constraint = clearinghouse.open @ BallastError::NotOpen)]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    pub authority: Signer<'info>,
    #[account(has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub asset: Option<Box<Account<'info, AssetConfig>>>,
    #[account(mut)]
    pub vault: Box<Account<'info, TokenAccount>>,
    #[account(mut, constraint = source.mint == vault.mint @ BallastError::WrongAsset)]
    pub source: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

/// The vault that holds what is deposited or withdrawn, and the asset's index: none for quote.
pub(crate) fn which_vault(
    clearinghouse: &Clearinghouse,
    asset: Option<&AssetConfig>,
    vault: &Pubkey,
) -> Result<Option<u8>> {
    let Some(asset) = asset else {
        require_keys_eq!(*vault, clearinghouse.quote_vault, BallastError::WrongVault);
        return Ok(None);
    };
    require!(asset.is_collateral(), BallastError::NotCollateral);
    require_keys_eq!(*vault, asset.vault, BallastError::WrongVault);
    Ok(Some(asset.index))
}

pub fn deposit(ctx: Context<Deposit>, amount: u64) -> Result<()> {
    require!(amount > 0, BallastError::ZeroAmount);
    let a = ctx.accounts;
    let asset = which_vault(&a.clearinghouse, a.asset.as_deref().map(|x| &**x), &a.vault.key())?;
    let now = Clock::get()?.unix_timestamp;
    policy::require_open(&*a.board.load()?, Action::Deposit, now)?;
    {
        let mut account = a.margin_account.load_mut()?;
        account.authorise(a.authority.key)?;
        match (asset, &a.asset) {
            (Some(index), Some(config)) => {
                let held = a.vault.amount.checked_add(amount).ok_or(BallastError::Overflow)?;
                require!(held <= config.deposit_cap_at(now), BallastError::DepositCapExceeded);
                account.add_collateral(index, amount)?;
            }
            _ => account.add_quote(i64::try_from(amount).map_err(|_| BallastError::Overflow)?)?,
        }
    }
    let pay = Transfer {
        from: a.source.to_account_info(),
        to: a.vault.to_account_info(),
        authority: a.authority.to_account_info(),
    };
    token::transfer(CpiContext::new(a.token_program.key(), pay), amount)?;
    emit!(Deposited { account: a.margin_account.key(), asset, amount });
    Ok(())
}
