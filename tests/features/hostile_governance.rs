//! Governance, steward and guardian are hostile, and their signatures are valid: what they find.

use crate::hostile::{Hostile, beyond, random, systematic};

#[test]
fn hostile_governance_finds_nothing_inside_the_delay_by_going_through_the_table() {
    let mut world = Hostile::new();
    systematic(&mut world).unwrap_or_else(|way| panic!("{way}"));
}

#[test]
fn hostile_governance_finds_nothing_inside_the_delay_by_chance() {
    let mut world = Hostile::new();
    let sequences = std::env::var("BALLAST_SEQUENCES").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000);
    random(&mut world, 0x6261_6c6c_6173_7400, sequences, 12).unwrap_or_else(|way| panic!("{way}"));
}

#[test]
fn hostile_governance_goes_no_further_than_a_step_after_the_delay() {
    let mut world = Hostile::new();
    beyond(&mut world).unwrap_or_else(|way| panic!("{way}"));
}
