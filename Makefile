# The commands of the README. Each makes its own virtual environment in VENV and installs what it needs.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test suite peers bench doc doc-check clean

$(VENV)/installed: setup.cfg pyproject.toml skann/version.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test,plot]'
	touch $@

demo: $(VENV)/installed
	$(BIN)/python examples/plot_quickstart.py

test: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright --pythonpath $(BIN)/python
	$(MAKE) --no-print-directory suite

suite: $(VENV)/installed
	OPENBLAS_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2  # two processes with two threads each would wait for each other

.venv-bench/installed: setup.cfg pyproject.toml skann/version.py
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip install --quiet --disable-pip-version-check torch==2.13.0
	.venv-bench/bin/pip install --quiet --disable-pip-version-check --editable '.[bench]'
	touch $@

.venv-peers/installed: setup.cfg pyproject.toml skann/version.py
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install --quiet --disable-pip-version-check --editable '.[test,peers]'
	touch $@

# the comparisons with torchvision, pycocotools and scikit-image, which take 5.5 GB; the imports make sure that none is skipped
peers: .venv-peers/installed
	.venv-peers/bin/python -c 'import numba, pycocotools, skimage, torch, torchvision'
	OPENBLAS_NUM_THREADS=1 .venv-peers/bin/pytest --numprocesses 2 tests/peers tests/estimators/test_selective_search.py

bench: .venv-bench/installed
	.venv-bench/bin/python benchmarks/run.py
	SKANN_FAST=0 .venv-bench/bin/python benchmarks/run.py steps searches floor --results benchmarks/results_numpy.json
	.venv-bench/bin/python benchmarks/summary.py
	.venv-bench/bin/python benchmarks/accuracy.py

$(VENV)/documenting: $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[doc,doc-check]'
	touch $@

# one BLAS thread: the gallery's networks are small
doc: $(VENV)/documenting
	OPENBLAS_NUM_THREADS=1 $(BIN)/sphinx-build --fail-on-warning --quiet -d build/doctrees doc build/doc
	@echo "The documentation is in build/doc/index.html"

# needs a Chromium: apt-get install chromium
doc-check: doc
	$(BIN)/python doc/check.py build/doc

clean:
	rm -rf .venv .venv-* build doc/api.rst doc/auto_examples doc/generated
