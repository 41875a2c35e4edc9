//! Attestations of solvency.

use anchor_lang::prelude::Pubkey;
use ballast::instructions::SolvencyReport;
use ballast_client::{decode, events};
use solana_instruction::Instruction;

use super::{House, Sent};
use crate::vm::COMPUTE_LIMIT;

impl House {
    /// Addresses of all margin accounts of the house.
    #[must_use]
    pub fn margin_accounts(&self) -> Vec<Pubkey> {
        let found = self.vm.svm.get_program_accounts(&ballast::ID).into_iter();
        let ours = |data: &[u8]| {
            decode::margin_account(data).is_ok_and(|account| account.clearinghouse == self.at.clearinghouse)
        };
        found.filter(|(_, account)| ours(&account.data)).map(|(address, _)| address).collect()
    }

    /// `attest_solvency` over all margin accounts.
    #[must_use]
    pub fn attestation(&self) -> Instruction {
        let mints: Vec<_> = self.assets.iter().map(|asset| asset.mint).collect();
        self.at.attest_solvency(&mints, self.markets.len() as u8, &self.margin_accounts())
    }

    /// Attests solvency.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn attest_solvency(&mut self) -> Sent {
        let attest = self.attestation();
        self.vm.send(&[whole_compute_limit(), attest], &[])
    }

    /// The figures of an attestation, as the instruction returns them.
    ///
    /// # Panics
    /// If the attestation is refused.
    pub fn solvency(&mut self) -> SolvencyReport {
        let receipt = self.attest_solvency().expect("the house is solvent");
        events::returned(&receipt.logs).expect("it returns figures")
    }
}

/// Asks for all the compute that a transaction may have.
fn whole_compute_limit() -> Instruction {
    let program_id = "ComputeBudget111111111111111111111111111111".parse().expect("an address");
    let units = (COMPUTE_LIMIT as u32).to_le_bytes();
    Instruction { program_id, accounts: vec![], data: [&[2], &units[..]].concat() }
}
