//! The journal: what is open is known after a restart, and nothing is begun twice.

use std::path::PathBuf;
use std::slice::from_ref;

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use ballast_keeper::act::intent::Intent;
use ballast_keeper::journal::{End, Gain, Journal, JournalError, Open, Standing};

fn intent(subject: &str, state: &[u8]) -> Intent {
    let nothing = Instruction { program_id: Pubkey::default(), accounts: Vec::new(), data: Vec::new() };
    Intent::new("liquidate", subject.into(), &[state], nothing)
}

fn transaction(signature: &str) -> Open {
    Open { signature: signature.into(), wire: vec![1, 2, 3], last_valid: 150, carried: Vec::new() }
}

struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let file = std::env::temp_dir().join(format!("ballast-journal-{}-{name}.sqlite", std::process::id()));
        let _ = std::fs::remove_file(&file);
        Self(file)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", self.0.display()));
        }
    }
}

#[test]
fn what_was_open_when_the_keeper_died_is_open_with_its_bytes_after_the_restart() {
    let file = File::new("restart");
    let one = intent("account:a", b"1");
    Journal::open(&file.0).unwrap().begin(&[(&transaction("s"), from_ref(&one))], 1).unwrap();
    let again = Journal::open(&file.0).unwrap();
    let open = again.open_transactions().unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].signature.as_str(), &open[0].wire, open[0].last_valid), ("s", &vec![1, 2, 3], 150));
    assert_eq!(open[0].carried, [(one.key.clone(), "liquidate".into(), "account:a".into())]);
    assert_eq!(again.standing(&one.key).unwrap(), Standing::Open);
}

#[test]
fn an_intent_that_is_open_or_done_is_not_begun_again() {
    let journal = Journal::in_memory().unwrap();
    let one = intent("account:a", b"1");
    journal.begin(&[(&transaction("s"), from_ref(&one))], 1).unwrap();
    let twice = |signature| journal.begin(&[(&transaction(signature), from_ref(&one))], 2);
    assert!(matches!(twice("t"), Err(JournalError::Twice { standing: Standing::Open, .. })));
    journal.end("s", &End::Landed { slot: 9 }, 3).unwrap();
    assert!(matches!(twice("u"), Err(JournalError::Twice { standing: Standing::Done, .. })));
    assert!(journal.open_transactions().unwrap().is_empty(), "what was refused left nothing behind");
}

#[test]
fn a_batch_is_written_whole_or_not_at_all() {
    let journal = Journal::in_memory().unwrap();
    let (one, two) = (intent("account:a", b"1"), intent("account:b", b"1"));
    journal.begin(&[(&transaction("s"), from_ref(&one))], 1).unwrap();
    let (t, u) = (transaction("t"), transaction("u"));
    assert!(journal.begin(&[(&t, from_ref(&two)), (&u, &[one])], 2).is_err());
    assert_eq!(journal.standing(&two.key).unwrap(), Standing::New);
    assert_eq!(journal.open_transactions().unwrap().len(), 1);
}

#[test]
fn what_failed_or_expired_may_be_tried_again_and_is_counted() {
    let journal = Journal::in_memory().unwrap();
    let one = intent("account:a", b"1");
    let failed = End::Failed { slot: 4, error: "no".into() };
    for (attempt, (signature, end)) in [("s", failed), ("t", End::Expired)].into_iter().enumerate() {
        journal.begin(&[(&transaction(signature), from_ref(&one))], 10).unwrap();
        assert!(journal.end(signature, &end, 20 + attempt as i64).unwrap());
        let (attempts, last_at) = (attempt as u32 + 1, 20 + attempt as i64);
        assert_eq!(journal.standing(&one.key).unwrap(), Standing::Failed { attempts, last_at });
    }
}

#[test]
fn an_end_is_written_once() {
    let journal = Journal::in_memory().unwrap();
    let one = intent("account:a", b"1");
    journal.begin(&[(&transaction("s"), from_ref(&one))], 1).unwrap();
    assert!(journal.end("s", &End::Landed { slot: 4 }, 2).unwrap());
    assert!(!journal.end("s", &End::Expired, 3).unwrap(), "a late look changes nothing");
    assert_eq!(journal.standing(&one.key).unwrap(), Standing::Done);
}

#[test]
fn results_add_up_and_outlive_pruning() {
    let journal = Journal::in_memory().unwrap();
    for (signature, profit) in [("s", 70), ("t", -20)] {
        journal.begin(&[(&transaction(signature), &[intent(signature, b"1")])], 1).unwrap();
        journal.end(signature, &End::Landed { slot: 4 }, 2).unwrap();
        let gain = Gain { account: "a".into(), penalty: 100, profit, fee: 5_000 };
        journal.gain(signature, &gain).unwrap();
        // Looked up a second time, it is still one result.
        journal.gain(signature, &gain).unwrap();
    }
    let old = intent("account:old", b"1");
    journal.begin(&[(&transaction("u"), from_ref(&old))], 1).unwrap();
    journal.end("u", &End::Expired, 2).unwrap();
    let open = intent("account:open", b"1");
    journal.begin(&[(&transaction("v"), from_ref(&open))], 1).unwrap();
    journal.prune(1_000).unwrap();
    assert_eq!(journal.profit().unwrap(), (50, 10_000));
    assert_eq!(journal.standing(&old.key).unwrap(), Standing::New, "what ended long ago is forgotten");
    assert_eq!(journal.standing(&open.key).unwrap(), Standing::Open, "what is open never is");
}
