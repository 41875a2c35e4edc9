//! An auditor of its own: raw account bytes in, f64 out, no code shared with the engine.
//!
//! It answers the questions that the program's word cannot settle: is every token accounted for, is
//! every figure on the board what the market said, and was somebody closed out who should not have
//! been? Offsets are written out from the documented layouts, tails are found by sorting, margins are
//! sums of f64: slow, plain, and wrong in other places than the engine would be. Only counting is done
//! in integers, because there a unit matters.
//!
//! | module | what it gives |
//! |---|---|
//! | [`layout`] | where every field lies, in numbers |
//! | [`ledger`] | one clearinghouse out of a heap of accounts; conservation |
//! | [`board`] | the risk board, read; tails found by sorting |
//! | [`charges`] | what must stand on it: σ, forecast, liquidity, haircuts, index, notice |
//! | [`margin`] | equity and requirement of an account, and how far an honest engine may differ |
//! | [`options`] | options repriced, and how far an engine's lines may lie below that |
//! | [`history`] | two boards, one refresh or tick apart: is the second what follows from the first? |
//! | [`ring`] | the same for the ring: the row that is written, the row that is kept, the rows that fade |

pub mod board;
pub mod charges;
pub mod history;
pub mod layout;
pub mod ledger;
pub mod margin;
pub mod options;
pub mod ring;

pub use board::{Asset, Board};
pub use ledger::{Account, Key, Ledger};
pub use margin::{Basis, Claim, Margin};
pub use ring::Ticked;
