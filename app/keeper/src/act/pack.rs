//! Which intents share a transaction.
//!
//! Posted prices go out together. What waits for them rides along where there is room, once: the price reaches the board
//! in the same instant as what follows from it. Everything else that waits for the same price is left for the next look,
//! when the board has it, because a second transaction with the same price would be refused as a whole. What was refused
//! before goes alone, so that it takes nobody down with it.

use super::intent::Intent;

/// An intent, and how often it was tried.
#[derive(Clone, Debug)]
pub struct Ready {
    /// The intent.
    pub intent: Intent,
    /// Tries that failed.
    pub attempts: u32,
}

/// A transaction's intents, and how often they were tried.
pub type Batch = (Vec<Intent>, u32);

/// Packs what is ready, the most urgent first. `fits` says whether intents fit one transaction; of a kind that shares, so
/// many go `together`.
pub fn pack(mut ready: Vec<Ready>, fits: &dyn Fn(&[Intent]) -> bool, together: usize) -> Vec<Batch> {
    ready.sort_by_key(|r| r.intent.urgency);
    let (mut prices, others): (Vec<Ready>, Vec<Ready>) =
        ready.into_iter().partition(|r| r.intent.puts.is_some());
    // By index: an underlying is listed before what is staked of it.
    prices.sort_by_key(|r| r.intent.puts);
    let mut heads: Vec<Vec<Intent>> = Vec::new();
    let mut batches: Vec<Batch> = Vec::new();
    for Ready { intent, attempts } in prices {
        if attempts > 0 {
            batches.push((vec![intent], attempts));
        } else if let Some(head) = heads.last_mut().filter(|head| fits(&joined(head, &intent))) {
            head.push(intent);
        } else {
            heads.push(vec![intent]);
        }
    }
    let mut shared: Vec<Batch> = Vec::new();
    for Ready { intent, attempts } in others {
        if !intent.needs.is_empty() {
            if attempts == 0
                && let Some(head) = heads.iter_mut().find(|head| puts_all(head, &intent.needs))
                && rides(head, &intent, together)
                && fits(&joined(head, &intent))
            {
                head.push(intent);
            }
            continue;
        }
        if !intent.shares || attempts > 0 {
            shared.push((vec![intent], attempts));
            continue;
        }
        let room = shared.iter_mut().find(|(batch, tried)| {
            let same = batch.iter().all(|b| b.shares && b.kind == intent.kind);
            *tried == 0 && same && batch.len() < together && fits(&joined(batch, &intent))
        });
        match room {
            Some((batch, _)) => batch.push(intent),
            None => shared.push((vec![intent], 0)),
        }
    }
    let mut all: Vec<Batch> = heads.into_iter().map(|head| (head, 0)).collect();
    all.append(&mut batches);
    all.append(&mut shared);
    all
}

fn joined(batch: &[Intent], more: &Intent) -> Vec<Intent> {
    batch.iter().chain(std::iter::once(more)).cloned().collect()
}

fn puts_all(head: &[Intent], needs: &[u8]) -> bool {
    needs.iter().all(|asset| head.iter().any(|i| i.puts == Some(*asset)))
}

/// Whether an intent may ride with prices: one that shares with its like, any other alone.
fn rides(head: &[Intent], intent: &Intent, together: usize) -> bool {
    let riders: Vec<&Intent> = head.iter().filter(|i| i.puts.is_none()).collect();
    let alike = intent.shares && riders.iter().all(|r| r.shares && r.kind == intent.kind);
    riders.is_empty() || (alike && riders.len() < together)
}

#[cfg(test)]
mod tests {
    use anchor_lang::prelude::Pubkey;
    use anchor_lang::solana_program::instruction::Instruction;

    use super::*;
    use crate::act::intent::Urgency;

    fn intent(kind: &'static str, subject: &str) -> Intent {
        let nothing = Instruction { program_id: Pubkey::default(), accounts: Vec::new(), data: Vec::new() };
        Intent::new(kind, subject.into(), &[], nothing)
    }

    fn price(asset: u8) -> Ready {
        let mut intent = intent("refresh_price", &format!("asset:{asset}")).at(Urgency::Price);
        intent.puts = Some(asset);
        Ready { intent, attempts: 0 }
    }

    fn action(kind: &'static str, subject: &str, needs: &[u8]) -> Ready {
        let mut intent = intent(kind, subject).at(Urgency::Now);
        intent.needs = needs.to_vec();
        intent.shares = kind == "touch_account";
        Ready { intent, attempts: 0 }
    }

    fn named(batches: &[Batch]) -> Vec<Vec<String>> {
        batches.iter().map(|(b, _)| b.iter().map(|i| i.subject.clone()).collect()).collect()
    }

    fn up_to(most: usize) -> impl Fn(&[Intent]) -> bool {
        move |batch| batch.len() <= most
    }

    #[test]
    fn one_action_rides_with_its_price_and_the_others_wait_for_the_board() {
        let ready = vec![action("liquidate", "a", &[0]), action("liquidate", "b", &[0]), price(0)];
        assert_eq!(named(&pack(ready, &up_to(8), 6)), [["asset:0", "a"]]);
    }

    #[test]
    fn an_action_whose_prices_are_in_two_transactions_waits() {
        let ready = vec![price(0), price(1), action("liquidate", "a", &[0, 1])];
        assert_eq!(named(&pack(ready, &up_to(1), 6)), [["asset:0"], ["asset:1"]]);
    }

    #[test]
    fn touches_share_and_liquidations_do_not() {
        let mut ready: Vec<Ready> = ["a", "b", "c"].map(|s| action("touch_account", s, &[])).into();
        ready.extend(["d", "e"].map(|s| action("liquidate", s, &[])));
        let batches = named(&pack(ready, &up_to(8), 2));
        assert_eq!(batches, [vec!["a", "b"], vec!["c"], vec!["d"], vec!["e"]]);
    }

    #[test]
    fn what_failed_before_goes_alone_and_without_a_price() {
        let mut again = action("touch_account", "a", &[]);
        again.attempts = 1;
        let mut waits = action("touch_account", "b", &[0]);
        waits.attempts = 1;
        let ready = vec![price(0), again, waits, action("touch_account", "c", &[])];
        assert_eq!(named(&pack(ready, &up_to(8), 6)), [["asset:0"], ["a"], ["c"]]);
    }
}
