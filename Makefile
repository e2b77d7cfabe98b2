# `make fit` and `make test` do everything on a machine with Python and make.

# -e: a recipe stops at its first failing command.
.SHELLFLAGS := -ec

PYTHON ?= python3
EXTRAS := test,dev
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

# Two workers, one BLAS thread each: the tests fill two cores and no more.
THREADS := 1
# Byte code is kept, also where the shell says otherwise: tests start dozens of Pythons.
PYTEST = PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=$(THREADS) OPENBLAS_NUM_THREADS=$(THREADS) MKL_NUM_THREADS=$(THREADS) \
	$(BIN)/python -m pytest
PARALLEL := -n 2 --dist worksteal

# Another processor, as near as this one comes to it: the kernels of torch, of MKL and of numpy that
# every machine of its kind has. Numpy is told to leave out what it would choose here, and no more:
# it refuses to leave out what it was built upon, and warns of what the processor lacks.
# Threads that wait sleep: there are more of them than cores.
CHOSEN := from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__; \
	print(*filter(__cpu_features__.get, __cpu_dispatch__))
PORTABLE = OMP_WAIT_POLICY=passive ATEN_CPU_CAPABILITY=default MKL_CBWR=COMPATIBLE \
	NPY_DISABLE_CPU_FEATURES="$$($(BIN)/python -c '$(CHOSEN)')"

# A torch that the base Python already has is used as it is, and what torch itself requires is left
# to it; otherwise the pinned torch is installed (the CPU build, where pip is offered one).
HAS_TORCH := import sys, torch; sys.exit(sys.prefix != sys.base_prefix)
LEFT_TO_TORCH := torch|filelock|fsspec|jinja2|markupsafe|mpmath|networkx|sympy|triton|typing.extensions

.PHONY: help fit test test-portable test-all check format bench bench-gpu leaderboard fuzz trials notebooks docs \
	wheel-check clean

help: ## show these lines
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 15

fit: $(READY) ## learn the Coulomb law from its trajectories and print it
	$(BIN)/interpret fit --system coulomb

test: $(READY) ## the fast tests
	$(PYTEST) $(PARALLEL)

test-portable: THREADS := 2
test-portable: $(READY) ## the fast tests as on another processor: plain kernels, two BLAS threads
	$(PORTABLE) $(PYTEST) $(PARALLEL)

test-all: $(READY) ## the slow tests too
	$(PYTEST) $(PARALLEL) -m "not gpu" --hypothesis-profile many

check: $(READY) ## format, lint, types and the fast tests
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(PYTEST) $(PARALLEL)

format: $(READY) ## format the code and sort its imports
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Written to runs/bench, as Markdown and JSON. `make bench MINUTES=90` leaves nothing out.
MINUTES := 18
BENCH = $(PYTEST) tests/benchmarks --benchmark-only -s --benchmark-report $(BENCHED) --benchmark-minutes $(MINUTES)
bench: BENCHED := runs/bench
bench: $(READY) ## the benchmarks, one at a time, for twenty minutes at most
	$(BENCH) -m "not gpu"

bench-gpu: BENCHED := runs/bench-gpu
bench-gpu: $(READY) ## those that need a GPU
	$(BENCH) -m gpu

# `make leaderboard RACE="--budget 20 --minutes 60"` takes less; what was stopped goes on.
RACE :=
leaderboard: $(READY) ## ours and others on the same data (hours): docs/leaderboard.md and .json
	@$(BIN)/python -m pip install --quiet -e '.[$(EXTRAS),bench]' -c $(VENV)/constraints.txt
	MPLBACKEND=Agg OMP_NUM_THREADS=1 $(BIN)/python -m tests.leaderboard $(RACE)

# `make fuzz FUZZ="--target csv --count 1000 --seed 7"` tries some of them, or the same again.
FUZZ :=
fuzz: $(READY) ## 100 000 random inputs at everything that reads a user's text and files
	MPLBACKEND=Agg OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz $(FUZZ)

# `make trials TRIALS="--only wrong --count 100 --jobs 8"` tries some of them; what was stopped goes on.
TRIALS :=
trials: $(READY) ## simulated data with known laws: is any wrong law identified, are right ones kept?
	MPLBACKEND=Agg $(BIN)/python -m tests.trials $(TRIALS)

# `make notebooks NOTEBOOKS="born planets"` runs some of them, NOTEBOOKS=--stale those that changed.
NOTEBOOKS :=
notebooks: $(READY) ## run every notebook, and keep each with what it shows
	@$(BIN)/python -m pip install --quiet -e '.[$(EXTRAS),bodies]' -c $(VENV)/constraints.txt
	$(BIN)/python notebooks/execution.py $(NOTEBOOKS)

docs: $(READY) ## the documentation, into build/docs/index.html; a warning is an error
	@$(BIN)/python -m pip install --quiet -e '.[$(EXTRAS),docs]' -c $(VENV)/constraints.txt
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going docs build/docs
	@echo open build/docs/index.html

# A torch of the base Python is seen from there too.
WHEEL := build/wheel
wheel-check: $(READY) ## the built wheel, installed by itself, does what a newcomer asks of it
	rm -rf $(WHEEL)
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir $(WHEEL) .
	if $(PYTHON) -c '$(HAS_TORCH)' 2>/dev/null; then seen=--system-site-packages; fi; \
		$(PYTHON) -m venv $${seen:-} $(WHEEL)/env
	$(WHEEL)/env/bin/python -m pip install --quiet $(WHEEL)/*.whl -c $(VENV)/constraints.txt
	$(WHEEL)/env/bin/python tests/newcomer.py

clean: ## remove the environment and the caches; runs are kept
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .benchmarks

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'error: Python 3.11 or newer is needed; try `make PYTHON=python3.12`' >&2; exit 1; }
	@if $(PYTHON) -c '$(HAS_TORCH)' 2>/dev/null; then \
		echo "making $(VENV) with the torch that $(PYTHON) already has"; \
		$(PYTHON) -m venv --system-site-packages $(VENV); \
		grep -viE '^($(LEFT_TO_TORCH))==' constraints.txt > $(VENV)/constraints.txt; \
		$(PYTHON) -c 'import torch; print("torch==" + torch.__version__)' >> $(VENV)/constraints.txt; \
	else \
		echo "making $(VENV) and installing into it; this takes a few minutes"; \
		$(PYTHON) -m venv $(VENV); \
		cp constraints.txt $(VENV)/constraints.txt; \
	fi
	@$(BIN)/python -m pip install --quiet -e '.[$(EXTRAS)]' -c $(VENV)/constraints.txt
	@touch $@
