//! Sending a transaction: tried first, which gives the compute that it is to pay for and the reason why it would be
//! refused; then signed, sent and confirmed.

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use anyhow::{Result, anyhow};
use ballast_client::events;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_keypair::Keypair;
use solana_message::Message;
use solana_signer::Signer as _;
use solana_transaction::Transaction;

use super::{Landed, Node};

/// What compute a transaction may ask for.
const MOST_UNITS: u32 = 1_400_000;
/// What is asked for above what the trial took: prices and clocks move in between.
const SPARE_PARTS: u64 = 4;
/// The least that is asked for above it.
const SPARE_LEAST: u64 = 5_000;

/// Who sends, and at which priority.
#[derive(Clone, Copy)]
pub struct Sender<'a> {
    /// Where to.
    pub node: &'a dyn Node,
    /// Pays fees and rents.
    pub payer: &'a Keypair,
    /// Millionths of a lamport for a compute unit; none for the least.
    pub priority_fee: Option<u64>,
}

impl Sender<'_> {
    /// Sends instructions in one transaction, signed by the payer and these keys.
    ///
    /// # Errors
    /// If the node cannot be reached, or the transaction is refused: in the words of the program that refused it.
    pub fn send(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Landed> {
        let mut keys = vec![self.payer];
        for key in signers {
            if keys.iter().all(|known| known.pubkey() != key.pubkey()) {
                keys.push(key);
            }
        }
        let (trial, all) = self.signed(instructions, MOST_UNITS, &keys)?;
        let tried = self.node.simulate(&trial)?.map_err(|failure| anyhow!(failure.words(&all)))?;
        let units = tried.units + (tried.units / SPARE_PARTS).max(SPARE_LEAST);
        let limit = u32::try_from(units).unwrap_or(MOST_UNITS).min(MOST_UNITS);
        let (transaction, all) = self.signed(instructions, limit, &keys)?;
        self.node.submit(&transaction)?.map_err(|failure| anyhow!(failure.words(&all)))
    }

    fn signed(
        &self,
        instructions: &[Instruction],
        units: u32,
        keys: &[&Keypair],
    ) -> Result<(Transaction, Vec<Instruction>)> {
        let mut all = vec![ComputeBudgetInstruction::set_compute_unit_limit(units)];
        all.extend(self.priority_fee.map(ComputeBudgetInstruction::set_compute_unit_price));
        all.extend_from_slice(instructions);
        let mut transaction = Transaction::new_unsigned(Message::new(&all, Some(&self.payer.pubkey())));
        transaction.try_sign(keys, self.node.blockhash()?).map_err(|e| {
            anyhow!("a signature is missing ({e}): give the key that has to sign with --keypair")
        })?;
        Ok((transaction, all))
    }
}

/// The one event of a kind that a transaction emitted.
#[must_use]
pub fn event<E>(logs: &[String]) -> Option<E>
where
    E: anchor_lang::Event + anchor_lang::Discriminator + anchor_lang::AnchorDeserialize,
{
    events::of(logs).into_iter().next()
}

/// A transaction for others to sign: base64 of its bytes, without signatures, as a multisig imports it.
///
/// # Errors
/// None that can be met: a transaction can be written down.
pub fn unsigned(instruction: &Instruction, payer: &Pubkey) -> Result<String> {
    let message = Message::new(core::slice::from_ref(instruction), Some(payer));
    Ok(BASE64_STANDARD.encode(bincode::serialize(&Transaction::new_unsigned(message))?))
}
