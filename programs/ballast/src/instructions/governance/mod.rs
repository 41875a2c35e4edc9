//! What only governance (or, once, the upgrade authority) may do.

pub mod add_asset;
pub mod add_market;
pub mod create_board;
pub mod grow_board;
pub mod initialize_clearinghouse;
pub mod load_calibration;
pub mod load_stress;
pub mod migrate;
pub mod open_clearinghouse;
pub mod set_depth_reporter;

pub use add_asset::*;
pub use add_market::*;
pub use create_board::*;
pub use grow_board::*;
pub use initialize_clearinghouse::*;
pub use load_calibration::*;
pub use load_stress::*;
pub use migrate::*;
pub use open_clearinghouse::*;
pub use set_depth_reporter::*;
