//! The threat model names the test behind each guard: the tests exist.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Where a test that is named `file::name` stands, `file` being a path or one of the features.
fn source(file: &str) -> PathBuf {
    if file.ends_with(".rs") { root().join(file) } else { root().join(format!("tests/features/{file}.rs")) }
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let text = read_to_string(root().join("docs/threat-model.md")).expect("the threat model");
    // Odd pieces stand between backticks.
    let named = text.split('`').skip(1).step_by(2).filter_map(|code| code.split_once("::"));
    let mut found = 0;
    for (file, test) in named {
        let known = test.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !known || file.is_empty() || file.starts_with(char::is_uppercase) || file == "file" {
            continue;
        }
        let path = source(file);
        let code =
            read_to_string(&path).unwrap_or_else(|e| panic!("{file}::{test}: {}: {e}", path.display()));
        assert!(code.contains(&format!("fn {test}(")), "{} has no test {test}", path.display());
        found += 1;
    }
    assert!(found > 100, "only {found} tests are named");
}
