//! What governance may change, how fast, and who may: what governance must not do at once, as a table and the code that follows it.
//!
//! | file | what it holds |
//! |---|---|
//! | [`table`] | one row a parameter: bounds, direction, pace and step |
//! | [`books`] | where each parameter stands, and what must be true after it has moved |
//! | [`ramp`] | how far a ramp has come |

pub mod books;
pub mod ramp;
pub mod table;

pub use books::Books;
pub use table::{Loosens, Pace, Parameter, ROWS, Row, Target};

/// Seconds (and slots, one a second at the least) that a loosening waits, and that whatever raises the MM of existing
/// positions, a penalty or a fee is announced before its ramp begins.
pub const DELAY_S: i64 = 2 * 86_400;
/// The same for what gives a key or a token power over people's money: listings, roles, the hand-over of governance.
pub const LONG_DELAY_S: i64 = 3 * 86_400;
/// Seconds in which a matured proposal may be used; then it is dead. What was signed and forgotten stays harmless.
pub const LIFE_S: i64 = 7 * 86_400;
/// Seconds of a ramp. At least a day.
pub const RAMP_S: i64 = 86_400;
/// Most that one crank moves a ramp on, seconds: a ramp that nobody cranked for a day does not jump.
pub const RAMP_STEP_S: i64 = 3_600;
/// Seconds in which the deposit cap of a collateral that is listed after the opening ramps up from zero.
pub const LISTING_RAMP_S: i64 = 7 * 86_400;
/// Seconds that the steward lets pass between two moves of one parameter.
pub const STEWARD_PAUSE_S: i64 = 86_400;
