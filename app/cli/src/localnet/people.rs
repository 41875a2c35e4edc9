//! Who is there when the doors open: capital behind every market, an insurance fund, a keeper, and traders with books of
//! different leverage.

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::system_instruction;
use anchor_spl::associated_token::get_associated_token_address;
use anyhow::{Context, Result};
use ballast::instructions::RequestTradeArgs;
use ballast::state::{RiskBoard, TradeRequest};
use ballast_client::decode;
use ballast_client::health::health;
use ballast_client::instructions::CollateralRef;
use solana_keypair::Keypair;
use solana_signer::Signer as _;

use super::feed::Feed;
use super::folder::Folder;
use super::house::{House, Keys, give};
use super::node::Node;

/// One quote token, in micro-units.
pub const QUOTE: u64 = 1_000_000;
/// One SOL, in lamports.
pub const SOL: u64 = 1_000_000_000;
/// What each backstop begins with, what the insurance fund does, and what the keeper has, quote tokens.
const CAPITAL: u64 = 2_000_000;
const INSURANCE: u64 = 500_000;
const KEEPER: u64 = 500_000;
/// How far from the oracle a trader accepts to trade, basis points.
const SLIPPAGE_BPS: u64 = 100;
/// Seconds that a request waits for its price.
const REQUEST_S: u32 = 60;

/// A book, as shares of a trader's risk: positive is long.
struct Role {
    name: &'static str,
    quote: u64,
    /// Dollars of collateral by asset.
    collateral: &'static [(usize, u64)],
    legs: &'static [(u8, i64)],
    /// Equity ÷ MM that the positions are sized to. IM is one and a half times MM.
    cushion: f64,
}

/// The first two stand at the edge: a few percent against them and they fall short.
const TRADERS: [Role; 5] = [
    Role { name: "ada", quote: 20_000, collateral: &[], legs: &[(0, 1)], cushion: 1.65 },
    Role { name: "boris", quote: 15_000, collateral: &[], legs: &[(2, 1)], cushion: 1.65 },
    Role { name: "chen", quote: 40_000, collateral: &[], legs: &[(1, 1), (0, -1)], cushion: 3.0 },
    Role { name: "dora", quote: 30_000, collateral: &[], legs: &[(1, -1)], cushion: 2.5 },
    Role { name: "emil", quote: 5_000, collateral: &[(0, 30_000)], legs: &[(0, -1)], cushion: 5.0 },
];

/// Names of the demo wallets.
#[must_use]
pub fn traders() -> Vec<&'static str> {
    TRADERS.iter().map(|role| role.name).collect()
}

/// Lets everybody in who is not there yet.
pub struct Cast<'a> {
    /// The node.
    pub node: &'a Node,
    /// Where keys lie.
    pub folder: &'a Folder,
    /// Who pays.
    pub keys: &'a Keys,
    /// Where they go.
    pub house: &'a House,
}

impl Cast<'_> {
    /// Puts capital behind every market and into the insurance fund.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn back(&self) -> Result<()> {
        let (at, payer) = (&self.house.at, self.keys.payer.pubkey());
        let provider = self.folder.key("provider")?;
        let owner = provider.pubkey();
        let source = get_associated_token_address(&owner, &at.quote_mint);
        let mut all = Vec::new();
        for (index, market) in (0u8..).zip(&self.house.config.markets) {
            let there = self.node.account(&at.backstop_share(index, &owner))?.is_some();
            if market.backstop.is_none() || there {
                continue;
            }
            let amount = CAPITAL * QUOTE;
            all.extend(give(&payer, &owner, &at.quote_mint, amount));
            all.push(at.open_backstop_share(payer, owner, index));
            all.push(at.backstop_deposit(index, owner, source, amount));
        }
        if !all.is_empty() {
            let source = get_associated_token_address(&payer, &at.quote_mint);
            all.extend(give(&payer, &payer, &at.quote_mint, INSURANCE * QUOTE));
            all.push(at.top_up_insurance(payer, source, INSURANCE * QUOTE));
        }
        let all: Vec<_> = all.into_iter().map(|i| ("put capital behind the markets".to_owned(), i)).collect();
        self.node.send_all(&all, &self.keys.payer, &[&provider])
    }

    /// Opens an account with money in it; false where it is open already.
    fn enter(&self, key: &Keypair, quote: u64, collateral: &[(u8, u64)]) -> Result<bool> {
        let (at, payer, owner) = (&self.house.at, self.keys.payer.pubkey(), key.pubkey());
        let account = at.margin_account(&owner, 0);
        if self.node.account(&account)?.is_some() {
            return Ok(false);
        }
        let mut all = vec![
            system_instruction::transfer(&payer, &owner, 10 * SOL),
            at.open_margin_account(payer, owner, 0),
        ];
        if quote > 0 {
            // As much again stays in the wallet.
            all.extend(give(&payer, &owner, &at.quote_mint, 2 * quote));
            let source = get_associated_token_address(&owner, &at.quote_mint);
            all.push(at.deposit(account, owner, None, source, quote));
        }
        for (index, amount) in collateral {
            let mint = self.house.config.assets[usize::from(*index)].mint.context("it is collateral")?;
            all.extend(give(&payer, &owner, &mint, *amount));
            let asset = CollateralRef::spl(*index, mint);
            let source = get_associated_token_address(&owner, &mint);
            all.push(at.deposit(account, owner, Some(asset), source, *amount));
        }
        let all: Vec<_> = all.into_iter().map(|i| (format!("open the account of {owner}"), i)).collect();
        self.node.send_all(&all, &self.keys.payer, &[key])?;
        Ok(true)
    }

    /// Opens the keeper's account.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn keeper(&self) -> Result<()> {
        self.enter(&self.folder.key("keeper")?, KEEPER * QUOTE, &[]).map(|_| ())
    }

    /// Opens the traders' accounts and puts their books on, against the backstops. Returns how many trades were filled,
    /// and how many asked for.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn trade(&self, feed: &Feed) -> Result<(usize, usize)> {
        let mut asked = Vec::new();
        for role in &TRADERS {
            let key = self.folder.key(&format!("trader-{}", role.name))?;
            let board = self.board()?;
            let collateral: Vec<(u8, u64)> = role
                .collateral
                .iter()
                .filter(|(asset, _)| *asset < self.house.assets())
                .map(|(asset, dollars)| (*asset as u8, units(&board, *asset, dollars * QUOTE)))
                .collect();
            if self.enter(&key, role.quote * QUOTE, &collateral)? {
                asked.extend(self.ask(role, &key, &board)?);
            }
        }
        if asked.is_empty() {
            return Ok((0, 0));
        }
        let filled = self.fill(feed, &asked)?;
        Ok((filled, asked.len()))
    }

    fn board(&self) -> Result<Box<RiskBoard>> {
        let (_, data) = self.node.account(&self.house.at.board)?.context("the house has a board")?;
        Ok(decode::board(&data)?)
    }

    /// Asks the backstops for a role's positions; returns the requests.
    fn ask(&self, role: &Role, key: &Keypair, board: &RiskBoard) -> Result<Vec<Pubkey>> {
        let (at, payer, owner) = (&self.house.at, self.keys.payer.pubkey(), key.pubkey());
        let account = at.margin_account(&owner, 0);
        let legs = self.sized(role, &account, board)?;
        let mut all = Vec::new();
        let mut requests = Vec::new();
        for (id, (market, base)) in (0u64..).zip(legs) {
            let asset = usize::from(self.house.config.markets[usize::from(market)].listing.asset);
            let value = board.assets[asset].spot().value(base)?.unsigned_abs();
            let slippage = value / 10_000 * SLIPPAGE_BPS;
            let limit_quote = if base > 0 { value + slippage } else { value - slippage };
            let args = RequestTradeArgs { id, base, limit_quote, expires_in_s: REQUEST_S };
            all.push((
                format!("{} asks for a trade", role.name),
                at.request_trade(payer, market, (account, owner), args),
            ));
            requests.push(at.trade_request(&account, id));
        }
        self.node.send_all(&all, &self.keys.payer, &[key])?;
        Ok(requests)
    }

    /// Positions at the largest size at which equity is still the role's cushion times MM, by the program's engine.
    fn sized(&self, role: &Role, account: &Pubkey, board: &RiskBoard) -> Result<Vec<(u8, i64)>> {
        let (_, data) = self.node.account(account)?.context("the account is open")?;
        let (empty, now) = (decode::margin_account(&data)?, self.node.now()?);
        let markets = &self.house.config.markets;
        let at = |scale: u64| -> Vec<(u8, i64)> {
            let legs = role.legs.iter().filter(|(market, _)| usize::from(*market) < markets.len());
            let leg = |(market, share): &(u8, i64)| {
                let listed = &markets[usize::from(*market)];
                let most = listed.backstop.map_or(0, |b| b.max_trade);
                let base = units(board, listed.listing.asset.into(), scale * share.unsigned_abs()).min(most);
                (*market, base as i64 * share.signum())
            };
            legs.map(leg).filter(|(_, base)| *base != 0).collect()
        };
        let fits = |scale: u64| {
            let mut account = *empty;
            for (market, base) in at(scale) {
                let state = &board.markets[usize::from(market)];
                let Ok(cost) = board.assets[usize::from(state.asset)].spot().value(base) else {
                    return false;
                };
                if account.add_position(market, state, base, -cost).is_err() {
                    return false;
                }
            }
            health(&account, board, now).is_ok_and(|h| {
                let roomy = h.maintenance.equity as f64 >= role.cushion * h.maintenance.maintenance as f64;
                h.initial.meets_initial() && roomy
            })
        };
        let (mut low, mut high) = (0, 10_000_000 * QUOTE);
        while high - low > QUOTE {
            let middle = low + (high - low) / 2;
            if fits(middle) { low = middle } else { high = middle }
        }
        Ok(at(low))
    }

    /// Lets the time pass that a request waits for, posts its price, and executes it; returns how many were filled.
    fn fill(&self, feed: &Feed, requests: &[Pubkey]) -> Result<usize> {
        let waits = i64::from(ballast::limits::FUTURE_TOLERANCE_S as u32) + 2;
        if self.node.surfnet {
            self.node.travel(waits)?;
        } else {
            std::thread::sleep(std::time::Duration::from_secs(waits as u64));
        }
        feed.post(true)?;
        for address in requests {
            let Some((_, data)) = self.node.account(address)? else { continue };
            let request: TradeRequest = decode::config(&data)?;
            let execute = self.house.at.execute_trade(&request);
            self.node.send(&[execute], &self.keys.payer, &[]).context("a demo trade was refused")?;
        }
        let account = |name: &str| -> Result<usize> {
            let owner = self.folder.key(&format!("trader-{name}"))?.pubkey();
            let address = self.house.at.margin_account(&owner, 0);
            let (_, data) = self.node.account(&address)?.context("the account is open")?;
            let account = decode::margin_account(&data)?;
            let markets = 0..self.house.config.markets.len() as u8;
            Ok(markets.filter(|market| account.position(*market).base != 0).count())
        };
        TRADERS.iter().map(|role| account(role.name)).sum()
    }
}

/// Native units of an asset that are worth this many quote micro-units at spot.
fn units(board: &RiskBoard, asset: usize, micro: u64) -> u64 {
    let state = &board.assets[asset];
    let whole = 10i64.pow(state.decimals.into());
    let price = state.spot().value(whole).unwrap_or(1).max(1);
    (u128::from(micro) * whole as u128 / price as u128) as u64
}
