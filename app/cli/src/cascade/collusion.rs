//! Two accounts of one owner on both sides of a jump.
//!
//! They trade with each other at full leverage, for the fee of any trade, the price jumps, the loser defaults and is
//! liquidated or resolved, and the winner takes out what it can before anybody else. What they have then, less what they
//! put in, is their gain. Coins are counted at the price after the jump on both sides, so that holding them is no gain.
//! Beside them, in the same market, two honest accounts may hold the same trade with margin for any jump: what they get
//! less than their own result and fees is what was taken from them, or is owed to them still. And there may be an
//! insurance fund.
//!
//! Everything is played twice, by who comes first ([`First`]): the colluders, who make every loser pay into the pool, the
//! honest one too, settle their winner, have their loser taken over, and close their winner with whoever took it; or an
//! honest crank that resolves the bankrupt loser, once keepers had their time, before anybody settles. In both a crank comes
//! in the end, and in both everybody settles again once the stable price has followed and profit is paid out.

use anyhow::{Result, anyhow};
use ballast::instructions::{AddAssetArgs, SourceArgs};
use ballast_client::health::health;
use ballast_sandbox::house::QUOTE;
use ballast_sandbox::risk::stress_rows;
use ballast_sandbox::{AssetSpec, House, Person};

use super::{PAYOUT_JUMP_BPS, parallel, waterfall};
use crate::backtest::Setting;
use crate::demo::cast::units;

/// A way to collude.
#[derive(Clone, Copy, Debug)]
pub struct Book {
    /// In a few words.
    pub name: &'static str,
    /// What each of the two puts in, whole quote.
    pub equity: u64,
    /// Share of it that is put in as coins.
    pub coins: f64,
    /// What the first holds in each market, as shares; the second holds the opposite.
    pub legs: &'static [i64],
    /// Which assets jump.
    pub jumps: [bool; 2],
    /// Share of full leverage.
    pub leverage: f64,
    /// Unsettled profit that supports IM in a market, whole quote.
    pub profit_cap: u64,
    /// What each of the honest two holds in the first market, whole quote; none where zero.
    pub honest: u64,
    /// What is in the insurance fund, whole quote.
    pub insurance: u64,
    /// Distance from the stable price beyond which profit waits, basis points.
    pub payout_jump_bps: u32,
}

/// Fee of a trade, basis points of its value, as `migrations/localnet.toml` has it; the taker pays it.
pub const FEE_BPS: u32 = 5;

const PLAIN: Book = Book {
    name: "perpetual, full leverage",
    equity: 100_000,
    coins: 0.0,
    legs: &[1],
    jumps: [true, false],
    leverage: 1.0,
    profit_cap: 10_000_000_000,
    honest: 0,
    insurance: 0,
    payout_jump_bps: PAYOUT_JUMP_BPS,
};

/// The books of the grid.
pub const BOOKS: [Book; 14] = [
    PLAIN,
    Book { name: "half of full leverage", leverage: 0.5, ..PLAIN },
    Book { name: "small", equity: 1_000, ..PLAIN },
    Book { name: "large", equity: 20_000_000, ..PLAIN },
    Book { name: "no profit supports margin", profit_cap: 0, ..PLAIN },
    Book { name: "half of the margin in coins", coins: 0.5, ..PLAIN },
    Book { name: "two perpetuals, both jump", legs: &[1, 1], jumps: [true, true], ..PLAIN },
    Book { name: "long one, short the other", legs: &[1, -1], ..PLAIN },
    Book { name: "beside honest traders", honest: 1_000_000, ..PLAIN },
    Book { name: "beside many honest traders", honest: 20_000_000, ..PLAIN },
    Book { name: "alone, with a fund", insurance: 100_000, ..PLAIN },
    Book { name: "beside honest traders, with a fund", honest: 1_000_000, insurance: 100_000, ..PLAIN },
    Book {
        name: "beside honest traders, profit waits from 30 %",
        honest: 1_000_000,
        payout_jump_bps: 3_000,
        ..PLAIN
    },
    Book {
        name: "beside honest traders, profit never waits",
        honest: 1_000_000,
        payout_jump_bps: SourceArgs::PYTH.payout_jump_bps,
        ..PLAIN
    },
];

/// Jumps of the grid, simple returns.
pub const JUMPS: [f64; 19] = [
    -0.6, -0.4, -0.25, -0.15, -0.1, -0.08, -0.04, -0.02, -0.01, 0.0, 0.01, 0.02, 0.04, 0.08, 0.1, 0.15, 0.25,
    0.6, 2.0,
];

/// Who liquidates the loser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liquidator {
    /// Somebody else.
    Honest,
    /// The colluders themselves, with a third account.
    Own,
}

/// Who comes first after the jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// The colluders: losers pay into the pool, honest ones too, and their winner is paid out of it.
    Colluders,
    /// A crank: whoever is bankrupt is resolved before anybody settles.
    Crank,
}

impl Book {
    /// Whether an account that is not the colluders' could lose by them.
    #[must_use]
    pub const fn is_alone(&self) -> bool {
        self.honest == 0 && self.insurance == 0
    }

    /// Who may come first: where nobody else is there, it makes no difference.
    #[must_use]
    pub const fn firsts(&self) -> &'static [First] {
        if self.is_alone() { &[First::Colluders] } else { &[First::Colluders, First::Crank] }
    }
}

/// What came of it, dollars.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Taken out less put in, by all accounts of the colluders.
    pub gain: f64,
    /// Profit that the program still owes the winner, if losers ever pay it in.
    pub claim: f64,
    /// What the loser could not pay.
    pub default: f64,
    /// What honest traders got less than their deposits, their own result and their fees.
    pub honest_short: f64,
    /// What the insurance fund paid for the colluders.
    pub insurance_paid: f64,
    /// What the two held against each other before the jump.
    pub notional: f64,
}

/// A point of the grid.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Index of the book.
    pub book: usize,
    /// The jump.
    pub jump: f64,
    /// Who liquidated.
    pub liquidator: Liquidator,
    /// Who came first.
    pub first: First,
    /// What came of it.
    pub outcome: Outcome,
}

const START: [f64; 2] = [100.0, 1_000.0];
const NAMES: [&str; 2] = ["SOL", "ETH"];

fn set_up(book: &Book) -> Result<House> {
    let setting = Setting::recommended(3_600);
    let listed = |name: &&str| {
        let named = AssetSpec::coin(name, 9);
        let args = AddAssetArgs {
            symbol: named.args.symbol,
            feed_id: named.args.feed_id,
            decimals: named.args.decimals,
            max_age_s: named.args.max_age_s,
            sources: SourceArgs { payout_jump_bps: book.payout_jump_bps, ..SourceArgs::PYTH },
            ..setting.asset.clone()
        };
        AssetSpec { args, ..named }
    };
    let mut house = House::empty(setting.house);
    house.vm.trust_signers();
    let returns: Vec<f64> = setting.joint_bps.iter().map(|bps| f64::from(*bps) / 10_000.0).collect();
    for (index, name) in NAMES.iter().enumerate() {
        house.list_asset(listed(name)).map_err(|e| anyhow!("listing: {e}"))?;
        let mut market = ballast_sandbox::MarketSpec::perpetual(name, index as u8);
        market.args.penalty_bps = setting.asset.penalty_bps;
        market.args.fee_bps = FEE_BPS;
        market.args.profit_cap = book.profit_cap * QUOTE;
        house.open_market(market).map_err(|e| anyhow!("a market: {e}"))?;
        let history = ballast_sandbox::house::made_up_history(index as u8);
        house.calibrate(history).map_err(|e| anyhow!("calibration: {e}"))?;
        house.load_stress(stress_rows(index as u8, &returns)).map_err(|e| anyhow!("stress: {e}"))?;
    }
    house.open().map_err(|e| anyhow!("opening: {e}"))?;
    house.post_all(&START);
    house.season(&START);
    if book.insurance > 0 {
        let giver = house.person();
        let mint = house.at.quote_mint;
        let source = giver.wallets[&mint];
        house.vm.mint_to(&mint, &source, book.insurance * QUOTE);
        let give = house.at.top_up_insurance(giver.pubkey(), source, book.insurance * QUOTE);
        house.vm.send(&[give], &[&giver.key]).map_err(|e| anyhow!("insurance: {e}"))?;
    }
    Ok(house)
}

/// Signed native units of each market at a gross of `scale` micro-units a share.
fn sized(house: &House, book: &Book, scale: u64) -> Vec<(u8, i64)> {
    let legs = book.legs.iter().enumerate();
    legs.map(|(m, share)| {
        (m as u8, units(house, m as u8, scale * share.unsigned_abs()) as i64 * share.signum())
    })
    .collect()
}

/// Largest size at which both sides meet IM.
fn largest(house: &House, book: &Book, sides: [&Person; 2]) -> u64 {
    let board = house.board();
    let fits = |scale: u64| {
        sides.iter().zip([1, -1]).all(|(person, sign)| {
            let mut account = *house.margin_account(&person.account);
            for (market, base) in sized(house, book, scale) {
                let spot = board.assets[usize::from(market)].spot();
                let Ok(cost) = spot.value(sign * base) else {
                    return false;
                };
                // A unit for the rounding of each slice, and the taker's fee.
                let listed = &board.markets[usize::from(market)];
                let fee = (cost.abs() / 10_000 + 1) * i64::from(FEE_BPS) + 16;
                if account.add_position(market, listed, sign * base, -cost - 16).is_err()
                    || account.add_quote(-fee, &board).is_err()
                {
                    return false;
                }
            }
            health(&account, &board, house.vm.now()).is_ok_and(|h| h.initial.meets_initial())
        })
    };
    let (mut low, mut high) = (0, 4_000_000_000 * QUOTE);
    while high - low > QUOTE {
        let middle = low + (high - low) / 2;
        if fits(middle) { low = middle } else { high = middle }
    }
    (low as f64 * book.leverage) as u64
}

/// Everything that can be had out of an account now: quote up to what the program lets go, then coins. Dollars.
fn take_out(house: &mut House, person: &Person) -> f64 {
    let mut out = 0.0;
    let account = house.margin_account(&person.account);
    let (mut low, mut high) = (0u64, account.quote.max(0).unsigned_abs());
    if high > 0 && house.withdraw_quote(person, high).is_ok() {
        low = high;
    } else {
        // Each withdrawal that is accepted is kept: the search is the attack.
        let mut step = high;
        while step > 0 {
            if house.withdraw_quote(person, step).is_ok() {
                low += step;
            }
            step /= 2;
        }
        high = low;
    }
    debug_assert!(low == high || low == 0);
    out += low as f64 / QUOTE as f64;
    for slot in account.held_collateral() {
        let mut step = slot.amount;
        while step > 0 {
            let value = house.value(slot.asset, step) as f64 / QUOTE as f64;
            if house.withdraw_collateral(person, slot.asset, step).is_ok() {
                out += value;
            }
            step /= 2;
        }
    }
    out
}

/// Settles in every market, in this order; refused where there is nothing to settle.
fn settle(house: &mut House, people: &[&Person]) {
    for person in people {
        for market in 0..NAMES.len() as u8 {
            let _ = house.settle(market, person);
            let _ = house.touch_position(market, person);
        }
    }
}

/// Base of a position as it is now.
fn held(house: &House, market: u8, person: &Person) -> i64 {
    let slot = house.margin_account(&person.account).position(market);
    house.board().markets[usize::from(market)].now(&slot).map_or(0, |now| now.base)
}

/// Closes what two hold against each other, as far as the program lets them.
fn close_together(house: &mut House, one: &Person, other: &Person) {
    for market in 0..NAMES.len() as u8 {
        let (a, b) = (held(house, market, one), held(house, market, other));
        let size = a.unsigned_abs().min(b.unsigned_abs()) as i64;
        if size > 0 && (a < 0) != (b < 0) {
            let _ = house.fill_at_oracle(market, one, other, -size * a.signum());
        }
    }
}

/// Closes at spot whatever these people hold, against somebody else.
fn leave(house: &mut House, people: &[Person], other: &Person) {
    for person in people {
        for market in 0..NAMES.len() as u8 {
            let base = held(house, market, person);
            if base != 0 {
                // Refused where it is short of margin, or the asset takes no new risk.
                let _ = house.fill_at_oracle(market, person, other, -base);
            }
        }
    }
}

/// Has whoever of these is bankrupt resolved, as often as there is somebody to ask.
fn resolve_all(house: &mut House, people: &[&Person]) {
    for person in people {
        for _ in 0..2 * NAMES.len() {
            if waterfall::resolve(house, person).is_err() {
                break;
            }
        }
    }
}

/// Hours after which the stable price has followed any jump of the grid to within a hundredth.
const FOLLOWS: usize = 10;

/// A crank comes: it starts the clocks of who is short, lets keepers have their time, and resolves who is bankrupt.
fn crank(house: &mut House, people: &[Person; 2], prices: &[f64]) {
    for person in people {
        // Refused where it has its margin.
        let _ = house.touch(&person.account);
    }
    house.vm.advance(60);
    house.post_all(prices);
    resolve_all(house, &[&people[0], &people[1]]);
}

/// Quote of some people together, micro-units.
fn quote_of(house: &House, people: &[Person]) -> i64 {
    people.iter().map(|p| house.margin_account(&p.account).quote).sum()
}

/// Plays one path.
///
/// # Errors
/// If the program refuses to be set up, or the first trade.
pub fn play(book: &Book, jump: f64, liquidator: Liquidator, first: First) -> Result<Outcome> {
    let mut house = set_up(book)?;
    let house = &mut house;
    let deep = house.person_with_quote(2_000_000_000);
    let two = [house.person(), house.person()];
    for person in &two {
        let coins = (book.equity as f64 * book.coins) as u64 * QUOTE;
        let amount = units(house, 0, coins);
        if amount > 0 {
            house.fund_collateral(person, 0, amount).map_err(|e| anyhow!("coins: {e}"))?;
        }
        house.fund_quote(person, book.equity * QUOTE - coins).map_err(|e| anyhow!("quote: {e}"))?;
    }
    let own = 20 * book.equity + 1_000_000;
    let third = house.person_with_quote(own);

    let honest = [0, 1].map(|_| house.person_with_quote(4 * book.honest.max(1)));
    if book.honest > 0 {
        let base = units(house, 0, book.honest * QUOTE) as i64;
        house.fill_at_oracle(0, &honest[0], &honest[1], base).map_err(|e| anyhow!("honest: {e}"))?;
    }
    // What the honest have after their fee; their results cancel.
    let honest_had = quote_of(house, &honest);
    let scale = largest(house, book, [&two[0], &two[1]]);
    let legs = sized(house, book, scale);
    // A book of several legs has to stay above IM after each of them.
    const SLICES: i64 = 8;
    for slice in 0..SLICES {
        for (market, base) in &legs {
            let part = base * (slice + 1) / SLICES - base * slice / SLICES;
            if part != 0 {
                house.fill_at_oracle(*market, &two[0], &two[1], part).map_err(|e| anyhow!("a fill: {e}"))?;
            }
        }
    }
    let notional = scale as f64 / QUOTE as f64 * book.legs.len() as f64;

    house.vm.advance(30);
    let prices = [0, 1].map(|a| if book.jumps[a] { START[a] * (1.0 + jump) } else { START[a] });
    house.post_all(&prices);
    let coins = two.iter().map(|p| house.margin_account(&p.account).collateral_of(0)).sum::<u64>();
    let put_in = (2 * book.equity) as f64 * (1.0 - book.coins)
        + house.value(0, coins) as f64 / QUOTE as f64
        + own as f64;
    let paid_before = house.treasury().bad_debt_paid;

    // The first of each pair is long in the first market: it loses where prices fall. Every loser pays, the honest one
    // too, before either winner is paid; and of the winners the colluders' is the first.
    let (loses, wins) = if jump < 0.0 { (0, 1) } else { (1, 0) };
    let order = [&two[loses], &honest[loses], &two[wins], &two[loses], &two[wins], &honest[wins]];
    let keeper = if liquidator == Liquidator::Own { &third } else { &deep };
    if first == First::Crank {
        crank(house, &two, &prices);
    }
    for round in 0..3 {
        if round == 1 {
            crank(house, &two, &prices);
            for _ in 0..FOLLOWS {
                house.vm.advance(3_600);
                house.post_all(&prices);
            }
        }
        settle(house, &order);
        for loser in &two {
            for _ in 0..16 {
                let Some(plan) = house.plan(&loser.account, keeper) else { break };
                house.liquidate(&loser.account, keeper, &plan).map_err(|e| anyhow!("a liquidation: {e}"))?;
            }
        }
        // What the keeper took over it trades back with the winner; and what is left, the two close with each other.
        for one in &two {
            close_together(house, one, keeper);
        }
        close_together(house, &two[0], &two[1]);
        if round > 0 {
            // What deleveraging has left of the winner's position would hold back margin.
            leave(house, &two, &deep);
        }
        // The fund pays the debt that is left, and with it their winner.
        resolve_all(house, &[&two[loses], &two[wins]]);
        settle(house, &[&two[0], &two[1], keeper, &two[0], &two[1]]);
    }
    let taken: f64 = two.iter().chain([&third]).map(|person| take_out(house, person)).sum();

    // The honest close with each other, and what was closed for the one of them, the other closes with somebody; then
    // they go.
    let mut honest_short = 0.0;
    if book.honest > 0 {
        let before = quote_of(house, &honest);
        close_together(house, &honest[1], &honest[0]);
        for person in &honest {
            let base = held(house, 0, person);
            if base != 0 {
                // Refused where the jump guards the asset: then it is settled as it stands.
                let _ = house.fill_at_oracle(0, person, &deep, -base);
            }
        }
        let fees = before - quote_of(house, &honest);
        settle(house, &[&honest[loses], &honest[wins], &honest[loses], &honest[wins]]);
        let got = quote_of(house, &honest) as f64 / QUOTE as f64;
        honest_short = (honest_had - fees) as f64 / QUOTE as f64 - got;
    }
    let unsettled = |person: &Person| {
        let board = house.board();
        let account = house.margin_account(&person.account);
        let values = account.held_positions().map(|slot| {
            let spot = board.assets[usize::from(slot.market)].spot();
            spot.value(slot.base).unwrap_or(0) + slot.entry
        });
        values.sum::<i64>() as f64 / QUOTE as f64
    };
    let [one, other] = [unsettled(&two[0]), unsettled(&two[1])];
    Ok(Outcome {
        gain: taken - put_in,
        claim: one.max(0.0) + other.max(0.0),
        default: -(one.min(0.0) + other.min(0.0)),
        honest_short,
        insurance_paid: (house.treasury().bad_debt_paid - paid_before) as f64 / QUOTE as f64,
        notional,
    })
}

/// Plays the grid.
///
/// # Errors
/// As [`play`].
pub fn grid(books: &[Book], jumps: &[f64], progress: &mut dyn FnMut(usize)) -> Result<Vec<Cell>> {
    let mut ways = Vec::new();
    for (index, book) in books.iter().enumerate() {
        for jump in jumps {
            for liquidator in [Liquidator::Honest, Liquidator::Own] {
                ways.extend(book.firsts().iter().map(|first| (index, *jump, liquidator, *first)));
            }
        }
    }
    let cell = |at: usize| {
        let (book, jump, liquidator, first) = ways[at];
        let outcome = play(&books[book], jump, liquidator, first)?;
        Ok(Cell { book, jump, liquidator, first, outcome })
    };
    parallel::each(ways.len(), cell, progress)
}
