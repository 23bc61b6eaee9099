# Two commands are enough: `make demo` and `make test`. Both need Python 3.11 or newer and a network
# the first time; everything goes into .venv/, nothing into the system.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet
SOURCES = pyproject.toml hatch_build.py browser/package.json browser/package-lock.json

.PHONY: demo test test-long check pictures calibrate lock clean

demo: $(VENV)/.run
	$(BIN)/geoloc demo -o maps

test: $(VENV)/.test
	$(BIN)/python -m pytest -m "not long"

test-long: $(VENV)/.test
	$(BIN)/python -m pytest

check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_house.py

# How often likely areas hold the truth: 10,000 simulated raids, about 25 minutes.
calibrate: $(VENV)/.run
	$(BIN)/python benchmarks/calibration.py --cases 10000 --seed 1 --plot benchmarks/calibration.png

# Screenshots for the README and the contact sheet; needs Chromium.
pictures: $(VENV)/.test demo
	$(BIN)/python maps/pictures.py

$(VENV)/.run: lock/run.txt lock/node.txt $(SOURCES)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "geoloc needs Python 3.11 or newer, and $(PYTHON) is " + sys.version.split()[0] + ". Try: make demo PYTHON=python3.12")'
	@echo "Setting up $(VENV): a few minutes the first time ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r lock/run.txt
	@command -v npm >/dev/null || $(PIP) install --require-hashes -r lock/node.txt
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.run lock/test.txt
	@echo "Adding what the tests need ..."
	@$(PIP) install --require-hashes -r lock/test.txt
	@touch $@

# Renew the pins; the locks hold hashes and no registry's address.
lock: $(VENV)/.test
	$(PIP) install uv
	cd lock && for set in "../pyproject.toml build.in --all-extras -o run.txt" \
	  "../pyproject.toml build.in --all-extras --group ../pyproject.toml:test -c run.txt -o test.txt" \
	  "node.in -o node.txt"; do \
	  ../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-header --no-annotate --upgrade $$set; done

clean:
	rm -rf $(VENV) geoloc/browser/vendor dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
