//! The backstop of a market: its capital, requests to trade with it, its takeovers.

use anchor_lang::prelude::Pubkey;
use ballast::instructions::RequestTradeArgs;
use ballast::limits::BackstopParams;
use ballast::state::{BackstopShare, BackstopVault, MarginAccount, TradeRequest};
use ballast_client::decode;
use solana_signer::Signer;

use super::{House, Person, QUOTE, Sent};

/// A backstop that suits a test: it holds up to 1,000 coins of nine decimals, trades up to 500 at once, charges 0.1 %
/// and up to 0.5 % more, may lose 50,000 a day, and lets nobody out within a day. Funding moves by up to 1 % a day, a
/// day.
#[must_use]
pub fn default_backstop() -> BackstopParams {
    BackstopParams {
        max_position: 1_000_000_000_000,
        max_trade: 500_000_000_000,
        loss_limit: 50_000 * QUOTE,
        loss_window_s: 86_400,
        fee_bps: 10,
        skew_bps: 50,
        max_lag_s: 10,
        withdrawal_delay_s: 86_400,
        funding_velocity_bps: 100,
        funding_max_bps: 500,
    }
}

impl House {
    /// Gives a market its backstop; after the opening as if it had been announced in time.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn create_backstop(&mut self, market: u8, params: BackstopParams) -> Sent {
        let (payer, governance) = (self.vm.payer.pubkey(), self.governance.insecure_clone());
        let create = self.at.create_backstop(payer, governance.pubkey(), market, params);
        self.send_listing(create, "create_backstop", market, None, &params)
    }

    /// Opens the account of a person's shares.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn open_share(&mut self, market: u8, person: &Person) -> Sent {
        let open = self.at.open_backstop_share(self.vm.payer.pubkey(), person.pubkey(), market);
        self.vm.send(&[open], &[&person.key])
    }

    /// A new owner with shares of a market's backstop for whole quote tokens.
    ///
    /// # Panics
    /// If the program refuses.
    pub fn provider(&mut self, market: u8, quote: u64) -> Person {
        let person = self.person();
        self.open_share(market, &person).expect("an owner opens its account of shares");
        self.back(market, &person, quote * QUOTE).expect("a vault takes capital");
        person
    }

    /// Mints quote micro-units into the wallet and buys shares of a market's backstop for them.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn back(&mut self, market: u8, person: &Person, amount: u64) -> Sent {
        let mint = self.at.quote_mint;
        let wallet = person.wallets[&mint];
        self.vm.mint_to(&mint, &wallet, amount);
        let deposit = self.at.backstop_deposit(market, person.pubkey(), wallet, amount);
        self.vm.send(&[deposit], &[&person.key])
    }

    /// Asks for a withdrawal of shares.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn ask_out(&mut self, market: u8, person: &Person, shares: u64) -> Sent {
        let ask = self.at.backstop_request_withdraw(market, person.pubkey(), shares);
        self.vm.send(&[ask], &[&person.key])
    }

    /// Makes the withdrawal that was asked for, into the wallet.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn walk_out(&mut self, market: u8, person: &Person) -> Sent {
        let wallet = person.wallets[&self.at.quote_mint];
        let withdraw = self.at.backstop_withdraw(market, person.pubkey(), wallet);
        self.vm.send(&[withdraw], &[&person.key])
    }

    /// Asks a market's backstop for a trade at any price.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn ask_trade(&mut self, market: u8, person: &Person, id: u64, base: i64) -> Sent {
        let limit_quote = if base > 0 { u64::MAX } else { 1 };
        self.ask_trade_at(market, person, RequestTradeArgs { id, base, limit_quote, expires_in_s: 60 })
    }

    /// Asks a market's backstop for a trade.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn ask_trade_at(&mut self, market: u8, person: &Person, args: RequestTradeArgs) -> Sent {
        let ask = self.at.request_trade(self.vm.payer.pubkey(), market, person.party(), args);
        self.vm.send(&[ask], &[&person.key])
    }

    /// Executes a request.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn execute(&mut self, person: &Person, id: u64) -> Sent {
        let execute = self.at.execute_trade(&self.request(person, id));
        self.vm.send(&[execute], &[])
    }

    /// Asks for a trade, lets ten seconds pass, refreshes the asset at a price and executes the request.
    ///
    /// # Errors
    /// What the program refuses.
    ///
    /// # Panics
    /// If the request or the price is refused.
    pub fn trade_at(&mut self, market: u8, person: &Person, id: u64, base: i64, dollars: f64) -> Sent {
        self.ask_trade(market, person, id, base).expect("a request");
        self.vm.advance(10);
        let asset = self.markets[usize::from(market)].args.asset;
        self.post(asset, dollars);
        self.refresh(asset).expect("a new price is accepted");
        self.execute(person, id)
    }

    /// Takes a request back, or clears it away.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn close_trade(&mut self, who: &Person, person: &Person, id: u64) -> Sent {
        let close = self.at.close_request(who.pubkey(), &self.request(person, id));
        self.vm.send(&[close], &[&who.key])
    }

    /// Gives a market's backstop part of an account's position.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn take_over(&mut self, market: u8, account: &Pubkey, amount: u64) -> Sent {
        let take = self.at.take_over(market, *account, amount);
        self.vm.send(&[take], &[])
    }

    /// Brings a market's funding in step.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn update_funding(&mut self, market: u8) -> Sent {
        let update = self.at.update_funding(market);
        self.vm.send(&[update], &[])
    }

    /// A market's backstop vault.
    ///
    /// # Panics
    /// If it has none.
    #[must_use]
    pub fn vault(&self, market: u8) -> BackstopVault {
        decode::config(&self.vm.data(&self.at.backstop(market))).expect("the market has a backstop")
    }

    /// The margin account of a market's backstop.
    #[must_use]
    pub fn slice(&self, market: u8) -> Box<MarginAccount> {
        self.margin_account(&self.at.slice(market))
    }

    /// What somebody holds of a market's backstop.
    ///
    /// # Panics
    /// If it never opened its account of shares.
    #[must_use]
    pub fn share(&self, market: u8, person: &Person) -> BackstopShare {
        let address = self.at.backstop_share(market, &person.pubkey());
        decode::config(&self.vm.data(&address)).expect("an account of shares")
    }

    /// An open request.
    ///
    /// # Panics
    /// If there is none with this number.
    #[must_use]
    pub fn request(&self, person: &Person, id: u64) -> TradeRequest {
        let address = self.at.trade_request(&person.account, id);
        decode::config(&self.vm.data(&address)).expect("an open request")
    }
}
