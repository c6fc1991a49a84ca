# Everything that a person or CI does with this repository. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/modelbond
UV    := $(CACHE)/uv/bin/uv
BIN   := .venv/bin
PY    := PYTHONPATH=operator:tests $(BIN)/python
PYTEST := $(BIN)/pytest
LOCK  := $(UV) pip compile --quiet --upgrade --generate-hashes --no-header --no-emit-index-url
LOCK_IMAGE := $(LOCK) --no-annotate --python-version 3.11 --python-platform x86_64-manylinux_2_35

##@ The two commands
.PHONY: demo test
demo: .venv compiled ## Three clusters of different owners serve a real model: minutes from nothing
	$(PY) -m demo up

test: style unit adapters chart rules contracts chain scenarios ## Everything that CI proves, fast to slow

##@ Parts of the test
.PHONY: lint style unit adapters chart rules contracts chain scenarios
lint: style chart ## Everything that needs no cluster to find a fault: style and chart

style: .venv ## Style, types, import rules, generated files, shell scripts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=operator $(BIN)/lint-imports
	$(BIN)/python operator/generate.py --check
	$(BIN)/shellcheck .ci/run $$(git ls-files '*.sh')

unit: .venv ## Pure decisions and properties; the pure packages at 100 % of branches
	$(BIN)/coverage run -m pytest -q tests/unit tests/properties
	$(BIN)/coverage report

adapters: .venv ## Adapters, the edge and the whole operator against peers that misbehave
	$(PYTEST) -q tests/adapters

chain: .venv compiled ## The deployed contracts on a real chain: reorgs, kills, nodes that lie
	node contracts/tools/vectors.js --check
	$(BIN)/python operator/generate.py --contracts --check
	# Watchers live in real time, and mostly wait: they do so beside the rest.
	log=$$(mktemp)
	$(PYTEST) -q --timeout 300 tests/chain/test_watchers.py > $$log 2>&1 & watchers=$$!
	trap "kill $$watchers 2>/dev/null || :; rm -f $$log" EXIT
	$(PYTEST) -q --timeout 300 --ignore tests/chain/test_watchers.py tests/chain
	wait $$watchers && code=0 || code=$$?
	cat $$log
	exit $$code

chart: .venv ## The Helm chart, rendered by real helm and checked against schemas
	$(PY) -m cluster tools
	$(PYTEST) -q tests/chart

rules: .venv ## Rules, alerts and dashboards, judged by a real promtool and a real Prometheus
	$(PYTEST) -q tests/rules

contracts: ## The contracts: tests, invariants, gas against the snapshots, proofs, coverage (Node if missing)
	$(MAKE) -C contracts all

scenarios: .venv compiled ## Real clusters, real Triton, real faults (builds what is missing)
	$(PY) -m cluster tools
	$(PY) -m images
	$(PYTEST) tests/scenarios

##@ Work on it
.PHONY: generate format clusters images bench bench-accuracy bench-verdicts bench-watcher demo-down clean help
generate: .venv compiled ## Write the files that are generated: types, pages, rules, dashboards
	$(BIN)/python operator/generate.py
	$(BIN)/python operator/generate.py --contracts
	node contracts/tools/vectors.js
	$(PY) -m golden

format: .venv ## Let ruff lay out the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clusters: .venv ## Bring up the clusters home, alpha and beta
	$(PY) -m cluster up home alpha beta

images: .venv ## Build the operator's image and those of the demo
	$(PY) -m images

bench: .venv ## Latency from apply to order and from ready to Ready, on real clusters
	$(PY) -m bench

bench-accuracy: .venv ## How true the ledger is, by outages known beforehand: five minutes, no cluster
	$(PY) -m bench.accuracy

bench-verdicts: .venv ## Which of our own cheats canaries find, on two real models: minutes, no cluster
	OPENBLAS_NUM_THREADS=1 $(PY) -m bench.verdicts

bench-watcher: .venv ## What it costs to watch 10,000 targets each 30 s (eight minutes)
	$(PY) -m bench.watcher

demo-down: .venv ## Remove everything that the demo made
	$(PY) -m demo down

clean: demo-down ## Also remove the environment; built binaries stay in the cache
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

help: ## This text
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*##/ {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The contracts, as forge compiles them; what is compiled already costs a second.
.PHONY: compiled
compiled:
	@$(MAKE) --quiet -C contracts tools
	@cd contracts && node_modules/.bin/forge build --quiet src script

# The environment: uv in the cache, the locked packages in .venv.
$(UV):
	@if ! python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
	  echo "Installing python3 and python3-venv"
	  apt-get update -q && apt-get install -qy --no-install-recommends python3 python3-venv
	fi
	@echo "Installing uv into $(CACHE)/uv"
	@python3 -m venv $(CACHE)/uv
	@$(CACHE)/uv/bin/pip install --quiet --disable-pip-version-check uv

.venv: requirements/dev.txt pyproject.toml | $(UV)
	@echo "Installing the locked Python packages into .venv"
	@[ -x $(BIN)/python ] || $(UV) venv --quiet --python "$$(command -v python3)" .venv
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch .venv

.PHONY: lock
lock: | $(UV) ## Write all requirements.txt anew: ours from pyproject.toml, the images' from theirs
	$(LOCK) pyproject.toml -o requirements/operator.txt
	$(LOCK) --group dev pyproject.toml -o requirements/dev.txt
	$(LOCK_IMAGE) --no-deps tests/bench/requirements.in -o tests/bench/requirements.txt
	cd tests/images
	$(LOCK_IMAGE) client/requirements.in -o client/requirements.txt
	$(LOCK_IMAGE) --no-deps triton/requirements.in -o triton/requirements.txt
