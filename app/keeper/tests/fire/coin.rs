//! A house with one coin, and how an account stands in it once the coin's price has fallen.

use anchor_lang::prelude::Pubkey;
use ballast::limits::PhaseParams;
use ballast::margin::BoardView;
use ballast::state::Sample;
use ballast_risk::book::Basis;
use ballast_risk::margin::Margin;
use ballast_risk::price::Price;
use ballast_sandbox::house::{HouseParams, made_up_history};
use ballast_sandbox::{AssetSpec, House, MarketSpec};

/// A house that is open, with the coin at a price that it has lived with, and its perpetual.
pub fn house(phases: PhaseParams, coin: AssetSpec, price: f64) -> House {
    let mut house = House::with_params(HouseParams { phases, ..HouseParams::default() });
    house.list_asset(coin).unwrap();
    house.open_market(MarketSpec::perpetual("SOL", 0)).unwrap();
    house.calibrate(made_up_history(0)).unwrap();
    house.open().unwrap();
    house.post_all(&[price]);
    house.season(&[price]);
    house
}

/// How an account stands once the price has fallen, by the program's own functions.
pub fn fallen(house: &House, account: &Pubkey, price: f64) -> Margin {
    let mut board = house.board();
    let now = house.vm.now() + 60;
    let said = Ok(Price::from_decimal((price * 1e8) as i64, -8, 9).unwrap());
    board.hear(0, &Sample { said, publish_time: now, silence_s: 1, confidence_bps: 5 }, now).unwrap();
    let view = BoardView::for_liquidation(&board, now);
    view.margin(&house.margin_account(account), Basis::Maintenance).unwrap()
}
