//! How far a ramp has come.

/// Value of a ramp of `length` seconds from `from` to `to` after `done` of them, never past its end. Rounded towards
/// `from`: who is burdened by the ramp never has more of it than its time.
///
/// ```text
/// value = from ± ⌊|to − from|·done / length⌋
/// ```
#[must_use]
pub fn value(from: u64, to: u64, done: i64, length: i64) -> u64 {
    if done >= length {
        return to;
    }
    let (done, length) = (u128::from(done.max(0).unsigned_abs()), u128::from(length.unsigned_abs()));
    // done < length, so the part is below |to − from| and fits.
    let part = (u128::from(to.abs_diff(from)) * done / length) as u64;
    if to >= from { from + part } else { from - part }
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn a_ramp_is_linear_and_never_ahead_of_its_time() {
        assert_eq!(
            [0, 1, 43_200, 86_399, 86_400, 99_999].map(|t| value(500, 600, t, 86_400)),
            [500, 500, 550, 599, 600, 600]
        );
        assert_eq!(
            [0, 1, 43_200, 86_399, 86_400].map(|t| value(600, 500, t, 86_400)),
            [600, 600, 550, 501, 500]
        );
        assert_eq!(value(0, u64::MAX, 43_200, 86_400), u64::MAX / 2);
        assert_eq!(value(7, 9, -5, 86_400), 7);
    }
}
