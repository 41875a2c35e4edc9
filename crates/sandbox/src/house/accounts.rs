//! What owners do with their accounts besides deposits and withdrawals.

use anchor_lang::prelude::Pubkey;
use ballast_client::instructions as ix;

use super::{House, Person, Sent};

impl House {
    /// Opens another sub-account of an owner, isolated where a market is given.
    ///
    /// # Panics
    /// If the program refuses.
    pub fn sub_account(&mut self, owner: &Person, id: u16, isolated_market: Option<u8>) -> Person {
        use solana_signer::Signer;
        let account = self.at.margin_account(&owner.pubkey(), id);
        let payer = self.vm.payer.pubkey();
        let open = self.at.open_account(payer, owner.pubkey(), id, isolated_market);
        self.vm.send(&[open], &[&owner.key]).expect("an owner opens a sub-account");
        Person { key: owner.key.insecure_clone(), account, wallets: owner.wallets.clone() }
    }

    /// Names a delegate with powers and an end.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn name_delegate(&mut self, owner: &Person, delegate: Pubkey, powers: u8, until: i64) -> Sent {
        let name = ix::set_delegate_with(owner.pubkey(), owner.account, delegate, powers, until);
        self.vm.send(&[name], &[&owner.key])
    }

    /// Holds an owner's account to reducing, or lifts that.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn restrict(&mut self, owner: &Person, reduce_only: bool) -> Sent {
        let set = ix::set_restriction(owner.pubkey(), owner.account, reduce_only);
        self.vm.send(&[set], &[&owner.key])
    }

    /// Makes an owner's account isolated, or cross.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn set_mode(&mut self, owner: &Person, isolated_market: Option<u8>) -> Sent {
        let set = self.at.set_mode(owner.pubkey(), owner.account, isolated_market);
        self.vm.send(&[set], &[&owner.key])
    }

    /// Moves quote (no asset) or collateral from one account of an owner to another.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn transfer(&mut self, from: &Person, to: &Person, asset: Option<u8>, amount: u64) -> Sent {
        let transfer = self.at.transfer(from.pubkey(), from.account, to.account, asset, amount);
        self.vm.send(&[transfer], &[&from.key])
    }
}
