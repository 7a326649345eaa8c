"""Set the course up and run it. Needs Python 3.11 or newer and nothing else; make is optional.

    python make.py lab          JupyterLab, on notebooks/00_start_here.ipynb
    python make.py test         all tests and all notebooks: pytest --nbval
    python make.py notebooks    write notebooks/ from solutions/
    python make.py grade DIR    grade a folder of students' folders: INSTRUCTORS.md
    python make.py bench        time the hot loops against torch (takes minutes, wants quiet)
    python make.py lint         ruff, and whether notebooks/ is what solutions/ give
    python make.py check        lint, then test
    python make.py canary       test with the newest packages, in a folder that is thrown away

What follows the name is passed on: python make.py lab --no-browser --port=9999
The first call installs into .venv/ what requirements.txt says; COURSE_EXTRAS=ptx adds an extra.
"""

# Syntax that Python 2.7 reads too: an old Python has to get as far as its sentence.
import glob
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys

OLDEST, NEWEST = (3, 11), (3, 14)
ROOT = os.path.dirname(os.path.realpath(__file__))
VENV = os.path.join(ROOT, ".venv")
BIN = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin")
PYTHON = os.path.join(BIN, "python.exe" if os.name == "nt" else "python")
ENV = dict(os.environ, VIRTUAL_ENV=VENV, PATH=BIN + os.pathsep + os.environ.get("PATH", ""))
for _name in ("PYTHONHOME", "PYTHONPATH", "PIP_USER"):  # these would let other packages in
    ENV.pop(_name, None)
STAMP = os.path.join(VENV, "course.stamp")
PROOF = "import importlib.metadata as m, jupyterlab, nbval, numba, numpy, torch; "
PROOF += "m.version('from-graph-to-gpu')"
AGAIN = ", then run the same command again: it goes on where it stopped."
NO_VENV = (
    "Python could not make the folder .venv: on Debian or Ubuntu run `sudo apt install "
    "python3-venv`, elsewhere see that this folder can be written to" + AGAIN
)
NO_PIP = (
    "The packages could not be installed (the reason is above): check the network, the free disk "
    "space (2 GB, or 8 GB where torch brings its GPU libraries) and that this is a 64-bit Python "
    "on Linux, Windows or an Apple-silicon Mac" + AGAIN
)
NO_FOLDER = (
    "Say which folder to grade, with a folder in it for each student: "
    "make grade SUBMISSIONS=folder, or python make.py grade folder"
)


def complaint(version):
    """Say in one sentence why this version of Python cannot run the course, or return None."""
    sentence = (
        "This course needs Python %d.%d to %d.%d and this is Python %d.%d: install one of those "
        "(python.org or your system's packages has them), then run the same command again."
    )
    fits = OLDEST <= tuple(version[:2]) <= NEWEST
    return None if fits else sentence % (OLDEST + NEWEST + tuple(version[:2]))


def other_python():
    """Return the command of a suitable Python elsewhere on this machine, or None."""
    for minor in range(OLDEST[1], NEWEST[1] + 1):
        command = ["py", "-3.%d" % minor] if os.name == "nt" else ["python3.%d" % minor]
        try:  # run it: a launcher of that name may stand there with no Python behind it
            subprocess.check_output(command + ["-c", ""], stderr=subprocess.STDOUT)
            return command
        except (OSError, subprocess.CalledProcessError):
            pass
    return None


def run(*command):
    """Run python with these arguments in .venv as if activated; return the exit status."""
    return subprocess.call([PYTHON] + list(command), cwd=ROOT, env=ENV)


def hand_over(folder, *command):
    """Become this command, so that Ctrl-C, signals and the exit status are its own."""
    os.chdir(folder)
    if os.name == "posix":
        os.execve(PYTHON, [PYTHON] + list(command), ENV)
    signal.signal(signal.SIGINT, lambda *_: None)  # Windows cannot: Ctrl-C is left to the child
    return subprocess.call([PYTHON] + list(command), env=ENV)


def pip(*args):
    """Install with pip, held to the one lock; stop with a sentence where that fails."""
    command = ["-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    if run(*(command + ["-c", "requirements.txt"] + list(args))):
        sys.exit(NO_PIP)


def read(path):
    """Return the text of a file, empty where there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def packages(pattern):
    """Return what of .venv's site-packages has such a name."""
    lib = "Lib" if os.name == "nt" else "lib/python%d.%d" % sys.version_info[:2]
    return glob.glob(os.path.join(VENV, lib, "site-packages", pattern))


def whole(package):
    """Tell whether pip finished a package: its last act is to list INSTALLER in RECORD."""
    return "INSTALLER" in read(os.path.join(package, "RECORD"))


def usable():
    """Tell whether .venv was made in this place by this Python, and as far as a whole pip."""
    config = read(os.path.join(VENV, "pyvenv.cfg"))
    ours = VENV in config and "version = %d.%d." % sys.version_info[:2] in config
    return ours and os.path.exists(PYTHON) and any(map(whole, packages("pip-*.dist-info")))


def quiet_lab():
    """Keep JupyterLab to the course: no news pop-up (it asks the network), no nbgrader panels."""
    off = ("@jupyterlab/apputils-extension:announcements", "@jupyter/nbgrader")
    folder = os.path.join(VENV, "etc", "jupyter", "labconfig")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "page_config.json"), "w") as file:
        json.dump({"disabledExtensions": dict.fromkeys(off, True)}, file)


def install(extras, clear):
    """Put the course into .venv, made anew where it is unusable; return 0 if it imports."""
    from importlib.util import find_spec

    if clear or not usable() or run("-c", "import pip._internal.cli.main"):
        if not find_spec("ensurepip"):  # Debian's Python may come without
            sys.exit(NO_VENV)
        sys.stderr.write("Making .venv with Python %d.%d.\n" % sys.version_info[:2])
        base = getattr(sys, "_base_executable", None) or sys.executable  # not .venv's own python
        if subprocess.call([base, "-m", "venv", "--clear", VENV]):
            sys.exit(NO_VENV)
    cut_off = [folder for folder in packages("*.dist-info") if not whole(folder)]
    for folder in cut_off + packages("~*"):  # ~ is what pip was about to delete
        shutil.rmtree(folder, ignore_errors=True)  # or pip would take the package for installed
    # torch first, alone and exact: left to a range, pip takes the newest and its GPU libraries.
    # It is also the longest download, so a second try finds it done. setuptools builds `helpers`.
    pip("setuptools", "torch")
    pip("--no-build-isolation", "-e", ".[%s]" % ",".join(extras) if extras else ".")
    quiet_lab()
    kernel = ("--sys-prefix", "--name", "python3", "--display-name", "From Graph to GPU")
    return run("-m", "ipykernel", "install", *kernel) or run("-I", "-c", PROOF)


def ensure(*extras):
    """Install what .venv lacks; costs nothing where the stamp says that it is all there."""
    old = read(STAMP).split()  # a hash of what decides, then the extras
    lock = "".join(read(os.path.join(ROOT, f)) for f in ("requirements.txt", "pyproject.toml"))
    asked = os.environ.get("COURSE_EXTRAS", "").split()
    extras = sorted(set(extras) | set(asked) | set(old[1:]))
    new = [hashlib.sha256(lock.encode("utf-8")).hexdigest()] + extras
    if new == old and usable():
        return
    if old:
        os.remove(STAMP)
    if install(extras, clear=False) and install(extras, clear=True):
        sys.exit(NO_PIP)
    with open(STAMP + ".new", "w") as stamp:
        stamp.write(" ".join(new))
    os.replace(STAMP + ".new", STAMP)  # the last act, so that a stamp means all of it


def lab(args):
    """Open JupyterLab in notebooks/ on the first notebook."""
    ensure()
    start = ["--LabApp.default_url=/lab/tree/00_start_here.ipynb"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # a container, where Jupyter refuses root
        start.append("--allow-root")
    return hand_over(os.path.join(ROOT, "notebooks"), "-m", "jupyterlab", *(start + args))


def test(args):
    """Run tests and notebooks: one worker for each notebook, one thread for each worker."""
    ensure("test")
    ENV.update({name + "_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")})
    return hand_over(ROOT, "-m", "pytest", "--nbval", "-n2", "--dist=loadfile", *args)


def notebooks(args):
    """Write notebooks/ from solutions/, or with --check say whether that is needed."""
    ensure("test")
    return run("-m", "helpers.course", "notebooks", *args)


def grade(args):
    """Grade the folder that args or SUBMISSIONS=folder names."""
    folder = os.environ.get("SUBMISSIONS")
    if not folder and not args:
        sys.exit(NO_FOLDER)
    ensure()
    return run(
        "-m", "helpers.course", "grade", *([os.path.abspath(folder)] if folder else []) + args
    )


def bench(args):
    """Time the hot loops of the course, one thread; args may name a part, or say --scaling."""
    ensure("test")
    ENV.update({name + "_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")})
    return run("-m", "helpers.course", "bench", *args)


def lint(args):
    """Run what takes seconds; args are for the last of the three."""
    ensure("test")
    ruff = run("-m", "ruff", "check") or run("-m", "ruff", "format", "--check")
    return ruff or notebooks(["--check"] + args)


def check(args):
    """Run lint, then the tests."""
    return lint([]) or test(args)


def canary(args):
    """Test with the newest packages; --hold torch keeps torch as it is locked."""
    return subprocess.call([sys.executable, "-m", "helpers.course.canary"] + args, cwd=ROOT)


def main(argv):
    """Run the command that argv names, with a Python that can."""
    problem = complaint(sys.version_info)
    if problem:
        other = other_python()
        sys.exit(subprocess.call(other + [os.path.abspath(__file__)] + argv) if other else problem)
    commands = {f.__name__: f for f in (lab, test, notebooks, grade, bench, lint, check, canary)}
    if not argv or argv[0] not in commands:
        print(__doc__)
        sys.exit(argv not in ([], ["--help"]))
    try:
        sys.exit(commands[argv[0]](argv[1:]))
    except KeyboardInterrupt:
        sys.exit("Stopped. To go on, run the same command again.")


if __name__ == "__main__":
    main(sys.argv[1:])
