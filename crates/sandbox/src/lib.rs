//! The compiled program in an in-process Solana VM, with a typed client.
//!
//! Everything here is the real thing: the `.so` of `make build` under the upgradeable loader, the SPL
//! Token program, Pyth price updates by layout, owner and checks. What is not on a local machine is
//! only Pyth's signers: the price accounts are written into the VM as the receiver program would
//! leave them.
//!
//! | module | what it gives |
//! |---|---|
//! | [`vm`] | the VM: time, transactions, receipts and refusals |
//! | [`oracle`] | price accounts |
//! | [`tokens`] | mints and wallets |
//! | [`house`] | a clearinghouse that is set up, and its people |
//! | [`options`] | option series, and premiums by the program's own model |
//! | [`risk`] | its stress rows, depth, implied volatility and exposure |

pub mod house;
pub mod options;
pub mod oracle;
pub mod risk;
pub mod tokens;
pub mod vm;

pub use house::{AssetSpec, Feed, House, MarketSpec, Person};
pub use vm::{Receipt, Refusal, Vm};

pub use ballast_client as client;
pub use solana_keypair::Keypair;
pub use solana_signer::Signer;
