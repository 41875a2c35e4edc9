//! The committed IDL is what the program's source gives.

use std::process::Command;

#[test]
fn the_committed_idl_is_fresh() {
    let check = Command::new(env!("CARGO_BIN_EXE_idl")).arg("--check").output().expect("the idl tool runs");
    assert!(
        check.status.success(),
        "run make idl\n{}{}",
        String::from_utf8_lossy(&check.stdout),
        String::from_utf8_lossy(&check.stderr)
    );
}
