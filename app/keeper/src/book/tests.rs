use ballast::state::VERSION;
use proptest::prelude::*;

use super::*;
use crate::chain::Source::{Push, Read};

fn house() -> Deployment {
    Deployment::of(Pubkey::new_from_array([7; 32]))
}

fn raw<T: bytemuck::Pod + Discriminator>(state: &T) -> Raw {
    let data = [T::DISCRIMINATOR, bytemuck::bytes_of(state)].concat();
    Raw { owner: ballast::ID, lamports: 1, data }
}

fn margin(quote: i64) -> Raw {
    let mut account: Box<MarginAccount> = bytemuck::allocation::zeroed_box();
    (account.version, account.clearinghouse, account.quote) = (VERSION, house().clearinghouse, quote);
    raw(&*account)
}

fn board(seen: i64) -> Raw {
    let mut board: Box<RiskBoard> = bytemuck::allocation::zeroed_box();
    (board.version, board.clearinghouse, board.seen_time) = (VERSION, house().clearinghouse, seen);
    raw(&*board)
}

fn update(address: Pubkey, slot: u64, source: Source, raw: Raw) -> Update {
    Update { address, slot, source, raw: Some(raw) }
}

const ACCOUNT: Pubkey = Pubkey::new_from_array([9; 32]);

fn quote(book: &Book) -> i64 {
    book.margin(&ACCOUNT).unwrap().quote
}

#[test]
fn a_read_of_an_earlier_slot_changes_nothing() {
    let mut book = Book::new(house());
    assert_eq!(book.take(update(ACCOUNT, 10, Read, margin(1))), Took::Changed);
    assert_eq!(book.take(update(ACCOUNT, 9, Read, margin(2))), Took::Stale);
    assert_eq!(quote(&book), 1);
}

#[test]
fn of_one_slot_what_arrives_later_is_taken() {
    let mut book = Book::new(house());
    book.take(update(ACCOUNT, 10, Push, margin(1)));
    assert_eq!(book.take(update(ACCOUNT, 10, Push, margin(2))), Took::Changed);
    assert_eq!(quote(&book), 2);
}

#[test]
fn a_push_whose_slot_stands_still_is_asked_for_and_not_believed() {
    let mut book = Book::new(house());
    book.take(update(ACCOUNT, 100, Read, margin(1)));
    assert_eq!(book.take(update(ACCOUNT, 31, Push, margin(2))), Took::Ask);
    assert_eq!(quote(&book), 1);
}

#[test]
fn a_doubled_push_is_no_change() {
    let mut book = Book::new(house());
    book.take(update(ACCOUNT, 10, Push, margin(1)));
    assert_eq!(book.take(update(ACCOUNT, 10, Push, margin(1))), Took::Same);
    assert_eq!(book.take(update(ACCOUNT, 3, Push, margin(1))), Took::Same);
}

#[test]
fn an_older_board_is_refused_even_if_the_node_says_that_it_is_newer() {
    let mut book = Book::new(house());
    let at = book.at.board;
    book.take(update(at, 10, Push, board(1_000)));
    assert_eq!(book.take(update(at, 99, Read, board(999))), Took::Stale);
    assert_eq!(book.board().unwrap().seen_time, 1_000);
}

#[test]
fn a_newer_board_is_taken_even_if_its_slot_stands_still() {
    let mut book = Book::new(house());
    let at = book.at.board;
    book.take(update(at, 99, Read, board(1_000)));
    assert_eq!(book.take(update(at, 31, Push, board(1_001))), Took::Changed);
    assert_eq!(book.board().unwrap().seen_time, 1_001);
}

#[test]
fn an_account_is_gone_only_when_it_was_asked_for_by_name() {
    let mut book = Book::new(house());
    let gone = |slot, source| Update { address: ACCOUNT, slot, source, raw: None };
    book.take(update(ACCOUNT, 10, Push, margin(1)));
    assert_eq!(book.take(gone(11, Push)), Took::Ask);
    assert_eq!(book.take(gone(9, Read)), Took::Stale);
    assert_eq!(book.count(), 1);
    assert_eq!(book.take(gone(11, Read)), Took::Changed);
    assert_eq!(book.count(), 0);
}

#[test]
fn accounts_of_another_house_are_none_of_ours() {
    let mut book = Book::new(Deployment::of(Pubkey::new_from_array([8; 32])));
    assert_eq!(book.take(update(ACCOUNT, 10, Push, margin(1))), Took::Useless);
    assert_eq!(book.count(), 0);
}

proptest! {
    /// However pushes are delayed, doubled and shuffled: once each that had to be asked for was asked for, the book holds
    /// the last state; and it never goes back to an earlier one of another slot.
    #[test]
    fn whatever_the_feed_does_the_book_ends_with_the_last_state(
        order in prop::collection::vec(0usize..20, 1..80),
    ) {
        let mut book = Book::new(house());
        let mut newest = 0;
        for at in order {
            // State number i is of slot i + 1.
            let took = book.take(update(ACCOUNT, at as u64 + 1, Push, margin(at as i64)));
            if took == Took::Ask {
                // The node is asked, and gives what stands: at least the newest that was ever heard.
                let held = quote(&book);
                prop_assert!(held >= at as i64);
            }
            newest = newest.max(at as i64);
            prop_assert_eq!(quote(&book), newest);
        }
    }
}
