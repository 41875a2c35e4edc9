#!/usr/bin/env bash
# Builds the on-chain program to target/deploy/<name>.so.
#
# usage: build.sh [DIRECTORY] [-- CARGO OPTION...]
#
# DIRECTORY is the package (default: programs/ballast). The official toolchain is used where
# `cargo build-sbf` is installed; otherwise setup.sh prepares the registry-only one, which is good
# for tests and measurement, not for a deployment of value (docs/decisions/001).
#
# BALLAST_SBF      official or registry: insist on one of the two
# BALLAST_CACHE and others: see setup.sh
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)

die() {
    printf 'sbf: error: %s\n' "$1" >&2
    shift
    (($# == 0)) || printf '  %s\n' "$@" >&2
    exit 1
}

package=$repo/programs/ballast
if (($# > 0)) && [[ $1 != -- ]]; then
    [[ -d $1 ]] || die "$1 is not a directory"
    package=$(cd "$1" && pwd)
    shift
fi
if (($# > 0)); then
    [[ $1 == -- ]] || die "usage: build.sh [DIRECTORY] [-- CARGO OPTION...]"
    shift
fi
manifest=$package/Cargo.toml
[[ -f $manifest ]] || die "there is no $manifest"

# The name of the library: [lib] name if given, else the package's.
name=$(awk '
    /^\[/ { section = $0 }
    /^name[ \t]*=/ { split($0, part, "\""); names[section] = part[2] }
    END { print "[lib]" in names ? names["[lib]"] : names["[package]"] }
' "$manifest")
name=${name//-/_}

toolchain=${BALLAST_SBF:-}
if [[ -z $toolchain ]]; then
    if command -v cargo-build-sbf >/dev/null; then toolchain=official; else toolchain=registry; fi
fi

target=$repo/target/sbf
deploy=$repo/target/deploy
mkdir -p "$deploy"

case $toolchain in
official)
    version=$(cargo build-sbf --version | head -1)
    env -u RUSTFLAGS CARGO_TARGET_DIR="$target" \
        cargo build-sbf --manifest-path "$manifest" --sbf-out-dir "$target/official" -- "$@"
    built=$target/official/$name.so
    description="the official toolchain, $version"
    ;;
registry)
    # The linker's own message, "Symbol __multi3 is missing", suggests a fix that does not help.
    if ! grep -q 'sbf-builtins' "$manifest" || ! grep -rqE 'use sbf_builtins\b' "$package/src"; then
        die "$package does not link sbf-builtins, the libcalls of 128-bit arithmetic" \
            "Depend on it for cfg(target_arch = \"bpf\") and say 'use sbf_builtins as _;' in lib.rs."
    fi
    tools=$("$here/setup.sh")
    # std is built along with the program, for this target and with these flags.
    "$tools/bin/cargo-sbf" build --release \
        --manifest-path "$manifest" --target-dir "$target" \
        --config "$here/cargo-config.toml" --target "$here/bpfel-solana.json" \
        -Zjson-target-spec -Zbuild-std=std,panic_abort -Zbuild-std-features= "$@"
    built=$target/bpfel-solana/release/lib$name.so
    [[ -f $built ]] || built=$target/bpfel-solana/release/$name.so
    description="the registry-only toolchain, $(basename "$tools") (for tests and measurement, not for a deployment of value)"
    ;;
*)
    die "BALLAST_SBF=$toolchain: expected official or registry"
    ;;
esac

[[ -f $built ]] || die "the build made no $built" "Is crate-type = [\"cdylib\", \"lib\"] set in $manifest?"
# An unchanged file keeps its time, so that nothing which includes it is built again.
# By rename: whoever has the old one open, or linked, keeps it.
  cmp -s "$built" "$deploy/$name.so" || { cp "$built" "$deploy/$name.so.new" && mv "$deploy/$name.so.new" "$deploy/$name.so"; }

printf 'sbf: target/deploy/%s.so, %s bytes, by %s\n' "$name" "$(stat -c %s "$deploy/$name.so")" "$description"
