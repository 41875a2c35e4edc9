//! What the integration tests share.
//!
//! | module | what it gives |
//! |---|---|
//! | [`auditor`] | an auditor that reads raw account bytes and reckons in f64, sharing no code with the engine |

pub mod auditor;
