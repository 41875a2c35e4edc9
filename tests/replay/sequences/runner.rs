//! Sequences on all cores: drawn from seeds, played, shrunk where they fail, kept where they are new.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use proptest::collection::vec;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::draws::op;
use super::houses::{self, Kind};
use super::world::World;
use super::{Counts, Op};

/// Plays that may be spent on shrinking a failure.
const SHRINKING: usize = 400;
/// Files that one campaign adds to the corpus at most.
const KEPT: usize = 24;
/// Sequences before the first that may be kept: what those reach is not rare.
const COMMON: u64 = 200;
/// Sequences between two lines of progress.
const REPORT: u64 = 100;

pub fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

fn corpus() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus"))
}

/// The sequence of a seed.
fn draw(seed: u64, length: usize) -> Vec<Op> {
    let mut bytes = [7u8; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut ops = vec(op(), length).new_tree(&mut runner).expect("nothing is filtered").current();
    ops.insert(0, Op::House { kind: (seed % u64::from(houses::KINDS)) as u8 });
    ops
}

/// Plays a sequence in a copy of the base, and winds the house down. The outcomes it reached, with the step at which
/// each was first reached; or where it failed and why.
fn play(bases: &[World], ops: &[Op], counts: &mut Counts) -> Result<Vec<(String, usize)>, String> {
    let kind = match ops.first() {
        Some(Op::House { kind }) => usize::from(*kind) % bases.len(),
        _ => 0,
    };
    let mut world = bases[kind].copy();
    let mut reached = Vec::new();
    for (at, op) in ops.iter().enumerate() {
        let outcome =
            world.step(op, counts).map_err(|what| format!("after operation {at}, {op:?}: {what}"))?;
        reached.extend(outcome.map(|outcome| (outcome, at)));
    }
    world.wind_down(counts).map_err(|what| format!("when the house was wound down: {what}"))?;
    counts.add_instructions(&world);
    *counts.houses.entry(kind as u8).or_default() += 1;
    Ok(reached)
}

/// Drops operations while what is left still fails: halves first, then ever smaller parts.
fn shrink(bases: &[World], mut ops: Vec<Op>, mut why: String) -> (Vec<Op>, String) {
    let (mut part, mut spent) = (ops.len().div_ceil(2), 0);
    while part > 0 && spent < SHRINKING {
        let mut from = 0;
        while from < ops.len() && spent < SHRINKING {
            let mut fewer = ops.clone();
            fewer.drain(from..(from + part).min(ops.len()));
            spent += 1;
            match play(bases, &fewer, &mut Counts::default()) {
                Err(still) => (ops, why) = (fewer, still),
                Ok(_) => from += part,
            }
        }
        part /= 2;
    }
    (ops, why)
}

/// Many sequences.
pub struct Campaign {
    pub sequences: u64,
    pub length: usize,
    pub seed: u64,
    /// Whether failures and new outcomes are written to the corpus.
    pub keep: bool,
}

/// What the threads share.
struct Shared {
    next: AtomicU64,
    kept: Vec<(String, Vec<Op>)>,
    counts: Mutex<Counts>,
    /// Outcomes that were reached.
    reached: Mutex<BTreeSet<String>>,
    failures: Mutex<Vec<String>>,
    added: AtomicU64,
    start: Instant,
}

impl Campaign {
    /// Plays the corpus, then the campaign's own sequences.
    ///
    /// # Panics
    /// With the shrunk list of operations, where a sequence fails.
    pub fn run(&self) -> Counts {
        let shared = Shared {
            next: AtomicU64::new(0),
            kept: kept(),
            counts: Mutex::default(),
            reached: Mutex::default(),
            failures: Mutex::default(),
            added: AtomicU64::new(0),
            start: Instant::now(),
        };
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
        std::thread::scope(|scope| {
            for _ in 0..number("BALLAST_THREADS", cores).max(1) {
                scope.spawn(|| self.work(&shared));
            }
        });
        let failures = shared.failures.into_inner().expect("no thread died");
        println!(
            "{} sequences of the corpus and {} of {} operations in {:.1} s, {} outcomes",
            shared.kept.len(),
            self.sequences,
            self.length,
            shared.start.elapsed().as_secs_f64(),
            shared.reached.into_inner().expect("no thread died").len(),
        );
        assert!(failures.is_empty(), "{} sequences failed:\n{}", failures.len(), failures.join("\n\n"));
        shared.counts.into_inner().expect("no thread died")
    }

    fn work(&self, shared: &Shared) {
        let bases: Vec<World> = (0..houses::KINDS).map(|kind| World::base(Kind(kind))).collect();
        let mut counts = Counts::default();
        bases.iter().for_each(|base| counts.add_instructions(base));
        let whole = shared.kept.len() as u64 + self.sequences;
        // One failure is enough, unless they are collected.
        while self.keep || shared.failures.lock().expect("no thread died").is_empty() {
            let number = shared.next.fetch_add(1, Ordering::Relaxed);
            if number >= whole {
                break;
            }
            let (name, ops) = match shared.kept.get(number as usize) {
                Some((name, ops)) => (name.clone(), ops.clone()),
                None => {
                    let seed = self.seed.wrapping_mul(1_000_000) + number - shared.kept.len() as u64;
                    (format!("seed-{seed}"), draw(seed, self.length))
                }
            };
            self.try_one(shared, &bases, &name, ops, &mut counts);
            if self.sequences > 1_000 && number % REPORT == REPORT - 1 {
                let seconds = shared.start.elapsed().as_secs_f64();
                let failed = shared.failures.lock().expect("no thread died").len();
                let left = (whole - number) as f64 * seconds / number as f64;
                eprintln!(
                    "{} of {whole} sequences, {failed} failed, {seconds:.0} s, {left:.0} s left",
                    number + 1
                );
            }
        }
        shared.counts.lock().expect("no thread died").merge(counts);
    }

    fn try_one(&self, shared: &Shared, bases: &[World], name: &str, ops: Vec<Op>, counts: &mut Counts) {
        let from_corpus = shared.kept.iter().any(|(known, _)| known == name);
        match play(bases, &ops, counts) {
            Err(why) => {
                let (ops, why) = shrink(bases, ops, why);
                if self.keep && !from_corpus {
                    save(&format!("failed-{name}"), &ops);
                }
                let shown = format!("{name}: {why}\nshrunk to {} operations: {ops:#?}", ops.len());
                shared.failures.lock().expect("no thread died").push(shown);
            }
            Ok(outcomes) => {
                let mut reached = shared.reached.lock().expect("no thread died");
                let new = outcomes.into_iter().filter(|(outcome, _)| reached.insert(outcome.clone()));
                let last = new.map(|(_, at)| at).max();
                drop(reached);
                // The corpus is short: what comes after the last new outcome is cut off.
                let rare = self.keep && shared.next.load(Ordering::Relaxed) > COMMON;
                if let (true, false, Some(at)) = (rare, from_corpus, last)
                    && shared.added.fetch_add(1, Ordering::Relaxed) < KEPT as u64
                {
                    save(&format!("reached-{name}"), &ops[..=at]);
                }
            }
        }
    }
}

/// The corpus, by name.
fn kept() -> Vec<(String, Vec<Op>)> {
    let Ok(entries) = std::fs::read_dir(corpus()) else { return Vec::new() };
    let paths = entries.filter_map(|e| Some(e.ok()?.path()));
    let mut found: Vec<(String, Vec<Op>)> = paths
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a file of the corpus can be read");
            let ops = serde_json::from_str(&text)
                .unwrap_or_else(|e| panic!("{} is no list of operations: {e}", path.display()));
            (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), ops)
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn save(name: &str, ops: &[Op]) {
    let lines: Vec<String> =
        ops.iter().map(|op| serde_json::to_string(op).expect("operations are plain")).collect();
    std::fs::create_dir_all(corpus()).expect("the corpus has a folder");
    let path = corpus().join(format!("{name}.json"));
    std::fs::write(&path, format!("[\n{}\n]\n", lines.join(",\n"))).expect("the corpus can be written");
}
