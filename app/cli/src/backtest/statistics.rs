//! Tests of coverage.
//!
//! A margin that is beaten with probability `p` an hour is a quantile forecast, and a record of hits
//! (loss beat margin: yes or no) can be tested for two things: whether there are as many hits as
//! promised, and whether they come independently rather than in clusters.

use crate::random::Random;

/// The rate that a 1 % VaR promises, against which hits are tested. An Expected Shortfall at 97.5 % is
/// about as far out: for a normal loss 2.34 σ against 2.33 σ.
pub const PROMISED: f64 = 0.01;

/// `P(X > x)` of a chi-square with one degree of freedom: `erfc(√(x/2))`.
#[must_use]
pub fn chi_square_1(x: f64) -> f64 {
    libm::erfc((x.max(0.0) / 2.0).sqrt())
}

/// `P(X > x)` of a chi-square with two degrees of freedom: `e^(−x/2)`.
#[must_use]
pub fn chi_square_2(x: f64) -> f64 {
    (-x.max(0.0) / 2.0).exp()
}

/// `k·ln p`, zero where `k` is: what never happened says nothing about its probability.
fn log_likelihood(k: u64, p: f64) -> f64 {
    if k == 0 { 0.0 } else { k as f64 * p.ln() }
}

/// The likelihood ratio of unconditional coverage, `x` hits in `n` trials against a rate of `p`:
///
/// ```text
/// LR_uc = −2·ln[ (1−p)^(n−x)·p^x ] + 2·ln[ (1−x/n)^(n−x)·(x/n)^x ]   ~ χ²(1)
/// ```
///
/// Source: P. H. Kupiec, *Techniques for verifying the accuracy of risk measurement models*, Journal of
/// Derivatives 3 (1995).
#[must_use]
pub fn kupiec(hits: u64, trials: u64, p: f64) -> f64 {
    if trials == 0 {
        return 0.0;
    }
    let (x, misses) = (hits.min(trials), trials - hits.min(trials));
    let rate = x as f64 / trials as f64;
    let promised = log_likelihood(misses, 1.0 - p) + log_likelihood(x, p);
    let observed = log_likelihood(misses, 1.0 - rate) + log_likelihood(x, rate);
    (2.0 * (observed - promised)).max(0.0)
}

/// How often one hour followed another: `n[i][j]`, from state `i` to state `j`, 1 being a hit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transitions(pub [[u64; 2]; 2]);

impl Transitions {
    /// Counts the pair of two hours in a row.
    pub fn count(&mut self, before: bool, after: bool) {
        self.0[usize::from(before)][usize::from(after)] += 1;
    }

    /// The likelihood ratio of independence against a first-order Markov chain of hits:
    ///
    /// ```text
    /// LR_ind = −2·ln[ (1−π)^(n00+n10)·π^(n01+n11) ] + 2·ln[ (1−π0)^n00·π0^n01·(1−π1)^n10·π1^n11 ]   ~ χ²(1)
    /// ```
    ///
    /// Source: P. F. Christoffersen, *Evaluating interval forecasts*, International Economic Review 39
    /// (1998).
    #[must_use]
    pub fn independence(&self) -> f64 {
        let [[n00, n01], [n10, n11]] = self.0;
        let share = |hits: u64, misses: u64| {
            if hits == 0 { 0.0 } else { hits as f64 / (hits + misses) as f64 }
        };
        let (all, calm, hit) = (share(n01 + n11, n00 + n10), share(n01, n00), share(n11, n10));
        let independent = log_likelihood(n00 + n10, 1.0 - all) + log_likelihood(n01 + n11, all);
        let chained = log_likelihood(n00, 1.0 - calm)
            + log_likelihood(n01, calm)
            + log_likelihood(n10, 1.0 - hit)
            + log_likelihood(n11, hit);
        (2.0 * (chained - independent)).max(0.0)
    }
}

/// The median; none of nothing.
#[must_use]
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    Some(if values.len().is_multiple_of(2) {
        (values[middle - 1] + values[middle]) / 2.0
    } else {
        values[middle]
    })
}

/// Hits and trials of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// Portfolio-hours in which the loss beat the margin.
    pub hits: u64,
    /// Portfolio-hours judged.
    pub trials: u64,
}

const RESAMPLES: usize = 2_000;
/// Width of the intervals.
pub const CONFIDENCE: f64 = 0.95;

/// The interval in which the rate of hits lies, by resampling whole days: hours of a day and books of a
/// class are far from independent, days are nearly so (the block bootstrap of H. R. Künsch, Annals of
/// Statistics 17, 1989, blocks of a day). The same seed gives the same interval.
#[must_use]
pub fn bootstrap(days: &[Day], seed: u64) -> Option<(f64, f64)> {
    if days.iter().all(|d| d.trials == 0) {
        return None;
    }
    let mut random = Random::seeded(seed);
    let mut rates: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let drawn = (0..days.len()).map(|_| days[random.below(days.len())]);
            let (hits, trials) = drawn.fold((0, 0), |(h, t), d| (h + d.hits, t + d.trials));
            hits as f64 / trials.max(1) as f64
        })
        .collect();
    rates.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| rates[((RESAMPLES - 1) as f64 * share).round() as usize];
    Some((at((1.0 - CONFIDENCE) / 2.0), at((1.0 + CONFIDENCE) / 2.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64, within: f64) {
        assert!((a - b).abs() < within, "{a} is not {b}");
    }

    #[test]
    fn chi_square_at_its_tabulated_quantiles() {
        for (x, p) in [(2.705_543, 0.10), (3.841_459, 0.05), (6.634_897, 0.01), (10.827_566, 0.001)] {
            close(chi_square_1(x), p, 1e-6);
        }
        for (x, p) in [(4.605_170, 0.10), (5.991_465, 0.05), (9.210_340, 0.01)] {
            close(chi_square_2(x), p, 1e-6);
        }
        close(chi_square_1(0.0), 1.0, 1e-12);
    }

    /// The worked example of P. Jorion, *Value at Risk* (third edition, chapter 6): a bank with 20
    /// exceptions in 252 days at a confidence of 95 %, six of them on the day after another.
    #[test]
    fn the_textbook_bank_fails_as_the_textbook_says() {
        close(kupiec(20, 252, 0.05), 3.91, 0.005);
        let bank = Transitions([[218, 14], [14, 6]]);
        close(bank.independence(), 9.53, 0.01);
        close(kupiec(20, 252, 0.05) + bank.independence(), 13.44, 0.01);
    }

    /// Kupiec's regions at 95 % for p = 1 %: fewer than 7 hits of 255, 2 to 10 of 510, 5 to 16 of 1,000.
    #[test]
    fn acceptance_regions_of_the_unconditional_test() {
        let accepted = |hits, trials| chi_square_1(kupiec(hits, trials, 0.01)) > 0.05;
        assert!(accepted(6, 255) && !accepted(7, 255));
        assert!(!accepted(1, 510) && accepted(2, 510) && accepted(10, 510) && !accepted(11, 510));
        assert!(!accepted(4, 1_000) && accepted(5, 1_000) && accepted(16, 1_000) && !accepted(17, 1_000));
    }

    #[test]
    fn records_without_hits_or_with_nothing_else_are_told() {
        close(kupiec(0, 100, 0.01), -2.0 * 100.0 * 0.99_f64.ln(), 1e-12);
        assert!(kupiec(100, 100, 0.01) > 900.0);
        assert_eq!(kupiec(0, 0, 0.01), 0.0);
        assert_eq!(Transitions::default().independence(), 0.0);
        assert_eq!(Transitions([[50, 0], [0, 0]]).independence(), 0.0);
    }

    #[test]
    fn clustered_hits_are_told_from_scattered_ones() {
        let of = |hit: fn(u64) -> bool| {
            let mut t = Transitions::default();
            (1..10_000).for_each(|i| t.count(hit(i - 1), hit(i)));
            chi_square_1(t.independence())
        };
        assert!(of(|i| i % 1_000 < 10) < 1e-9);
        assert!(of(|i| i.wrapping_mul(2_654_435_761) % 100 == 0) > 0.05);
    }

    #[test]
    fn the_interval_holds_the_rate_and_widens_with_clusters() {
        let even = vec![Day { hits: 1, trials: 100 }; 400];
        assert_eq!(bootstrap(&even, 1), Some((0.01, 0.01)));
        let mut clustered = vec![Day { hits: 0, trials: 100 }; 400];
        clustered.iter_mut().take(8).for_each(|d| d.hits = 50);
        let (lo, hi) = bootstrap(&clustered, 1).unwrap();
        assert!(lo < 0.006 && hi > 0.014 && lo < 0.01 && hi < 0.03, "{lo} {hi}");
        assert_eq!(bootstrap(&clustered, 1), bootstrap(&clustered, 1));
        assert_eq!(bootstrap(&[], 1), None);
    }

    #[test]
    fn medians() {
        assert_eq!(median(vec![]), None);
        assert_eq!((median(vec![3.0, 1.0, 2.0]), median(vec![4.0, 1.0])), (Some(2.0), Some(2.5)));
    }
}
