PYTHON ?= python3
VENV = .venv
BIN = $(VENV)/bin

.PHONY: demo test lint bench pictures keys requirements

demo: $(VENV)/ready  ## open opsterm on stand-ins for everything; needs nothing
	$(BIN)/opsterm demo

test: $(VENV)/ready
	$(BIN)/pytest

lint: $(VENV)/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/ready
	$(BIN)/python -m bench

pictures: $(VENV)/ready  ## the pictures of the README
	$(BIN)/python docs/pictures.py

keys: $(VENV)/ready  ## the page of all keys
	$(BIN)/python docs/keys.py

requirements:  ## pin the newest versions that pyproject.toml admits
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
	  --upgrade --python-version 3.11 --extra dev pyproject.toml -o requirements-dev.txt

$(VENV)/ready: requirements-dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@
