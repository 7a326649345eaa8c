# A thin wrapper: the work is in make.py, which also runs without make (py make.py lab on Windows).
# make grade SUBMISSIONS=folder   grades a folder of folders of notebooks
# make test ARGS="-k conv"   passes options on        make test COURSE_EXTRAS=ptx   adds an extra
PYTHON ?= python3
ARGS ?=

.NOTPARALLEL:
.PHONY: help lab test notebooks grade bench lint check canary

help:
	@$(PYTHON) make.py --help

lab test notebooks grade bench lint check canary:
	@$(PYTHON) make.py $@ $(ARGS)
