//! `ballast-keeper`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use ballast_keeper::config::Config;
use ballast_keeper::run::{Engine, Parts};
use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// Keeps a Ballast clearinghouse going: cranks its risk state and liquidates what falls short.
#[derive(Parser)]
#[command(version, about)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Watches, cranks and liquidates until it is stopped
    Run {
        #[command(flatten)]
        settings: Settings,
        /// Decide and log, send nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Validates the configuration, and shows the house and what would be done now
    Check {
        #[command(flatten)]
        settings: Settings,
        /// Validate the file alone, without asking the node
        #[arg(long)]
        offline: bool,
    },
}

#[derive(Args)]
struct Settings {
    /// The configuration, TOML
    #[arg(long, short, env = "BALLAST_KEEPER_CONFIG", value_name = "FILE")]
    config: PathBuf,
    /// The node's HTTP address
    #[arg(long, value_name = "URL")]
    rpc: Option<String>,
    /// The node's WebSocket address
    #[arg(long, value_name = "URL")]
    ws: Option<String>,
    /// File with the key that signs
    #[arg(long, value_name = "FILE")]
    keypair: Option<String>,
    /// The journal
    #[arg(long, value_name = "FILE")]
    journal: Option<String>,
    /// Where metrics and health are served
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Any other setting, as often as needed
    #[arg(long, value_name = "SECTION.KEY=VALUE")]
    set: Vec<String>,
}

impl Settings {
    fn load(self, dry_run: bool) -> Result<Config> {
        let mut flags = Vec::new();
        for (key, value) in [
            ("chain.rpc", self.rpc),
            ("chain.ws", self.ws),
            ("keeper.keypair", self.keypair),
            ("journal.path", self.journal),
            ("server.listen", self.listen),
            ("keeper.dry_run", dry_run.then(|| "true".to_owned())),
        ] {
            flags.extend(value.map(|value| (key.to_owned(), value)));
        }
        for setting in self.set {
            let (key, value) = setting
                .split_once('=')
                .ok_or_else(|| anyhow::anyhow!("--set {setting}: write --set section.key=value"))?;
            flags.push((key.to_owned(), value.to_owned()));
        }
        Config::load(&self.config, std::env::vars(), &flags)
    }
}

fn log(config: &Config) -> Result<()> {
    let filter = EnvFilter::try_new(&config.log.level).map_err(|e| {
        anyhow::anyhow!("log.level is '{}': {e}; write info, or as RUST_LOG", config.log.level)
    })?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if config.log.format == "json" {
        lines.json().init();
    } else {
        lines.with_ansi(false).init();
    }
    Ok(())
}

/// Ctrl-C, or being asked to end.
async fn stopped() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = interrupted.await;
}

async fn act(line: Line) -> Result<()> {
    match line.command {
        Command::Run { settings, dry_run } => {
            let config = settings.load(dry_run)?;
            log(&config)?;
            let (engine, inbox) = Engine::start(Parts::new(config)?).await?;
            tracing::info!("running");
            engine.run(inbox, stopped()).await
        }
        Command::Check { settings, offline } => {
            let config = settings.load(true)?;
            if offline {
                println!("the configuration is valid");
                return Ok(());
            }
            let (mut engine, _inbox) = Engine::start(Parts::new(config)?).await?;
            print!("{}", engine.account());
            Ok(())
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match act(Line::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ballast-keeper: {error:#}");
            ExitCode::FAILURE
        }
    }
}
