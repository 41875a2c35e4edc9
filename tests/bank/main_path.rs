//! Initialise, list, calibrate, open; deposit, trade, fall short, be liquidated; settle, and leave.

use anchor_lang::prelude::Pubkey;
use anchor_lang::{AnchorDeserialize, Discriminator};
use ballast::error::BallastError;
use ballast::event::{Liquidated, Ticked};
use ballast::instructions::{HealthReport, MatchFillArgs};
use ballast_client::instructions::CollateralRef;
use ballast_client::{Deployment, events, health, plan};
use ballast_sandbox::house::{AssetSpec, HouseParams, MarketSpec, QUOTE, made_up_history};
use ballast_sandbox::oracle::Update;
use ballast_sandbox::{Feed, Keypair, Signer};

use crate::harness::{Bank, Done};

/// Native units of the coin.
const COIN: u64 = 1_000_000_000;
const FEE_BPS: u32 = 5;

struct Person {
    key: Keypair,
    account: Pubkey,
    quote: Pubkey,
    coins: Pubkey,
}

/// A clearinghouse in the bank, with one coin and a perpetual on it.
struct House {
    bank: Bank,
    at: Deployment,
    governance: Keypair,
    coin: CollateralRef,
    price: Pubkey,
}

fn event<E: anchor_lang::Event + Discriminator + AnchorDeserialize>(done: &Done) -> E {
    events::of(&done.logs).into_iter().next().expect("the transaction emits the event")
}

impl House {
    async fn set_up() -> Self {
        let mut bank = Bank::start().await;
        let at = Deployment::of(bank.create_mint(6).await);
        let coin = CollateralRef::spl(0, bank.create_mint(9).await);
        let governance = Keypair::new();
        let (payer, authority) = (bank.payer(), bank.upgrade_authority.insecure_clone());

        let args = HouseParams::default().args(governance.pubkey());
        let stranger = Keypair::new();
        let by_stranger = at.initialize_clearinghouse(payer, stranger.pubkey(), args.clone());
        bank.refuse("a stranger initialises", by_stranger, &[&stranger], BallastError::NotUpgradeAuthority)
            .await;
        let initialise = at.initialize_clearinghouse(payer, authority.pubkey(), args);
        bank.accept("the upgrade authority initialises", initialise, &[&authority]).await;

        bank.accept("the board's first step", at.create_board(payer), &[]).await;
        for step in 0..Deployment::board_steps() {
            bank.accept(&format!("the board's step {step}"), at.grow_board(payer), &[]).await;
        }
        let mut spec = AssetSpec::coin("SOL", 9);
        spec.args.deposit_cap = 1_000 * COIN;
        let list = at.add_asset(payer, governance.pubkey(), 0, Some(coin.mint), spec.args);
        bank.accept("an asset is listed", list, &[&governance]).await;
        let mut spec = MarketSpec::perpetual("SOL", 0);
        spec.args.fee_bps = FEE_BPS;
        let open = at.add_market(payer, governance.pubkey(), 0, spec.args);
        bank.accept("a market is opened", open, &[&governance]).await;
        let load = at.load_calibration(governance.pubkey(), made_up_history(0));
        bank.accept("a calibration is loaded", load, &[&governance]).await;
        bank.accept("the clearinghouse opens", at.open_clearinghouse(governance.pubkey()), &[&governance])
            .await;
        Self { bank, at, governance, coin, price: Pubkey::new_unique() }
    }

    async fn person(&mut self, quote: u64, coins: u64) -> Person {
        let key = Keypair::new();
        let owner = key.pubkey();
        let account = self.at.margin_account(&owner, 0);
        let open = self.at.open_margin_account(self.bank.payer(), owner, 0);
        self.bank.accept("a margin account is opened", open, &[&key]).await;
        let person = Person {
            account,
            quote: self.bank.create_wallet(&self.at.quote_mint, &owner, quote).await,
            coins: self.bank.create_wallet(&self.coin.mint, &owner, coins).await,
            key,
        };
        if quote > 0 {
            let deposit = self.at.deposit(account, owner, None, person.quote, quote);
            self.bank.accept("quote is deposited", deposit, &[&person.key]).await;
        }
        if coins > 0 {
            let deposit = self.at.deposit(account, owner, Some(self.coin), person.coins, coins);
            self.bank.accept("a coin is deposited", deposit, &[&person.key]).await;
        }
        person
    }

    async fn refresh(&mut self, dollars: f64) {
        self.bank.post(self.price, &Update::dollars(Feed::of("SOL"), dollars, 5, self.bank.now()));
        self.bank.accept("a price is refreshed", self.at.refresh_price(0, self.price), &[]).await;
    }

    async fn tick(&mut self) -> Ticked {
        event(&self.bank.accept("a tick is taken", self.at.tick(), &[]).await)
    }

    /// The taker buys `base` (negative: sells) at the oracle price.
    async fn trade(&mut self, taker: &Person, maker: &Person, base: i64) {
        let spot = self.bank.board(&self.at).await.assets[0].spot();
        let quote = spot.value(base).expect("values fit").unsigned_abs();
        let fill = self.at.match_fill(
            0,
            (taker.account, taker.key.pubkey()),
            (maker.account, maker.key.pubkey()),
            MatchFillArgs { base, quote },
        );
        self.bank.accept("a fill is booked", fill, &[&taker.key, &maker.key]).await;
    }

    /// What the program says of an account; the client must say the same.
    async fn health(&mut self, person: &Person) -> HealthReport {
        let done = self.bank.accept("health", self.at.health(person.account), &[]).await;
        let said = HealthReport::try_from_slice(&done.return_data).expect("health returns its report");
        let account = self.bank.margin_account(&person.account).await;
        let board = self.bank.board(&self.at).await;
        let ours = health::health(&account, &board, self.bank.now()).expect("prices are fresh").maintenance;
        assert_eq!(
            (said.equity, said.core, said.addons, said.maintenance, said.initial),
            (ours.equity, ours.core, ours.addons, ours.maintenance, ours.initial)
        );
        said
    }

    /// Vaults against books, to the unit.
    async fn assert_conserved(&mut self, when: &str, people: &[&Person]) {
        let (mut quote, mut coins, mut base, mut entries) = (0i128, 0i128, 0i128, 0i128);
        for person in people {
            let account = self.bank.margin_account(&person.account).await;
            quote += i128::from(account.quote);
            coins += i128::from(account.collateral_of(0));
            base += i128::from(account.position(0).base);
            entries += i128::from(account.position(0).entry);
        }
        let market = self.bank.market(&self.at, 0).await;
        let insurance = self.bank.treasury(&self.at).await.insurance;
        let held = quote + i128::from(market.pool) + i128::from(market.fees) + i128::from(insurance);
        assert_eq!(i128::from(self.bank.tokens(&self.at.quote_vault.clone()).await), held, "{when}: quote");
        let vault = self.at.vault(&self.coin.mint);
        assert_eq!(i128::from(self.bank.tokens(&vault).await), coins, "{when}: collateral");
        assert_eq!(base, 0, "{when}: positions");
        assert_eq!(entries, i128::from(market.pool), "{when}: entries");
    }

    /// Settles everybody until nothing is left to settle.
    async fn settle(&mut self, people: &[&Person]) {
        loop {
            let mut settled = false;
            for person in people {
                settled |= self.bank.send(&[self.at.settle(0, person.account)], &[]).await.is_ok();
            }
            if !settled {
                return;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_path_through_a_bank() {
    let mut house = House::set_up().await;
    // A price, a tick, and an hour later another: the second tick samples.
    house.refresh(100.0).await;
    let again = house.at.load_calibration(house.governance.pubkey(), made_up_history(0));
    let governance = house.governance.insecure_clone();
    house.bank.refuse("calibrating an asset in use", again, &[&governance], BallastError::AlreadyOpen).await;
    assert_eq!(house.tick().await.sampled, 0);
    house.bank.advance(3_600);
    house.refresh(100.0).await;
    assert_eq!(house.tick().await.sampled, 1);

    let trader = house.person(1_000 * QUOTE, 2 * COIN).await;
    let maker = house.person(50_000 * QUOTE, 0).await;
    let keeper = house.person(100_000 * QUOTE, 0).await;
    let people = [&trader, &maker, &keeper];
    house.assert_conserved("after deposits", &people).await;

    house.trade(&trader, &maker, 50 * COIN as i64).await;
    house.assert_conserved("after the fill", &people).await;
    let calm = house.health(&trader).await;
    assert!(calm.equity as u64 > calm.initial, "the trader starts above IM: {calm:?}");

    // The coin falls by a tenth in a minute: equity falls, and σ, so MM rises.
    house.bank.advance(60);
    house.refresh(90.0).await;
    let short = house.health(&trader).await;
    assert!(short.maintenance > calm.maintenance, "{calm:?} {short:?}");
    assert!(0 < short.equity && (short.equity as u64) < short.maintenance, "{short:?}");
    let withdraw = house.at.withdraw(trader.account, trader.key.pubkey(), None, trader.quote, 1);
    house
        .bank
        .refuse("leaving while short", withdraw, &[&trader.key], BallastError::BelowInitialMargin)
        .await;

    let (target, own) =
        (house.bank.margin_account(&trader.account).await, house.bank.margin_account(&keeper.account).await);
    let board = house.bank.board(&house.at).await;
    let planned =
        plan::best(&target, &own, &board, house.bank.now()).expect("prices are fresh").expect("a plan");
    let liquidate = house.at.liquidate(trader.account, (keeper.account, keeper.key.pubkey()), &planned.legs);
    let done = house.bank.accept("the keeper liquidates", liquidate.clone(), &[&keeper.key]).await;
    let step: Liquidated = event(&done);
    let after = planned.step.after;
    assert_eq!((step.equity_after, step.mm_after), (after.equity, after.maintenance));
    assert!(step.to_insurance > 0);
    let saved = house.health(&trader).await;
    assert!(saved.equity as u64 >= saved.maintenance, "{saved:?}");
    house
        .bank
        .refuse("liquidating the healthy", liquidate, &[&keeper.key], BallastError::AccountHealthy)
        .await;
    house.assert_conserved("after the liquidation", &people).await;

    // Everybody gets out of the market, and what was won and lost is settled.
    for person in [&keeper, &trader] {
        let held = house.bank.margin_account(&person.account).await.position(0).base;
        if held != 0 {
            house.trade(person, &maker, -held).await;
        }
    }
    house.settle(&people).await;
    house.assert_conserved("after settlement", &people).await;
    house.bank.accept("fees are swept", house.at.sweep_fees(0), &[]).await;

    // And out of the house: all that stays is the insurance fund.
    for person in people {
        let account = house.bank.margin_account(&person.account).await;
        let owner = person.key.pubkey();
        if account.quote > 0 {
            let all =
                house.at.withdraw(person.account, owner, None, person.quote, account.quote.unsigned_abs());
            house.bank.accept("quote is withdrawn", all, &[&person.key]).await;
        }
        if account.collateral_of(0) > 0 {
            let coins = account.collateral_of(0);
            let all = house.at.withdraw(person.account, owner, Some(house.coin), person.coins, coins);
            house.bank.accept("a coin is withdrawn", all, &[&person.key]).await;
        }
    }
    house.assert_conserved("after withdrawal", &people).await;
    for person in people {
        let close = house.at.close_margin_account(person.key.pubkey(), person.account);
        house.bank.accept("an empty account is closed", close, &[&person.key]).await;
    }
    let left = house.bank.tokens(&house.at.quote_vault.clone()).await;
    let insurance = house.bank.treasury(&house.at).await.insurance;
    assert_eq!(left, insurance);
    // The penalty's share, and the fee on every fill, are in it.
    assert!(insurance > step.to_insurance);
}
