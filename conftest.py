"""What `pytest --nbval` means here; the work is done in helpers/course."""

import os
import signal

import pytest
from nbval.plugin import IPyNbFile

from helpers.course import report
from helpers.course.nbval_course import CELL_SECONDS, CourseNotebook


def pytest_addoption(parser):
    parser.addoption("--require-done", action="store_true", help="an unfilled TODO is a failure")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    # A shell's background jobs ignore Ctrl-C, and with it what stops an endless loop in a check.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("OMP", "OPENBLAS", "MKL", "NUMBA"):  # before numpy comes in: one thread per worker
        os.environ.setdefault(f"{name}_NUM_THREADS", "1")
    option = config.option
    if option.nbval and option.nbval_kernel_name is None:
        option.nbval_current_env = True
    if option.nbval_cell_timeout == 2000:  # nbval's default: nobody asked for another
        option.nbval_cell_timeout = CELL_SECONDS


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    collectors = yield
    return [
        CourseNotebook.from_parent(parent, path=file_path) if isinstance(c, IPyNbFile) else c
        for c in collectors
    ]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from helpers.course.scheduling import ByFile

    return ByFile(config, log)  # plain -n 2 would spread the cells of one notebook


def pytest_runtest_logreport(report):
    for key, value in report.user_properties:
        if key == "stopped" and report.when == "call" and _terminal:
            _terminal[0].write_line(f"\n{value}", red=True)
    if report.failed and _terminal:  # at once: a run that is cut off still says what was wrong
        _terminal[0].write_line(f"\nFAILED {report.nodeid}", red=True)


_terminal = []


def pytest_sessionstart(session):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and not hasattr(session.config, "workerinput"):
        _terminal[:] = [reporter]


def pytest_terminal_summary(terminalreporter):
    found = [r for reports in terminalreporter.stats.values() for r in reports]
    found = [r for r in found if hasattr(r, "user_properties")]
    if table := report.lines(found):
        terminalreporter.section("From Graph to GPU")
        for line in table:
            terminalreporter.write_line(line)
