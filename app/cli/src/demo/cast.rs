//! Who takes part: a dozen books that fail in different ways, and the keepers.

use ballast_client::health::health;
use ballast_risk::margin::Margin;
use ballast_sandbox::house::QUOTE;
use ballast_sandbox::{House, Person, Refusal};

use crate::report::model::TraderRole;

/// A book, as shares of a trader's risk: positive is long.
pub struct Role<'a> {
    /// Name.
    pub name: &'a str,
    /// What it holds, in words.
    pub book: &'a str,
    /// Deposited quote tokens.
    pub quote: u64,
    /// Dollars of collateral by asset.
    pub collateral: &'a [(usize, u64)],
    /// Relative perpetual exposure by asset.
    pub perpetuals: &'a [(usize, i64)],
    /// Equity ÷ MM that the positions are sized to; at least the IM ratio.
    pub cushion: f64,
    /// Quote tokens borrowed out of the account after its positions are on.
    pub borrows: u64,
}

/// Assets are 0, 1, 2 in the order of the price files; with fewer files the later ones fold onto the
/// last.
pub const TRADERS: [Role<'static>; 12] = [
    Role {
        name: "Ada",
        book: "long the first coin, to the limit",
        quote: 50_000,
        collateral: &[],
        perpetuals: &[(0, 1)],
        cushion: 1.55,
        borrows: 0,
    },
    Role {
        name: "Boris",
        book: "long the second coin, to the limit",
        quote: 80_000,
        collateral: &[],
        perpetuals: &[(1, 1)],
        cushion: 1.6,
        borrows: 0,
    },
    Role {
        name: "Chen",
        book: "long the last coin, half of the limit",
        quote: 40_000,
        collateral: &[],
        perpetuals: &[(2, 1)],
        cushion: 3.0,
        borrows: 0,
    },
    Role {
        name: "Dora",
        book: "short the first coin, to the limit",
        quote: 60_000,
        collateral: &[],
        perpetuals: &[(0, -1)],
        cushion: 1.6,
        borrows: 0,
    },
    Role {
        name: "Emil",
        book: "short the last coin, a quarter of the limit",
        quote: 30_000,
        collateral: &[],
        perpetuals: &[(2, -1)],
        cushion: 6.0,
        borrows: 0,
    },
    Role {
        name: "Fatou",
        book: "hedged pair: long the second, short the first",
        quote: 50_000,
        collateral: &[],
        perpetuals: &[(1, 1), (0, -1)],
        cushion: 1.7,
        borrows: 0,
    },
    Role {
        name: "Goran",
        book: "cash and carry: holds the first coin, short as much",
        quote: 5_000,
        collateral: &[(0, 100_000)],
        perpetuals: &[(0, -1)],
        cushion: 8.0,
        borrows: 0,
    },
    Role {
        name: "Hana",
        book: "diversified: long everything",
        quote: 90_000,
        collateral: &[],
        perpetuals: &[(0, 2), (1, 1), (2, 1)],
        cushion: 1.8,
        borrows: 0,
    },
    Role {
        name: "Ivo",
        book: "borrows quote against the last coin",
        quote: 0,
        collateral: &[(2, 100_000)],
        perpetuals: &[],
        cushion: 0.0,
        borrows: 55_000,
    },
    Role {
        name: "Jun",
        book: "market neutral: long first and last, short the second",
        quote: 70_000,
        collateral: &[],
        perpetuals: &[(0, 1), (1, -2), (2, 1)],
        cushion: 1.9,
        borrows: 0,
    },
    Role {
        name: "Whale",
        book: "long the first coin, very large, half of the limit",
        quote: 20_000_000,
        collateral: &[(0, 10_000_000)],
        perpetuals: &[(0, 1)],
        cushion: 2.2,
        borrows: 0,
    },
    Role {
        name: "Lena",
        book: "careful: long the first coin, a tenth of the limit",
        quote: 100_000,
        collateral: &[],
        perpetuals: &[(0, 1)],
        cushion: 12.0,
        borrows: 0,
    },
];

/// Somebody in the replay.
pub struct Actor {
    /// Name.
    pub name: String,
    /// Book, in words.
    pub book: String,
    /// What they do here.
    pub role: TraderRole,
    /// Keys and account.
    pub person: Person,
    /// What they put in, quote micro-units at the prices of entry.
    pub deposited: i64,
}

/// Everybody.
pub struct Cast {
    /// The dozen.
    pub traders: Vec<Actor>,
    /// Liquidators.
    pub keepers: Vec<Actor>,
    /// The other side of every trade, with deep pockets.
    pub desk: Actor,
}

impl Cast {
    /// Everybody, traders first.
    pub fn all(&self) -> impl Iterator<Item = &Actor> {
        self.traders.iter().chain(&self.keepers).chain(core::iter::once(&self.desk))
    }

    /// Opens the desk and the keepers, then the traders with their books.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn enter(house: &mut House) -> Result<Self, Refusal> {
        let desk = professional(
            house,
            "Desk",
            "the other side of every trade",
            TraderRole::MarketMaker,
            2_000_000_000,
        )?;
        let keepers = ["Keeper 1", "Keeper 2"]
            .into_iter()
            .map(|name| {
                professional(
                    house,
                    name,
                    "liquidates, and unwinds with the desk",
                    TraderRole::Keeper,
                    50_000_000,
                )
            })
            .collect::<Result<Vec<_>, _>>()?;
        let traders = TRADERS
            .iter()
            .map(|role| trader(house, role, &desk.person, SLICES))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { traders, keepers, desk })
    }
}

/// Somebody with deep pockets and no book yet.
///
/// # Errors
/// What the program refuses.
pub fn professional(
    house: &mut House,
    name: &str,
    book: &str,
    role: TraderRole,
    quote: u64,
) -> Result<Actor, Refusal> {
    let person = house.person();
    house.fund_quote(&person, quote * QUOTE)?;
    Ok(Actor { name: name.into(), book: book.into(), role, person, deposited: (quote * QUOTE) as i64 })
}

/// A book of several legs has to stay above IM after each of them, so it is put on in this many slices.
pub const SLICES: i64 = 8;

/// Asset indices fold onto the last one that there is.
fn fold(asset: usize, assets: usize) -> u8 {
    asset.min(assets - 1) as u8
}

/// Somebody with a book, put on against the desk in slices.
///
/// # Errors
/// What the program refuses.
pub fn trader(house: &mut House, role: &Role, desk: &Person, slices: i64) -> Result<Actor, Refusal> {
    let assets = house.assets.len();
    let person = house.person();
    if role.quote > 0 {
        house.fund_quote(&person, role.quote * QUOTE)?;
    }
    for (asset, dollars) in role.collateral {
        let asset = fold(*asset, assets);
        let amount = units(house, asset, dollars * QUOTE);
        house.fund_collateral(&person, asset, amount)?;
    }
    let deposited = house.health(&person).maintenance.equity;
    if !role.perpetuals.is_empty() {
        take_positions(house, role, &person, desk, slices)?;
    }
    if role.borrows > 0 {
        house.withdraw_quote(&person, role.borrows * QUOTE)?;
    }
    let actor = Actor {
        name: role.name.into(),
        book: describe(house, role),
        role: TraderRole::Trader,
        person,
        deposited: deposited - (role.borrows * QUOTE) as i64,
    };
    Ok(actor)
}

/// Native units of an asset that are worth this many quote micro-units at spot.
#[must_use]
pub fn units(house: &House, asset: u8, micro: u64) -> u64 {
    let whole = 10u64.pow(house.assets[usize::from(asset)].spec.args.decimals.into());
    let price = house.value(asset, whole).max(1);
    (u128::from(micro) * u128::from(whole) / u128::from(price)) as u64
}

/// The book's positions at a gross of `scale` quote micro-units a share, as (market, base) by asset.
fn sized(house: &House, role: &Role, scale: u64) -> Vec<(u8, i64)> {
    let mut by_asset = vec![0i64; house.assets.len()];
    for (asset, share) in role.perpetuals {
        by_asset[usize::from(fold(*asset, house.assets.len()))] += share;
    }
    by_asset
        .iter()
        .enumerate()
        .filter(|(_, share)| **share != 0)
        .map(|(asset, share)| {
            let base = units(house, asset as u8, scale * share.unsigned_abs()) as i64;
            (asset as u8, base * share.signum())
        })
        .collect()
}

/// Largest size at which the book's equity is still `cushion` times its MM, by the program's engine.
fn largest_scale(house: &House, role: &Role, person: &Person) -> u64 {
    let board = house.board();
    let empty = house.margin_account(&person.account);
    let fits = |scale: u64| {
        let mut account = *empty;
        for (market, base) in sized(house, role, scale) {
            let spot = board.assets[usize::from(market)].spot();
            let Ok(cost) = spot.value(base) else { return false };
            if account.add_position(market, &board.markets[usize::from(market)], base, -cost).is_err() {
                return false;
            }
        }
        let roomy = |m: &Margin| m.equity as f64 >= role.cushion * m.maintenance as f64;
        health(&account, &board, house.vm.now())
            .is_ok_and(|h| h.initial.meets_initial() && roomy(&h.maintenance))
    };
    let (mut low, mut high) = (0, 1_000_000_000 * QUOTE);
    while high - low > QUOTE {
        let middle = low + (high - low) / 2;
        if fits(middle) { low = middle } else { high = middle }
    }
    low
}

fn take_positions(
    house: &mut House,
    role: &Role,
    person: &Person,
    desk: &Person,
    slices: i64,
) -> Result<(), Refusal> {
    let scale = largest_scale(house, role, person);
    let book = sized(house, role, scale);
    for slice in 0..slices {
        for (market, base) in &book {
            let part = base * (slice + 1) / slices - base * slice / slices;
            if part != 0 {
                house.fill_at_oracle(*market, person, desk, part)?;
            }
        }
    }
    Ok(())
}

/// The role's book with the coins' names.
fn describe(house: &House, role: &Role) -> String {
    let name = |asset: usize| house.assets[usize::from(fold(asset, house.assets.len()))].spec.symbol.as_str();
    role.book
        .replace("the first coin", name(0))
        .replace("the second coin", name(1))
        .replace("the last coin", name(2))
        .replace("first and last", &format!("{} and {}", name(0), name(2)))
        .replace("the first", name(0))
        .replace("the second", name(1))
}
