//! The books that are judged: five classes, each a question that a margin must answer alike.
//!
//! A single long or short asks for the tail of one asset; diversified longs for correlation when all
//! falls; mixed and paired books for what a hedge is worth, which is where fixed haircuts charge most
//! for least.

use crate::random::Random;

/// What kind of book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// One asset, held.
    Long,
    /// One asset, owed.
    Short,
    /// Several assets, all held.
    Diversified,
    /// Several assets, some held and some owed.
    Mixed,
    /// One asset held against another owed, about equal in value.
    Pair,
}

impl Class {
    /// In the order of reports.
    pub const ALL: [Self; 5] = [Self::Long, Self::Short, Self::Diversified, Self::Mixed, Self::Pair];

    /// Name in JSON.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Long => "long",
            Self::Short => "short",
            Self::Diversified => "diversified",
            Self::Mixed => "mixed",
            Self::Pair => "pair",
        }
    }

    /// Name in text.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Long => "single long",
            Self::Short => "single short",
            Self::Diversified => "diversified long",
            Self::Mixed => "mixed long/short",
            Self::Pair => "hedged pair",
        }
    }
}

/// A book of constant weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Portfolio {
    /// Its class.
    pub class: Class,
    /// In words, as in `BTC − ETH`.
    pub name: String,
    /// `(asset, signed share of gross)`, by asset; the absolute shares sum to one.
    pub weights: Vec<(usize, f64)>,
}

/// Share of gross on the smaller side of a mixed book, at least.
const LEAST_SIDE: f64 = 0.3;
/// Share of gross on the smaller side of a pair, at least: a hedge is seldom exact.
const LEAST_LEG: f64 = 0.43;
/// Fewest books of a class that is drawn, whatever the number asked for.
const LEAST_DRAWN: usize = 10;

/// About `count` books over these assets: a long and a short an asset, and as many diversified and mixed
/// books and pairs for the rest. Weights are uniform on the simplex; pairs are exact in both directions,
/// and where more are wanted than there are directions, with a hedge that is a little off. With one
/// asset only the first two classes exist.
#[must_use]
pub fn draw(symbols: &[String], count: usize, seed: u64) -> Vec<Portfolio> {
    let n = symbols.len();
    let mut random = Random::seeded(seed);
    let mut books = Vec::with_capacity(count);
    for (asset, symbol) in symbols.iter().enumerate() {
        books.push(book(Class::Long, symbol.clone(), vec![(asset, 1.0)]));
    }
    for (asset, symbol) in symbols.iter().enumerate() {
        books.push(book(Class::Short, format!("−{symbol}"), vec![(asset, -1.0)]));
    }
    if n < 2 {
        return books;
    }
    let each = (count.saturating_sub(books.len()) / 3).max(LEAST_DRAWN);
    let left_over = count.saturating_sub(books.len() + 3 * each);
    let (diversified, mixed) = (each + left_over.div_ceil(2), each + left_over / 2);

    let equal = (0..n).map(|asset| (asset, 1.0 / n as f64)).collect();
    books.push(book(Class::Diversified, "equal weights of all".into(), equal));
    for i in 1..diversified {
        let held = subset(&mut random, n);
        let shares = simplex(&mut random, held.len());
        books.push(book(
            Class::Diversified,
            format!("diversified {i}"),
            held.into_iter().zip(shares).collect(),
        ));
    }
    for i in 1..=mixed {
        let members = subset(&mut random, n);
        let held = 1 + random.below(members.len() - 1);
        let long = LEAST_SIDE + (1.0 - 2.0 * LEAST_SIDE) * random.uniform();
        let mut weights: Vec<(usize, f64)> = Vec::with_capacity(members.len());
        for (side, size) in [(&members[..held], long), (&members[held..], long - 1.0)] {
            let shares = simplex(&mut random, side.len());
            weights.extend(side.iter().zip(shares).map(|(asset, share)| (*asset, share * size)));
        }
        books.push(book(Class::Mixed, format!("mixed {i}"), weights));
    }
    let directions: Vec<(usize, usize)> =
        (0..n).flat_map(|a| (0..n).filter(move |b| *b != a).map(move |b| (a, b))).collect();
    let mut exact = random.choose(directions.len(), each);
    exact.sort_unstable();
    let further = each - exact.len();
    let off: Vec<(usize, f64)> = (0..further)
        .map(|_| (random.below(directions.len()), LEAST_LEG + (1.0 - 2.0 * LEAST_LEG) * random.uniform()))
        .collect();
    for (direction, held) in exact.into_iter().map(|d| (d, 0.5)).chain(off) {
        let (long, short) = directions[direction];
        let name = match held {
            0.5 => format!("{} − {}", symbols[long], symbols[short]),
            _ => format!(
                "{:.0} % {} − {:.0} % {}",
                held * 100.0,
                symbols[long],
                (1.0 - held) * 100.0,
                symbols[short]
            ),
        };
        books.push(book(Class::Pair, name, vec![(long, held), (short, held - 1.0)]));
    }
    books
}

fn book(class: Class, name: String, mut weights: Vec<(usize, f64)>) -> Portfolio {
    weights.sort_unstable_by_key(|w| w.0);
    Portfolio { class, name, weights }
}

/// Two assets or more, as many as a margin account has positions at most.
fn subset(random: &mut Random, n: usize) -> Vec<usize> {
    let most = n.min(ballast::limits::MAX_POSITIONS);
    let size = 2 + random.below(most - 1);
    random.choose(n, size)
}

/// Shares that sum to one, uniform on the simplex: exponentials over their sum.
fn simplex(random: &mut Random, n: usize) -> Vec<f64> {
    let draws: Vec<f64> = (0..n).map(|_| -random.uniform().ln()).collect();
    let sum: f64 = draws.iter().sum();
    draws.into_iter().map(|x| x / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(n: usize) -> Vec<String> {
        (0..n).map(|i| format!("C{i}")).collect()
    }

    #[test]
    fn every_book_has_a_gross_of_one_and_the_signs_of_its_class() {
        for n in 1..=32 {
            for p in draw(&names(n), 150, 7) {
                let gross: f64 = p.weights.iter().map(|w| w.1.abs()).sum();
                assert!((gross - 1.0).abs() < 1e-9, "{n} {p:?}");
                assert!(p.weights.windows(2).all(|w| w[0].0 < w[1].0), "{p:?}");
                assert!(p.weights.iter().all(|w| w.0 < n && w.1 != 0.0));
                let longs = p.weights.iter().filter(|w| w.1 > 0.0).count();
                let shorts = p.weights.len() - longs;
                let fits = match p.class {
                    Class::Long => (longs, shorts) == (1, 0),
                    Class::Short => (longs, shorts) == (0, 1),
                    Class::Diversified => longs >= 2 && shorts == 0,
                    Class::Mixed => longs >= 1 && shorts >= 1,
                    Class::Pair => (longs, shorts) == (1, 1) && p.weights[0].1.abs() >= LEAST_LEG - 1e-9,
                };
                assert!(fits, "{p:?}");
            }
        }
    }

    #[test]
    fn two_assets_or_more_make_as_many_books_as_asked_for_in_five_classes() {
        for n in 2..=32 {
            assert_eq!(draw(&names(n), 150, 7).len(), 150, "{n} assets");
        }
        let books = draw(&names(5), 150, 7);
        for class in Class::ALL {
            assert!(books.iter().filter(|b| b.class == class).count() >= 5, "{class:?}");
        }
        assert_eq!(books, draw(&names(5), 150, 7));
        assert_ne!(books, draw(&names(5), 150, 8));
    }

    #[test]
    fn one_asset_makes_a_long_and_a_short() {
        let classes: Vec<Class> = draw(&names(1), 150, 7).iter().map(|b| b.class).collect();
        assert_eq!(classes, [Class::Long, Class::Short]);
    }
}
