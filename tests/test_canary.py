"""The workflows say what was promised, and the canary installs the newest and no lock."""

import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from helpers import ROOT
from helpers.course import canary

WORKFLOWS = {p.stem: yaml.safe_load(p.read_text(encoding="utf-8"))
             for p in (ROOT / ".github/workflows").glob("*.yml")}  # fmt: skip
SYSTEMS = ["ubuntu-latest", "macos-latest", "windows-latest"]


def the_job(name):
    (job,) = WORKFLOWS[name]["jobs"].values()
    return job


def commands(name):
    """Return what a workflow runs, with its condition."""
    return {s["run"]: s.get("if", "") for s in the_job(name)["steps"] if "run" in s}


def test_there_are_two_workflows_and_they_may_only_read():
    assert sorted(WORKFLOWS) == ["canary", "ci"]
    assert all(w["permissions"] == {"contents": "read"} for w in WORKFLOWS.values())


def test_ci_covers_three_systems_and_every_python_of_the_readme():
    matrix = the_job("ci")["strategy"]["matrix"]
    assert matrix == {"os": SYSTEMS, "python": ["3.11", "3.12", "3.13"]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [c.rpartition(" ")[2] for c in project["classifiers"] if "Python :: 3." in c]
    assert named == matrix["python"]
    assert set(WORKFLOWS["ci"]["on"]) == {"push", "pull_request"}


def test_ci_runs_what_a_developer_runs_and_is_strict_on_linux():
    assert commands("ci") == {
        "bash .ci/run": "runner.os == 'Linux'",
        "python make.py check": "runner.os != 'Linux'",
    }
    assert (ROOT / ".ci/run").is_file() and (ROOT / "make.py").is_file()


def test_the_canary_sings_every_week_on_three_systems():
    ((cron,),) = [[w["cron"] for w in WORKFLOWS["canary"]["on"]["schedule"]]]
    assert cron.split()[2:4] == ["*", "*"] and cron.split()[4].isdigit()
    assert "workflow_dispatch" in WORKFLOWS["canary"]["on"]
    job = the_job("canary")
    assert job["strategy"]["matrix"] == {"os": SYSTEMS, "python": ["3.11", "3.13"]}
    assert list(commands("canary"))[-1] == "python make.py canary"


@pytest.mark.parametrize("name", ["ci", "canary"])
def test_jobs_end_and_take_the_python_of_the_matrix(name):
    job = the_job(name)
    assert 60 <= job["timeout-minutes"] <= 120
    assert job["runs-on"] == "${{ matrix.os }}" and job["strategy"]["fail-fast"] is False
    setup = next(s for s in job["steps"] if s.get("uses", "").startswith("actions/setup-python"))
    assert setup["with"]["python-version"] == "${{ matrix.python }}"


def test_the_canary_asks_for_every_package_and_no_version():
    names = canary.wanted()
    assert {"numpy", "torch", "numba", "jupyterlab", "nbval", "hypothesis"} <= set(names)
    assert all(not Requirement(name).specifier for name in names)
    assert set(map(canary.normal, names)) <= set(canary.locked())


def test_what_is_newer_than_the_lock_is_named():
    pins = {"numpy": "2.4.6", "torch": "2.13.0", "numba": "0.68.1"}
    found = canary.differences(
        {"numpy": "2.5.0", "torch": "2.13.0+cpu", "numba": "0.68.1", "new": "1"}, pins
    )
    assert [line.split() for line in found] == [
        ["new", "not", "locked", "->", "1"],
        ["numpy", "2.4.6", "->", "2.5.0"],
    ]


@pytest.fixture
def nest(monkeypatch):
    """Let the canary note its commands; `nest.fails` says which of them fail."""

    class Noted(list):
        fails = staticmethod(lambda words: False)

        def __init__(self):
            self.threads = []  # of every command

    notes = Noted()

    def run(command, env=None, **_):
        text = ""
        notes.threads.append({v for k, v in (env or {}).items() if k.endswith("_NUM_THREADS")})
        if "-c" in command and "pip" not in command:
            text = "numpy 2.5.0\n"
        else:
            held = [
                Path(w).read_text(encoding="utf-8") for w in command if str(w).endswith("holds.txt")
            ]
            notes.append((*map(str, command[1:]), *held))
        return subprocess.CompletedProcess(command, int(notes.fails(command)), stdout=text)

    monkeypatch.setattr(canary.subprocess, "run", run)
    return notes


def test_the_canary_installs_in_a_new_place_and_runs_everything(nest, capsys):
    assert canary.main(["-k", "conv"]) == 0
    venv, pip, tests = nest
    assert venv[:2] == ("-m", "venv") and not Path(venv[2]).is_relative_to(ROOT)
    assert pip[:2] == ("-m", "pip") and "--upgrade" in pip and pip[-1] == ""
    assert set(canary.wanted()) < set(pip) and "requirements.txt" not in pip
    assert tests[:3] == ("-m", "pytest", "--nbval") and tests[-2:] == ("-k", "conv")
    assert tests[tests.index("-m", 1) + 1] == ""  # no marker is left out
    assert "numpy                    2.4.6        -> 2.5.0" in capsys.readouterr().out


def test_a_package_can_be_held_and_notebooks_repeated(nest):
    assert canary.main(["--hold", "Torch", "--times", "3"]) == 0
    assert nest[1][-1] == f"Torch=={canary.locked()['torch']}\n"
    assert [words[-2:] == ("solutions", "notebooks") for words in nest[2:]] == [False, True, True]


def test_notebooks_run_once_more_with_threads(nest):
    assert canary.main(["--threads", "2"]) == 0
    assert [words[-2:] == ("solutions", "notebooks") for words in nest[2:]] == [False, True]
    assert nest[-1][-3] == "-n0"  # one kernel at a time, so that all threads have a core
    assert [t for t in nest.threads if t] == [{"1"}, {"1"}, {"2"}]  # pip, all tests, notebooks


def test_where_the_newest_torch_cannot_be_had_it_is_held(nest):
    nest.fails = lambda words: "pip" in words and not nest[-1][-1].startswith("torch==")
    assert canary.main([]) == 0
    assert [words[1] for words in nest] == ["venv", "pip", "pip", "pytest"]


@pytest.mark.parametrize(
    "word, says, status", [("pip", "could not be installed", 1), ("pytest", "", 1)]
)
def test_a_failure_is_the_exit_status(nest, capsys, word, says, status):
    nest.fails = lambda words: word in words
    assert canary.main([]) == status
    assert says in capsys.readouterr().out


def test_an_unknown_package_gets_one_sentence(nest, capsys):
    assert canary.main(["--hold", "torhc"]) == 2 and nest == []
    assert capsys.readouterr().out == (
        "requirements.txt locks no torhc: --hold takes a name from there.\n"
    )


def test_the_test_that_is_left_out_is_there():
    path, _, name = canary.LOCK_TEST.partition("::")
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")


def test_make_canary_passes_options_on():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "lint check canary:\n\t@$(PYTHON) make.py $@ $(ARGS)" in text
    assert "python make.py canary " in (ROOT / "make.py").read_text(encoding="utf-8")
