use anchor_lang::prelude::{AccountMeta, Pubkey};
use anchor_lang::solana_program::instruction::Instruction;
use ballast::{accounts, instruction};

use super::build;
use crate::Deployment;

impl Deployment {
    /// `attest_solvency` over all margin accounts of the clearinghouse, in any order; `mints` are those of its assets
    /// by index, none where an asset is no collateral. Anybody.
    #[must_use]
    pub fn attest_solvency(
        &self,
        mints: &[Option<Pubkey>],
        markets: u8,
        margin_accounts: &[Pubkey],
    ) -> Instruction {
        let mut attest = build(
            &accounts::AttestSolvency {
                clearinghouse: self.clearinghouse,
                board: self.board,
                treasury: self.treasury,
                quote_vault: self.quote_vault,
            },
            &instruction::AttestSolvency {},
        );
        let mut sorted = margin_accounts.to_vec();
        sorted.sort_unstable();
        let assets = mints.iter().enumerate().flat_map(|(index, mint)| {
            core::iter::once(self.asset(index as u8)).chain(mint.map(|mint| self.vault(&mint)))
        });
        let listed = assets.chain((0..markets).map(|index| self.market(index)));
        attest.accounts.extend(listed.chain(sorted).map(|address| AccountMeta::new_readonly(address, false)));
        attest
    }
}
