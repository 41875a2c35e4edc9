//! The normal distribution and Black-76 in `f64`: relative errors near 1e-14, a million times finer than
//! the bounds that are tested with them.

/// Density.
pub fn density(x: f64) -> f64 {
    (-x * x / 2.0).exp() / (2.0 * core::f64::consts::PI).sqrt()
}

/// `Φ(−y)/φ(y)` for `y ≥ 0`: by the series of Φ near zero, by Laplace's continued fraction beyond.
pub fn mills(y: f64) -> f64 {
    if y < 2.5 {
        return (0.5 - series(y)) / density(y);
    }
    1.0 / (1..400).rev().fold(y, |tail, k| y + f64::from(k) / tail)
}

/// `Φ(x) − ½ = φ(x)·(x + x³/3 + x⁵/15 + …)`.
fn series(x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (x, x, 1.0);
    while term.abs() > 1e-18 * sum.abs() {
        n += 2.0;
        term *= x * x / n;
        sum += term;
    }
    density(x) * sum
}

/// Distribution function, with a small relative error in the lower tail.
pub fn distribution(x: f64) -> f64 {
    let tail = mills(x.abs()) * density(x);
    if x < 0.0 { tail } else { 1.0 - tail }
}

/// Black-76 with a forward equal to spot.
#[derive(Clone, Copy, Debug)]
pub struct Exact {
    pub call: f64,
    pub put: f64,
    /// The one out of the money.
    pub time_value: f64,
    pub delta: f64,
}

pub fn black(spot: f64, strike: f64, s: f64) -> Exact {
    let intrinsic = (spot - strike).max(0.0);
    let (time_value, delta) = if strike <= 0.0 || spot <= 0.0 || s <= 0.0 {
        (0.0, if spot > strike { 1.0 } else { 0.0 })
    } else {
        let d1 = (spot / strike).ln() / s + s / 2.0;
        let d2 = d1 - s;
        let otm = if spot < strike {
            spot * distribution(d1) - strike * distribution(d2)
        } else {
            strike * distribution(-d2) - spot * distribution(-d1)
        };
        (otm.max(0.0), distribution(d1))
    };
    let call = intrinsic + time_value;
    Exact { call, put: (strike - spot).max(0.0) + time_value, time_value, delta }
}
