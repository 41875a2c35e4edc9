//! Fixed haircuts: what a venue would charge that sets one number an asset, and what they would cost.
//!
//! ```text
//! margin of a book = k · Σ_i h_i·|w_i|        gross: a hedge is charged twice
//! ```
//!
//! The comparison favours them. `h_i` is the quantile of the asset's own losses over the *whole*
//! history, at the rate at which the model was beaten: no venue knows it beforehand. `k` is then the
//! least number with which no class of books is worse covered than under the model. One set for all
//! books is what a venue can have, because it does not choose who comes; scaled for a class by itself is
//! what it could have if it did, and is reported for honesty.

use super::{Class, History, Portfolio};

/// A set of haircuts, and how it has to be scaled.
#[derive(Clone, Debug, PartialEq)]
pub struct FixedHaircuts {
    /// By asset, before scaling, fractions; NaN for an asset that was never judged.
    pub base: Vec<f64>,
    /// Least scale for each class by itself, in the order of [`Class::ALL`]; none where a class has no books.
    pub own: [Option<f64>; 5],
    /// Least scale with which no class is worse covered than under the model.
    pub shared: f64,
    /// Least scale with which all books together are covered as under the model.
    pub overall: f64,
}

impl FixedHaircuts {
    /// Calibrates haircuts to a history in hindsight.
    #[must_use]
    pub fn of(history: &History, portfolios: &[Portfolio], assets: usize) -> Self {
        let of_class = |class: Option<Class>| {
            portfolios.iter().zip(&history.tracks).filter(move |(p, _)| class.is_none_or(|c| p.class == c))
        };
        let base = (0..assets)
            .map(|asset| {
                let alone = portfolios
                    .iter()
                    .zip(&history.tracks)
                    .filter(|(p, _)| p.weights.len() == 1 && p.weights[0].0 == asset);
                let (mut losses, mut hits) = (Vec::new(), 0);
                for (_, track) in alone {
                    losses.extend(track.iter().map(|h| f64::from(h.need)));
                    hits += track.iter().filter(|h| h.is_hit()).count();
                }
                exceeded_by(&mut losses, hits).unwrap_or(f64::NAN)
            })
            .collect();
        let mut set = Self { base, own: [None; 5], shared: 0.0, overall: 0.0 };
        let least_scale = |class: Option<Class>| {
            let (mut ratios, mut hits) = (Vec::new(), 0);
            for (portfolio, track) in of_class(class) {
                let charge = set.charge(portfolio);
                ratios.extend(track.iter().map(|h| f64::from(h.need) / charge));
                hits += track.iter().filter(|h| h.is_hit()).count();
            }
            exceeded_by(&mut ratios, hits).map(|k| k.max(0.0))
        };
        let own = Class::ALL.map(|class| least_scale(Some(class)));
        let overall = least_scale(None).unwrap_or(0.0);
        (set.own, set.overall) = (own, overall);
        set.shared = own.iter().flatten().copied().fold(0.0, f64::max);
        set
    }

    /// `Σ h_i·|w_i|`, a fraction of gross, before scaling.
    #[must_use]
    pub fn charge(&self, portfolio: &Portfolio) -> f64 {
        portfolio.weights.iter().map(|(asset, share)| self.base[*asset] * share.abs()).sum()
    }
}

/// The least value that at most `count` of the values exceed; none of nothing.
fn exceeded_by(values: &mut [f64], count: usize) -> Option<f64> {
    let at = values.len().checked_sub(count + 1)?;
    Some(*values.select_nth_unstable_by(at, f64::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::super::run::Hour;
    use super::*;

    #[test]
    fn at_most_so_many_exceed_it_and_less_would_not_do() {
        let mut values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(exceeded_by(&mut values, 0), Some(100.0));
        assert_eq!(exceeded_by(&mut values, 5), Some(95.0));
        assert_eq!(exceeded_by(&mut values, 100), None);
        assert_eq!(exceeded_by(&mut [], 0), None);
    }

    fn portfolio(class: Class, weights: &[(usize, f64)]) -> Portfolio {
        Portfolio { class, name: String::new(), weights: weights.to_vec() }
    }

    #[test]
    fn no_class_is_worse_covered_than_under_the_model_and_one_is_just_as_well() {
        let books = [
            portfolio(Class::Long, &[(0, 1.0)]),
            portfolio(Class::Short, &[(0, -1.0)]),
            portfolio(Class::Pair, &[(0, 0.5), (1, -0.5)]),
            portfolio(Class::Long, &[(1, 1.0)]),
        ];
        let loss = |book: usize, i: u32| ((i * (book as u32 + 3) * 7_919) % 1_000) as f32 / 10_000.0 - 0.05;
        let tracks = (0..4)
            .map(|b| {
                (0..1_000).map(|tick| Hour::bare(tick, 0.03 + 0.004 * b as f32, loss(b, tick))).collect()
            })
            .collect();
        let history = History { ticks: (0..1_000).collect(), tracks, haircuts: vec![], unjudged: 0 };
        let set = FixedHaircuts::of(&history, &books, 2);
        let mut equal = 0;
        for class in [Class::Long, Class::Short, Class::Pair] {
            let (mut model, mut fixed) = (0, 0);
            for (book, track) in books.iter().zip(&history.tracks).filter(|(b, _)| b.class == class) {
                model += track.iter().filter(|h| h.is_hit()).count();
                fixed += track.iter().filter(|h| f64::from(h.need) / set.charge(book) > set.shared).count();
            }
            assert!(fixed <= model, "{class:?}: {fixed} > {model}");
            equal += usize::from(fixed == model);
        }
        assert!(equal > 0);
        assert!(set.own[2].is_none(), "there is no diversified book");
    }
}
