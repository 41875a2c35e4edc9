//! docs/cli.md shows every command, and every command says in a sentence what it does.

use ballast_cli::commands::Cli;
use clap::{Command, CommandFactory};

const PAGE: &str = include_str!("../../../docs/cli.md");

/// Commands that have none below them, with their path.
fn leaves(command: &Command, path: &str, found: &mut Vec<(String, Command)>) {
    let below: Vec<_> = command.get_subcommands().filter(|c| c.get_name() != "help").collect();
    if below.is_empty() {
        found.push((path.to_owned(), command.clone()));
    }
    for one in below {
        leaves(one, &format!("{path} {}", one.get_name()), found);
    }
}

fn all() -> Vec<(String, Command)> {
    let mut found = Vec::new();
    leaves(&Cli::command(), "ballast", &mut found);
    assert!(found.len() > 30, "{}", found.len());
    found
}

#[test]
fn every_command_is_shown_on_the_page() {
    let missing: Vec<_> =
        all().into_iter().map(|(path, _)| path).filter(|path| !PAGE.contains(&format!("$ {path}"))).collect();
    assert!(missing.is_empty(), "docs/cli.md shows no example of: {missing:?}");
}

#[test]
fn every_command_says_what_it_does_with_an_example() {
    for (path, command) in all() {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(about.contains("as in") && about.contains("ballast "), "{path}: {about}");
        for argument in command.get_arguments().filter(|a| !a.is_hide_set()) {
            assert!(argument.get_help().is_some(), "{path}: {argument} says nothing");
        }
    }
}

#[test]
fn every_example_on_the_page_is_a_command_that_there_is() {
    let mut tried = 0;
    for line in PAGE.lines().filter_map(|line| line.strip_prefix("$ ballast ")) {
        let line = line.split(" > ").next().unwrap_or(line);
        let address = "Bsr6dUsWpMNKqWYvNqW18eG4mvLMjjXA1Y9ehyN91W9h";
        let words = line
            .split_whitespace()
            .map(|word| if word == "ACCOUNT" || word == "KEY" { address } else { word });
        let parsed = Cli::command().try_get_matches_from(std::iter::once("ballast").chain(words));
        if let Err(e) = parsed {
            panic!("{line}: {e}");
        }
        tried += 1;
    }
    assert!(tried > 30, "{tried}");
}
