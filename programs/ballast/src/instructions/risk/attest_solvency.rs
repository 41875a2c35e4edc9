use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::event::SolvencyAttested;
use crate::margin::BoardView;
use crate::solvency::{Books, CollateralFigures, tokens_in};
use crate::state::{AssetConfig, Clearinghouse, MarginAccount, Market, RiskBoard, Treasury};

/// Proves that the vaults hold what the books say, over every margin account there is. Permissionless; changes nothing.
///
/// Beside the accounts below it is given, read-only and in this order: of every asset by index its config, and its
/// vault where it has one; every market by index; every margin account, by ascending address. The treasury counts
/// margin accounts as they are opened and closed, so none can be left out; the order admits none twice.
///
/// A vault may hold more than is claimed of it, because anybody may send tokens there: what is more is reported as
/// surplus. It may never hold less. Everything else is exact, to the unit.
#[derive(Accounts)]
pub struct AttestSolvency<'info> {
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub treasury: Box<Account<'info, Treasury>>,
    /// CHECK: the address that the clearinghouse names; only its amount is read.
    #[account(address = clearinghouse.quote_vault @ BallastError::WrongVault)]
    pub quote_vault: UncheckedAccount<'info>,
}

/// What was attested, quote micro-units where nothing else is said.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct SolvencyReport {
    /// Margin accounts: all that there are.
    pub accounts: u64,
    /// Tokens in the quote vault. `quote_vault + loans = balances + interest_owed + pools + fees + insurance + surplus`.
    pub quote_vault: u64,
    /// Σ of quote balances above zero, and of those below.
    pub balances: u64,
    pub loans: u64,
    /// Σ of interest that left balances and is not in the insurance fund yet.
    pub interest_owed: u64,
    /// Σ of profit pools, and of fees not yet swept.
    pub pools: u64,
    pub fees: u64,
    /// The insurance fund.
    pub insurance: u64,
    /// What nobody claims.
    pub surplus: u64,
    /// Σ over accounts of what they are worth below zero, at the last accepted prices.
    pub bad_debt: u64,
    /// Accounts that hold something that never had a price; they are left out of `bad_debt`.
    pub unvalued: u64,
    /// By asset that is collateral.
    pub collateral: Vec<CollateralFigures>,
}

pub fn attest_solvency<'info>(ctx: Context<'info, AttestSolvency<'info>>) -> Result<SolvencyReport> {
    let a = ctx.accounts;
    let board = a.board.load()?;
    let view = BoardView::new(&board, &Clock::get()?);
    let mut given = ctx.remaining_accounts.iter();
    let mut books = Books::of(&board);
    let mut next = || given.next().ok_or(BallastError::AttestationIncomplete);

    let mut vaults = Vec::with_capacity(board.asset_count.into());
    for index in 0..board.asset_count {
        let config = Account::<AssetConfig>::try_from(next()?)?;
        require_keys_eq!(config.clearinghouse, a.clearinghouse.key(), BallastError::WrongClearinghouse);
        require!(config.index == index, BallastError::AttestationOutOfOrder);
        if config.is_collateral() {
            let vault = next()?;
            require_keys_eq!(*vault.key, config.vault, BallastError::WrongVault);
            vaults.push((index, tokens_in(vault)?));
        }
    }
    for index in 0..board.market_count {
        let market = Account::<Market>::try_from(next()?)?;
        require_keys_eq!(market.clearinghouse, a.clearinghouse.key(), BallastError::WrongClearinghouse);
        require!(market.index == index, BallastError::AttestationOutOfOrder);
        books.add_market(&market)?;
    }
    let mut last = Pubkey::default();
    let mut accounts = 0u64;
    for info in given {
        require!(*info.key > last, BallastError::AttestationOutOfOrder);
        let loader = AccountLoader::<MarginAccount>::try_from(info)?;
        let account = loader.load()?;
        require_keys_eq!(account.clearinghouse, a.clearinghouse.key(), BallastError::WrongClearinghouse);
        books.add_account(&account, &view)?;
        (last, accounts) = (*info.key, accounts + 1);
    }
    require!(accounts == a.treasury.accounts, BallastError::AttestationIncomplete);

    let report = books.close(&a.treasury, tokens_in(&a.quote_vault)?, &vaults, view.now())?;
    emit!(SolvencyAttested { clearinghouse: a.clearinghouse.key(), report: report.clone() });
    Ok(report)
}
