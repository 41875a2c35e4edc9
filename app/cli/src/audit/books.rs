//! What is claimed and what is there, to the unit.

use anchor_lang::Discriminator;
use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, bail, ensure};
use ballast::margin::BoardView;
use ballast::state::{AssetConfig, Clearinghouse, MarginAccount, Market, RiskBoard, Treasury};
use ballast_client::deployment::symbol_text;
use ballast_client::{Deployment, decode};
use ballast_risk::book::Basis;
use ballast_risk::margin::Margin;

use super::snapshot::Snapshot;

/// What every account holds in a market, signed native units.
type Bases = ballast_risk::Result<Vec<i128>>;

/// A margin account, and what the engine says of it at spot.
#[derive(Clone)]
pub struct Audited {
    /// Its address.
    pub address: Pubkey,
    /// The account.
    pub account: Box<MarginAccount>,
    /// None where something in it never had a price.
    pub margin: Option<Margin>,
}

/// A token: what is there and what is claimed, native units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is called.
    pub symbol: String,
    /// Tokens in the vault.
    pub vault: u64,
    /// Of quote: what accounts owe. A claim of the house.
    pub lent: u128,
    /// Everything that the vault owes.
    pub claims: i128,
    /// Value of what is in the vault at spot, quote micro-units; none without a price.
    pub value: Option<i128>,
}

impl Token {
    /// What is there beyond what is claimed; below zero it is missing.
    #[must_use]
    pub fn surplus(&self) -> i128 {
        i128::from(self.vault) + self.lent as i128 - self.claims
    }

    /// Assets ÷ liabilities; none where nothing is owed.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        (self.claims > 0).then(|| (i128::from(self.vault) + self.lent as i128) as f64 / self.claims as f64)
    }
}

/// A clearinghouse, whole.
pub struct Books {
    /// When it was so, unix seconds.
    pub time: i64,
    /// Its addresses.
    pub at: Deployment,
    /// Its parts.
    pub clearinghouse: Clearinghouse,
    /// The board, every price taken as of `time`.
    pub board: Box<RiskBoard>,
    /// Assets whose last price is older than it may be.
    pub stale: Vec<String>,
    /// The insurance fund.
    pub treasury: Treasury,
    /// By index.
    pub assets: Vec<AssetConfig>,
    /// By index.
    pub markets: Vec<Market>,
    /// By address.
    pub accounts: Vec<Audited>,
    /// Quote first, then what is collateral, by index.
    pub tokens: Vec<Token>,
    /// Σ of quote balances above zero and below, quote micro-units.
    pub balances: u128,
    pub loans: u128,
    pub interest_owed: u128,
    pub pools: u128,
    pub fees: u128,
    /// Everything that does not add up, in sentences.
    pub problems: Vec<String>,
}

/// All configs of a house, sorted by index, without a gap.
fn listed<T>(mut found: Vec<T>, index: impl Fn(&T) -> u8, count: u8, what: &str) -> Result<Vec<T>> {
    found.sort_by_key(&index);
    ensure!(
        found.len() == usize::from(count) && found.iter().zip(0..).all(|(one, at)| index(one) == at),
        "the board lists {count} {what}, the snapshot has {}",
        found.len()
    );
    Ok(found)
}

impl Books {
    /// Reads the clearinghouse of a quote token.
    ///
    /// # Errors
    /// If something that it names is missing or cannot be read.
    pub fn read(snapshot: &Snapshot, quote_mint: Pubkey, time: i64) -> Result<Self> {
        let at = Deployment::of(quote_mint);
        let program = Some(&ballast::ID);
        let house = snapshot.data(&at.clearinghouse, program, "clearinghouse").with_context(|| {
            format!("there is no clearinghouse of the quote token {quote_mint}: check the mint's address")
        })?;
        let clearinghouse: Clearinghouse = decode::config(house)?;
        let mut board = decode::board(snapshot.data(&at.board, program, "risk board")?)?;
        let treasury: Treasury = decode::config(snapshot.data(&at.treasury, program, "treasury")?)?;
        let mine = |owner: &Pubkey| *owner == at.clearinghouse;
        let configs = snapshot.of_kind(AssetConfig::DISCRIMINATOR).map(|(_, d)| decode::config(d));
        let configs: Vec<AssetConfig> = configs.collect::<Result<_, _>>()?;
        let configs = configs.into_iter().filter(|c| mine(&c.clearinghouse)).collect();
        let assets = listed(configs, |c: &AssetConfig| c.index, board.asset_count, "assets")?;
        let markets = snapshot.of_kind(Market::DISCRIMINATOR).map(|(_, d)| decode::config(d));
        let markets: Vec<Market> = markets.collect::<Result<_, _>>()?;
        let markets = markets.into_iter().filter(|m| mine(&m.clearinghouse)).collect();
        let markets = listed(markets, |m: &Market| m.index, board.market_count, "markets")?;

        // An audit speaks of what is on the books: a price that is late is the last word there is.
        let mut stale = Vec::new();
        for (state, config) in board.assets.iter_mut().zip(&assets) {
            if !state.is_fresh(time) {
                stale.push(symbol_text(&config.symbol));
                state.publish_time = time;
            }
        }
        let view = BoardView::at(&board, time);
        let mut accounts = Vec::new();
        for (address, data) in snapshot.of_kind(MarginAccount::DISCRIMINATOR) {
            let account =
                decode::margin_account(data).with_context(|| format!("{address} cannot be read"))?;
            if mine(&account.clearinghouse) {
                let margin = view.margin(&account, Basis::Maintenance).ok();
                accounts.push(Audited { address: *address, account, margin });
            }
        }
        let mut books = Self {
            time,
            at,
            clearinghouse,
            board,
            stale,
            treasury,
            assets,
            markets,
            accounts,
            tokens: Vec::new(),
            balances: 0,
            loans: 0,
            interest_owed: 0,
            pools: 0,
            fees: 0,
            problems: Vec::new(),
        };
        books.sum(snapshot)?;
        Ok(books)
    }

    fn sum(&mut self, snapshot: &Snapshot) -> Result<()> {
        for Audited { account, .. } in &self.accounts {
            if account.quote < 0 {
                self.loans += u128::from(account.quote.unsigned_abs());
            } else {
                self.balances += account.quote as u128;
            }
            self.interest_owed += u128::from(account.interest_owed);
        }
        self.pools = self.markets.iter().map(|m| u128::from(m.pool)).sum();
        self.fees = self.markets.iter().map(|m| u128::from(m.fees)).sum();
        let claims =
            self.balances + self.interest_owed + self.pools + self.fees + u128::from(self.treasury.insurance);
        let vault = tokens(snapshot, &self.clearinghouse.quote_vault)?;
        self.tokens.push(Token {
            symbol: "quote".into(),
            vault,
            lent: self.loans,
            claims: claims as i128,
            value: Some(vault.into()),
        });
        for config in &self.assets {
            let held = |a: &Audited| u128::from(a.account.collateral_of(config.index));
            let claims = self.accounts.iter().map(held).sum::<u128>() as i128;
            let symbol = symbol_text(&config.symbol);
            if !config.is_collateral() {
                if claims != 0 {
                    self.problems
                        .push(format!("{claims} units of {symbol} are held, and it is no collateral"));
                }
                continue;
            }
            let vault = tokens(snapshot, &config.vault)?;
            let state = &self.board.assets[usize::from(config.index)];
            let value = i64::try_from(vault).ok().and_then(|vault| state.spot().value(vault).ok());
            let value = value.filter(|_| state.spot().is_set()).map(i128::from);
            self.tokens.push(Token { symbol, vault, lent: 0, claims, value });
        }
        self.prove();
        Ok(())
    }

    /// Every identity that must hold; a sentence for each that does not.
    fn prove(&mut self) {
        let mut problems = core::mem::take(&mut self.problems);
        for token in self.tokens.iter().filter(|t| t.surplus() < 0) {
            problems.push(format!(
                "{} units of {} are missing from its vault",
                -token.surplus(),
                token.symbol
            ));
        }
        let counted = self.treasury.accounts;
        if counted != self.accounts.len() as u64 {
            problems.push(format!(
                "{counted} margin accounts are counted as open, {} are there",
                self.accounts.len()
            ));
        }
        for market in &self.markets {
            let name = symbol_text(&market.symbol);
            let listed = &self.board.markets[usize::from(market.index)];
            let slots = || self.accounts.iter().map(|a| a.account.position(market.index));
            // Entries as they are written, bases as they are now.
            let Ok(bases) = slots().map(|s| Ok(listed.effective(&s)?.0.into())).collect::<Bases>() else {
                problems.push(format!("{name}: a position cannot be brought in step with its side"));
                continue;
            };
            let base: i128 = bases.iter().sum();
            let longs: i128 = bases.iter().map(|b| (*b).max(0)).sum();
            // What truncation can have taken of a side that was deleveraged.
            let dust = u128::from(market.base_dust);
            let entries: i128 = slots().map(|s| i128::from(s.entry)).sum();
            let owed = i128::from(market.pool) + i128::from(market.realised) - i128::from(market.promised);
            if entries != owed {
                problems.push(format!("{name}: entries sum to {entries}, pool and payoffs to {owed}"));
            }
            let missing = i128::from(market.open_interest) - longs;
            if missing < 0 || missing.unsigned_abs() > dust {
                problems
                    .push(format!("{name}: longs sum to {longs}, open interest is {}", market.open_interest));
            }
            // Expired positions are cleared one by one, each for its payoff.
            if base.unsigned_abs() > dust && !(listed.is_option() && self.time >= listed.expiry) {
                problems.push(format!("{name}: positions sum to {base}, not to nothing"));
            }
        }
        self.problems = problems;
    }

    /// Σ of equity above zero and below, quote micro-units, and accounts that cannot be valued.
    #[must_use]
    pub fn equity(&self) -> (i128, i128, usize) {
        let valued = || self.accounts.iter().filter_map(|a| a.margin).map(|m| i128::from(m.equity));
        let unvalued = self.accounts.iter().filter(|a| a.margin.is_none()).count();
        (valued().map(|e| e.max(0)).sum(), valued().map(|e| -e.min(0)).sum(), unvalued)
    }

    /// Value of all vaults at spot, quote micro-units.
    #[must_use]
    pub fn assets_value(&self) -> i128 {
        self.tokens.iter().filter_map(|t| t.value).sum()
    }
}

/// Native units in a vault.
fn tokens(snapshot: &Snapshot, vault: &Pubkey) -> Result<u64> {
    let data = snapshot.data(vault, None, "vault")?;
    let Some(amount) = data.get(64..72) else { bail!("the vault {vault} is no token account") };
    Ok(u64::from_le_bytes(amount.try_into()?))
}
