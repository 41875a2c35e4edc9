//! One clearinghouse out of a heap of accounts, and whether everything in it is accounted for.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

use super::board::{Board, BoardMarket};
use super::layout::{
    asset_config, board, bytes, clearinghouse, i64_at, kind, margin_account, market, token, treasury, u32_at,
    u64_at,
};

/// An address.
pub type Key = [u8; 32];

/// Collateral in an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collateral {
    pub asset: usize,
    pub amount: u64,
}

/// A position, or what is left unsettled of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub market: usize,
    pub base: i64,
    pub entry: i64,
    /// How crowded the market was at the account's last trade in it, a share of the haircut, and when that was.
    pub crowding: u64,
    pub crowding_time: i64,
    /// Entry as it stands in the account, before its side's cash.
    pub written_entry: i64,
    scale: u64,
    cash: i64,
    epoch: u32,
}

impl Position {
    /// What the position is now: its share of what is left of its side, and of what the side was paid since.
    fn keep_step(&mut self, market: &BoardMarket) {
        let side = if self.base > 0 { &market.long } else { &market.short };
        if self.base == 0 {
            return;
        }
        let (left, cash) =
            if side.epoch == self.epoch { (side.scale, side.cash) } else { (0, side.last_cash) };
        let units = u128::from(self.base.unsigned_abs());
        let paid = i128::from(cash) - i128::from(self.cash);
        // units·paid/2^shift ÷ (scale/2^62), rounded towards minus infinity
        let product = units * paid.unsigned_abs();
        let scale = u128::from(self.scale.max(1));
        let (whole, rest) = (product / scale, product % scale);
        let (amount, exact) = if market.cash_shift >= 62 {
            let drop = market.cash_shift - 62;
            (whole >> drop, rest == 0 && (whole >> drop) << drop == whole)
        } else {
            let lift = 62 - market.cash_shift;
            ((whole << lift) + (rest << lift) / scale, (rest << lift).is_multiple_of(scale))
        };
        let amount = amount as i128;
        self.entry += (if paid < 0 { -amount - i128::from(!exact) } else { amount }) as i64;
        let kept = (units * u128::from(left) / scale) as i64;
        self.base = if self.base < 0 { -kept } else { kept };
    }
}

/// A margin account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub owner: Key,
    pub delegate: Key,
    pub quote: i64,
    /// Interest that left the balance and is still to be swept into the insurance fund.
    pub interest_owed: u64,
    pub collateral: Vec<Collateral>,
    pub positions: Vec<Position>,
}

impl Account {
    /// Reads a margin account.
    ///
    /// # Panics
    /// If the bytes are shorter than the layout.
    #[must_use]
    pub fn read(data: &[u8]) -> Self {
        use margin_account as at;
        let slot = |start: usize, size: usize, i: usize| &data[start + i * size..start + (i + 1) * size];
        let collateral = (0..at::SLOTS).map(|i| slot(at::COLLATERAL, at::COLLATERAL_SLOT, i));
        let positions = (0..at::SLOTS).map(|i| slot(at::POSITIONS, at::POSITION_SLOT, i));
        Self {
            owner: bytes(data, at::OWNER),
            delegate: bytes(data, at::DELEGATE),
            quote: i64_at(data, at::QUOTE),
            interest_owed: u64_at(data, at::INTEREST_OWED),
            collateral: collateral
                .map(|s| Collateral { asset: s[at::ASSET].into(), amount: u64_at(s, at::AMOUNT) })
                .filter(|c| c.amount != 0)
                .collect(),
            positions: positions
                .map(|s| Position {
                    market: s[at::MARKET].into(),
                    base: i64_at(s, at::BASE),
                    entry: i64_at(s, at::ENTRY),
                    crowding: u64_at(s, at::CROWDING),
                    crowding_time: i64_at(s, at::CROWDING_TIME),
                    written_entry: i64_at(s, at::ENTRY),
                    scale: u64_at(s, at::SCALE),
                    cash: i64_at(s, at::CASH),
                    epoch: u32_at(s, at::EPOCH),
                })
                .filter(|p| p.base != 0 || p.entry != 0)
                .collect(),
        }
    }

    /// Native units held of an asset.
    #[must_use]
    pub fn held(&self, asset: usize) -> i128 {
        self.collateral.iter().filter(|c| c.asset == asset).map(|c| i128::from(c.amount)).sum()
    }

    /// Signed native units in a market.
    #[must_use]
    pub fn base(&self, market: usize) -> i64 {
        self.positions.iter().find(|p| p.market == market).map_or(0, |p| p.base)
    }

    /// Signed entry in a market, quote micro-units.
    #[must_use]
    pub fn entry(&self, market: usize) -> i64 {
        self.positions.iter().find(|p| p.market == market).map_or(0, |p| p.entry)
    }

    /// Entry in a market as it stands in the account, quote micro-units.
    #[must_use]
    pub fn written_entry(&self, market: usize) -> i64 {
        self.positions.iter().find(|p| p.market == market).map_or(0, |p| p.written_entry)
    }

    /// Whether nothing can be owed whatever prices do.
    #[must_use]
    pub fn is_free_of_risk(&self) -> bool {
        self.quote >= 0 && self.positions.is_empty()
    }
}

/// An asset's vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vault {
    pub address: Key,
    pub mint: Key,
    /// Native units in it; nothing where the asset is no collateral.
    pub tokens: u64,
}

/// A market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Market {
    pub asset: usize,
    pub open_interest_cap: u64,
    pub open_interest: u64,
    pub pool: u64,
    pub fees: u64,
    /// Σ of payoffs of cleared positions.
    pub realised: i64,
    /// What side indexes have given and positions have not yet written.
    pub promised: i64,
    /// Native units that truncation may have taken from either side.
    pub base_dust: u64,
}

/// One clearinghouse.
#[derive(Clone, Debug, PartialEq)]
pub struct Ledger {
    pub address: Key,
    pub quote_vault: Vault,
    pub insurance: u64,
    /// Margin accounts that the treasury counts as open.
    pub open_accounts: u64,
    pub vaults: Vec<Vault>,
    pub markets: Vec<Market>,
    pub accounts: BTreeMap<Key, Account>,
    pub board: Board,
}

/// Where the books and the tokens differ, in units; all zero if everything is accounted for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// Quote vault less the claims on it.
    pub quote: i128,
    /// Each collateral vault less its slots.
    pub collateral: Vec<i128>,
    /// Σ of signed base, by market.
    pub base: Vec<i128>,
    /// Σ of entries and of what is promised, less the pool and what was realised, by market.
    pub entries: Vec<i128>,
    /// Open interest less the Σ of longs, by market.
    pub open_interest: Vec<i128>,
}

impl Differences {
    /// Σ of absolute differences.
    #[must_use]
    pub fn total(&self) -> u128 {
        let lists = [&self.collateral, &self.base, &self.entries, &self.open_interest];
        self.quote.unsigned_abs() + lists.into_iter().flatten().map(|d| d.unsigned_abs()).sum::<u128>()
    }
}

/// Amount of a token account of a mint.
fn tokens_of(data: Option<&[u8]>, mint: &Key) -> Result<u64> {
    let data = data.context("a vault is missing")?;
    ensure!(data.len() >= token::AMOUNT + 8, "a vault is no token account");
    ensure!(bytes::<32>(data, token::MINT) == *mint, "a vault is of another mint");
    Ok(u64_at(data, token::AMOUNT))
}

impl Ledger {
    /// Reads the clearinghouse at `address` out of every account of the program, with `token_account`
    /// giving the bytes of a token account.
    ///
    /// # Errors
    /// If something that the clearinghouse names is missing or of another kind or size.
    pub fn read<'a>(
        address: &Key,
        accounts: &'a [(Key, Vec<u8>)],
        token_account: &dyn Fn(&Key) -> Option<Vec<u8>>,
    ) -> Result<Self> {
        let of_kind = |discriminator: [u8; 8], owner_at: usize| {
            accounts
                .iter()
                .filter(move |(_, d)| d.starts_with(&discriminator) && bytes::<32>(d, owner_at) == *address)
                .map(|(key, data)| (key, data.as_slice()))
        };
        let by_key = |key: &Key| accounts.iter().find(|(k, _)| k == key).map(|(_, d)| d.as_slice());
        let vault = |at: Key, mint: Key| -> Result<Vault> {
            let tokens = tokens_of(token_account(&at).as_deref(), &mint)?;
            Ok(Vault { address: at, mint, tokens })
        };

        let house = by_key(address).context("there is no clearinghouse at the address")?;
        ensure!(house.starts_with(&kind::CLEARINGHOUSE), "the address is no clearinghouse");
        let fund = by_key(&bytes(house, clearinghouse::TREASURY)).context("there is no treasury")?;
        ensure!(fund.starts_with(&kind::TREASURY), "the treasury is none");
        ensure!(bytes::<32>(fund, treasury::CLEARINGHOUSE) == *address, "the treasury is another's");
        let risk = by_key(&bytes(house, clearinghouse::BOARD)).context("there is no board")?;
        ensure!(risk.starts_with(&kind::RISK_BOARD) && risk.len() == board::SIZE, "the board is incomplete");
        ensure!(bytes::<32>(risk, board::CLEARINGHOUSE) == *address, "the board is another's");

        let mut configs: Vec<&'a [u8]> =
            of_kind(kind::ASSET_CONFIG, asset_config::CLEARINGHOUSE).map(|(_, d)| d).collect();
        configs.sort_by_key(|d| d[asset_config::INDEX]);
        let vaults = configs.iter().map(|d| {
            let (mint, at) = (bytes(d, asset_config::MINT), bytes(d, asset_config::VAULT));
            if mint == [0; 32] { Ok(Vault { address: at, mint, tokens: 0 }) } else { vault(at, mint) }
        });
        let vaults = vaults.collect::<Result<Vec<_>>>()?;

        let mut listed: Vec<&'a [u8]> =
            of_kind(kind::MARKET, market::CLEARINGHOUSE).map(|(_, d)| d).collect();
        listed.sort_by_key(|d| d[market::INDEX]);
        let markets: Vec<Market> = listed
            .iter()
            .map(|d| Market {
                asset: d[market::ASSET].into(),
                open_interest_cap: u64_at(d, market::OPEN_INTEREST_CAP),
                open_interest: u64_at(d, market::OPEN_INTEREST),
                pool: u64_at(d, market::POOL),
                fees: u64_at(d, market::FEES),
                realised: i64_at(d, market::REALISED),
                promised: i64_at(d, market::PROMISED),
                base_dust: u64_at(d, market::BASE_DUST),
            })
            .collect();

        let mut accounts = of_kind(kind::MARGIN_ACCOUNT, margin_account::CLEARINGHOUSE)
            .map(|(key, data)| {
                ensure!(data.len() == margin_account::SIZE, "a margin account has {} bytes", data.len());
                Ok((*key, Account::read(data)))
            })
            .collect::<Result<BTreeMap<_, _>>>()?;

        let board = Board::read(risk);
        ensure!(board.assets.len() == vaults.len(), "board and configs list different assets");
        ensure!(board.markets.len() == markets.len(), "board and markets differ in number");
        for position in accounts.values_mut().flat_map(|a| &mut a.positions) {
            if let Some(market) = board.markets.get(position.market) {
                position.keep_step(market);
            }
        }
        Ok(Self {
            address: *address,
            quote_vault: vault(
                bytes(house, clearinghouse::QUOTE_VAULT),
                bytes(house, clearinghouse::QUOTE_MINT),
            )?,
            insurance: u64_at(fund, treasury::INSURANCE),
            open_accounts: u64_at(fund, treasury::ACCOUNTS),
            vaults,
            markets,
            accounts,
            board,
        })
    }

    /// Tokens against books.
    #[must_use]
    pub fn differences(&self) -> Differences {
        let all = || self.accounts.values();
        let quotes: i128 = all().map(|a| i128::from(a.quote) + i128::from(a.interest_owed)).sum();
        // Each position of a deleveraged side may have left a native unit behind at every step; the market counts them.
        let but_dust = |i: usize, found: i128| {
            if found.unsigned_abs() <= u128::from(self.markets[i].base_dust) { 0 } else { found }
        };
        let pools: i128 = self.markets.iter().map(|m| i128::from(m.pool) + i128::from(m.fees)).sum();
        let by_market = |f: &dyn Fn(usize, &Market) -> i128| {
            self.markets.iter().enumerate().map(|(i, m)| f(i, m)).collect::<Vec<_>>()
        };
        Differences {
            quote: i128::from(self.quote_vault.tokens) - quotes - pools - i128::from(self.insurance),
            collateral: self
                .vaults
                .iter()
                .enumerate()
                .map(|(i, v)| i128::from(v.tokens) - all().map(|a| a.held(i)).sum::<i128>())
                .collect(),
            base: by_market(&|i, _| {
                // Expired positions are cleared one by one, each for its payoff.
                if self.board.markets[i].option.is_some_and(|o| o.is_final()) {
                    return 0;
                }
                but_dust(i, all().map(|a| i128::from(a.base(i))).sum())
            }),
            entries: by_market(&|i, m| {
                let entries: i128 = all().map(|a| i128::from(a.written_entry(i))).sum();
                entries + i128::from(m.promised) - i128::from(m.pool) - i128::from(m.realised)
            }),
            open_interest: by_market(&|i, m| {
                let longs: i128 = all().map(|a| i128::from(a.base(i).max(0))).sum();
                but_dust(i, i128::from(m.open_interest) - longs)
            }),
        }
    }

    /// Everything that is not as it must be at any moment: tokens against books, the shape of accounts,
    /// and the board.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut found = self.board.problems();
        found.extend(self.book_problems());
        found
    }

    /// The same, but for what the board publishes of risk.
    #[must_use]
    pub fn book_problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        let differences = self.differences();
        if differences.total() != 0 {
            found.push(format!("not conserved: {differences:?}"));
        }
        if self.open_accounts != self.accounts.len() as u64 {
            found.push(format!(
                "{} accounts are counted, {} are there",
                self.open_accounts,
                self.accounts.len()
            ));
        }
        for (i, market) in self.markets.iter().enumerate() {
            if self.board.markets[i].asset != market.asset {
                found.push(format!("market {i} is on different assets on the board and in its account"));
            }
            if self.board.markets[i].open_interest_cap != market.open_interest_cap {
                found.push(format!("market {i} has different caps on the board and in its account"));
            }
        }
        for account in self.accounts.values() {
            let mut assets: Vec<usize> = account.collateral.iter().map(|c| c.asset).collect();
            let mut markets: Vec<usize> = account.positions.iter().map(|p| p.market).collect();
            for (what, list, listed) in
                [("asset", &mut assets, self.vaults.len()), ("market", &mut markets, self.markets.len())]
            {
                let count = list.len();
                list.sort_unstable();
                list.dedup();
                if list.len() != count || list.iter().any(|i| *i >= listed) {
                    found.push(format!("an account holds an {what} twice, or one that is not listed"));
                }
            }
        }
        found
    }
}
