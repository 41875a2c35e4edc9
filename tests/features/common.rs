//! What the stories share: refusals, the books of a house, a rival house in the same VM.

use std::collections::BTreeMap;

use anchor_lang::AnchorDeserialize;
use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use anchor_spl::{token, token_2022};
use ballast::instructions::{HealthReport, InitializeClearinghouseArgs};
use ballast::state::risk_board::SCALE_ONE;
use ballast::state::{MarginAccount, Market};
use ballast_client::{Deployment, decode};
use ballast_sandbox::house::{HouseParams, ListedAsset, Sent, default_backstop, made_up_history};
use ballast_sandbox::{AssetSpec, House, Keypair, MarketSpec, Person, Signer, Vm};

/// One whole token of the coins that [`House::with_coins`] lists: nine decimals.
pub const COIN: u64 = 1_000_000_000;
/// The same, signed.
pub const BASE: i64 = COIN as i64;

/// A clearinghouse with one coin at 100 quote, and its perpetual.
pub fn sol() -> House {
    House::with_coins(&[("SOL", 100.0)])
}

/// The same with a second coin at 1,000 quote.
pub fn sol_and_eth() -> House {
    House::with_coins(&[("SOL", 100.0), ("ETH", 1_000.0)])
}

/// A house with one coin at 100, a backstop of 100,000 behind its perpetual, and a trader with as much.
pub fn backed() -> (House, Person) {
    let mut house = sol();
    house.create_backstop(0, default_backstop()).expect("governance creates a backstop");
    house.provider(0, 100_000);
    let trader = house.person_with_quote(100_000);
    (house, trader)
}

/// A house with one coin whose market takes 1 % of every fill.
pub fn sol_with_fees() -> House {
    with_fees(HouseParams::default())
}

/// The same at other parameters.
pub fn with_fees(params: HouseParams) -> House {
    let mut house = House::with_params(params);
    house.list_asset(AssetSpec::coin("SOL", 9)).expect("a coin is listed");
    let mut spec = MarketSpec::perpetual("SOL", 0);
    spec.args.fee_bps = 100;
    house.open_market(spec).expect("a market is opened");
    house.calibrate(made_up_history(0)).expect("a calibration is loaded");
    house.open().expect("the clearinghouse opens");
    house.post_all(&[100.0]);
    house
}

/// Lets keepers have their time with an account that is short.
pub fn nobody_comes(house: &mut House, person: &Person, dollars: &[f64]) {
    house.touch(&person.account).expect("it is short");
    prices_after(house, 60, dollars);
}

/// Time passes, then these are the prices.
pub fn prices_after(house: &mut House, seconds: i64, dollars: &[f64]) {
    house.vm.advance(seconds);
    house.post_all(dollars);
}

// ---- refusals ------------------------------------------------------------------------------------

/// Something with a VM in it.
pub trait World {
    /// The VM.
    fn vm(&mut self) -> &mut Vm;
}

impl World for Vm {
    fn vm(&mut self) -> &mut Vm {
        self
    }
}

impl World for House {
    fn vm(&mut self) -> &mut Vm {
        &mut self.vm
    }
}

/// Every account of the program and of the token programs, to the byte and the lamport.
pub fn everything(vm: &Vm) -> BTreeMap<Pubkey, (u64, Vec<u8>)> {
    [ballast::ID, token::ID, token_2022::ID]
        .iter()
        .flat_map(|program| vm.svm.get_program_accounts(program))
        .map(|(address, account)| (address, (account.lamports, account.data)))
        .collect()
}

/// The attempt is refused with exactly this error, and nothing has changed.
#[track_caller]
pub fn refused<W: World, E: Into<u32>>(world: &mut W, error: E, attempt: impl FnOnce(&mut W) -> Sent) {
    let (code, before) = (error.into(), everything(world.vm()));
    match attempt(world) {
        Ok(receipt) => panic!("expected refusal {code}, but it was accepted:\n{}", receipt.logs.join("\n")),
        Err(refusal) => assert_eq!(refusal.code(), Some(code), "{refusal}"),
    }
    assert!(before == everything(world.vm()), "a refused attempt changed an account");
}

/// [`refused`], of one instruction.
#[track_caller]
pub fn refused_ix<W: World, E: Into<u32>>(
    world: &mut W,
    error: E,
    instruction: Instruction,
    signers: &[&Keypair],
) {
    refused(world, error, |w| w.vm().send(&[instruction], signers));
}

/// The instruction with one of its accounts exchanged for another.
pub fn with_account(mut instruction: Instruction, from: Pubkey, to: Pubkey) -> Instruction {
    let metas: Vec<_> = instruction.accounts.iter_mut().filter(|m| m.pubkey == from).collect();
    assert!(!metas.is_empty(), "the instruction does not name that account");
    metas.into_iter().for_each(|m| m.pubkey = to);
    instruction
}

/// The instruction without the signature of one account.
pub fn unsigned(mut instruction: Instruction, key: Pubkey) -> Instruction {
    instruction.accounts.iter_mut().filter(|m| m.pubkey == key).for_each(|m| m.is_signer = false);
    instruction
}

// ---- books ---------------------------------------------------------------------------------------

/// Every margin account of the house.
pub fn all_accounts(house: &House) -> Vec<MarginAccount> {
    let found = house.vm.svm.get_program_accounts(&ballast::ID);
    let accounts = found.iter().filter_map(|(_, a)| decode::margin_account(&a.data).ok()).map(|a| *a);
    accounts.filter(|a| a.clearinghouse == house.at.clearinghouse).collect()
}

/// Conservation, exact to the unit: quote, every collateral, and in every market base and entries.
#[track_caller]
pub fn assert_conserved(house: &House) {
    let accounts = all_accounts(house);
    let markets: Vec<Market> = (0..house.markets.len() as u8).map(|m| house.market(m)).collect();
    let quote: i128 = accounts.iter().map(|a| i128::from(a.quote) + i128::from(a.interest_owed)).sum();
    let pools: i128 = markets.iter().map(|m| i128::from(m.pool) + i128::from(m.fees)).sum();
    let owed = quote + pools + i128::from(house.treasury().insurance);
    assert_eq!(i128::from(house.vm.tokens(&house.at.quote_vault)), owed, "quote is conserved");

    for (index, asset) in house.assets.iter().enumerate() {
        if let Some(mint) = asset.mint {
            let held: u64 = accounts.iter().map(|a| a.collateral_of(index as u8)).sum();
            assert_eq!(house.vm.tokens(&house.at.vault(&mint)), held, "collateral {index} is conserved");
        }
    }
    for (index, market) in markets.iter().enumerate() {
        let listed = house.board().markets[index];
        let written = accounts.iter().map(|a| a.position(index as u8));
        let entries: i128 = written.clone().map(|s| i128::from(s.entry)).sum();
        let held = |positive: bool| {
            written.clone().filter(|s| if positive { s.base > 0 } else { s.base < 0 }).count()
        };
        assert_eq!(held(true), market.holders_long as usize, "holders of longs in market {index}");
        assert_eq!(held(false), market.holders_short as usize, "holders of shorts in market {index}");
        let slots: Vec<_> = written.map(|s| listed.now(&s).expect("it can be brought in step")).collect();
        let base: i128 = slots.iter().map(|s| i128::from(s.base)).sum();
        let longs: i128 = slots.iter().map(|s| i128::from(s.base.max(0))).sum();
        // Truncation leaves at most a native unit behind, a position and a deleveraging.
        let touched = [listed.long, listed.short].iter().any(|s| s.scale != SCALE_ONE || s.epoch != 0);
        let dust = if touched { 8 * slots.len() as i128 } else { 0 };
        // Expired positions are cleared one by one, each for its payoff.
        if !listed.is_option() || house.vm.now() < listed.expiry {
            assert!(base.abs() <= dust, "every long has a short in market {index}, but {base} units");
        }
        let pool = i128::from(market.pool) + i128::from(market.realised);
        let balance = entries + i128::from(market.promised);
        assert_eq!(balance, pool, "entries balance with the pool in market {index}");
        // What is promised covers what positions are still to be given; what it is more is dust of rounding.
        let given: i128 = slots.iter().map(|s| i128::from(s.entry)).sum::<i128>() - entries;
        let left = i128::from(market.promised) - given;
        // A micro-unit stays behind each time that a position is brought in step.
        let rounding = if touched || listed.funding_rate != 0 { 1_000 } else { slots.len() as i128 };
        assert!((-dust..=rounding).contains(&left), "market {index} promised {left} more than it gives");
        let unheld = i128::from(market.open_interest) - longs;
        assert!((0..=dust).contains(&unheld), "open interest of market {index} is {unheld} off");
    }
}

/// What the program itself says of an account at spot: the return data of its instruction, out of the logs.
pub fn health_of(house: &mut House, person: &Person) -> HealthReport {
    let check = house.at.health(person.account);
    let receipt = house.vm.send(&[check], &[]).expect("anybody asks");
    let prefix = format!("Program return: {} ", ballast::ID);
    let line = receipt.logs.iter().find_map(|l| l.strip_prefix(&prefix)).expect("it returns something");
    HealthReport::try_from_slice(&from_base64(line)).expect("a report")
}

fn from_base64(text: &str) -> Vec<u8> {
    let value = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u8> = text.bytes().filter(|c| *c != b'=').map(value).collect();
    let bits = digits.iter().flat_map(|d| (0..6).rev().map(move |i| d >> i & 1));
    let bits: Vec<u8> = bits.collect();
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | bit)).collect()
}

/// Settled quote of a person.
pub fn quote_of(house: &House, person: &Person) -> i64 {
    house.margin_account(&person.account).quote
}

/// Tokens in a person's wallet.
pub fn wallet_of(house: &House, person: &Person, mint: &Pubkey) -> u64 {
    house.vm.tokens(&person.wallets[mint])
}

/// A key that nothing knows, with a wallet of quote.
pub fn stranger(house: &mut House, quote: u64) -> (Keypair, Pubkey) {
    let (key, mint) = (Keypair::new(), house.at.quote_mint);
    let wallet = house.vm.create_wallet(&mint, &key.pubkey(), quote);
    (key, wallet)
}

/// A coin that is listed and calibrated, with its perpetual; only before the house opens.
pub fn list_coin(house: &mut House, spec: AssetSpec) -> u8 {
    let name = spec.symbol.clone();
    let index = house.list_asset(spec).expect("a coin is listed");
    house.open_market(MarketSpec::perpetual(&name, index)).expect("a market is opened");
    house.calibrate(made_up_history(index)).expect("a calibration is loaded");
    index
}

// ---- a house beside the house --------------------------------------------------------------------

/// A second clearinghouse in the same VM, complete and open, with one coin at 100 quote: where
/// counterfeits that are genuine elsewhere come from.
pub struct Rival {
    /// Its addresses.
    pub at: Deployment,
    governance: Keypair,
    assets: Vec<ListedAsset>,
    markets: Vec<MarketSpec>,
}

impl Rival {
    /// Founds it.
    pub fn of(house: &mut House) -> Self {
        let at = Deployment::of(house.vm.create_mint(6));
        let mut rival = Self { at, governance: Keypair::new(), assets: Vec::new(), markets: Vec::new() };
        rival.visit(house, |house| {
            found(&mut house.vm, &at, house.governance.pubkey());
            list_coin(house, AssetSpec::coin("SOL", 9));
            house.open().expect("the rival opens");
            house.post_all(&[100.0]);
        });
        rival
    }

    /// Runs a story in the rival house.
    pub fn visit<T>(&mut self, house: &mut House, story: impl FnOnce(&mut House) -> T) -> T {
        self.swap(house);
        let told = story(house);
        self.swap(house);
        told
    }

    fn swap(&mut self, house: &mut House) {
        core::mem::swap(&mut self.at, &mut house.at);
        core::mem::swap(&mut self.governance, &mut house.governance);
        core::mem::swap(&mut self.assets, &mut house.assets);
        core::mem::swap(&mut self.markets, &mut house.markets);
    }
}

/// Initialises a clearinghouse and grows its board to full size.
pub fn found(vm: &mut Vm, at: &Deployment, governance: Pubkey) {
    let args = HouseParams::default().args(governance);
    initialise(vm, at, args).expect("the upgrade authority initialises");
    let payer = vm.payer.pubkey();
    vm.send(&[at.create_board(payer)], &[]).expect("the board's first step");
    for _ in 0..Deployment::board_steps() {
        vm.send(&[at.grow_board(payer)], &[]).expect("the board grows");
    }
}

/// `initialize_clearinghouse`, signed by the upgrade authority.
pub fn initialise(vm: &mut Vm, at: &Deployment, args: InitializeClearinghouseArgs) -> Sent {
    let authority = vm.upgrade_authority.insecure_clone();
    let initialise = at.initialize_clearinghouse(vm.payer.pubkey(), authority.pubkey(), args);
    vm.send(&[initialise], &[&authority])
}
