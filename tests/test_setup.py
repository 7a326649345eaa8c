"""The set-up: one lock, one sentence for what is missing, and make.py alone knows how to install."""

import ast
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from helpers import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
# Every name an old Python can have on PATH; those that this machine has are run for real.
OLD = ["python2.7", "python3.6", "python3.7", "python3.8", "python3.9", "python3.10"]


def lock() -> dict[str, Requirement]:
    """Return the pins of requirements.txt by name, comments left out."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    return {canonicalize_name(pin.name): pin for pin in pins}


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Return make.py as a module that lives in an empty folder and only notes what it would run."""
    for name in ("make.py", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    spec = importlib.util.spec_from_file_location("make_under_test", tmp_path / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.ran = []
    monkeypatch.delenv("COURSE_EXTRAS", raising=False)
    monkeypatch.setattr(module, "run", lambda *args: module.ran.append(args) or 0)
    monkeypatch.setattr(module.subprocess, "call", lambda args, **_: fake_venv(module, args))
    return module


def fake_venv(make, command) -> int:
    """Stand in for `python -m venv --clear`: the files that make.py looks at, and no packages."""
    make.ran.append(tuple(command[1:]))
    shutil.rmtree(make.VENV, ignore_errors=True)
    pip = make.packages("")[0] if make.packages("") else None
    assert pip is None, "--clear has to start from an empty folder"
    library = "Lib" if os.name == "nt" else "lib/python{}.{}".format(*sys.version_info)
    record(os.path.join(make.VENV, library, "site-packages", "pip-1.dist-info"), whole=True)
    os.makedirs(make.BIN)
    open(make.PYTHON, "w").close()
    with open(os.path.join(make.VENV, "pyvenv.cfg"), "w", encoding="utf-8") as config:
        config.write("version = {}.{}.0\ncommand = {}\n".format(*sys.version_info[:2], make.VENV))
    return 0


def record(folder, whole):
    """Write the metadata folder of a package as pip leaves it: finished, or cut off by a kill."""
    os.makedirs(folder)
    with open(os.path.join(folder, "RECORD"), "w", encoding="utf-8") as file:
        file.write("x/INSTALLER,,\n" if whole else "x/__init__.py,,\n")


def pip_calls(make):
    return [args for args in make.ran if "pip" in args]


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 6, 0), (3, 10, 13), (3, 15, 0)])
def test_one_sentence_for_a_python_that_cannot(make, version):
    sentence = make.complaint(version)
    assert "Python 3.11 to 3.14" in sentence
    assert "this is Python {}.{}:".format(*version) in sentence
    assert "\n" not in sentence and sentence.endswith("same command again.")


@pytest.mark.parametrize("minor", [11, 12, 13, 14])
def test_no_word_where_python_fits(make, minor):
    assert make.complaint((3, minor, 0)) is None
    assert f"3.{minor}" in Requirement(f"x{PROJECT['requires-python']}").specifier


def test_old_pythons_on_this_machine_say_the_sentence(tmp_path):
    shutil.copy(ROOT / "make.py", tmp_path)
    env = {**os.environ, "PATH": str(tmp_path)}  # no newer Python to be found
    for name in filter(None, map(shutil.which, OLD)):
        command = [name, "-c", "import sys; print(sys.executable)"]
        python = subprocess.run(command, capture_output=True, text=True).stdout.strip()
        if not python:
            continue  # a launcher with no Python behind it
        result = subprocess.run([python, "make.py", "lab"], cwd=tmp_path, env=env, text=True,
                                capture_output=True)  # fmt: skip
        assert result.returncode == 1 and result.stdout == "", name
        assert result.stderr.startswith("This course needs Python 3.11"), name
        assert len(result.stderr.splitlines()) == 1, name


def test_make_py_keeps_to_syntax_that_old_pythons_read():
    # feature_version catches what is newer than 3.4; the walk below what is newer than 2.7.
    tree = ast.parse((ROOT / "make.py").read_text(encoding="ascii"), feature_version=(3, 4))
    for node in ast.walk(tree):
        new = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.AsyncFunctionDef, ast.Nonlocal,
               ast.YieldFrom, ast.Match)  # fmt: skip
        assert not isinstance(node, new), f"line {node.lineno}"
        if isinstance(node, ast.FunctionDef):
            assert not node.args.kwonlyargs and node.returns is None, node.name
            assert all(arg.annotation is None for arg in node.args.args), node.name
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)) and isinstance(node.ctx, ast.Load):
            assert not any(isinstance(item, ast.Starred) for item in node.elts), node.lineno
    top = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    known = {
        "glob",
        "hashlib",
        "json",
        "os",
        "shutil",
        "signal",
        "subprocess",
        "sys",
    }  # also in 2.7
    assert {alias.name for n in top for alias in n.names} <= known


def test_first_call_installs_torch_first_and_by_the_lock(make):
    make.ensure("test")
    torch, course = pip_calls(make)
    assert torch[-4:] == ("-c", "requirements.txt", "setuptools", "torch")
    assert course[-5:] == ("-c", "requirements.txt", "--no-build-isolation", "-e", ".[test]")
    assert os.path.exists(make.STAMP)


def test_second_call_runs_nothing(make):
    make.ensure("test")
    make.ran.clear()
    make.ensure()
    make.ensure("test")
    assert make.ran == []


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml"])
def test_what_decides_about_the_install_is_in_the_stamp(make, name):
    make.ensure("test")
    make.ran.clear()
    with open(os.path.join(make.ROOT, name), "a", encoding="utf-8") as file:
        file.write("# changed\n")
    make.ensure()
    assert pip_calls(make)[-1][-1] == ".[test]"  # an extra once asked for stays
    assert not any("venv" in args for args in make.ran)


def test_extras_come_on_top(make, monkeypatch):
    make.ensure("test")
    monkeypatch.setenv("COURSE_EXTRAS", "ptx")
    make.ensure()
    assert pip_calls(make)[-1][-1] == ".[ptx,test]"


def test_a_package_cut_off_by_a_kill_is_installed_again(make):
    make.ensure()
    os.remove(make.STAMP)
    site = os.path.dirname(make.packages("pip-*")[0])
    record(os.path.join(site, "torch-2.13.0.dist-info"), whole=False)
    record(os.path.join(site, "~umpy"), whole=True)
    record(os.path.join(site, "numba-0.68.1.dist-info"), whole=True)
    make.ensure()
    left = sorted(os.path.basename(path) for path in make.packages("*"))
    assert left == ["numba-0.68.1.dist-info", "pip-1.dist-info"]


@pytest.mark.parametrize("damage", ["no python", "half a pip", "other folder", "other version"])
def test_half_a_venv_is_made_anew(make, damage):
    make.ensure()
    make.ran.clear()
    config = os.path.join(make.VENV, "pyvenv.cfg")
    if damage == "no python":
        os.remove(make.PYTHON)
    elif damage == "half a pip":
        os.remove(os.path.join(make.packages("pip-*")[0], "RECORD"))
    else:
        with open(config, "w", encoding="utf-8") as file:
            version = "{}.{}".format(*sys.version_info) if damage == "other folder" else "3.0"
            file.write(f"version = {version}.0\ncommand = {make.VENV if version == '3.0' else ''}")
    make.ensure()
    assert [args for args in make.ran if "venv" in args] == [("-m", "venv", "--clear", make.VENV)]


def test_packages_that_do_not_import_are_installed_anew_once(make, monkeypatch):
    monkeypatch.setattr(make, "run", lambda *args: make.ran.append(args) or int(make.PROOF in args))
    with pytest.raises(SystemExit, match="could not be installed"):
        make.ensure()
    assert sum(make.PROOF in args for args in make.ran) == 2
    assert not os.path.exists(make.STAMP)


def test_pip_that_fails_gets_one_sentence_and_no_stamp(make, monkeypatch):
    monkeypatch.setattr(make, "run", lambda *args: int("pip" in args))
    with pytest.raises(SystemExit, match="check the network.*same command again"):
        make.ensure()
    assert not os.path.exists(make.STAMP)


def test_no_ensurepip_gets_one_sentence(make, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="apt install python3-venv"):
        make.ensure()


def test_options_are_passed_on_and_workers_have_one_thread(make, monkeypatch):
    started = []
    monkeypatch.setattr(make, "hand_over", lambda *args: started.append(args))
    make.test(["-k", "conv"])
    make.lab(["--no-browser", "--port=9999"])
    test, lab = started
    assert test[0] == make.ROOT and lab[0] == os.path.join(make.ROOT, "notebooks")
    assert {"--nbval", "-n2", "--dist=loadfile"} < set(test) and test[-2:] == ("-k", "conv")
    assert make.ENV["OMP_NUM_THREADS"] == make.ENV["NUMBA_NUM_THREADS"] == "1"
    assert lab[-2:] == ("--no-browser", "--port=9999")
    assert not any("token" in option or "password" in option or "ip=" in option for option in lab)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is optional: python make.py is not")
@pytest.mark.parametrize("target", ["lab", "test", "notebooks", "grade", "bench", "lint", "check"])
def test_makefile_is_a_thin_wrapper(target):
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}  # of an outer make
    command = ["make", "--dry-run", target, "PYTHON=py3", 'ARGS=-k "a or b"']
    result = subprocess.run(command, cwd=ROOT, env=env, text=True, capture_output=True, check=True)
    assert result.stdout.splitlines()[-1] == f'py3 make.py {target} -k "a or b"'


def test_every_line_of_the_lock_is_exact():
    for name, pin in lock().items():
        (specifier,) = pin.specifier
        assert specifier.operator == "==" and "*" not in specifier.version, name
        assert not pin.extras, f"{name}: a constraint takes no extras"


def test_what_pyproject_asks_for_is_in_the_lock():
    wanted = PROJECT["dependencies"] + [line for extra in EXTRAS.values() for line in extra]
    for requirement in map(Requirement, wanted):
        pin = lock()[canonicalize_name(requirement.name)]
        (specifier,) = pin.specifier
        assert specifier.version in requirement.specifier, requirement.name


def test_the_lock_covers_all_that_is_installed_for_the_course():
    pins, todo, seen = lock(), [(Requirement(d), "") for d in PROJECT["dependencies"]], set()
    todo += [(Requirement(line), "") for line in EXTRAS["test"]] + [(Requirement("setuptools"), "")]
    while todo:
        requirement, extra = todo.pop()
        name = canonicalize_name(requirement.name)
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": extra})
        if not applies:
            continue
        installed = importlib.metadata.distribution(name)
        assert name in pins, f"{name} {installed.version} is not in requirements.txt"
        assert installed.version in pins[name].specifier, (
            f"{name} {installed.version} is installed and {pins[name]} locked: run `make test`"
        )
        for which in {"", *requirement.extras} - {e for n, e in seen if n == name}:
            seen.add((name, which))
            todo += [(Requirement(line), which) for line in installed.requires or []]
    assert len(seen) > 100  # the walk went somewhere


def test_build_backend_is_the_locked_one():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
    assert build["requires"] == [str(lock()["setuptools"])]  # conda's pip builds in isolation


def test_conda_takes_python_and_the_same_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, pip, packages = environment["dependencies"]
    assert environment["channels"] == ["conda-forge"] and pip == "pip"
    assert packages == {"pip": ["-c requirements.txt", "-e .[test]"]}
    conda = Requirement(python.replace(" ", "")).specifier
    assert [m for m in range(8, 16) if f"3.{m}" in conda] == [11, 12, 13]


def test_ci_is_strict_and_runs_what_a_developer_runs():
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert script.startswith("#!/usr/bin/env bash") and "set -euo pipefail" in script
    assert "export COURSE_STRICT=1" in script and "\nmake check\n" in script
    assert script.splitlines()[-1].startswith("COURSE_EXTRAS=ptx make test ARGS=")  # and compiles
    assert os.name == "nt" or os.access(ROOT / ".ci/run", os.X_OK)


def test_grade_without_a_folder_says_so_before_it_installs(make, monkeypatch):
    monkeypatch.delenv("SUBMISSIONS", raising=False)
    with pytest.raises(SystemExit) as stop:
        make.grade([])
    assert str(stop.value).startswith("Say which folder to grade") and make.ran == []
