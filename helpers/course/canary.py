"""`make canary`: runs everything with the newest packages, in an environment that is thrown away.

A canary falls over before a student does. It needs nothing but Python: the packages of the course
are not installed yet when it starts.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from helpers import ROOT

# Compares what is installed with the lock: here it is meant to differ.
LOCK_TEST = "tests/test_setup.py::test_the_lock_covers_all_that_is_installed_for_the_course"
SUITE = ("--nbval", "-n2", "--dist=loadfile", "-m", "", "--deselect", LOCK_TEST)


def wanted() -> list[str]:
    """Return the names of what the course and its tests install, without their versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    return sorted({re.match(r"[\w.-]+", line)[0] for line in lines} | {"setuptools"})


def locked() -> dict[str, str]:
    """Return {name: version} of requirements.txt, names as pip normalises them (PEP 503)."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.M)
    return {normal(name): version for name, version in pins}


def normal(name: str) -> str:
    """Return a package's name as PEP 503 normalises it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def differences(installed: dict[str, str], pins: dict[str, str]) -> list[str]:
    """List what is not as locked: these are the suspects if a test fails."""
    return [f"{name:<24} {pins.get(name, 'not locked'):<12} -> {installed[name]}"
            for name in sorted(installed) if installed[name].partition("+")[0] != pins.get(name)]  # fmt: skip


class Canary:
    """A fresh environment in `folder`."""

    def __init__(self, folder: Path):
        self.bin = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
        self.holds = folder / "holds.txt"
        path = f"{self.bin}{os.pathsep}{os.environ.get('PATH', '')}"
        self.env = {**os.environ, "VIRTUAL_ENV": str(folder / "venv"), "PATH": path,
                    "PYTHONPATH": str(ROOT)}  # fmt: skip
        self.threads(1)
        for name in ("PYTHONHOME", "PIP_CONSTRAINT", "PIP_USER"):
            self.env.pop(name, None)
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)

    def threads(self, number: int) -> None:
        """Let BLAS, torch and numba use this many threads from now on."""
        for name in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
            self.env[f"{name}_NUM_THREADS"] = str(number)

    def python(self, *words: str) -> int:
        """Run this environment's Python in the course's folder; return its exit status."""
        command = [str(self.bin / "python"), *words]
        return subprocess.run(command, cwd=ROOT, env=self.env, check=False).returncode

    def install(self, hold: list[str]) -> int:
        """Install the newest of everything; packages in `hold` stay as the lock has them."""
        pins = locked()
        lines = [f"{name}=={pins[normal(name)]}\n" for name in hold]
        self.holds.write_text("".join(lines), encoding="utf-8")
        return self.python("-m", "pip", "--no-input", "install", "--upgrade", "-c",
                           str(self.holds), *wanted())  # fmt: skip

    def installed(self) -> dict[str, str]:
        """Return {name: version} of what is there now."""
        code = (
            "import importlib.metadata as m\nfor d in m.distributions(): print(d.name, d.version)"
        )
        command = [str(self.bin / "python"), "-I", "-c", code]
        text = subprocess.run(command, text=True, capture_output=True, check=True).stdout
        return {normal(n): v for n, v in (line.split() for line in text.splitlines())}


def main(arguments: list[str] | None = None) -> int:
    """Install, say what is newer than the lock, run the tests; return their exit status."""
    parser = argparse.ArgumentParser(prog="make.py canary", description=__doc__)
    parser.add_argument("--hold", action="append", default=[], metavar="NAME",
                        help="leave this package as it is locked, torch for example")  # fmt: skip
    parser.add_argument("--times", type=int, default=1, help="run all notebooks this often")
    parser.add_argument("--threads", type=int, default=1, metavar="N",
                        help="run all notebooks once more with N threads: outputs stay the same")  # fmt: skip
    options, tests = parser.parse_known_args(arguments)
    if unknown := [name for name in options.hold if normal(name) not in locked()]:
        print(f"requirements.txt locks no {unknown[0]}: --hold takes a name from there.")
        return 2
    with tempfile.TemporaryDirectory(prefix="canary-", ignore_cleanup_errors=True) as folder:
        canary, hold = Canary(Path(folder)), options.hold
        if canary.install(hold) and ("torch" in hold or canary.install([*hold, "torch"])):
            print("The newest packages could not be installed together: the reason is above.")
            return 1
        print("Not as locked:", *differences(canary.installed(), locked()), sep="\n  ", flush=True)
        status = canary.python("-m", "pytest", *SUITE, *tests)
        for threads in [1] * (options.times - 1) + [options.threads] * (options.threads > 1):
            canary.threads(threads)
            # Threads of two kernels would spin for the same cores: a cell took forty times as long.
            kernels = "-n0" if threads > 1 else "-n2"
            words = (*SUITE, kernels, "solutions", "notebooks")
            status = canary.python("-m", "pytest", *words) or status
    return status


if __name__ == "__main__":
    sys.exit(main())
