# The commands of this project; `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
PY := $(VENV)/bin/python
# The first supported interpreter that really starts (a version manager's shim may not).
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13; do \
	$$p -c "" 2>/dev/null && echo $$p && exit; done; echo python3)
TOOLS := .tools
HELM ?= $(shell command -v helm || echo $(TOOLS)/helm)
IMAGE ?= polyarb:dev
WORKERS ?= 2
ARGS ?=

# Trust what the machine trusts: networks with their own certificate authority are common.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS ?= true
endif

SUITES := $(wildcard tests/test_*.py tests/unit tests/traps tests/integration tests/conformance tests/simulation)
# Micro-benchmarks live in bench/, where no second worker disturbs the clock.
PYTEST := $(PY) -m pytest -q -rs -n $(WORKERS) -p no:benchmark
INDEX := index
COMPILE := $(VENV)/bin/uv pip compile -q --universal -p 3.11 --generate-hashes \
	--no-emit-$(INDEX)-url --no-emit-find-links --custom-compile-command "make lock" pyproject.toml
PROTOC := $(PY) -m grpc_tools.protoc -Iproto

.PHONY: help setup run test check fmt lint types proto drift tidy conformance lock bench corpus fuzz image chart clean

help: ## List these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

setup: $(VENV)/.stamp ## Build .venv from the hash-locked requirements; instant when nothing changed

# The lock holds uv itself, so the installer is checked against a hash like everything it installs.
$(VENV)/.stamp: requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo "polyarb needs Python 3.11, 3.12 or 3.13 (set PYTHON=...)" >&2; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@test -x $(VENV)/bin/uv || { \
		awk '/^uv==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements-dev.txt > $(VENV)/uv.txt; \
		$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt; }
	@echo "installing the locked requirements into $(VENV)"
	@$(VENV)/bin/uv pip sync -q --python $(PY) --require-hashes --compile-bytecode requirements-dev.txt
	@$(VENV)/bin/uv pip install -q --python $(PY) --no-deps --no-build-isolation -e .
	@touch $@

run: setup ## Run the whole system: make run ARGS="--for 60s --seed 7"
	@$(PY) -m polyarb.cli run $(ARGS)

test: setup ## Run the tests; ARGS=--cov reports coverage
	@test -n "$${POLYARB_RECORDINGS:-}" || echo "POLYARB_RECORDINGS is not set: tests on recordings are skipped"
	@$(PYTEST) $(SUITES) $(ARGS)

check: fmt lint types drift tidy test chart ## The whole gate, formatting included

fmt: setup ## Format the code and sort its imports
	@$(PY) -m ruff check -q --select I --fix .
	@$(PY) -m ruff format -q .

lint: setup ## Lint Python and protos
	@$(VENV)/bin/buf lint proto
	@$(PY) -m ruff check .

types: setup ## Check types strictly
	@$(PY) -m mypy

proto: setup ## Generate polyarb/v1 from proto/
	@$(PROTOC) --python_out=. --pyi_out=. proto/polyarb/v1/*.proto
	@$(PROTOC) --grpc_python_out=. proto/polyarb/v1/*_service.proto

drift: proto ## Fail when polyarb/v1 is not what proto/ generates
	@git diff --exit-code --stat -- polyarb/v1
	@test -z "$$(git status --porcelain -- polyarb/v1)" || { git status --short -- polyarb/v1; exit 1; }
	@echo "polyarb/v1 is what proto/ generates"

tidy: setup ## Execute the style guide
	@$(PY) -m pytest -q -p no:benchmark tests/test_tidy.py

conformance: setup ## Run the venue's own clients against the simulated venue; part of make test
	@$(PYTEST) tests/conformance $(ARGS)

lock: setup ## Write the hash-locked requirements from pyproject.toml (ARGS=--upgrade to move versions)
	@$(COMPILE) $(ARGS) -o requirements.txt
	@$(COMPILE) $(ARGS) --all-extras --group dev -c requirements.txt -o requirements-dev.txt

bench: setup ## Measure the hot paths
	@$(PY) -m pytest -q bench --benchmark-columns=min,median,iqr,ops $(ARGS)

corpus: setup ## Measure detection on 1,500 labelled groups, and change 10,000 certificates
	@$(PY) -m bench.corpus $(ARGS)

fuzz: setup ## Feed 100,000 mutated frames to the books; nightly (POLYARB_FUZZ_FRAMES for another number)
	@POLYARB_FUZZ_FRAMES=$${POLYARB_FUZZ_FRAMES:-100000} $(PYTEST) tests/unit/services/scanner/test_feed_fuzz.py $(ARGS)

image: ## Build the container image
	@docker build -t $(IMAGE) .

chart: setup $(HELM) ## Lint, render and test the Helm chart
	@$(HELM) lint --strict --quiet deploy/helm/polyarb
	@HELM=$(HELM) $(PY) -m pytest -q -p no:benchmark tests/chart $(ARGS)

$(TOOLS)/helm: | setup
	@$(PY) tests/e2e/tools/get_helm.py $(TOOLS)

clean: ## Remove everything that was built, except run data
	@rm -rf $(VENV) $(TOOLS) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* htmlcov dist
	@find polyarb services tests bench -name __pycache__ -prune -exec rm -rf {} +
