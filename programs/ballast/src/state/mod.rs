//! Accounts, one type a file. Every account starts with a version and ends with reserved bytes; its
//! size is asserted, every field's unit is written.

pub mod asset_config;
pub mod asset_state;
pub mod backstop_share;
pub mod backstop_vault;
pub mod clearinghouse;
pub mod margin_account;
pub mod market;
pub mod market_state;
pub mod option_terms;
pub mod proposal;
pub mod risk_board;
pub mod sample;
pub mod trade_request;
pub mod treasury;
pub mod version;
pub mod window;

pub use asset_config::AssetConfig;
pub use asset_state::{AcceptedPrice, AssetState, Setting};
pub use backstop_share::BackstopShare;
pub use backstop_vault::BackstopVault;
pub use clearinghouse::Clearinghouse;
pub use margin_account::{CollateralSlot, MarginAccount, PositionChange, PositionSlot, delegate_power};
pub use market::Market;
pub use option_terms::{CALL, PERPETUAL, PUT};
pub use proposal::{Mandate, Proposal};
pub use risk_board::{MarketState, RiskBoard, SideIndex, TickKind};
pub use sample::{Heard, Sample};
pub use trade_request::{Stage, TradeRequest};
pub use treasury::Treasury;
pub use version::{VERSION, current};
pub use window::Window;

/// Seeds of the program's addresses.
pub mod seeds {
    /// `[CLEARINGHOUSE, quote mint]`; also the authority of every vault.
    pub const CLEARINGHOUSE: &[u8] = b"clearinghouse";
    /// `[BOARD, clearinghouse]`.
    pub const BOARD: &[u8] = b"board";
    /// `[TREASURY, clearinghouse]`.
    pub const TREASURY: &[u8] = b"treasury";
    /// `[ASSET, clearinghouse, [index]]`.
    pub const ASSET: &[u8] = b"asset";
    /// `[MARKET, clearinghouse, [index]]`.
    pub const MARKET: &[u8] = b"market";
    /// `[VAULT, clearinghouse, mint]`.
    pub const VAULT: &[u8] = b"vault";
    /// `[MARGIN, clearinghouse, owner, sub-account id (u16 LE)]`.
    pub const MARGIN: &[u8] = b"margin";
    /// `[PROPOSAL, clearinghouse, number (u64 LE)]`.
    pub const PROPOSAL: &[u8] = b"proposal";
    /// `[MANDATE, clearinghouse, [parameter], [target]]`.
    pub const MANDATE: &[u8] = b"mandate";
    /// `[BACKSTOP, market]`.
    pub const BACKSTOP: &[u8] = b"backstop";
    /// `[SHARE, backstop vault, owner]`.
    pub const SHARE: &[u8] = b"share";
    /// `[REQUEST, margin account, id (u64 LE)]`.
    pub const REQUEST: &[u8] = b"request";
}
