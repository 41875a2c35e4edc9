//! The main path through a bank: genesis, the upgradeable loader, real slots, fees and signatures.
//!
//! The other tests run in a VM that leaves out what surrounds a program. Here the same compiled
//! program is deployed in the genesis of an Agave bank and driven over its client: set-up, trading,
//! liquidation, settlement, and everybody's way out.

mod harness;
mod main_path;
