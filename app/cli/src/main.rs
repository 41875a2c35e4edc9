//! `ballast`: the command line.

use clap::Parser;

fn main() -> std::process::ExitCode {
    let cli = ballast_cli::commands::Cli::parse();
    match cli.run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ballast: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
