//! What is promised to those who owe, who back a market and who are liquidated.

use anchor_lang::prelude::Pubkey;
use ballast::event::{BackstopDeposited, BackstopWithdrawn, BankruptcyResolved, DustSwept, Liquidated};
use ballast::margin::BoardView;
use ballast::state::MarginAccount;
use ballast_client::{events, plan};
use ballast_risk::book::Basis;
use ballast_risk::shares::VIRTUAL;
use ballast_tests::auditor::Ledger;

use super::backed::REQUESTS;
use super::checks::Step;
use super::world::{COINS, World};
use super::{Counts, Op};

/// What the fund pays is what an event says, to the unit: for a bankrupt, to a keeper, or for the dust of a market.
pub fn insurance_pays_what_it_says(world: &World, step: &Step, counts: &mut Counts) -> Result<(), String> {
    let logs = step.sent.as_ref().map(|r| r.logs.as_slice()).unwrap_or_default();
    let resolved: Vec<BankruptcyResolved> = events::of(logs);
    let seized: Vec<Liquidated> = events::of(logs);
    let swept: Vec<DustSwept> = events::of(logs);
    counts.socialised += resolved.iter().filter(|r| r.socialised > 0).count() as u64;
    let paid = resolved.iter().map(|r| i128::from(r.insurance)).sum::<i128>()
        + seized.iter().map(|l| i128::from(l.bounty) - i128::from(l.to_insurance)).sum::<i128>()
        - swept.iter().map(|d| i128::from(d.amount)).sum::<i128>();
    let fell = i128::from(step.before.insurance) - i128::from(step.after.insurance);
    must!(fell <= paid.max(0), "the fund fell by {fell}, and says that it paid {paid}");
    // Without interest nothing else flows into it where it pays.
    let alone = world.kind.is_judged() && !(resolved.is_empty() && seized.is_empty());
    must!(!alone || fell == paid, "the fund fell by {fell}, and says that it paid {paid}");
    for event in &resolved {
        must!(event.insurance <= step.before.insurance, "{} paid: more than the fund held", event.insurance);
    }
    Ok(())
}

fn meets_initial(world: &World, account: &MarginAccount, basis: Basis, now: i64) -> bool {
    let board = world.house.board();
    BoardView::for_new_risk(&board, now).margin(account, basis).is_ok_and(|m| m.meets_initial())
}

/// Who withdraws, transfers, trades or provides has its IM afterwards, or has reduced.
pub fn initial_margin_is_kept(world: &World, step: &Step, _: &mut Counts) -> Result<(), String> {
    let account = |key: &[u8; 32]| world.house.margin_account(&Pubkey::from(*key));
    match step.op {
        Op::Withdraw { .. } | Op::Transfer { .. } | Op::WalkOut { .. } => {
            let left = account(&step.told.named[0]);
            let free = left.quote >= 0 && left.held_positions().next().is_none();
            must!(
                free || meets_initial(world, &left, Basis::Withdrawal, step.now),
                "money left an account below IM"
            );
        }
        Op::Fill { .. } | Op::Execute { .. } => {
            for key in &step.told.named {
                let (was, is) = (step.before.accounts.get(key), &step.after.accounts[key]);
                let size = |a: &ballast_tests::auditor::Account| {
                    a.positions.iter().map(|p| (p.market, p.base)).collect::<Vec<_>>()
                };
                let grew = is.positions.iter().any(|p| {
                    let had = was.map_or(0, |w| w.base(p.market));
                    p.base.unsigned_abs() > had.unsigned_abs() || i128::from(p.base) * i128::from(had) < 0
                });
                must!(
                    !grew || meets_initial(world, &account(key), Basis::Initial, step.now),
                    "a trade left an account with more risk than IM allows: {:?} then {:?}",
                    was.map(size),
                    size(is)
                );
            }
        }
        _ => {}
    }
    Ok(())
}

/// Nobody is seized who has its MM, whose breach is neither confirmed nor deep, in a grace period or while deposits are
/// paused.
pub fn only_the_short_are_seized(world: &World, step: &Step, _: &mut Counts) -> Result<(), String> {
    let seizes = matches!(step.op, Op::Liquidate { .. } | Op::LiquidatePlanned { .. } | Op::TakeOver { .. });
    let Some(account) = step.told.before.as_deref().filter(|_| seizes) else { return Ok(()) };
    let board = world.house.board();
    must!(step.now >= board.grace_until, "liquidated in a grace period");
    must!(step.now >= board.pause_until || board.paused & 2 == 0, "liquidated while deposits are paused");
    let view = BoardView::for_liquidation(&board, step.now);
    let margin =
        view.margin(account, Basis::Maintenance).map_err(|e| format!("liquidated unvalued: {e:?}"))?;
    must!(margin.is_liquidatable(), "a healthy account was liquidated: {margin:?}");
    let due = plan::due(account, &board, step.now);
    must!(due == Ok(plan::Due::Liquidation), "liquidated before it was due: {due:?}");
    Ok(())
}

/// A vault's shares are its providers', its commitments its open requests'.
pub fn vaults_add_up(world: &World, _: &Step, _: &mut Counts) -> Result<(), String> {
    for market in 0..COINS.len() as u8 {
        let Some(vault) = world.vault(market) else { continue };
        let held = world.actors.iter().filter_map(|a| world.shares(market, &a.pubkey()));
        let held: u128 = held.filter(|s| s.epoch == vault.epoch).map(|s| u128::from(s.shares)).sum();
        must!(
            held == u128::from(vault.total_shares),
            "market {market}: providers hold {held} shares of {}",
            vault.total_shares
        );
        let accounts = (0..10).map(|i| world.account(i).1);
        let requests = accounts.flat_map(|a| (0..REQUESTS).filter_map(move |id| world.request(&a, id)));
        let open: u128 = requests.filter(|r| r.market == market).map(|r| u128::from(r.commitment)).sum();
        must!(
            open == u128::from(vault.committed),
            "market {market}: traders committed {open}, the vault counts {}",
            vault.committed
        );
    }
    Ok(())
}

/// What a vault is worth at the higher (lower) of spot and stable price, commitments apart, by the auditor.
fn worth(world: &World, seen: &Ledger, market: usize, committed: u64, high: bool) -> f64 {
    let slice = &seen.accounts[&world.house.at.slice(market as u8).to_bytes()];
    let asset = &seen.board.assets[seen.board.markets[market].asset];
    let (base, cash) = (slice.base(market) as f64, slice.quote as f64 - committed as f64);
    let (at_spot, at_stable) = (base * asset.spot, base * asset.stable);
    cash + slice.entry(market) as f64 + if high { at_spot.max(at_stable) } else { at_spot.min(at_stable) }
}

/// What a share is paid does not fall when somebody else comes or goes, at the value at which that was reckoned.
pub fn nobody_gains_by_rounding(world: &World, step: &Step, _: &mut Counts) -> Result<(), String> {
    let high = match step.op {
        Op::Back { .. } => true,
        // What a patient one waited for may have changed prices.
        Op::WalkOut { patient: false, .. } => false,
        _ => return Ok(()),
    };
    let market = step.told.market.ok_or("a provider names its market")?;
    let vault = world.vault(market as u8).ok_or("a provider's vault is there")?;
    let moved = {
        let slice = world.house.at.slice(market as u8).to_bytes();
        step.after.accounts[&slice].quote - step.before.accounts[&slice].quote
    };
    let after = worth(world, step.after, market, vault.committed, high);
    let before = worth(world, step.before, market, vault.committed, high);
    must!((after - before - moved as f64).abs() < 2.0, "{moved} moved, and the vault by {}", after - before);
    let logs = step.sent.as_ref().map(|r| r.logs.as_slice()).unwrap_or_default();
    // Worth before, what came in (negative: went out), and shares that were made of it.
    let came = events::of::<BackstopDeposited>(logs)
        .into_iter()
        .map(|e| (e.worth, e.amount.into(), e.shares.into()));
    let went = events::of::<BackstopWithdrawn>(logs)
        .into_iter()
        .map(|e| (e.worth, -i128::from(e.amount), -i128::from(e.shares)));
    let Some((before, amount, shares)): Option<(i64, i128, i128)> = came.chain(went).next() else {
        return Err("a provider came or went without an event".into());
    };
    let account = world.house.margin_account(&world.house.at.slice(market as u8));
    let board = world.house.board();
    let left = vault.worth(&account, &BoardView::at(&board, step.now)).map_err(|e| e.to_string())?;
    let after = i128::from(if high { left.high } else { left.low });
    let before = i128::from(before);
    must!(
        (after - before - amount).abs() <= 1,
        "{amount} came in, and the vault's worth went from {before} to {after}"
    );
    let is = i128::from(vault.total_shares);
    let was = is - shares;
    if was <= 0 || is == 0 {
        return Ok(());
    }
    // What shares are paid at never falls, to the unit: (worth + V)/(shares + V), of which those who leave get no more
    // than worth/shares. Of worth/shares a newcomer may take (p − 1) quote tokens from the others in all, on paper:
    // where a share is worth p > 1 it is bought at the same, lower price that it is paid out at.
    let [after, before] = [after.max(0), (after - amount).max(0)];
    let unowned = i128::from(VIRTUAL);
    must!(
        (after + unowned) * (was + unowned) >= (before + unowned) * (is + unowned),
        "shares were paid at {before} / {was} and are paid at {after} / {is}, with one token that nobody owns"
    );
    must!(
        amount > 0 || after * was >= before * is,
        "who left took from the others: {before} / {was}, then {after} / {is}"
    );
    Ok(())
}

/// The resolved position is closed, whoever paid; nobody was resolved that was not below zero.
pub fn bankrupts_are_closed(world: &World, step: &Step, _: &mut Counts) -> Result<(), String> {
    let logs = step.sent.as_ref().map(|r| r.logs.as_slice()).unwrap_or_default();
    for event in events::of::<BankruptcyResolved>(logs) {
        let key = event.account.to_bytes();
        let (was, is) = (&step.before.accounts[&key], &step.after.accounts[&key]);
        if let Some(market) = event.market {
            must!(is.base(market.into()) == 0, "a bankrupt account keeps a position: {is:?}");
            must!(
                was.base(market.into()) == event.base,
                "a position of {} was closed, and it held {was:?}",
                event.base
            );
        }
        if world.kind.is_judged() {
            let (before, after) = (step.before.board.equity(was), step.after.board.equity(is));
            must!(before < 1.0, "an account with an equity of {before} was resolved");
            let paid = (event.insurance + event.slice + event.socialised) as f64;
            must!((after - before - paid).abs() <= 4.0, "equity {before} then {after} by {paid}");
            must!((event.left as f64 + after).abs() <= 4.0, "{} left, and an equity of {after}", event.left);
        }
    }
    Ok(())
}
