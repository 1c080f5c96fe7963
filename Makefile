# Every target makes its own environment in .venv first; nothing else on the machine is touched.
#   make demo       survey a linear autoencoder on iris, in the terminal and on a page (runtime packages only)
#   make test       everything that has to pass before a change is accepted
#   make test-slow  every property-based test on many more examples, large anchors, killed workers
#   make lint       style and types only
#   make docs       the documentation, in docs/_build/html
#   make bench      every benchmark, one after another
#   make clean      remove what these targets made, the environment included

SHELL := /bin/sh
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install -c constraints.txt
PACKAGED := pyproject.toml constraints.txt
WORKERS ?= 2
export MPLBACKEND = Agg

.PHONY: demo test test-slow lint docs bench pytest clean
.DELETE_ON_ERROR:

# Two stamps in one environment: the demo needs the runtime packages only, everything else the development tools.
$(BIN)/python:
	@python=; \
	for candidate in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python); do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Theodolite needs Python 3.11 or newer; found: $$(python3 --version 2>&1)."; \
	  echo "Install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; \
	fi; \
	echo "Making .venv with $$("$$python" --version)"; \
	"$$python" -m venv .venv || { rm -rf .venv; \
	  echo "Python cannot make an environment; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

.venv/runtime.stamp: $(PACKAGED) | $(BIN)/python
	@echo "Installing Theodolite into .venv"
	@$(PIP) -e .
	@touch $@

.venv/dev.stamp: $(PACKAGED) | $(BIN)/python
	@echo "Installing Theodolite and its development tools into .venv (a few minutes the first time)"
	@$(PIP) -e '.[dev]'
	@touch .venv/runtime.stamp $@

demo: .venv/runtime.stamp
	@mkdir -p demo
	$(BIN)/theodolite survey iris --network linear:4-2-4 --center --html demo/iris.html
	@echo
	@echo "The same survey as a page: open $(CURDIR)/demo/iris.html in a browser."

lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: .venv/dev.stamp
	$(BIN)/sphinx-build -W --keep-going --fresh-env --quiet -b html docs docs/_build/html
	@echo "The documentation: open $(CURDIR)/docs/_build/html/index.html in a browser."

# Tests run side by side: more threads inside each would only wait for one another.
pytest test-slow: export OMP_NUM_THREADS = 1

pytest: .venv/dev.stamp
	$(BIN)/pytest -n $(WORKERS) -m 'not slow'

# One after another, so that the first failure is the last thing printed and pytest's closing line is not buried.
test:
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory docs
	@$(MAKE) --no-print-directory pytest

test-slow: .venv/dev.stamp
	THEODOLITE_HYPOTHESIS=long $(BIN)/pytest -n $(WORKERS) -m 'slow or hypothesis'

bench: .venv/dev.stamp
	@for file in $$(grep -l '__main__' benchmarks/*.py); do echo "== $$file"; $(BIN)/python "$$file" || exit 1; done

clean:
	rm -rf .venv demo docs/_build docs/jupyter_execute dist build .hypothesis .mypy_cache .ruff_cache .pytest_cache
