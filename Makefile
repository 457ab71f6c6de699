# Every target sets up .venv by itself; once that is done, it costs nothing.
# Needs Python 3.11 and make, nothing else. `make help` lists the targets.

PYTHON := $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.installed
# The linter compiles models, and opens a warehouse to do so.
SCRATCH := $(CURDIR)/.venv/scratch
# A quarter of its time went into looking for garbage among the trees that it holds.
SQLFLUFF := import atexit, gc; gc.set_threshold(50_000, 50, 50); atexit.register(gc.collect); \
	from sqlfluff.cli.commands import cli; cli()
# One more than there are cores: tests wait for processes of their own a quarter of their time.
# Files in the order of the listing: by number of tests, the longest would come last.
WORKERS = $(shell $(BIN)/python -c 'import os; print(os.cpu_count() + 1)')

# Where modules are not kept compiled, each of a run's processes compiles them anew: two seconds every time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run run-example ui test lint lint-python lint-sql bench bench-extract bench-latency bench-attribution bench-incremental scores lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(STAMP) ## extract, build and publish; without credentials, from the sandbox
	@$(BIN)/smm run

run-example: $(STAMP) ## the same over the two real data sets that come with the project
	@$(BIN)/smm run-example

ui: $(STAMP) ## open the Dagster UI on the runs made so far
	@$(BIN)/smm ui

test: $(STAMP) ## run the tests
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: $(STAMP) ## check style, types and SQL
	@$(MAKE) --no-print-directory --jobs 2 --output-sync lint-python lint-sql

lint-python: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

lint-sql: $(STAMP)
	@$(BIN)/smm parse
	@mkdir -p $(SCRATCH)
	@cd dbt_project && SMM_LAKE=$(SCRATCH)/lake SMM_WAREHOUSE_DIR=$(SCRATCH) \
		$(CURDIR)/$(BIN)/python -P -c '$(SQLFLUFF)' lint --processes 2 --disable-progress-bar models tests

bench: $(STAMP) ## measure speed and memory
	@$(BIN)/python -m benchmarks

bench-extract: $(STAMP) ## measure landing beside its floors and dlt, with what is promised of it
	@$(BIN)/python -m benchmarks.extract

bench-latency: $(STAMP) ## measure reading side by side from platforms that answer late
	@$(BIN)/python -m benchmarks.latency

bench-attribution: $(STAMP) ## measure attribution from touch rows, beside ChannelAttribution if installed
	@$(BIN)/python -m benchmarks.attribution

bench-incremental: $(STAMP) ## measure a day after two years beside one after a month; takes half an hour
	@$(BIN)/python -m benchmarks.incremental

scores: $(STAMP) ## score estimates of the last `make run` beside the truth of its world
	@$(BIN)/python -m benchmarks.scores

lock: $(STAMP) ## resolve the dependencies anew into requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --universal --generate-hashes \
		--extra dev --extra bench --no-emit-index-url --no-annotate --no-strip-extras \
		--custom-compile-command "make lock" --output-file requirements.lock pyproject.toml

clean: ## delete the data, the environment and all that was made from sources
	rm -rf data .venv dbt_project/target dbt_project/logs .pytest_cache .mypy_cache .ruff_cache

# The stamp is touched last: an installation that was cut short is done again.
# Nothing is compiled ahead: of 30,000 modules one in ten is ever imported, and 20 seconds pass.
# The lock is complete, so no package's own wishes are asked: of lifetimes only the data are wanted.
$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 is needed, and there is no python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "Python 3.11 is needed; $(PYTHON) is another version"; exit 1; }
	@echo "setting up .venv"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
