//! What the TypeScript client is compared with: addresses, and instructions byte by byte, as this client makes them.
//!
//! The figures stand in `app/client/test/fixtures/rust.json`, which the tests of `app/client` read. This test fails when
//! they are no longer this client's; `BLESS=1 cargo test --workspace --test typescript` writes them anew.

use std::fmt::Write;
use std::path::Path;

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use ballast::governance::{Parameter, ROWS, Target};
use ballast::instructions::{LegAmount, LiquidationLeg, RequestTradeArgs};
use ballast::state::{TradeRequest, VERSION};
use ballast_client::Deployment;
use ballast_client::instructions::{CollateralRef, Which};

const FIXTURE: &str = "../../app/client/test/fixtures/rust.json";

const QUOTE_MINT: Pubkey = key(1);
const OWNER: Pubkey = key(2);
const PAYER: Pubkey = key(3);
const MINT: Pubkey = key(4);
const TOKENS: Pubkey = key(5);
const KEEPER: Pubkey = key(6);
const TOKEN_2022: Pubkey = anchor_spl::token_2022::ID;

const fn key(n: u8) -> Pubkey {
    Pubkey::new_from_array([n; 32])
}

fn addresses(house: &Deployment, account: Pubkey) -> Vec<(&'static str, Pubkey)> {
    let which = Which { parameter: Parameter::Band, target: 7 };
    vec![
        ("clearinghouse", house.clearinghouse),
        ("board", house.board),
        ("treasury", house.treasury),
        ("quoteVault", house.quote_vault),
        ("programData", Deployment::program_data()),
        ("asset 0", house.asset(0)),
        ("asset 31", house.asset(31)),
        ("market 0", house.market(0)),
        ("market 63", house.market(63)),
        ("vault of the mint", house.vault(&MINT)),
        ("margin account 0", account),
        ("margin account 513", house.margin_account(&OWNER, 513)),
        ("backstop 3", house.backstop(3)),
        ("slice 3", house.slice(3)),
        ("share of 3", house.backstop_share(3, &OWNER)),
        ("request 2^63", house.trade_request(&account, 1 << 63)),
        ("proposal 258", house.proposal(258)),
        ("mandate for the band of 7", house.mandate(which)),
    ]
}

fn instructions(house: &Deployment, account: Pubkey) -> Vec<(&'static str, Instruction)> {
    let collateral = Some(CollateralRef { index: 5, mint: MINT, token_program: TOKEN_2022 });
    let args = RequestTradeArgs { id: 9, base: -1_500_000, limit_quote: 250_000_000, expires_in_s: 60 };
    let request = TradeRequest {
        version: VERSION,
        bump: 0,
        market: 3,
        margin_account: account,
        payer: PAYER,
        id: 9,
        base: args.base,
        limit_quote: args.limit_quote,
        commitment: 0,
        after: 0,
        expires: 0,
        reserved: [0; 64],
    };
    let legs = [
        LegAmount { leg: LiquidationLeg::Position { market: 3 }, amount: 1_000 },
        LegAmount { leg: LiquidationLeg::Collateral { asset: 5 }, amount: 2_000 },
        LegAmount { leg: LiquidationLeg::Position { market: 0 }, amount: 3_000 },
    ];
    let of = |parameter, target| Which { parameter, target };
    let ratio = of(Parameter::InitialRatio, 0);
    let haircut = of(Parameter::HaircutMin, 5);
    let band = of(Parameter::Band, 3);
    let fee = of(Parameter::BackstopFee, 3);
    vec![
        ("open cross", house.open_margin_account(PAYER, OWNER, 513)),
        ("open isolated", house.open_account(PAYER, OWNER, 1, Some(3))),
        ("close", house.close_margin_account(OWNER, account)),
        ("deposit quote", house.deposit(account, OWNER, None, TOKENS, 1_000_001)),
        ("deposit collateral", house.deposit(account, OWNER, collateral, TOKENS, u64::MAX)),
        ("withdraw quote", house.withdraw(account, OWNER, None, TOKENS, 7)),
        ("withdraw collateral", house.withdraw(account, OWNER, collateral, TOKENS, 8)),
        ("transfer quote", house.transfer(OWNER, account, KEEPER, None, 9)),
        ("transfer collateral", house.transfer(OWNER, account, KEEPER, Some(5), 10)),
        ("request trade", house.request_trade(PAYER, 3, (account, OWNER), args)),
        ("execute trade", house.execute_trade(&request)),
        ("close request", house.close_request(OWNER, &request)),
        ("settle", house.settle(3, account)),
        ("touch position", house.touch_position(3, account)),
        ("touch account", house.touch_account(account)),
        ("health", house.health(account)),
        ("liquidate", house.liquidate(account, (KEEPER, OWNER), &legs)),
        ("open share", house.open_backstop_share(PAYER, OWNER, 3)),
        ("backstop deposit", house.backstop_deposit(3, OWNER, TOKENS, 11)),
        ("backstop request withdraw", house.backstop_request_withdraw(3, OWNER, 12)),
        ("backstop cancel withdraw", house.backstop_cancel_withdraw(3, OWNER)),
        ("backstop withdraw", house.backstop_withdraw(3, OWNER, TOKENS)),
        ("propose for the house", house.propose(PAYER, OWNER, false, 258, ratio, 15_000, 14_000)),
        ("propose as steward", house.propose(PAYER, OWNER, true, 258, haircut, 500, 450)),
        ("tighten a market", house.tighten(OWNER, false, band, 100, 90)),
        ("propose for a backstop", house.propose(PAYER, OWNER, false, 258, fee, 10, 9)),
        ("apply for a market", house.apply_proposal(258, Some(band))),
        ("apply a listing", house.apply_proposal(258, None)),
        ("cancel proposal", house.cancel_proposal(OWNER, 258, PAYER)),
    ]
}

fn written(instruction: &Instruction) -> String {
    let accounts: Vec<_> = instruction
        .accounts
        .iter()
        .map(|meta| {
            let writable = if meta.is_writable { "w" } else { "" };
            let signer = if meta.is_signer { "s" } else { "" };
            format!("\"{} {writable}{signer}\"", meta.pubkey)
        })
        .collect();
    let data = instruction.data.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("writing to a string");
        hex
    });
    format!("{{ \"data\": \"{data}\", \"accounts\": [\n      {}\n    ] }}", accounts.join(",\n      "))
}

fn fixture() -> String {
    let house = Deployment::of(QUOTE_MINT);
    let account = house.margin_account(&OWNER, 0);
    let rows = |rows: Vec<String>| rows.join(",\n    ");
    let addresses = addresses(&house, account).into_iter().map(|(name, at)| format!("\"{name}\": \"{at}\""));
    let instructions =
        instructions(&house, account).into_iter().map(|(name, ix)| format!("\"{name}\": {}", written(&ix)));
    let targets = ROWS.iter().map(|row| {
        let target = match row.target {
            Target::House => "house",
            Target::Asset => "asset",
            Target::Market => "market",
            Target::Backstop => "backstop",
        };
        format!("\"{:?}\": \"{target}\"", row.parameter)
    });
    format!(
        "{{\n  \"addresses\": {{\n    {}\n  }},\n  \"targets\": {{\n    {}\n  }},\n  \"instructions\": {{\n    {}\n  }}\n}}\n",
        rows(addresses.collect()),
        rows(targets.collect()),
        rows(instructions.collect()),
    )
}

#[test]
fn the_typescript_client_is_compared_with_what_this_client_makes_now() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FIXTURE);
    let fresh = fixture();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &fresh).expect("the fixture is writable");
    }
    let committed = std::fs::read_to_string(&path).expect("the fixture is there");
    assert!(
        committed == fresh,
        "{FIXTURE} is stale: run this test with BLESS=1, then `npm test` in app/client"
    );
}
