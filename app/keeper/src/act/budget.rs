//! What a transaction may use, and what is paid for being early.
//!
//! Limits are what the benchmark of the program measures at worst, and half as much again: simulating first would cost a
//! journey to the node while somebody falls short. The price follows what others pay for writing the same accounts: a
//! percentile of it, capped. Where nobody pays anything, nothing is paid.

use anchor_lang::solana_program::instruction::Instruction;
use solana_compute_budget_interface::ComputeBudgetInstruction;

/// Compute units that a transaction may ask for at most.
pub const MOST: u32 = 1_400_000;

/// Compute units that an instruction is given.
#[must_use]
pub fn compute_of(kind: &str) -> u32 {
    match kind {
        "refresh_price" | "refresh_quote" | "refresh_implied_volatility" | "refresh_exposure" => 30_000,
        "tick" => 300_000,
        "liquidate" => 240_000,
        "touch_account" => 80_000,
        "take_over" | "execute_trade" | "request_trade" | "resolve_bankruptcy" | "report_cover" => 150_000,
        _ => 80_000,
    }
}

/// How priority is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// Which percentile of what was paid lately.
    pub percentile: u8,
    /// At least, micro-lamports a compute unit.
    pub least: u64,
    /// At most.
    pub most: u64,
}

impl Fees {
    /// The price of a compute unit, where this was paid lately.
    #[must_use]
    pub fn price(&self, mut paid: Vec<u64>) -> u64 {
        paid.sort_unstable();
        let rank = (paid.len() * usize::from(self.percentile.min(100))).div_ceil(100).max(1) - 1;
        paid.get(rank).copied().unwrap_or(0).max(self.least).min(self.most)
    }
}

/// The instructions that set limit and price.
#[must_use]
pub fn head(compute: u32, price: u64) -> Vec<Instruction> {
    let mut head = vec![ComputeBudgetInstruction::set_compute_unit_limit(compute.min(MOST))];
    if price > 0 {
        head.push(ComputeBudgetInstruction::set_compute_unit_price(price));
    }
    head
}

#[cfg(test)]
mod tests {
    use super::Fees;

    #[test]
    fn the_price_is_the_percentile_within_its_bounds() {
        let fees = Fees { percentile: 75, least: 0, most: 1_000 };
        assert_eq!(fees.price(vec![]), 0, "where nobody pays, nothing is paid");
        assert_eq!(fees.price(vec![4, 1, 3, 2]), 3);
        assert_eq!(fees.price(vec![5_000; 8]), 1_000, "capped");
        assert_eq!(Fees { least: 7, ..fees }.price(vec![]), 7);
        assert_eq!(Fees { percentile: 0, ..fees }.price(vec![9, 2]), 2);
        assert_eq!(Fees { percentile: 100, ..fees }.price(vec![9, 2]), 9);
    }
}
