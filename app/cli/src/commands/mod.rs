//! The command line, one file a command.

mod accounts;
mod audit;
mod backstop;
mod backtest;
mod board;
mod calibrate;
mod cascade;
mod cluster;
mod config;
mod demo;
mod directory;
mod explain;
mod governance;
mod health;
mod liquidate;
mod localnet;
mod migrate;
mod money;
mod serve;
pub mod session;
mod trade;

use std::io::{ErrorKind, Write};

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};

use self::cluster::Cluster;
use self::session::{Console, Onchain, Session, Terminal};
use crate::node::Node;

/// Portfolio margin on-chain: trade, look into accounts, govern, replay markets.
#[derive(Parser)]
#[command(name = "ballast", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List margin accounts, open, set and close them, as in `ballast accounts` or `ballast accounts open 1`.
    Accounts(accounts::Accounts),
    /// Pay quote or collateral into an account, as in `ballast deposit 1.5 SOL`.
    Deposit(money::Deposit),
    /// Take quote or collateral out of an account, as in `ballast withdraw all SOL`.
    Withdraw(money::Withdraw),
    /// Trade with a market's backstop, as in `ballast trade --market SOL-PERP --buy 1.5 --limit 170`.
    Trade(trade::Trade),
    /// Take over part of an account that falls short, for its penalty, as in `ballast liquidate ACCOUNT --dry-run`.
    Liquidate(liquidate::Liquidate),
    /// Give capital to a market's backstop, as in `ballast backstop deposit SOL-PERP 1000`.
    Backstop(backstop::Backstop),
    /// Show, propose and apply parameters, as in `ballast governance propose max-age 45 --on SOL`.
    Governance(governance::Governance),
    /// Equity, maintenance and initial margin of a margin account, as in `ballast health ACCOUNT`.
    Health(health::Health),
    /// What each position adds to margin, the worst scenarios, and where an account would be liquidated, as in
    /// `ballast explain ACCOUNT --what-if 0:-1500000000`.
    Explain(explain::Explain),
    /// Prices, volatilities and haircuts of a clearinghouse, as in `ballast board`.
    Board(board::Board),
    /// Sum up every balance of every account, prove the totals, and write a proof that anybody can check, as in
    /// `ballast audit --proof proof.json`.
    Audit(audit::Audit),
    /// Bring a cluster to what a config says: shows the difference, and applies it when told to, as in
    /// `ballast migrate --config migrations/localnet.toml`.
    Migrate(migrate::Migrate),
    /// Start a local cluster: a node, a house on it with people and prices, a keeper, and the dApp, as in
    /// `ballast localnet`.
    Localnet(localnet::Localnet),
    /// Keep the history of a clearinghouse, and serve it with the dApp, as in `ballast serve --db history.db`.
    Serve(serve::Serve),
    /// Settings that need not be typed every time, as in `ballast config set url devnet`.
    Config(config::Config),
    /// Print what a shell needs to complete commands, as in `ballast completions bash > ballast.bash`.
    Completions {
        /// The shell
        #[arg(value_parser = ["bash", "zsh", "fish"])]
        shell: String,
    },
    /// Replay a price path through the compiled program, with traders and keepers, as in `ballast demo`.
    Demo(demo::Demo),
    /// Hold the engine's margins against what came after them, over years of prices, as in
    /// `ballast backtest --prices FOLDER`.
    Backtest(backtest::Backtest),
    /// A crash by the second: keepers who move the price, and two accounts who collude, as in `ballast cascade`.
    Cascade(cascade::Cascade),
    /// Write what a board would know of assets after these prices, to be loaded before it opens, as in
    /// `ballast calibrate --prices FOLDER --out FILE`.
    Calibrate(calibrate::Calibrate),
}

/// Does something on the node that is given, or else on the one that was named.
fn with(
    cluster: &Cluster,
    given: Option<&dyn Node>,
    run: impl FnOnce(&dyn Node) -> Result<()>,
) -> Result<()> {
    match given {
        Some(node) => run(node),
        None => run(&cluster.node()?),
    }
}

/// Runs a command on a clearinghouse.
fn on(command: &dyn Onchain, given: Option<&dyn Node>, console: &dyn Console) -> Result<()> {
    let place = command.place();
    with(&place.cluster, given, |node| command.run(&Session::open(place, node, console)?))
}

impl Cli {
    /// Runs the chosen command.
    ///
    /// # Errors
    /// One sentence that says what went wrong and what to do.
    pub fn run(self) -> Result<()> {
        self.run_on(None, &Terminal)
    }

    /// The same, with answers elsewhere; commands on a clearinghouse work on the node that is given, if one is.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_on(self, node: Option<&dyn Node>, console: &dyn Console) -> Result<()> {
        match self.command {
            Command::Accounts(command) => on(&command, node, console),
            Command::Deposit(command) => on(&command, node, console),
            Command::Withdraw(command) => on(&command, node, console),
            Command::Trade(command) => on(&command, node, console),
            Command::Liquidate(command) => on(&command, node, console),
            Command::Backstop(command) => on(&command, node, console),
            Command::Governance(command) => on(&command, node, console),
            Command::Health(command) => with(&command.cluster, node, |node| command.run(node, console)),
            Command::Explain(command) => with(&command.cluster, node, |node| command.run(node, console)),
            Command::Board(command) => with(&command.place.cluster, node, |node| command.run(node, console)),
            Command::Audit(command) => command.run(),
            Command::Migrate(command) => command.run(),
            Command::Config(command) => command.run(console),
            Command::Completions { shell } => completions(&shell, console),
            Command::Demo(command) => command.run(),
            Command::Backtest(command) => command.run(),
            Command::Cascade(command) => command.run(),
            Command::Calibrate(command) => command.run(),
            Command::Localnet(command) => command.run(),
            Command::Serve(command) => command.run(),
        }
    }
}

fn completions(shell: &str, console: &dyn Console) -> Result<()> {
    let shell: clap_complete::Shell = shell.parse().map_err(anyhow::Error::msg)?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ballast", &mut script);
    console.say(String::from_utf8(script)?.trim_end())
}

/// Writes to standard output. Whoever reads it may stop when they have seen enough.
pub(crate) fn say(text: &str) -> Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
