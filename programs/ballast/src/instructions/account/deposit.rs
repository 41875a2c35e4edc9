use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};

use crate::error::BallastError;
use crate::event::Deposited;
use crate::policy::{self, Action};
use crate::state::{AssetConfig, Clearinghouse, MarginAccount, RiskBoard, delegate_power};
use crate::token::{self, MintTerms};

/// Deposits quote (no asset) or collateral (with its asset). Owner or delegate sign, so that nobody
/// fills another's slots with dust. What arrives in the vault is credited: a transfer fee is the sender's.
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
    pub vault: Box<InterfaceAccount<'info, TokenAccount>>,
    #[account(mut, constraint = source.mint == vault.mint @ BallastError::WrongAsset)]
    pub source: Box<InterfaceAccount<'info, TokenAccount>>,
    pub mint: Box<InterfaceAccount<'info, Mint>>,
    #[account(
        constraint = token_program.key == vault.to_account_info().owner @ BallastError::WrongTokenProgram,
        constraint = token_program.key == source.to_account_info().owner @ BallastError::WrongTokenProgram,
    )]
    pub token_program: Interface<'info, TokenInterface>,
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
    require_keys_eq!(a.mint.key(), a.vault.mint, BallastError::WrongAsset);
    let now = Clock::get()?.unix_timestamp;
    policy::require_open(&*a.board.load()?, Action::Deposit, now)?;
    a.margin_account.load()?.authorise(a.authority.key, delegate_power::DEPOSIT, now)?;
    match &a.asset {
        Some(config) => {
            let held = a.vault.amount.checked_add(amount).ok_or(BallastError::Overflow)?;
            require!(held <= config.deposit_cap_at(now), BallastError::DepositCapExceeded);
            MintTerms::require_deposit(&a.mint.to_account_info(), config.transfer_fee_bps)?;
        }
        None => require!(i64::try_from(amount).is_ok(), BallastError::Overflow),
    }

    let before = a.vault.amount;
    let authority = a.authority.to_account_info();
    token::pay(a.token_program.key(), &a.source, &a.mint, &a.vault, authority, &[], amount)?;
    a.vault.reload()?;
    let arrived = a.vault.amount.checked_sub(before).ok_or(BallastError::Overflow)?;
    require!(arrived > 0, BallastError::NothingArrived);
    let mut account = a.margin_account.load_mut()?;
    match asset {
        Some(index) => account.add_collateral(index, arrived)?,
        None => {
            let arrived = i64::try_from(arrived).map_err(|_| BallastError::Overflow)?;
            account.add_quote(arrived, &*a.board.load()?)?;
        }
    }
    emit!(Deposited { account: a.margin_account.key(), asset, amount: arrived });
    Ok(())
}
