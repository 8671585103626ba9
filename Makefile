# One entry for people and for CI. `make help` lists the targets; tools/bootstrap installs what is missing.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help build test soak demo check format coverage licences fuzz bench clean

# /usr/sbin: where Debian keeps ip, ethtool and tcpdump, which a user's PATH may lack.
export PATH := $(CURDIR)/build/bootstrap/bin:$(PATH):/usr/sbin:/sbin
# The machine's own Python, never a downloaded one.
export UV_PYTHON_DOWNLOADS := never
# The same interpreter for every cargo command, so that pyo3 is built once.
export PYO3_PYTHON := $(CURDIR)/.venv/bin/python
unexport VIRTUAL_ENV

BIN := .venv/bin
TYPED := $(wildcard src tests examples benches)
FUZZ_SECONDS ?= 60

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

build: ## build the Rust core and install usernet into .venv (program: .venv/bin/usernet)
	@tools/bootstrap build
	uv sync --locked --all-groups --no-install-project --inexact --compile-bytecode
	$(BIN)/maturin develop --release --locked --uv
	$(BIN)/python -m compileall -q src

test: ## build, then run every test, Rust's and Python's
	@tools/bootstrap test
	@$(MAKE) --no-print-directory build
	PROPTEST_RNG_SEED=7 cargo test --workspace --locked
	$(BIN)/pytest

soak: build ## build, then carry GiBs over bad lines, cut tunnels, and draw new examples of every property (minutes)
	@tools/bootstrap test
	cargo test --workspace --locked
	USERNET_SOAK=1 $(BIN)/pytest -m hypothesis
	USERNET_SOAK=1 $(BIN)/pytest tests/programs/real/test_transfers.py tests/programs/test_gateway_moves.py tests/net/test_splice.py tests/net/test_flow_changes.py tests/web/test_under_traffic.py

demo: build ## build, then show the main job on real traffic
	@tools/bootstrap test
	$(BIN)/python examples/demo.py
	$(BIN)/python examples/download.py

check: build ## format, lint, types, import contracts, stubs and docs
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	cargo fmt --all --check
	cargo fmt --manifest-path rust/fuzz/Cargo.toml --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy $(TYPED)
	$(BIN)/basedpyright
	PYTHONPATH=src $(BIN)/basedpyright --pythonpath $(BIN)/python --verifytypes usernet --ignoreexternal
	$(BIN)/stubtest usernet._core
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	$(BIN)/sphinx-build -q -W --keep-going -b doctest docs docs/_build/doctest

format: ## rewrite the sources in the project's format
	$(BIN)/ruff check --fix --exit-zero
	$(BIN)/ruff format
	cargo fmt --all
	cargo fmt --manifest-path rust/fuzz/Cargo.toml

coverage: build ## branch coverage of the rooms that must have all of it
	$(BIN)/coverage run -m pytest tests/config tests/engine/test_actions.py
	$(BIN)/coverage report

licences: ## check the licences and sources of every crate (installs cargo-deny when missing)
	cargo deny --version >/dev/null 2>&1 || cargo install --locked --root build/bootstrap cargo-deny
	cargo deny --locked check bans licenses sources

fuzz: ## run each fuzz target for FUZZ_SECONDS (needs a nightly toolchain; installs cargo-fuzz when missing)
	cargo fuzz --version >/dev/null 2>&1 || cargo install --locked --root build/bootstrap cargo-fuzz
	@for target in $$(cargo fuzz list --fuzz-dir rust/fuzz); do \
	    echo "fuzz: $$target, $(FUZZ_SECONDS) s"; \
	    cargo +nightly fuzz run --fuzz-dir rust/fuzz "$$target" -- -max_total_time=$(FUZZ_SECONDS); \
	done

bench: build ## run the benchmarks, Rust's and Python's
	cargo bench --workspace --locked
	$(BIN)/python -m benches

clean: ## remove what was built
	rm -rf build target .venv docs/_build rust/fuzz/target .*_cache .coverage
	find src -name '*.so' -delete
