//! The command line, one file a command.

mod audit;
mod backtest;
mod board;
mod calibrate;
mod cascade;
mod cluster;
mod demo;
mod explain;
mod health;
mod localnet;
mod migrate;
mod serve;

use std::io::{ErrorKind, Write};

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Portfolio margin on-chain: replay markets, look into accounts.
#[derive(Parser)]
#[command(name = "ballast", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Replay a price path through the compiled program, with traders and keepers
    Demo(demo::Demo),
    /// Hold the engine's margins against what came after them, over years of prices
    Backtest(backtest::Backtest),
    /// A crash by the second: keepers who move the price, and two accounts who collude
    Cascade(cascade::Cascade),
    /// Write what a board would know of assets after these prices, to be loaded before it opens
    Calibrate(calibrate::Calibrate),
    /// Equity, maintenance and initial margin of a margin account on a cluster
    Health(health::Health),
    /// What each position adds to margin, the worst scenarios, and where an account would be liquidated
    Explain(explain::Explain),
    /// Prices, volatilities and haircuts of a clearinghouse on a cluster
    Board(board::Board),
    /// Sum up every balance of every account, prove the totals, and write a proof that anybody can check
    Audit(audit::Audit),
    /// Bring a cluster to what a config says: shows the difference, and applies it when told to
    Migrate(migrate::Migrate),
    /// Start a local cluster: a node, a house on it with people and prices, a keeper, and the dApp
    Localnet(localnet::Localnet),
    /// Keep the history of a clearinghouse, and serve it with the dApp
    Serve(serve::Serve),
}

impl Cli {
    /// Runs the chosen command.
    ///
    /// # Errors
    /// One sentence that says what went wrong and what to do.
    pub fn run(self) -> Result<()> {
        match self.command {
            Command::Demo(command) => command.run(),
            Command::Backtest(command) => command.run(),
            Command::Cascade(command) => command.run(),
            Command::Calibrate(command) => command.run(),
            Command::Health(command) => command.run(),
            Command::Explain(command) => command.run(),
            Command::Board(command) => command.run(),
            Command::Audit(command) => command.run(),
            Command::Migrate(command) => command.run(),
            Command::Localnet(command) => command.run(),
            Command::Serve(command) => command.run(),
        }
    }
}

/// Writes to standard output. Whoever reads it may stop when they have seen enough.
pub(crate) fn say(text: &str) -> Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
