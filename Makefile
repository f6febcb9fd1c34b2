# Everything runs in .venv, made from the hashed lock; no target needs anything activated.

PYTHON ?= python3
UV ?= uv
BIN := .venv/bin
PACKAGES := $(wildcard ledger timebank schema web)
SOURCES := $(PACKAGES) tests
# Each process has its own databases and browser, and whoever is idle takes tests over. One more than
# there are cores, for they wait a quarter of their time (browsers, disks, clocks); full sizes compute.
CORES := $(shell nproc 2>/dev/null || echo 2)
SIDE_BY_SIDE := --dist worksteal -m 'not alone' --numprocesses
# Thousands of commits need not wait for a disk, where a large file system in memory is there.
IN_MEMORY := $(shell [ "$$(df --output=avail /dev/shm 2>/dev/null | tail -n 1)" -gt 8000000 ] 2>/dev/null && echo TMPDIR=/dev/shm)
# A hang is told after five minutes (pyproject.toml), but a city's year may take its time.
AT_FULL_SIZE := --timeout 7200
# What measures has the machine to itself, and its disk.
ALONE := -m alone

.PHONY: all demo test test-full pictures check schema migration release bench lock clean

all: .venv/ready

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

# Foreign judges of the schema, which want other versions than ours: a place of their own.
.judges/ready: tests/judges.lock
	$(PYTHON) -m venv .judges
	.judges/bin/python -m pip install --quiet --require-hashes --only-binary :all: -r tests/judges.lock
	touch $@

demo: .venv/ready
	$(BIN)/timebank demo

check: .venv/ready
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy --num-workers $(CORES) $(SOURCES)
	$(BIN)/lint-imports

test: check .judges/ready
	$(IN_MEMORY) $(BIN)/pytest $(SIDE_BY_SIDE) $(shell expr $(CORES) + 1)
	$(BIN)/pytest $(ALONE)

test-full: check .judges/ready
	$(IN_MEMORY) TIMEBANK_TEST_SIZE=full $(BIN)/pytest $(AT_FULL_SIZE) $(SIDE_BY_SIDE) $(CORES)
	TIMEBANK_TEST_SIZE=full $(BIN)/pytest $(AT_FULL_SIZE) $(ALONE)

# The pictures of the manual and the README, taken anew; look at each before it is kept.
pictures: .venv/ready
	TIMEBANK_TEST_PICTURES=1 $(BIN)/pytest -q -n0 tests/test_pictures.py

# The schema as it is printed now; review it as a diff.
schema: .venv/ready
	$(BIN)/python -c 'import schema; print(schema.printed(), end="")' > schema/schema.graphql.new
	mv schema/schema.graphql.new schema/schema.graphql

# Write down what the tables' classes want beyond the migrations kept.
migration: .venv/ready
	$(BIN)/python -c 'import asyncio; from timebank.orm import new_migrations; print(*asyncio.run(new_migrations(write=True)))'

# Databases of this version, for every later one to bring forward; a version without `.dev`.
release: .venv/ready
	$(BIN)/python -m tests.releases

bench: .venv/ready
	$(BIN)/python -m tests.bench

# Resolved with uv, for the oldest Python supported; the files name no package index. The second is
# what is installed to run: the same versions without the developers' tools. The third is the judges'.
lock:
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links \
		--all-extras --group dev pyproject.toml --output-file requirements.lock
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links \
		--all-extras --constraint requirements.lock pyproject.toml --output-file deploy/requirements.lock
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links \
		--group judges --output-file tests/judges.lock

clean:
	rm -rf .venv .judges build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +
