use anchor_lang::Discriminator;
use anchor_lang::prelude::*;
use anchor_lang::solana_program::entrypoint::MAX_PERMITTED_DATA_INCREASE;
use anchor_lang::system_program::{Transfer, transfer};

use crate::error::BallastError;
use crate::event::AccountMigrated;
use crate::state::{
    AssetConfig, Clearinghouse, Mandate, MarginAccount, Market, Proposal, RiskBoard, Treasury, VERSION,
};

/// Brings an account of an older version to the current one. Permissionless: the result does not
/// depend on who calls, and an account that its owner forgot must not stay behind.
#[derive(Accounts)]
pub struct Migrate<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    /// CHECK: any account of this program; its kind is told by its discriminator below.
    #[account(mut, owner = crate::ID)]
    pub account: UncheckedAccount<'info>,
    pub system_program: Program<'info, System>,
}

/// Every layout starts with the discriminator and the version.
const VERSION_AT: usize = 8;

/// Size of the current layout of the kind that a discriminator names.
fn current_size(discriminator: &[u8]) -> Option<usize> {
    let kinds: [(&[u8], usize); 8] = [
        (Clearinghouse::DISCRIMINATOR, 8 + Clearinghouse::INIT_SPACE),
        (Treasury::DISCRIMINATOR, 8 + Treasury::INIT_SPACE),
        (AssetConfig::DISCRIMINATOR, 8 + AssetConfig::INIT_SPACE),
        (Market::DISCRIMINATOR, 8 + Market::INIT_SPACE),
        (RiskBoard::DISCRIMINATOR, RiskBoard::SPACE),
        (MarginAccount::DISCRIMINATOR, MarginAccount::SPACE),
        (Proposal::DISCRIMINATOR, 8 + Proposal::INIT_SPACE),
        (Mandate::DISCRIMINATOR, 8 + Mandate::INIT_SPACE),
    ];
    kinds.iter().find(|(known, _)| *known == discriminator).map(|(_, size)| *size)
}

/// Version 0 is the layout before the first release: the same fields, with a shorter reserve at the
/// end. A later version that moves fields adds its step here.
pub fn migrate(ctx: Context<Migrate>) -> Result<()> {
    let a = ctx.accounts;
    let (from, size) = {
        let data = a.account.try_borrow_data()?;
        require!(data.len() > VERSION_AT, BallastError::UnknownVersion);
        (data[VERSION_AT], current_size(&data[..VERSION_AT]).ok_or(BallastError::UnknownVersion)?)
    };
    require!(from != VERSION, BallastError::AlreadyCurrent);
    require!(from < VERSION, BallastError::UnknownVersion);
    let length = a.account.data_len();
    require!(length <= size && size - length <= MAX_PERMITTED_DATA_INCREASE, BallastError::UnknownVersion);

    let missing = Rent::get()?.minimum_balance(size).saturating_sub(a.account.lamports());
    let pay = Transfer { from: a.payer.to_account_info(), to: a.account.to_account_info() };
    transfer(CpiContext::new(a.system_program.key(), pay), missing)?;
    a.account.resize(size)?;
    a.account.try_borrow_mut_data()?[VERSION_AT] = VERSION;
    emit!(AccountMigrated { account: a.account.key(), from_version: from, to_version: VERSION });
    Ok(())
}
