# One native profile (dev) and one package selection (--workspace) for tests, demo, bench and IDL: another
# selection would unify features differently and build the dependencies again.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help deps build native web up test browser fuzz mutants demo bench idl lint clean

# Options for the program that a target runs: make demo ARGS=--help, make test ARGS=liquidation
ARGS ?=

# Cargo for native code, linking with mold where that is installed. The shell of each recipe looks for it,
# because `deps` may just have installed it.
CARGO = RUSTFLAGS="$${RUSTFLAGS-}$$(command -v mold >/dev/null && printf ' -Clink-arg=-fuse-ld=mold' || true)" cargo

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' Makefile

deps: ## install what is missing (Debian packages, cargo-nextest)
	@scripts/deps.sh

build: deps ## build the program, and the programs that tests need, in target/deploy
	@scripts/sbf/build.sh
	@scripts/sbf/build.sh tests/probe
	@scripts/sbf/build.sh tests/multisig
	@scripts/sbf/build.sh tests/poster

native: build ## build everything that runs on this machine
	@$(CARGO) build --workspace --all-targets

# npm leaves a copy of the lock file that it has installed.
web: deps ## install the npm packages, and build the web app
	@[[ app/node_modules/.package-lock.json -nt app/package-lock.json ]] || npm ci --prefix app
	@npm run --prefix app --workspace web --silent build

up: native web ## start a local cluster with prices, people, a keeper and the web app
	@target/debug/ballast localnet $(ARGS)

# Properties are tried on the same inputs every time: a change is judged by them, and not by the luck of the day. `make
# fuzz` draws new ones. The features' tests share a process, and with it the translation of the program to native code
# (decision 041). Two tests more than there are cores at a time, because those with a node wait for its blocks, and
# so do those in the browser: what TypeScript has of tests runs beside them. `make browser` has the same day on
# solana-test-validator too.
test: export PROPTEST_RNG_SEED ?= 20210519
test: native web ## build everything and run the tests; with ARGS those in Rust that it names
	@$(CARGO) nextest run --workspace --test-threads $$(($$(nproc) + 2)) \
	  $(if $(ARGS),$(ARGS),-E 'not binary_id(ballast-tests::features)')
	@$(if $(ARGS),,$(CARGO) test --workspace --test features)
	@npm run --prefix app --silent unit >target/unit.log 2>&1 & unit=$$!; \
	  npm run --prefix app --silent e2e -- client options powers states story wallets && failed=0 || failed=$$?; \
	  wait $$unit || failed=$$?; cat target/unit.log; exit $$failed

browser: native web ## the browser tests, and a trader's day on solana-test-validator too
	@npm run --prefix app --silent e2e -- $(ARGS)

fuzz: build ## 10,000 new inputs for every property, and as many random sequences of 100 instructions
	@PROPTEST_CASES=$${PROPTEST_CASES-10000} $(CARGO) nextest run --workspace --no-fail-fast -E 'package(ballast-risk)' $(ARGS)
	@BALLAST_SEQUENCES=$${BALLAST_SEQUENCES-10000} BALLAST_SEQUENCE_LENGTH=$${BALLAST_SEQUENCE_LENGTH-100} BALLAST_KEEP=1 \
	  $(CARGO) nextest run --workspace --no-capture -E 'test(any_sequence_keeps_the_books)' $(ARGS)

mutants: build ## try the tests on programs with one guard removed each
	@scripts/mutants.sh $(if $(ARGS),$(ARGS),--write)

demo: native ## run the demonstration in an in-process VM
	@target/debug/ballast demo $(ARGS)

bench: native ## measure compute units
	@target/debug/bench $(ARGS)

idl: native ## write idl/ballast.json
	@target/debug/idl $(ARGS)

lint: deps ## check formatting, and clippy without warnings
	@cargo fmt --all --check
	@$(CARGO) clippy --workspace --all-targets -- -D warnings

clean: ## remove what was built (the SBPF toolchain's cache stays)
	@rm -rf target
