//! From decisions to transactions, and to what became of them.
//!
//! A transaction is signed, written into the journal, and only then sent. It is sent again, the same bytes, until the
//! cluster knows it or can take it no more; nothing that it carries is tried otherwise before that. A node that says it
//! knows nothing of a transaction may be behind, so one is given up only where its blockhash has expired and two looks,
//! one after the other, found nothing.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anchor_lang::solana_program::instruction::Instruction;
use ballast::event::Liquidated;
use ballast_client::events;
use solana_keypair::Keypair;
use solana_message::Message;
use solana_signature::Signature;
use solana_signer::Signer;
use solana_transaction::Transaction;

use super::budget;
use super::intent::Intent;
use crate::chain::rpc::Rpc;
use crate::config::Sending;
use crate::journal::{End, Gain, Journal, JournalError, Open};
use crate::metrics::Metrics;

/// Bytes of the largest transaction.
const MOST_BYTES: usize = 1_232;
/// Transactions of one blockhash that are told apart.
const NUMBERS: u64 = 4_096;
/// Seconds for which a blockhash is signed with.
const HASH_LASTS: Duration = Duration::from_secs(8);
/// Seconds for which a price is remembered whose first transaction was measured.
const ANSWERED: Duration = Duration::from_secs(120);
/// Seconds after which a transaction that nobody knows is looked at for expiry.
const PATIENCE: Duration = Duration::from_secs(4);

/// A transaction whose end is not known.
struct Flight {
    wire: Arc<Vec<u8>>,
    last_valid: u64,
    carried: Vec<(String, String, String)>,
    begun: Instant,
    sent: Instant,
    /// Looks in a row that found it neither known nor able to land.
    gone: u32,
}

/// A transaction that ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// How.
    pub end: End,
    /// Kinds and subjects of what it carried.
    pub carried: Vec<(String, String)>,
}

/// Sends.
pub struct Sender {
    rpc: Arc<Rpc>,
    journal: Arc<Journal>,
    metrics: Arc<Metrics>,
    key: Keypair,
    rules: Sending,
    flights: Mutex<HashMap<String, Flight>>,
    blockhash: tokio::sync::Mutex<Option<(String, u64, Instant)>>,
    price: AtomicU64,
    /// Counts transactions.
    number: AtomicU64,
    /// When prices arrived from which a transaction has followed.
    answered: Mutex<HashSet<Instant>>,
}

/// Bytes of a transaction with these instructions and one signature.
fn size(key: &Keypair, instructions: &[Instruction]) -> usize {
    65 + Message::new(instructions, Some(&key.pubkey())).serialize().len()
}

fn unix_now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |d| d.as_secs() as i64)
}

impl Sender {
    /// A sender that signs with a key. What the journal knows as open is on its way again.
    ///
    /// # Errors
    /// Where the journal cannot be read.
    pub fn new(
        rpc: Arc<Rpc>,
        journal: Arc<Journal>,
        metrics: Arc<Metrics>,
        key: Keypair,
        rules: Sending,
    ) -> Result<Self, JournalError> {
        let mut flights = HashMap::new();
        let now = Instant::now();
        let long_ago = now.checked_sub(Duration::from_secs(600)).unwrap_or(now);
        for open in journal.open_transactions()? {
            let Open { signature, wire, last_valid, carried } = open;
            tracing::info!(signature, carried = carried.len(), "a transaction of before is still open");
            let wire = Arc::new(wire);
            let flight = Flight { wire, last_valid, carried, begun: long_ago, sent: long_ago, gone: 0 };
            flights.insert(signature, flight);
        }
        metrics.in_flight.set(flights.len() as i64);
        let (flights, blockhash) = (Mutex::new(flights), tokio::sync::Mutex::new(None));
        let number = AtomicU64::new(unix_now().unsigned_abs() << 4);
        Ok(Self {
            rpc,
            journal,
            metrics,
            key,
            rules,
            flights,
            blockhash,
            price: 0.into(),
            number,
            answered: Mutex::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Flight>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the price of a compute unit, micro-lamports.
    pub fn set_price(&self, price: u64) {
        self.price.store(price, Ordering::Relaxed);
    }

    /// Subjects of what is on its way.
    #[must_use]
    pub fn busy(&self) -> std::collections::HashSet<String> {
        let flights = self.lock();
        flights.values().flat_map(|f| f.carried.iter().map(|(_, _, subject)| subject.clone())).collect()
    }

    /// How many more transactions may be begun.
    #[must_use]
    pub fn room(&self) -> usize {
        self.rules.most_in_flight.saturating_sub(self.lock().len())
    }

    /// Whether these intents fit one transaction.
    #[must_use]
    pub fn fits(&self, intents: &[Intent]) -> bool {
        let compute: u32 = intents.iter().map(|i| i.compute).sum();
        let mut instructions = budget::head(compute, 1);
        instructions.extend(intents.iter().flat_map(|i| i.instructions.iter().cloned()));
        compute <= budget::MOST && size(&self.key, &instructions) <= MOST_BYTES
    }

    async fn blockhash(&self) -> Option<(String, u64)> {
        let mut held = self.blockhash.lock().await;
        if let Some((hash, last, read)) = held.as_ref()
            && read.elapsed() < HASH_LASTS
        {
            return Some((hash.clone(), *last));
        }
        match self.rpc.blockhash().await {
            Ok((hash, last)) => {
                *held = Some((hash.clone(), last, Instant::now()));
                Some((hash, last))
            }
            Err(error) => {
                tracing::warn!(%error, "no blockhash to sign with");
                None
            }
        }
    }

    fn sign(&self, batch: &[Intent], hash: &str, last_valid: u64) -> Option<Open> {
        let compute: u32 = batch.iter().map(|i| i.compute).sum();
        let price = self.price.load(Ordering::Relaxed);
        // Two transactions with the same instructions and the same blockhash would be one to the cluster, although the
        // second puts a later price on the board. So each asks for a few units more than the one before.
        let number = self.number.fetch_add(1, Ordering::Relaxed) % NUMBERS;
        let mut instructions =
            budget::head(compute.min(budget::MOST - NUMBERS as u32) + number as u32, price);
        instructions.extend(batch.iter().flat_map(|i| i.instructions.iter().cloned()));
        let mut message = Message::new(&instructions, Some(&self.key.pubkey()));
        message.recent_blockhash = hash.parse().ok()?;
        let hash = message.recent_blockhash;
        let mut transaction = Transaction::new_unsigned(message);
        transaction.try_sign(&[&self.key], hash).ok()?;
        let wire = bincode::serialize(&transaction).ok()?;
        let signature = transaction.signatures.first()?.to_string();
        let carried = batch.iter().map(|i| (i.key.clone(), i.kind.to_owned(), i.subject.clone())).collect();
        Some(Open { signature, wire, last_valid, carried })
    }

    /// Signs batches, writes them down and sends them. Returns how many were begun.
    pub async fn launch(self: &Arc<Self>, batches: Vec<Vec<Intent>>) -> usize {
        let Some((hash, last_valid)) = self.blockhash().await else { return 0 };
        let signed: Vec<(Open, Vec<Intent>)> = batches
            .into_iter()
            .filter_map(|batch| Some((self.sign(&batch, &hash, last_valid)?, batch)))
            .collect();
        let written: Vec<(&Open, &[Intent])> =
            signed.iter().map(|(open, batch)| (open, &batch[..])).collect();
        let together = self.journal.begin(&written, unix_now());
        let mut begun = 0;
        for (open, batch) in signed {
            // Where the journal refuses one of them, the others are written down one by one.
            let written = match &together {
                Ok(()) => Ok(()),
                Err(_) => self.journal.begin(&[(&open, &batch[..])], unix_now()),
            };
            match written {
                Ok(()) => {
                    begun += 1;
                    self.fly(open, batch);
                }
                Err(error) => tracing::error!(%error, "the journal refused: nothing is sent"),
            }
        }
        begun
    }

    fn fly(self: &Arc<Self>, open: Open, batch: Vec<Intent>) {
        let Open { signature, wire, last_valid, carried } = open;
        let (wire, now) = (Arc::new(wire), Instant::now());
        for intent in &batch {
            self.metrics.decisions.with_label_values(&[intent.kind]).inc();
            if let Some(heard) = intent.price_heard {
                let took = intent.decided.saturating_duration_since(heard);
                self.metrics.price_to_decision.observe(took.as_secs_f64());
            }
            tracing::info!(
                kind = intent.kind,
                subject = intent.subject,
                signature,
                expected = intent.expected,
                detail = intent.detail,
                "sent"
            );
        }
        let flight = Flight { wire: wire.clone(), last_valid, carried, begun: now, sent: now, gone: 0 };
        self.lock().insert(signature.clone(), flight);
        self.metrics.in_flight.inc();
        let (sender, decided) = (self.clone(), batch.first().map_or(now, |i| i.decided));
        tokio::spawn(async move {
            let sent = sender.rpc.send(&wire).await;
            sender.metrics.decision_to_sent.observe(decided.elapsed().as_secs_f64());
            match sent {
                Ok(()) => sender.answer(batch.iter().filter_map(|i| i.price_heard)),
                Err(error) => tracing::warn!(signature, %error, "not taken; it is sent again"),
            }
        });
    }

    /// Measures how long it took from prices to the first transaction that followed from each.
    fn answer(&self, heard: impl Iterator<Item = Instant>) {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.retain(|heard| heard.elapsed() < ANSWERED);
        for heard in heard {
            if heard.elapsed() < ANSWERED && answered.insert(heard) {
                self.metrics.price_to_transaction.observe(heard.elapsed().as_secs_f64());
            }
        }
    }

    /// Looks at what became of everything that is on its way, and sends again what nobody knows.
    pub async fn poll(self: &Arc<Self>) -> Vec<Ended> {
        let on_the_way: Vec<(String, Signature)> =
            self.lock().keys().filter_map(|text| Some((text.clone(), text.parse().ok()?))).collect();
        if on_the_way.is_empty() {
            return Vec::new();
        }
        let signatures: Vec<Signature> = on_the_way.iter().map(|(_, s)| *s).collect();
        // Asked before the statuses: a height that has passed then has passed.
        let waits = self.lock().values().any(|f| f.begun.elapsed() >= PATIENCE);
        let height = if waits { self.rpc.block_height().await.ok() } else { None };
        let Ok(statuses) = self.rpc.statuses(&signatures).await else { return Vec::new() };
        let mut ended = Vec::new();
        for ((text, signature), status) in on_the_way.into_iter().zip(statuses) {
            let end = match status {
                Some(status) if status.confirmed => match status.error {
                    Some(error) => Some(End::Failed { slot: status.slot, error }),
                    None => Some(End::Landed { slot: status.slot }),
                },
                Some(_) => None,
                None => self.missing(&text, height),
            };
            if let Some(end) = end {
                ended.extend(self.ended(&text, signature, end));
            }
        }
        ended
    }

    /// What to do about a transaction that the node knows nothing of.
    fn missing(self: &Arc<Self>, text: &str, height: Option<u64>) -> Option<End> {
        let mut flights = self.lock();
        let flight = flights.get_mut(text)?;
        if height.is_some_and(|height| height > flight.last_valid) {
            flight.gone += 1;
            return (flight.gone >= 2).then_some(End::Expired);
        }
        flight.gone = 0;
        if flight.sent.elapsed() >= Duration::from_millis(self.rules.resend_ms) {
            flight.sent = Instant::now();
            let (sender, wire) = (self.clone(), flight.wire.clone());
            tokio::spawn(async move {
                let _ = sender.rpc.send(&wire).await;
            });
        }
        None
    }

    fn ended(self: &Arc<Self>, text: &str, signature: Signature, end: End) -> Option<Ended> {
        let first = match self.journal.end(text, &end, unix_now()) {
            Ok(first) => first,
            Err(error) => {
                // It stays on its way: what is not written down has not ended.
                tracing::error!(signature = text, %error, "an end could not be written down");
                return None;
            }
        };
        let flight = self.lock().remove(text)?;
        self.metrics.in_flight.set(self.lock().len() as i64);
        if !first {
            return None;
        }
        if matches!(end, End::Landed { .. }) {
            self.metrics.sent_to_confirmed.observe(flight.begun.elapsed().as_secs_f64());
        }
        for (_, kind, subject) in &flight.carried {
            self.metrics.transactions.with_label_values(&[kind, end.name()]).inc();
            tracing::info!(kind, subject, signature = text, end = ?end, "ended");
            if kind == "liquidate" && matches!(end, End::Landed { .. }) {
                self.look_up(signature);
            }
        }
        let carried = flight.carried.into_iter().map(|(_, kind, subject)| (kind, subject)).collect();
        Some(Ended { end, carried })
    }

    /// Writes down what a liquidation came to, by the program's own event.
    fn look_up(self: &Arc<Self>, signature: Signature) {
        let sender = self.clone();
        tokio::spawn(async move {
            for _ in 0..5 {
                if let Ok(Some((logs, fee))) = sender.rpc.landed(&signature).await {
                    for event in events::of::<Liquidated>(&logs) {
                        let Liquidated { penalty, to_insurance, bounty, account, .. } = event;
                        let profit = i64::try_from(penalty - to_insurance + bounty).unwrap_or(i64::MAX);
                        let gain = Gain { account: account.to_string(), penalty, profit, fee };
                        if let Err(error) = sender.journal.gain(&signature.to_string(), &gain) {
                            tracing::error!(%error, "a result could not be written down");
                        }
                    }
                    return;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
    }
}
