# `make help` lists what there is.
.DEFAULT_GOAL := help
.PHONY: help book test notebooks execute stale test-backends lab pdf lock clean environment

BIN := .venv/bin
WORKERS ?= 2
TORCH ?= torch==2.13.0
JAX ?= jax

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | awk -F'|' '{ printf "make %-14s %s\n", $$1, $$2 }'

environment: # .venv with the packages of requirements.lock and this project
	@sh tools/environment.sh "$(PYTHON)"

book: environment ## build the book and say where it is
	@$(BIN)/jupyter-book build . --all --quiet -W -n --keep-going >/dev/null
	@echo "The book: file://$(CURDIR)/_build/html/index.html"

test: environment ## run all tests
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

notebooks: environment ## generate the notebooks from notebooks/source, and every link
	@$(BIN)/python -m tools.notebooks generate
	@$(BIN)/python -m tools.links

execute: environment ## run stale notebooks and store their outputs [NB=5-practice/vae FORCE=1]
	@$(BIN)/python -m tools.notebooks execute $(NB) $(if $(FORCE),--force)

stale: environment ## list the notebooks whose outputs are out of date
	@$(BIN)/python -m tools.notebooks stale

test-backends: environment ## run the models' tests on JAX and on torch
	@sh tools/backends.sh "$(TORCH)" "$(JAX)"

lab: environment ## open JupyterLab; sources open as notebooks by right click
	@$(BIN)/jupyter lab

pdf: environment ## the whole book as one PDF (needs Chromium)
	@$(BIN)/python -m tools.pdf

lock: ## choose the versions in requirements.lock anew (needs uv)
	@uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-header --extra book --extra tests \
	    --upgrade --quiet --output-file requirements.lock

clean: ## remove what was built, and caches (.venv stays)
	@rm -rf _build .pytest_cache .ruff_cache
	@find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +
