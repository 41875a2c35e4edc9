//! Instructions that must be refused: wrong accounts, wrong signers, empty amounts, things done twice.

use anchor_lang::prelude::Pubkey;
use ballast::instructions::{LoadStressArgs, MatchFillArgs};
use ballast_client::instructions as ix;
use ballast_sandbox::house::{QUOTE, Sent, made_up_history};
use ballast_sandbox::oracle::Update;
use ballast_sandbox::{AssetSpec, Keypair, MarketSpec, Signer};
use pyth_solana_receiver_sdk::price_update::VerificationLevel;

use super::world::World;

const WHAT: [&str; 28] = [
    "a deposit of nothing",
    "a withdrawal of nothing",
    "quote deposited into a coin's vault",
    "a coin withdrawn from the quote vault",
    "somebody else's money withdrawn",
    "a withdrawal by the delegate",
    "a deposit from the vault itself",
    "a fill with oneself",
    "a fill that the maker did not sign",
    "a fill of nothing",
    "a fill far from the oracle",
    "a board of one's own",
    "a market of one's own",
    "a margin account of one's own",
    "a price account of one's own",
    "a price of another feed",
    "a price that was not verified",
    "a price from the future",
    "a price with an exponent outside the scale",
    "a price that is an hour old",
    "a calibration after opening",
    "a listing by a stranger",
    "an account that is current, migrated",
    "a depth reported by a stranger",
    "an exposure copied from another asset's market",
    "a volatility of an asset that has no feed of it",
    "stress loaded after opening",
    "a liquidation of oneself",
];

/// How many kinds there are.
pub const KINDS: u8 = WHAT.len() as u8;

/// A kind in words.
pub fn what(kind: u8) -> &'static str {
    WHAT[usize::from(kind)]
}

/// A copy of an account under an owner that anybody may use.
fn forged(world: &mut World, of: &Pubkey) -> Pubkey {
    let data = world.house.vm.data(of);
    let address = Pubkey::new_unique();
    world.house.vm.put(address, anchor_spl::token::ID, data);
    address
}

/// An instruction with one account exchanged.
macro_rules! swapped {
    ($instruction:expr, $from:expr, $to:expr) => {{
        let mut instruction = $instruction;
        let (from, to) = ($from, $to);
        for meta in instruction.accounts.iter_mut().filter(|m| m.pubkey == from) {
            meta.pubkey = to;
        }
        instruction
    }};
}

/// Sends one; nothing where the state gives no occasion.
pub fn attempt(world: &mut World, kind: u8, account: u8, other: u8) -> Option<Sent> {
    let at = world.house.at;
    let (owner, mine) = world.account(account);
    let (stranger, theirs) = world.account(other);
    if owner.pubkey() == stranger.pubkey()
        || !world.seen.accounts.contains_key(&mine.to_bytes())
        || !world.seen.accounts.contains_key(&theirs.to_bytes())
    {
        return None;
    }
    let me = world.actors.iter().find(|a| a.pubkey() == owner.pubkey())?;
    let wallet = me.wallets[&at.quote_mint];
    let (coin, coin_mint) = world.coin(1)?;
    let coin_wallet = me.wallets[&coin_mint];
    let coin_vault = at.vault(&coin_mint);
    let deposit = at.deposit(mine, owner.pubkey(), None, wallet, QUOTE);
    let withdraw = at.withdraw(mine, owner.pubkey(), None, wallet, 1);
    let fill = |taker: (Pubkey, Pubkey), maker: (Pubkey, Pubkey), base: i64, quote: u64| {
        at.match_fill(0, taker, maker, MatchFillArgs { base, quote })
    };
    let spot = world.seen.board.assets[0].spot;
    let quote = (1_000.0 * spot).ceil().max(1.0) as u64;
    let sides = ((mine, owner.pubkey()), (theirs, stranger.pubkey()));
    let (instruction, keys): (_, Vec<&Keypair>) = match kind {
        0 => (at.deposit(mine, owner.pubkey(), None, wallet, 0), vec![&owner]),
        1 => (at.withdraw(mine, owner.pubkey(), None, wallet, 0), vec![&owner]),
        2 => (swapped!(swapped!(deposit, at.quote_vault, coin_vault), wallet, coin_wallet), vec![&owner]),
        3 => {
            let take = at.withdraw(mine, owner.pubkey(), coin, coin_wallet, 1);
            (swapped!(swapped!(take, coin_vault, at.quote_vault), coin_wallet, wallet), vec![&owner])
        }
        4 => (at.withdraw(theirs, owner.pubkey(), None, wallet, 1), vec![&owner]),
        5 => {
            let delegate = world.delegate_of(&theirs)?;
            if delegate.pubkey() == stranger.pubkey() {
                return None;
            }
            let take = at.withdraw(theirs, delegate.pubkey(), None, wallet, 1);
            return Some(world.house.vm.send(&[take], &[&delegate]));
        }
        6 => (swapped!(deposit, wallet, at.quote_vault), vec![&owner]),
        7 => (fill(sides.0, sides.0, 1_000, quote), vec![&owner]),
        8 => {
            // Unless the taker is the maker's delegate.
            if world.seen.accounts[&theirs.to_bytes()].delegate == owner.pubkey().to_bytes() {
                return None;
            }
            (fill(sides.0, (theirs, owner.pubkey()), 1_000, quote), vec![&owner])
        }
        9 => (fill(sides.0, sides.1, 0, quote), vec![&owner, &stranger]),
        10 => (fill(sides.0, sides.1, 1_000, 2 * quote), vec![&owner, &stranger]),
        11 => {
            let board = forged(world, &at.board);
            (swapped!(withdraw, at.board, board), vec![&owner])
        }
        12 => {
            let market = forged(world, &at.market(0));
            (swapped!(at.settle(0, mine), at.market(0), market), vec![])
        }
        13 => {
            let account = forged(world, &mine);
            (swapped!(withdraw, mine, account), vec![&owner])
        }
        14 => {
            world.house.vm.advance(1);
            world.house.post(0, world.prices[0]);
            let price = world.house.assets[0].price_account;
            let price = forged(world, &price);
            (at.refresh_price(0, price), vec![])
        }
        15..=19 => {
            world.house.vm.advance(1);
            let (now, feed) = (world.house.vm.now(), world.house.assets[0].spec.args.feed_id);
            let mut update = Update::dollars(feed, world.prices[0], 5, now);
            match kind {
                15 => update.feed_id = world.house.assets[1].spec.args.feed_id,
                16 => update.verification = VerificationLevel::Partial { num_signatures: 12 },
                17 => update.publish_time = now + 60,
                18 => update.exponent = 1,
                _ => update.publish_time = now - 3_600,
            }
            world.house.post_update(0, &update);
            return Some(world.house.refresh(0));
        }
        20 => return Some(world.house.calibrate(made_up_history(0))),
        21 => {
            let index = world.house.assets.len() as u8;
            let payer = world.house.vm.payer.pubkey();
            let list = at.add_asset(payer, owner.pubkey(), index, None, AssetSpec::coin("BAD", 6).args);
            let market = MarketSpec::perpetual("BAD", 0).args;
            let open = at.add_market(payer, owner.pubkey(), world.house.markets.len() as u8, market);
            (if account.is_multiple_of(2) { list } else { open }, vec![&owner])
        }
        22 => (ix::migrate(world.house.vm.payer.pubkey(), mine), vec![]),
        23 => (at.report_depth(owner.pubkey(), 0, 1 << 50), vec![&owner]),
        24 => (at.refresh_exposure(0, Some(1), None), vec![]),
        25 => (at.refresh_implied_volatility(0, world.implied_account), vec![]),
        26 => {
            let governance = world.house.governance.insecure_clone();
            let args = LoadStressArgs { asset: 0, shocks: [0; 32] };
            let load = at.load_stress(governance.pubkey(), args);
            return Some(world.house.vm.send(&[load], &[&governance]));
        }
        _ => (at.liquidate_position(mine, (mine, owner.pubkey()), 0, 1), vec![&owner]),
    };
    Some(world.house.vm.send(&[instruction], &keys))
}
