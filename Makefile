# Polewatch: `make demo` shows it, `make test` proves it. Needs Python >= 3.11 with venv, and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

# Some machines forbid Python to keep what it compiled; then every process of a test compiles all anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help .venv demo check test accuracy accuracy-fire-long chaos fuzz ring-kills train-fire train-plates requirements docs boot day soak bench-quick

help: ## what can be made
	@grep -hE '^[.a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([.a-z-]+):.*## /  make \1\t/' | expand -t 24

# Each stamp stands for one installed set of requirements, so that a second run is instant.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "$(PYTHON) is missing or older than 3.11; name another by: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "$(PYTHON) has no venv module. Install it by: apt install python3-venv" >&2; exit 1; }
	@echo "making the virtual environment $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/demo.stamp: requirements/demo.txt pyproject.toml | $(VENV)/bin/python
	@echo "installing the pinned requirements (about 400 MB, once)"
	@$(PIP) install --quiet --require-hashes -r requirements/demo.txt
	@PYTHONWARNINGS=ignore $(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/demo.stamp
	@echo "installing the pinned tools for tests and checks"
	@$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

.venv: $(VENV)/demo.stamp ## the virtual environment with everything that the demo needs

demo: $(VENV)/demo.stamp ## the whole of Polewatch at work on this machine
	@$(BIN)/polewatch demo

check: $(VENV)/dev.stamp ## style, types and import directions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# A container's /dev/shm may be as small as 64 MB.
MEMORY := $(shell [ "$$(df --output=avail /dev/shm 2>/dev/null | tail -n 1)" -ge 1000000 ] 2>/dev/null \
  && echo /dev/shm || echo /tmp)

# Files of system tests, and of browsers, at a time; more pay where there are more than two cores.
WORKERS ?= 4
BROWSERS ?= 2
# In the order of tests/system/conftest.py, which has the longest first.
BY_FILE := --dist loadfile --no-loadscope-reorder

# SECOND_TRY=1 (CI) tries up to two failed system tests once more and prints them as flaky.
SYSTEM := $(if $(SECOND_TRY),bash tests/support/second_try.sh) $(BIN)/pytest

# Each in a process that imports and collects its own part only; three keep two cores busy to the end.
UNIT := unit-collector unit-edge_agent unit-others
unit-others: tests_of_it := tests $(patsubst %,--ignore=tests/%,collector edge_agent system repo accuracy)
unit-%: tests_of_it = tests/$*
.PHONY: $(UNIT)
$(UNIT): unit-%:
	@OPENCV_FOR_THREADS_NUM=1 $(BIN)/pytest -q -p no:cacheprovider --basetemp=$(FILES)/$* $(tests_of_it)

test: $(VENV)/dev.stamp ## checks, unit tests, then system tests; installs what they need
	@bash tests/support/debian.sh
	@$(MAKE) --no-print-directory check
	@# Unit tests survive no power cut, and half of their time is the disk: their files lie in memory.
	@files=$$(mktemp -d -p $(MEMORY)) && { $(MAKE) --no-print-directory -k -j3 -Otarget FILES=$$files $(UNIT); \
	  status=$$?; rm -rf $$files; exit $$status; }
	@# Real processes mostly wait for each other: several files at a time. What asserts speeds runs alone.
	$(SYSTEM) -q -n $(WORKERS) $(BY_FILE) -m "not timed" tests/repo tests/system --ignore=tests/system/console
	@# In processes of their own: the browser's driver keeps an event loop running.
	$(SYSTEM) -q -n $(BROWSERS) $(BY_FILE) -m "not timed" tests/system/console
	$(SYSTEM) -q -m timed tests/system --ignore=tests/system/console
	$(SYSTEM) -q -m timed tests/system/console

# The longest first, so that none of them runs on alone at the end.
LONGEST := $(patsubst %,tests/accuracy/test_%.py,plate_passages fire abandonment false_alarms falls)
MEASURED = $(LONGEST) $(filter-out $(LONGEST) %/test_speed.py,$(wildcard tests/accuracy/test_*.py))

accuracy: $(VENV)/dev.stamp ## measures on the labelled footage and writes docs/reference/accuracy.md
	@[ -d ../shared/data ] || echo "accuracy: ../shared/data is not here; what needs it will fail and say so" >&2
	@rm -rf var/accuracy
	@# Speed runs alone; of the rest a file stays in one process, whose models look at each picture once.
	@status=0; $(BIN)/pytest -q tests/accuracy/test_speed.py || status=$$?; \
	  $(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder --durations=12 $(MEASURED) \
	    || status=$$?; \
	  $(BIN)/python -m polewatch.accuracy.report || status=1; exit $$status

accuracy-fire-long: $(VENV)/dev.stamp ## two hours of what is taken for fire and smoke; its result is committed (about half an hour)
	$(BIN)/pytest -q tests/accuracy/fire_long.py

ROUNDS ?= 200
SEED ?= 1
BROKERS ?= nats mosquitto

chaos: $(VENV)/dev.stamp ## ROUNDS=200 rounds of faults from SEED=1 on BROKERS="nats mosquitto"; also: cluster
	@bash tests/support/debian.sh
	@status=0; for broker in $(BROKERS); do \
	  $(BIN)/python -m tests.system.chaos --broker $$broker --rounds $(ROUNDS) --seed $(SEED) \
	    || status=1; done; exit $$status

KILLS ?= 50

ring-kills: $(VENV)/dev.stamp ## kill -9 at random, KILLS=50 times, while a camera is recorded (about ten minutes)
	$(BIN)/python -m tests.system.video.ring_kills --kills $(KILLS) --seed $(SEED)

day: $(VENV)/dev.stamp ## a day at the centre: all services, real receivers, its books at the end (about a minute)
	@$(BIN)/python -m tests.system.day

HOURS ?= 2

soak: $(VENV)/dev.stamp ## four cameras with viewers, cuts and restarts for HOURS=2: nothing may grow
	$(BIN)/polewatch bench soak --hours $(HOURS) --keep

bench-quick: $(VENV)/dev.stamp ## ratios of cost that may not get worse, each within one run (seconds)
	$(BIN)/pytest -q -m timed tests/system/video/test_gate_cost.py tests/system/fleet/test_centre_cost.py

boot: $(VENV)/dev.stamp ## a blank card becomes a box that watches, in qemu (about ten minutes); told in var/boot
	$(BIN)/python -m tests.system.boot

FUZZ_SECONDS ?= 600
FUZZ_TARGETS ?=

$(VENV)/fuzz.stamp: requirements/fuzz.txt $(VENV)/dev.stamp
	@$(PIP) install --quiet --require-hashes -r requirements/fuzz.txt
	@touch $@

fuzz: $(VENV)/fuzz.stamp ## atheris on every parser of the wire, FUZZ_SECONDS=600 on each of FUZZ_TARGETS (all)
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS) $(FUZZ_TARGETS)

docs: $(VENV)/dev.stamp ## writes the generated pages of docs/reference
	$(BIN)/python -m polewatch.docs
	$(BIN)/python -m polewatch.config_reference
	$(BIN)/python -m polewatch.performance.page
	$(BIN)/python -m polewatch.performance.scale

TRAIN := .venv-train
DATA ?= ../shared/data

$(TRAIN)/torch.stamp: pyproject.toml | $(VENV)/bin/python
	@echo "making the environment $(TRAIN) for training (torch, about 1 GB)"
	@$(PYTHON) -m venv $(TRAIN)
	@$(TRAIN)/bin/python -m pip --disable-pip-version-check install --quiet -e '.[train]' torch==2.13.0
	@touch $@

train-fire: $(TRAIN)/torch.stamp ## trains the fire and smoke network on DATA=../shared/data (about half an hour)
	@[ -d $(DATA)/fire ] || { echo "$(DATA)/fire is not here; name the folder of the pictures by: make train-fire DATA=FOLDER" >&2; exit 1; }
	OMP_NUM_THREADS=1 $(TRAIN)/bin/python -m models.train.fire.train --data $(DATA) --cache var/train-fire

train-plates: $(TRAIN)/torch.stamp ## trains the plate reader and locator on drawn plates, DATA=../shared/data (about two hours)
	@[ -d $(DATA)/plates ] || { echo "$(DATA)/plates is not here; name the folder of the drawings by: make train-plates DATA=FOLDER" >&2; exit 1; }
	OMP_NUM_THREADS=1 $(TRAIN)/bin/python -m models.train.plates.train_reader --data $(DATA) --cache var/train-plates
	OMP_NUM_THREADS=1 $(TRAIN)/bin/python -m models.train.plates.export_reader --data $(DATA) --cache var/train-plates
	OMP_NUM_THREADS=1 $(TRAIN)/bin/python -m models.train.locator.train --data $(DATA) --cache var/train-plates

requirements: $(VENV)/bin/python ## pins the requirements anew, with hashes
	$(BIN)/python requirements/pin.py
