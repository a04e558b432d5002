# Every chore of the project is one command, from a clean clone on a machine that has only Python and make.
# `make` alone lists them. Another Python: `make test PYTHON=python3.12`.

PYTHON ?= python3
# Two workers of one thread each: the tests' arrays are too small for more threads. For 8,800 tests that was 61 s of
# processor time over two cores, beside 46 s on one. WORKERS=0 runs them in one process, for a debugger.
WORKERS ?= 2
VENV := .venv
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(VENV)/bin/python -m pip install --constraint constraints.txt
PYTEST := OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n $(WORKERS) --dist worksteal

.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test test-all lint format docs bench wheel clean

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s%s\n", $$1, $$2 }'

demo: $(VENV)/.demo ## run the tutorial, train two networks on real data, save and load them
	$(VENV)/bin/python examples/demo.py

test: $(VENV)/.test ## run the tests
	$(PYTEST)

test-all: $(VENV)/.test ## run the tests, the slow ones included
	$(PYTEST) -m ""

lint: $(VENV)/.dev ## check style and types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/pyright --pythonpath $(VENV)/bin/python

format: $(VENV)/.dev ## mend what can be mended of the style
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

docs: $(VENV)/.test ## check that the pages' links lead somewhere and their examples run
	$(VENV)/bin/python tools/check_docs.py

# JAX and the real MXNet need environments of their own. Those that are named take part: with `jax[cpu]` from pip, any
# Python that has it; with `mxnet==1.9.1` and `numpy==1.23.5`, a Python of 3.11 at most.
bench: $(VENV)/.test ## measure speed beside PyTorch, and JAX and MXNet with JAX=PYTHON MXNET=PYTHON
	$(VENV)/bin/python benchmarks/run.py $(if $(JAX),--jax $(JAX)) $(if $(MXNET),--mxnet $(MXNET))

wheel: $(VENV)/.test ## build the package that pip installs, into dist/
	$(PIP) --quiet hatchling
	$(VENV)/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

clean: ## remove all that make has made
	rm -rf $(VENV) dist .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# .venv/.NAME says that the environment holds the pinned versions of the extra NAME, so a second call starts at once.
$(VENV)/.%: pyproject.toml constraints.txt | $(VENV)/bin/pip
	@echo "Installing the pinned versions for '$*' into $(VENV) (torch is large: the first time takes minutes)"
	@$(PIP) --quiet hatchling editables
	@$(PIP) --no-build-isolation --editable '.[$*]'
	@touch $@

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 14))' || { \
	  echo 'Regluon needs Python 3.10 to 3.14, and "$(PYTHON)" is not one.' \
	    'Name one that is: make $(MAKECMDGOALS) PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo '"$(PYTHON)" cannot make virtual environments: its modules venv and ensurepip are missing.' \
	    'On Debian and Ubuntu: apt-get install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
