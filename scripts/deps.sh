#!/usr/bin/env bash
# Installs what building and testing needs and this machine lacks. Says nothing when all is present.
set -euo pipefail

NEXTEST_VERSION=0.9.143

say() { printf 'deps: %s\n' "$*" >&2; }

command -v cargo >/dev/null || {
    say 'error: Rust 1.95 is not installed (cargo is not in PATH)'
    exit 1
}

# A command, or a file for libraries, and the Debian package that has it.
packages=()
need() { command -v "$1" >/dev/null || packages+=("$2"); }
need cc gcc
need pkg-config pkg-config
# These two only serve the registry-only toolchain.
if ! command -v cargo-build-sbf >/dev/null; then
    need curl curl
    need python3 python3
fi
# The web app, its tests in a browser, and the local node.
need node nodejs
need npm npm
need chromium chromium
pkg-config --exists openssl 2>/dev/null || packages+=(libssl-dev)
# With mold the tests link faster. It is fetched along with the rest, or when MOLD=1 asks for it.
optional=()
command -v mold >/dev/null || optional+=(mold)

if ((${#packages[@]} > 0)) || { [[ ${MOLD:-0} == 1 ]] && ((${#optional[@]} > 0)); }; then
    root=()
    if ((EUID != 0)); then
        command -v sudo >/dev/null || {
            say "error: please install as root: ${packages[*]}"
            exit 1
        }
        root=(sudo)
    fi
    command -v apt-get >/dev/null || {
        say "error: no apt-get here; please install what these Debian packages hold: ${packages[*]}"
        exit 1
    }
    say 'updating the package lists'
    "${root[@]}" apt-get update -qq || say 'warning: apt-get update failed; trying with the lists at hand'
    if ((${#packages[@]} > 0)); then
        say "installing ${packages[*]}"
        "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${packages[@]}"
    fi
    if ((${#optional[@]} > 0)); then
        say "installing ${optional[*]} (optional)"
        "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${optional[@]}" ||
            say "${optional[*]} cannot be had; going on without"
    fi
fi

if ! command -v cargo-nextest >/dev/null; then
    say "building cargo-nextest $NEXTEST_VERSION (once)"
    cargo install --locked --version "$NEXTEST_VERSION" cargo-nextest
fi
