//! What the `ballast` command is made of.
//!
//! | module | what it gives |
//! |---|---|
//! | [`prices`] | price files in, clean bars out; a synthetic crash |
//! | [`demo`] | replays bars through the compiled program, with traders and keepers |
//! | [`report`] | what the demo shows: terminal, one HTML page, JSON |
//! | [`commands`] | the command line |

pub mod commands;
pub mod demo;
pub mod prices;
pub mod report;
