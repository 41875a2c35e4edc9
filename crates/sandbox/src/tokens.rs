//! Mints and wallets, by the real SPL Token program.

use anchor_lang::prelude::Pubkey;
use anchor_spl::token::{self, spl_token};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;

use crate::vm::Vm;

const MINT_BYTES: u64 = 82;
const TOKEN_ACCOUNT_BYTES: u64 = 165;

impl Vm {
    fn allocate(&self, key: &Keypair, bytes: u64) -> Instruction {
        let lamports = self.svm.minimum_balance_for_rent_exemption(bytes as usize);
        anchor_lang::solana_program::system_instruction::create_account(
            &self.payer.pubkey(),
            &key.pubkey(),
            lamports,
            bytes,
            &token::ID,
        )
    }

    /// Creates a mint whose authority is the payer.
    ///
    /// # Panics
    /// If the token program refuses.
    pub fn create_mint(&mut self, decimals: u8) -> Pubkey {
        let mint = Keypair::new();
        let authority = self.payer.pubkey();
        let initialise =
            spl_token::instruction::initialize_mint2(&token::ID, &mint.pubkey(), &authority, None, decimals)
                .expect("the arguments are valid");
        let create = self.allocate(&mint, MINT_BYTES);
        self.send(&[create, initialise], &[&mint]).expect("the token program creates the mint");
        mint.pubkey()
    }

    /// Creates a token account with `amount` native units in it.
    ///
    /// # Panics
    /// If the token program refuses.
    pub fn create_wallet(&mut self, mint: &Pubkey, owner: &Pubkey, amount: u64) -> Pubkey {
        let wallet = Keypair::new();
        let initialise =
            spl_token::instruction::initialize_account3(&token::ID, &wallet.pubkey(), mint, owner)
                .expect("the arguments are valid");
        let create = self.allocate(&wallet, TOKEN_ACCOUNT_BYTES);
        self.send(&[create, initialise], &[&wallet]).expect("the token program creates the wallet");
        if amount > 0 {
            self.mint_to(mint, &wallet.pubkey(), amount);
        }
        wallet.pubkey()
    }

    /// Mints into a token account.
    ///
    /// # Panics
    /// If the token program refuses: the mint is not the payer's, or the supply would overflow.
    pub fn mint_to(&mut self, mint: &Pubkey, wallet: &Pubkey, amount: u64) {
        let authority = self.payer.pubkey();
        let mint_to = spl_token::instruction::mint_to(&token::ID, mint, wallet, &authority, &[], amount)
            .expect("the arguments are valid");
        self.send(&[mint_to], &[]).expect("the payer is the mint's authority");
    }

    /// Native units in a token account; zero where there is none.
    #[must_use]
    pub fn tokens(&self, wallet: &Pubkey) -> u64 {
        // amount follows mint (32) and owner (32)
        self.data(wallet).get(64..72).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
    }
}
