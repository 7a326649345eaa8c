# A thin wrapper: the work is in make.py, which also runs without make (py make.py lab on Windows).
# make test ARGS="-k conv"   passes options on        make test COURSE_EXTRAS=ptx   adds an extra
PYTHON ?= python3
ARGS ?=

.NOTPARALLEL:
.PHONY: help lab test notebooks lint check

help:
	@$(PYTHON) make.py --help

lab test notebooks lint check:
	@$(PYTHON) make.py $@ $(ARGS)
