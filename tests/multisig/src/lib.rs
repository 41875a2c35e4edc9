//! What a multisig does once enough people have approved: signs an instruction with its vault's address, by CPI. Nothing
//! else of a multisig is here; a test that governs through it shows that a Squads vault or an SPL-governance treasury can.

use anchor_lang::prelude::*;
use anchor_lang::solana_program::instruction::Instruction;
use anchor_lang::solana_program::program::invoke_signed;

#[cfg(target_arch = "bpf")]
use sbf_builtins as _;

declare_id!("HFFpXa5KbLSXjo1sVUhgbfA17r7uNm2cgphnqF2oCdtK");

/// Seed of the vault.
pub const VAULT: &[u8] = b"vault";

#[program]
pub mod ballast_multisig {
    use super::*;

    /// Runs `data` against `target` with the other accounts, signed by the vault too.
    pub fn execute<'info>(ctx: Context<'info, Execute<'info>>, data: Vec<u8>) -> Result<()> {
        let (vault, bump) = Pubkey::find_program_address(&[VAULT], &crate::ID);
        let accounts = ctx
            .remaining_accounts
            .iter()
            .map(|a| AccountMeta {
                pubkey: a.key(),
                is_signer: a.is_signer || a.key() == vault,
                is_writable: a.is_writable,
            })
            .collect();
        let inner = Instruction { program_id: ctx.accounts.target.key(), accounts, data };
        invoke_signed(&inner, ctx.remaining_accounts, &[&[VAULT, &[bump]]])?;
        Ok(())
    }
}

/// Only the program that is called; its accounts follow.
#[derive(Accounts)]
pub struct Execute<'info> {
    /// CHECK: whatever program the members agreed on.
    pub target: UncheckedAccount<'info>,
}
