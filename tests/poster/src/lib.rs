//! Pyth's receiver program on a cluster that has no Pyth: a local one. It is no part of the product.
//!
//! The real receiver writes what two thirds of Wormhole's guardians signed. Here are no guardians: whoever posts to a feed
//! first owns its price account, and what that key says is written down as fully verified. It answers at the receiver's
//! address, because that is the only owner from which the clearing program takes a price; so it can be put only where the
//! cluster's operator decides what stands at an address. The real receiver occupies it everywhere else.

use anchor_lang::prelude::*;
use anchor_lang::system_program::{CreateAccount, create_account};
use pyth_solana_receiver_sdk::price_update::{PriceFeedMessage, PriceUpdateV2, VerificationLevel};

#[cfg(target_arch = "bpf")]
use sbf_builtins as _;

pub use pyth_solana_receiver_sdk::ID;

/// Seed of a feed's price account, before the feed's id.
pub const PRICE: &[u8] = b"price";

/// Where the price of a feed stands.
#[must_use]
pub fn price_account(feed_id: &[u8; 32]) -> Pubkey {
    Pubkey::find_program_address(&[PRICE, feed_id], &ID).0
}

#[program]
pub mod ballast_poster {
    use super::*;

    /// Writes one update to each of the remaining accounts, in order; creates those that are not there yet.
    pub fn post<'info>(ctx: Context<'info, Post<'info>>, updates: Vec<PriceFeedMessage>) -> Result<()> {
        require_eq!(updates.len(), ctx.remaining_accounts.len(), PostError::OneAccountAnUpdate);
        for (price_message, account) in updates.into_iter().zip(ctx.remaining_accounts) {
            let feed_id = price_message.feed_id;
            let (address, bump) = Pubkey::find_program_address(&[PRICE, &feed_id], &ID);
            require_keys_eq!(account.key(), address, PostError::WrongAccount);
            if account.data_is_empty() {
                let seeds: &[&[u8]] = &[PRICE, &feed_id, &[bump]];
                let create =
                    CreateAccount { from: ctx.accounts.feeder.to_account_info(), to: account.clone() };
                let rent = Rent::get()?.minimum_balance(PriceUpdateV2::LEN);
                let signed = [seeds];
                let call = CpiContext::new_with_signer(system_program::ID, create, &signed);
                create_account(call, rent, PriceUpdateV2::LEN as u64, &ID)?;
            } else {
                let stands = PriceUpdateV2::try_deserialize(&mut &account.try_borrow_data()?[..])?;
                require_keys_eq!(stands.write_authority, ctx.accounts.feeder.key(), PostError::NotItsFeeder);
            }
            let update = PriceUpdateV2 {
                write_authority: ctx.accounts.feeder.key(),
                verification_level: VerificationLevel::Full,
                price_message,
                posted_slot: Clock::get()?.slot,
            };
            update.try_serialize(&mut &mut account.try_borrow_mut_data()?[..])?;
        }
        Ok(())
    }
}

/// Who posts; the price accounts follow.
#[derive(Accounts)]
pub struct Post<'info> {
    #[account(mut)]
    pub feeder: Signer<'info>,
    pub system_program: Program<'info, System>,
}

#[error_code]
pub enum PostError {
    /// Not one account for each update.
    #[msg("pass one price account for each update, in the same order")]
    OneAccountAnUpdate,
    /// Not the account of this feed.
    #[msg("this is not the price account of the update's feed")]
    WrongAccount,
    /// Another key posts to this feed.
    #[msg("another key posts the prices of this feed")]
    NotItsFeeder,
}
