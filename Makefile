# Plain `make` lists what can be made. Needs Python 3.11, 3.12 or 3.13; all else is
# installed into .venv. Another Python: make PYTHON=python3.12 site

PYTHON ?= python3
PY := .venv/bin/python
# Quarto may live in .venv, and must run the pages with the Python there.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export QUARTO_PYTHON := $(CURDIR)/$(PY)
# Quarto where there is one, else the renderer in render/; or ENGINE=builtin, ENGINE=quarto.
RENDER = $(PY) -m render --engine $${ENGINE:-$$(command -v quarto >/dev/null && echo quarto || echo builtin)}

.DEFAULT_GOAL := help
.PHONY: help setup site preview test check read new-note new-post clean

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## make .venv ready: the pinned packages, and Quarto where it can be had
	@command -v $(PYTHON) >/dev/null || { echo "make: there is no $(PYTHON) here:" \
	  "install Python 3.11, 3.12 or 3.13, or name one: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) tools/setup.py $(if $(filter file,$(origin PYTHON)),,--exact)

site: setup  ## render the whole site into _site/ (PAGES="a.qmd b.qmd" for some)
	@$(RENDER) $(PAGES)
	@echo "The site is in _site/. To look at it: make preview"

preview: setup  ## serve the site on this machine and render again on every save
	@$(RENDER) --preview

# Each worker and each command that a test starts would compile all sources anew, were
# Python told not to keep what it compiles.
test: setup  ## run the tests: the package, every page, the built site in a browser
	@PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(PY) -m pytest -n $${WORKERS:-auto} --dist worksteal $(TESTS)

check:  ## exactly what CI runs: the site, then the tests on it with nothing skipped
	@.ci/run

read: setup  ## every sentence with a computed value, on both data sets, changed ones first
	@TINYNETS_DATA=8x8 $(PY) -m render --engine builtin $(PAGES)
	@$(PY) -m render --engine builtin $(PAGES)
	@$(PY) tools/read.py --base .render/read.json --write .render/read.json $(PAGES)

new-note: setup  ## start a note from the template: make new-note NAME=what-it-is-about
	@$(PY) tools/new_page.py note "$(NAME)"

new-post: setup  ## start a post from the template: make new-post NAME=what-it-asks
	@$(PY) tools/new_page.py post "$(NAME)"

clean:  ## remove what was built (the packages in .venv stay)
	rm -rf _site .render .quarto _freeze .pytest_cache .hypothesis build dist
	find tinynets render tools tests -name __pycache__ -prune -exec rm -rf {} +
