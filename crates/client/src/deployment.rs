//! Addresses.

use anchor_lang::prelude::Pubkey;
use ballast::state::seeds;

use crate::address::derived as address;
use crate::instructions::Which;

/// The addresses of one clearinghouse, all derived from its quote mint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// The settlement token.
    pub quote_mint: Pubkey,
    /// Roles and limits; the vaults' authority.
    pub clearinghouse: Pubkey,
    /// The risk board.
    pub board: Pubkey,
    /// The insurance fund's account.
    pub treasury: Pubkey,
    /// The quote vault.
    pub quote_vault: Pubkey,
}

impl Deployment {
    /// The clearinghouse of a quote mint.
    #[must_use]
    pub fn of(quote_mint: Pubkey) -> Self {
        let clearinghouse = address(&[seeds::CLEARINGHOUSE, quote_mint.as_ref()]);
        Self {
            quote_mint,
            clearinghouse,
            board: address(&[seeds::BOARD, clearinghouse.as_ref()]),
            treasury: address(&[seeds::TREASURY, clearinghouse.as_ref()]),
            quote_vault: address(&[seeds::VAULT, clearinghouse.as_ref(), quote_mint.as_ref()]),
        }
    }

    /// An asset's config.
    #[must_use]
    pub fn asset(&self, index: u8) -> Pubkey {
        address(&[seeds::ASSET, self.clearinghouse.as_ref(), &[index]])
    }

    /// A market.
    #[must_use]
    pub fn market(&self, index: u8) -> Pubkey {
        address(&[seeds::MARKET, self.clearinghouse.as_ref(), &[index]])
    }

    /// The vault of a mint.
    #[must_use]
    pub fn vault(&self, mint: &Pubkey) -> Pubkey {
        address(&[seeds::VAULT, self.clearinghouse.as_ref(), mint.as_ref()])
    }

    /// One of an owner's margin accounts.
    #[must_use]
    pub fn margin_account(&self, owner: &Pubkey, sub_account: u16) -> Pubkey {
        address(&[seeds::MARGIN, self.clearinghouse.as_ref(), owner.as_ref(), &sub_account.to_le_bytes()])
    }

    /// A proposal, by its number.
    #[must_use]
    pub fn proposal(&self, id: u64) -> Pubkey {
        address(&[seeds::PROPOSAL, self.clearinghouse.as_ref(), &id.to_le_bytes()])
    }

    /// The steward's mandate for a parameter.
    #[must_use]
    pub fn mandate(&self, which: Which) -> Pubkey {
        let (parameter, target) = ([which.parameter as u8], [which.target]);
        address(&[seeds::MANDATE, self.clearinghouse.as_ref(), &parameter, &target])
    }

    /// Where the upgradeable loader keeps the program's code and upgrade authority.
    #[must_use]
    pub fn program_data() -> Pubkey {
        let loader = anchor_lang::solana_program::bpf_loader_upgradeable::ID;
        Pubkey::find_program_address(&[ballast::ID.as_ref()], &loader).0
    }
}

/// A name in its on-chain form, zero-padded; longer names are cut.
#[must_use]
pub fn symbol(name: &str) -> [u8; 16] {
    let mut padded = [0; 16];
    let length = name.len().min(16);
    padded[..length].copy_from_slice(&name.as_bytes()[..length]);
    padded
}

/// A name from its on-chain form.
#[must_use]
pub fn symbol_text(padded: &[u8; 16]) -> String {
    String::from_utf8_lossy(padded).trim_end_matches('\0').to_owned()
}
