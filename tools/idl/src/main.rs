//! Writes `idl/ballast.json`, the program's interface, and `idl/governance.json`, its table of parameters, without the
//! Anchor CLI.
//!
//! Anchor's derive macros print the interface from tests that only exist under the feature
//! `idl-build`; `anchor-lang-idl` compiles and runs them and puts the parts together. That build has a
//! folder of its own, because its features and flags differ from those of every other build here.

mod governance;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use anchor_lang_idl::build::IdlBuilder;
use anyhow::{Context, Result, bail};

const USAGE: &str = "\
Writes the program's interface to idl/ballast.json, and the table of parameters that governance may move to
idl/governance.json.

usage: idl [--check] [governance]

  --check      write nothing; fail if a file is not what the program's source gives
  governance   only idl/governance.json, which takes no time";

fn main() -> ExitCode {
    // SAFETY: the process has one thread as yet.
    // The builder would pass a toolchain that this variable names to cargo in a form that no cargo takes.
    unsafe { env::remove_var("RUSTUP_TOOLCHAIN") };
    let arguments: Vec<String> = env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => INTERFACE.write().and_then(|()| GOVERNANCE.write()),
        ["--check"] => INTERFACE.check().and_then(|()| GOVERNANCE.check()),
        ["governance"] => GOVERNANCE.write(),
        ["--check", "governance"] => GOVERNANCE.check(),
        ["-h" | "--help"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("idl: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A committed file, and what the program's source gives for it.
struct File {
    path: &'static str,
    generate: fn() -> Result<String>,
}

const INTERFACE: File = File { path: "idl/ballast.json", generate };
const GOVERNANCE: File = File { path: "idl/governance.json", generate: governance::generate };

fn root() -> PathBuf {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    root.canonicalize().unwrap_or(root)
}

/// The interface as the source gives it: pretty JSON in the builder's order, sorted by name.
fn generate() -> Result<String> {
    let (program, target) = (root().join("programs/ballast"), root().join("target/idl"));
    if !target.exists() {
        eprintln!(
            "idl: compiling the program with the feature idl-build; the first time takes about two minutes"
        );
    }
    // The workspace's dev profile optimises dependencies, for the VM's sake; here nothing runs for long.
    let flags = [
        "--lib",
        "--config=profile.dev.opt-level=0",
        "--config=profile.dev.package.\"*\".opt-level=0",
        "--target-dir",
    ];
    let mut arguments: Vec<String> = flags.map(str::to_owned).into();
    arguments.push(target.to_str().context("the path of target/idl is not UTF-8")?.to_owned());
    let idl = IdlBuilder::new()
        .program_path(program)
        .cargo_args(arguments)
        .build()
        .context("the program gave no interface (its own message is above)")?;
    Ok(serde_json::to_string_pretty(&idl)? + "\n")
}

impl File {
    fn write(&self) -> Result<()> {
        let (path, text) = (root().join(self.path), (self.generate)()?);
        if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
            println!("{} is unchanged", self.path);
            return Ok(());
        }
        std::fs::create_dir_all(root().join("idl")).context("cannot create idl/")?;
        std::fs::write(&path, &text).with_context(|| format!("cannot write {}", self.path))?;
        println!("{} written, {} bytes", self.path, text.len());
        Ok(())
    }

    fn check(&self) -> Result<()> {
        let old = std::fs::read_to_string(root().join(self.path))
            .with_context(|| format!("cannot read {}; run `make idl`", self.path))?;
        let Some(line) = first_difference(&old, &(self.generate)()?) else {
            println!("{} is fresh", self.path);
            return Ok(());
        };
        bail!("{} differs from the program's source from line {line} on; run `make idl`", self.path)
    }
}

/// The first line, from 1, in which two texts differ.
fn first_difference(a: &str, b: &str) -> Option<usize> {
    if a == b {
        return None;
    }
    let common = a.split('\n').zip(b.split('\n')).take_while(|(x, y)| x == y).count();
    Some(common + 1)
}
