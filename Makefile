# Two commands do all set-up on a machine with git, python3 (3.11 or later, with venv and pip) and make:
#   make demo   the main job          make test   everything that must hold
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
DEMO_EXTRAS := local
TEST_EXTRAS := dev,notebook
LOCK := requirements.lock

.DEFAULT_GOAL := help
.PHONY: help demo test coverage notebooks slow system-deps lint lock bench example-report clean

help: ## the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

demo: .venv/demo.stamp ## run the main job on what ships, with the embedded model
	$(BIN)/evalplat demo

test: .venv/test.stamp lint ## lint, types, architecture, then the tests
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not slow"

coverage: .venv/test.stamp ## the same tests, with what they do not reach (half as long again)
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not slow" --cov=evalplat --cov-report=term:skip-covered

notebooks: .venv/test.stamp ## all notebooks, run as a reader would: without an error or a warning, with the outputs that are committed
	$(BIN)/python -m pytest -n 2 tests/notebooks

slow: .venv/test.stamp ## long simulations and load tests, within a budget of 30 minutes
	timeout 1800 $(BIN)/python -m pytest -n 2 --dist loadgroup -m slow --durations=25

lint: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

example-report: .venv/test.stamp ## the page that README shows, from the demo's failed gate (a quarter of an hour)
	folder=$$(mktemp -d) && cd $$folder && $(CURDIR)/$(BIN)/evalplat demo && \
		cp reports/v2-to-v3.html $(CURDIR)/reports/example.html && rm -rf $$folder
	$(BIN)/python tests/instruments/first_screen.py reports/example.html reports/example.png

system-deps: ## what needs root: Debian's chromium for the browser tests
	@command -v chromium >/dev/null || { apt-get update -q && apt-get install -y -q --no-install-recommends chromium fonts-dejavu-core fonts-liberation; }

lock: $(UV) ## resolve again and write requirements.lock
	$(UV) pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --custom-compile-command "make lock" --quiet -o $(LOCK)

clean: ## remove what the targets above made
	rm -rf .venv .evalplat .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "evalplat needs Python 3.11 or later; say which with: make PYTHON=python3.11 ..." >&2; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

.venv/demo.stamp: $(UV) pyproject.toml $(LOCK)
	$(UV) pip install --quiet --python $(BIN)/python --constraint $(LOCK) --editable '.[$(DEMO_EXTRAS)]'
	@touch $@

.venv/test.stamp: $(UV) pyproject.toml $(LOCK)
	$(UV) pip install --quiet --python $(BIN)/python --constraint $(LOCK) --editable '.[$(TEST_EXTRAS)]'
	@touch $@ .venv/demo.stamp
