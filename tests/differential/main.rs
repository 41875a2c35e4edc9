//! The compiled engine against the native one, bit for bit.
//!
//! The registry-only toolchain joins parts that nobody else tests together, above all the libcalls of
//! 128-bit arithmetic (docs/decisions/001). So every primitive of the risk engine runs here in the VM,
//! as the linker left it, on random and extreme inputs, and must give what the native build gives:
//! values, errors, and the order in which errors win.
//!
//! `BALLAST_DIFFERENTIAL_CASES` sets the cases a family (default: 8,192),
//! `BALLAST_DIFFERENTIAL_FIRST` the number of the first.

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::{AccountMeta, Instruction};
use ballast_probe::draw::Draw;
use ballast_probe::wire::ANSWER_WORDS;
use ballast_probe::{Answer, Family, Request, Ring, answer};
use ballast_risk::scenario::{self, SCENARIOS, WORDS, Z_MAX};
use ballast_sandbox::Vm;

const COMPUTE_BUDGET: Pubkey = Pubkey::from_str_const("ComputeBudget111111111111111111111111111111");
/// Aimed at in a transaction; a batch that turns out dearer is halved.
const COMPUTE_AIM: u64 = 1_000_000;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |v| v.parse().unwrap_or_else(|_| panic!("{name}={v} is no number")))
}

/// A ring with what rings can have: silence, ends of the range, one side only, noise of every size.
fn ring() -> Box<Ring> {
    let mut draw = Draw::new(7);
    let mut ring: Box<Ring> = Box::new([[0; WORDS]; 32]);
    for (index, column) in ring.iter_mut().enumerate().skip(1) {
        for row in 0..SCENARIOS {
            let noise = (draw.uniform() >> 32) as i64 - (1 << 31);
            let z = match index {
                1 => Z_MAX,
                2 => -Z_MAX,
                3 => [Z_MAX, -Z_MAX][row % 2],
                4 => (noise >> 21).abs(),
                5 => -(noise >> 21).abs(),
                _ if draw.one_in(40) => draw.signed(),
                _ => noise >> (20 + index % 8),
            };
            scenario::set(column, row, z);
        }
    }
    // The first asset's tail serves all of them in the books, so it may not be silent.
    ring[0] = ring[6];
    ring
}

struct Probe {
    vm: Vm,
    program: Pubkey,
    account: Pubkey,
    ring: Box<Ring>,
    transactions: u64,
    compute: u64,
}

impl Probe {
    fn new() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/deploy/ballast_probe.so");
        let code = std::fs::read(path)
            .unwrap_or_else(|e| panic!("cannot read the compiled probe {path}: {e}; run `make build`"));
        let mut vm = Vm::new();
        vm.trust_signers();
        let (program, account) = (Pubkey::new_unique(), Pubkey::new_unique());
        vm.svm.add_program(program, &code).expect("the VM accepts the probe");
        let ring = ring();
        let mut data = vec![0; ANSWER_WORDS * 8];
        data.extend_from_slice(bytemuck::cast_slice(&ring[..]));
        vm.put(account, program, data);
        Self { vm, program, account, ring, transactions: 0, compute: 0 }
    }

    /// The VM's answer, and its compute units; an error names why there is none.
    fn ask(&mut self, request: &Request) -> Result<(Vec<u64>, u64), String> {
        let mut limit = vec![2];
        limit.extend_from_slice(&1_400_000u32.to_le_bytes());
        let instructions = [
            Instruction { program_id: COMPUTE_BUDGET, accounts: vec![], data: limit },
            Instruction {
                program_id: self.program,
                accounts: vec![AccountMeta::new(self.account, false)],
                data: request.bytes().to_vec(),
            },
        ];
        let receipt = self.vm.send(&instructions, &[]).map_err(|refusal| refusal.to_string())?;
        self.transactions += 1;
        self.compute += receipt.compute_units;
        let data = self.vm.data(&self.account);
        let words = data[..ANSWER_WORDS * 8].chunks_exact(8);
        let words =
            words.map(|w| u64::from_le_bytes(w.try_into().expect("eight bytes are a word"))).collect();
        Ok((words, receipt.compute_units))
    }

    fn native(&self, request: &Request) -> Vec<u64> {
        let mut result = Answer::default();
        answer(request, &self.ring, &mut result, || ());
        result.words().collect()
    }

    /// Compares a batch; returns its compute units, or says which case differs.
    fn compare(&mut self, request: &Request) -> Result<u64, String> {
        match self.ask(request) {
            Ok((words, units)) if words == self.native(request) => Ok(units),
            Ok(_) if request.count == 1 => {
                let vm = self.ask(request).map_or(Vec::new(), |(words, _)| words);
                let native = self.native(request);
                let at = vm.iter().zip(&native).skip(2).position(|(a, b)| a != b);
                Err(format!("{request:?} differs in word {at:?}:\n     VM {vm:x?}\n native {native:x?}"))
            }
            Err(why) if request.count == 1 => Err(format!("{request:?} fails in the VM: {why}")),
            // Which half? A batch may also just be too dear.
            _ => {
                let half = request.count / 2;
                let first = self.compare(&Request { count: half, ..*request })?;
                let rest = Request {
                    first: request.first + u64::from(half),
                    count: request.count - half,
                    ..*request
                };
                Ok(first.max(self.compare(&rest)?))
            }
        }
    }

    /// Compares `cases` of a family, in batches as large as a transaction carries.
    fn family(&mut self, family: Family, first: u64, cases: u64) {
        let (mut at, mut count) = (first, 8u32);
        while at < first + cases {
            let request = Request { family, first: at, count: count.min((first + cases - at) as u32) };
            let units = self.compare(&request).unwrap_or_else(|difference| {
                panic!("{difference}\n(was the probe built from this source? `make build`)")
            });
            at += u64::from(request.count);
            count = (COMPUTE_AIM / (units / u64::from(request.count)).max(1)).clamp(1, 1 << 16) as u32;
        }
    }
}

#[test]
fn every_primitive_gives_the_same_natively_and_in_the_vm() {
    let cases = setting("BALLAST_DIFFERENTIAL_CASES", 8_192);
    let first = setting("BALLAST_DIFFERENTIAL_FIRST", 0);
    let mut probe = Probe::new();
    for family in Family::ALL {
        let (compute, clock) = (probe.compute, std::time::Instant::now());
        probe.family(family, first, cases);
        println!(
            "{:<12} {cases} cases alike, {:>7} units a case, {:.2} s",
            format!("{family:?}"),
            (probe.compute - compute) / cases,
            clock.elapsed().as_secs_f64()
        );
    }
    println!("{} transactions", probe.transactions);
}

/// The comparison itself: a native answer to another question must not pass.
#[test]
fn a_difference_is_seen() {
    let mut probe = Probe::new();
    let request = Request { family: Family::Price, first: 3, count: 40 };
    let (words, _) = probe.ask(&request).expect("the probe answers");
    assert_eq!(words, probe.native(&request));
    assert_ne!(words, probe.native(&Request { first: 4, ..request }));
    assert!(words[1] > 40, "words are folded for every case: {}", words[1]);
    // The VM keeps the ring it was given; natively two columns change places.
    probe.ring.swap(6, 7);
    let request = Request { family: Family::Ring, first: 0, count: 200 };
    assert!(probe.compare(&request).unwrap_err().contains("differs in word"));
}
