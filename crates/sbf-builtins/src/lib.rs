//! 128-bit integer libcalls for programs that the registry-only SBPF toolchain builds.
//!
//! LLVM turns multiplication and division of `u128` and `i128` into calls of `__multi3`, `__udivti3`
//! and their kin, and its BPF backend gives those the signature `i128 (i128, i128)`: arguments in the
//! register pairs r1:r2 and r3:r4, result in r0:r2. A Rust `extern "C"` function of that type has another
//! signature on BPF, with the result behind a hidden pointer in r1. Linked against such a function, a
//! program compiles, and corrupts memory when it divides. The functions here are therefore
//! exported with the "unadjusted" ABI, which leaves the types to the backend.
//!
//! A program takes part with
//!
//! ```toml
//! [target.'cfg(target_arch = "bpf")'.dependencies]
//! sbf-builtins = { path = "../../crates/sbf-builtins" }
//! ```
//!
//! and `#[cfg(target_arch = "bpf")] use sbf_builtins as _;` in its `lib.rs`: a crate that nothing names is
//! not linked. The official toolchain (`target_arch = "sbf"`) brings its own libcalls and never sees this
//! crate. On the host there are only the plain functions, for the test against native arithmetic.
//!
//! Nothing here may itself need a 128-bit libcall: 128-bit values are only taken apart, put together,
//! shifted, compared, added and subtracted. Additions wrap, because the program is built with overflow
//! checks and a libcall must not panic.
#![no_std]
#![cfg_attr(target_arch = "bpf", feature(abi_unadjusted))]
#![cfg_attr(target_arch = "bpf", allow(internal_features))]

#[cfg(target_arch = "bpf")]
use solana_compiler_builtins as _;

/// The low half of a 64-bit word.
const LOW: u64 = 0xffff_ffff;

#[inline(always)]
fn high(x: u128) -> u64 {
    (x >> 64) as u64
}

#[inline(always)]
fn join(high: u64, low: u64) -> u128 {
    ((high as u128) << 64) | low as u128
}

/// `a * b` as (high, low), by 32-bit halves.
#[inline(always)]
fn widening_mul(a: u64, b: u64) -> (u64, u64) {
    let (a0, a1, b0, b1) = (a & LOW, a >> 32, b & LOW, b >> 32);
    let p00 = a0.wrapping_mul(b0);
    let p01 = a0.wrapping_mul(b1);
    let p10 = a1.wrapping_mul(b0);
    let middle = (p00 >> 32).wrapping_add(p01 & LOW).wrapping_add(p10 & LOW);
    let high = a1.wrapping_mul(b1).wrapping_add(p01 >> 32).wrapping_add(p10 >> 32).wrapping_add(middle >> 32);
    (high, (p00 & LOW) | (middle << 32))
}

/// `a * b`, wrapping.
#[inline(always)]
pub fn mul(a: u128, b: u128) -> u128 {
    let (h, l) = widening_mul(a as u64, b as u64);
    let h = h.wrapping_add((a as u64).wrapping_mul(high(b))).wrapping_add(high(a).wrapping_mul(b as u64));
    join(h, l)
}

/// Quotient and remainder of (h:l) by `d`, for `h < d` and `d` with its top bit set: Knuth's algorithm D
/// with 32-bit digits.
#[inline(always)]
fn div_two_by_one(h: u64, l: u64, d: u64) -> (u64, u64) {
    let (d1, d0) = (d >> 32, d & LOW);
    let (l1, l0) = (l >> 32, l & LOW);
    let mut q1 = h / d1;
    let mut r = h.wrapping_sub(q1.wrapping_mul(d1));
    while q1 > LOW || q1.wrapping_mul(d0) > ((r << 32) | l1) {
        q1 = q1.wrapping_sub(1);
        r = r.wrapping_add(d1);
        if r > LOW {
            break;
        }
    }
    let m = ((h << 32) | l1).wrapping_sub(q1.wrapping_mul(d));
    let mut q0 = m / d1;
    let mut r = m.wrapping_sub(q0.wrapping_mul(d1));
    while q0 > LOW || q0.wrapping_mul(d0) > ((r << 32) | l0) {
        q0 = q0.wrapping_sub(1);
        r = r.wrapping_add(d1);
        if r > LOW {
            break;
        }
    }
    let remainder = ((m << 32) | l0).wrapping_sub(q0.wrapping_mul(d));
    ((q1 << 32) | q0, remainder)
}

/// Quotient and remainder of `n` by `d`. The caller excludes `d == 0`, as the compiler does before it calls
/// a division.
#[inline(always)]
pub fn div_rem(n: u128, d: u128) -> (u128, u128) {
    let (nh, nl, dh, dl) = (high(n), n as u64, high(d), d as u64);
    if dh == 0 {
        if nh == 0 {
            return ((nl / dl) as u128, (nl % dl) as u128);
        }
        let shift = dl.leading_zeros();
        let (qh, r) = (nh / dl, nh % dl);
        let (h, l) = if shift == 0 { (r, nl) } else { ((r << shift) | (nl >> (64 - shift)), nl << shift) };
        let (ql, remainder) = div_two_by_one(h, l, dl << shift);
        return (join(qh, ql), (remainder >> shift) as u128);
    }
    if n < d {
        return (0, n);
    }
    // The quotient fits one 64-bit digit. Estimate it from the high word of the divisor, shifted so that its
    // top bit is set; the dividend shifted likewise needs 192 bits, of which `top` are the highest 64.
    let shift = dh.leading_zeros();
    let (ds, ns) = (d << shift, n << shift);
    let (dsh, dsl) = (high(ds), ds as u64);
    let top = if shift == 0 { 0 } else { nh >> (64 - shift) };
    let (mut q, mut r) = div_two_by_one(top, high(ns), dsh);
    // The estimate is at most two too high: lower it until q * dsl fits into (r : low word of ns).
    let (mut ph, mut pl) = widening_mul(q, dsl);
    while ph > r || (ph == r && pl > ns as u64) {
        q = q.wrapping_sub(1);
        let (lower, borrow) = pl.overflowing_sub(dsl);
        pl = lower;
        ph = ph.wrapping_sub(borrow as u64);
        let (sum, carry) = r.overflowing_add(dsh);
        r = sum;
        if carry {
            break;
        }
    }
    (q as u128, n.wrapping_sub(mul(d, q as u128)))
}

#[cfg(target_arch = "bpf")]
mod export {
    use super::{div_rem, mul};

    #[unsafe(no_mangle)]
    pub unsafe extern "unadjusted" fn __multi3(a: i128, b: i128) -> i128 {
        mul(a as u128, b as u128) as i128
    }

    #[unsafe(no_mangle)]
    pub unsafe extern "unadjusted" fn __udivti3(n: u128, d: u128) -> u128 {
        div_rem(n, d).0
    }

    #[unsafe(no_mangle)]
    pub unsafe extern "unadjusted" fn __umodti3(n: u128, d: u128) -> u128 {
        div_rem(n, d).1
    }

    #[unsafe(no_mangle)]
    pub unsafe extern "unadjusted" fn __divti3(n: i128, d: i128) -> i128 {
        let quotient = div_rem(n.unsigned_abs(), d.unsigned_abs()).0 as i128;
        if (n ^ d) < 0 { quotient.wrapping_neg() } else { quotient }
    }

    #[unsafe(no_mangle)]
    pub unsafe extern "unadjusted" fn __modti3(n: i128, d: i128) -> i128 {
        let remainder = div_rem(n.unsigned_abs(), d.unsigned_abs()).1 as i128;
        if n < 0 { remainder.wrapping_neg() } else { remainder }
    }
}

#[cfg(test)]
mod tests {
    use super::{div_rem, join, mul};

    #[test]
    fn agrees_with_native_arithmetic() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for i in 0..1_000_000_u64 {
            // Operands of every length, and divisors that are, or neighbour, powers of two or masks: the
            // quotient estimate errs there.
            let a = join(next(), next()) >> (next() % 128);
            let mut b = join(next(), next()) >> (next() % 128);
            if i % 5 == 0 {
                b = !0 << (next() % 128);
            }
            if i % 7 == 0 {
                b = (1_u128 << (next() % 128)).wrapping_add(next() as u128 % 3).wrapping_sub(1);
            }
            let b = b.max(1);
            assert_eq!(div_rem(a, b), (a / b, a % b), "{a} / {b}");
            assert_eq!(mul(a, b), a.wrapping_mul(b), "{a} * {b}");
        }
    }
}
