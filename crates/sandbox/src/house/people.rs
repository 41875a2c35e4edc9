//! People, and what they do with their own money.

use anchor_lang::prelude::Pubkey;
use ballast_client::instructions::CollateralRef;
use solana_signer::Signer;

use super::{House, Person, QUOTE, Sent};

impl House {
    /// A new owner with an open margin account and an empty wallet of every token.
    ///
    /// # Panics
    /// If the program refuses.
    pub fn person(&mut self) -> Person {
        let key = self.vm.key();
        let account = self.at.margin_account(&key.pubkey(), 0);
        let open = self.at.open_margin_account(self.vm.payer.pubkey(), key.pubkey(), 0);
        self.vm.send(&[open], &[&key]).expect("an owner opens a margin account");
        let mints: Vec<Pubkey> =
            core::iter::once(self.at.quote_mint).chain(self.assets.iter().filter_map(|a| a.mint)).collect();
        let wallets =
            mints.iter().map(|mint| (*mint, self.vm.create_wallet(mint, &key.pubkey(), 0))).collect();
        Person { key, account, wallets }
    }

    /// A new owner who deposited whole quote tokens.
    ///
    /// # Panics
    /// If the program refuses.
    pub fn person_with_quote(&mut self, quote: u64) -> Person {
        let person = self.person();
        self.fund_quote(&person, quote * QUOTE).expect("a deposit of quote is accepted");
        person
    }

    /// Mints quote micro-units into the wallet and deposits them.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn fund_quote(&mut self, person: &Person, amount: u64) -> Sent {
        let mint = self.at.quote_mint;
        self.vm.mint_to(&mint, &person.wallets[&mint], amount);
        self.deposit_quote(person, amount)
    }

    /// Mints native units of an asset into the wallet and deposits them.
    ///
    /// # Errors
    /// What the program refuses.
    ///
    /// # Panics
    /// If the asset is no collateral.
    pub fn fund_collateral(&mut self, person: &Person, asset: u8, amount: u64) -> Sent {
        let mint = self.assets[usize::from(asset)].mint.expect("the asset is collateral");
        self.vm.mint_to(&mint, &person.wallets[&mint], amount);
        self.deposit_collateral(person, asset, amount)
    }

    /// An asset's reference for deposits and withdrawals.
    ///
    /// # Panics
    /// If the asset is no collateral.
    #[must_use]
    pub fn collateral(&self, asset: u8) -> CollateralRef {
        let mint = self.assets[usize::from(asset)].mint.expect("the asset is collateral");
        CollateralRef { index: asset, mint, token_program: self.vm.owner(&mint) }
    }

    /// Deposits quote micro-units from the wallet.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn deposit_quote(&mut self, person: &Person, amount: u64) -> Sent {
        let wallet = person.wallets[&self.at.quote_mint];
        let deposit = self.at.deposit(person.account, person.pubkey(), None, wallet, amount);
        self.vm.send(&[deposit], &[&person.key])
    }

    /// Deposits native units of an asset from the wallet.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn deposit_collateral(&mut self, person: &Person, asset: u8, amount: u64) -> Sent {
        let collateral = self.collateral(asset);
        let wallet = person.wallets[&collateral.mint];
        let deposit = self.at.deposit(person.account, person.pubkey(), Some(collateral), wallet, amount);
        self.vm.send(&[deposit], &[&person.key])
    }

    /// Withdraws quote micro-units into the wallet.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn withdraw_quote(&mut self, person: &Person, amount: u64) -> Sent {
        let wallet = person.wallets[&self.at.quote_mint];
        let withdraw = self.at.withdraw(person.account, person.pubkey(), None, wallet, amount);
        self.vm.send(&[withdraw], &[&person.key])
    }

    /// Withdraws native units of an asset into the wallet.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn withdraw_collateral(&mut self, person: &Person, asset: u8, amount: u64) -> Sent {
        let collateral = self.collateral(asset);
        let wallet = person.wallets[&collateral.mint];
        let withdraw = self.at.withdraw(person.account, person.pubkey(), Some(collateral), wallet, amount);
        self.vm.send(&[withdraw], &[&person.key])
    }
}
