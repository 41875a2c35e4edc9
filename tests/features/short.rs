//! Accounts that are short by a given measure: what the stories of liquidation start from.

use ballast::limits::PhaseParams;
use ballast_client::risk::margin::Margin;
use ballast_sandbox::house::{HouseParams, QUOTE, Sent, default_phases, made_up_history};
use ballast_sandbox::{AssetSpec, House, MarketSpec, Person};

use crate::common::{BASE, prices_after};

/// A market for a story.
#[derive(Clone, Copy)]
pub struct Stage {
    /// How liquidation proceeds.
    pub phases: PhaseParams,
    /// Depth of the coin over an hour, whole quote.
    pub depth: u64,
    /// Taker fee, basis points.
    pub fee_bps: u32,
}

impl Default for Stage {
    fn default() -> Self {
        Self { phases: default_phases(), depth: 1 << 30, fee_bps: 0 }
    }
}

impl Stage {
    /// SOL at 100 and its perpetual.
    pub fn house(&self) -> House {
        let mut house = House::with_params(HouseParams { phases: self.phases, ..HouseParams::default() });
        for (index, name) in ["SOL", "ETH"].into_iter().enumerate() {
            let mut spec = AssetSpec::coin(name, 9);
            (spec.args.depth_floor, spec.args.depth_cap) = (self.depth * QUOTE, self.depth * QUOTE);
            house.list_asset(spec).expect("a coin is listed");
            let mut market = MarketSpec::perpetual(name, index as u8);
            market.args.fee_bps = self.fee_bps;
            house.open_market(market).expect("a market is opened");
            house.calibrate(made_up_history(index as u8)).expect("a calibration is loaded");
        }
        house.open().expect("governance opens");
        house.post_all(&[100.0, 1_000.0]);
        house
    }

    /// Long so many coins each, SOL then falls to `price`; equity ÷ MM is then as given.
    pub fn short(&self, price: f64, books: &[(i64, f64)]) -> Scene {
        let rich: Vec<(i64, u64)> = books.iter().map(|&(coins, _)| (coins, 1_000_000 * QUOTE)).collect();
        let probe = self.play(price, &rich);
        // MM does not depend on cash, so equity is off by what the deposit is off.
        let deposits: Vec<(i64, u64)> = (0..books.len())
            .map(|i| {
                let (m, (coins, part)) = (probe.margin(i), books[i]);
                let deposit = 1_000_000.0 * QUOTE as f64 - m.equity as f64 + m.maintenance as f64 * part;
                (coins, deposit as u64)
            })
            .collect();
        let scene = self.play(price, &deposits);
        for (i, &(_, part)) in books.iter().enumerate() {
            let m = scene.margin(i);
            let is = m.equity as f64 / m.maintenance as f64;
            assert!((is - part).abs() < 0.01, "equity ÷ MM is {is}, should be {part}");
        }
        scene
    }

    fn play(&self, price: f64, books: &[(i64, u64)]) -> Scene {
        let mut house = self.house();
        let (desk, keeper) = (house.person_with_quote(100_000_000), house.person_with_quote(100_000_000));
        let mut people = Vec::new();
        for &(coins, deposit) in books {
            let who = house.person();
            house.fund_quote(&who, deposit).expect("a deposit");
            house.fill_at_oracle(0, &who, &desk, coins * BASE).expect("enough for IM");
            people.push(who);
        }
        prices_after(&mut house, 30, &[price, 1_000.0]);
        Scene { house, people, desk, keeper, price }
    }
}

/// Accounts that are short of margin, a desk on the other side, and a keeper.
pub struct Scene {
    pub house: House,
    pub people: Vec<Person>,
    pub desk: Person,
    pub keeper: Person,
    pub price: f64,
}

impl crate::common::World for Scene {
    fn vm(&mut self) -> &mut ballast_sandbox::Vm {
        &mut self.house.vm
    }
}

impl Scene {
    /// MM and equity of one of them.
    pub fn margin(&self, i: usize) -> Margin {
        self.house.health(&self.people[i]).maintenance
    }

    /// The keeper takes so many native units of one's position.
    pub fn take(&mut self, i: usize, amount: u64) -> Sent {
        let take = self.house.at.liquidate_position(self.people[i].account, self.keeper.party(), 0, amount);
        self.house.vm.send(&[take], &[&self.keeper.key])
    }

    /// Anybody looks at one of them.
    pub fn touch(&mut self, i: usize) -> Sent {
        self.house.touch(&self.people[i].account)
    }

    /// The same price, published again a little later.
    pub fn later(&mut self, seconds: i64) {
        prices_after(&mut self.house, seconds, &[self.price, 1_000.0]);
    }

    /// Another price, a little later.
    pub fn move_to(&mut self, price: f64, seconds: i64) {
        self.price = price;
        self.later(seconds);
    }

    /// The position of one of them, native units.
    pub fn base(&self, i: usize) -> i64 {
        self.house.margin_account(&self.people[i].account).position(0).base
    }
}
