"""How much a submission may use while it is graded, and what this system can keep it from."""

import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from helpers import ROOT

NAMESPACES = ("unshare", "--user", "--map-root-user", "--mount", "--net", "--pid", "--fork",
              "--kill-child", "--mount-proc")  # fmt: skip
# Hides folders under empty ones, makes everything but the scratch folder read-only, and goes there.
SCRIPT = """
scratch=$1; size=$2; shift 2
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then mount -t tmpfs -o ro,size=4k none "$1" || exit 97; fi
  shift
done
shift
mount -t tmpfs -o "size=${size}m,nr_inodes=20k,mode=700" none "$scratch" || exit 97
while read -r _ point _; do
  case "$point" in
    "$scratch"|/proc|/proc/*|/sys|/sys/*|/dev|/dev/pts) ;;
    *) mount -o remount,bind,ro "$point" 2>/dev/null ;;
  esac
done < /proc/self/mounts
cd "$scratch" || exit 97
"$@"
exit $?
"""
SECRET = ("solutions", "notebooks", "tests", "edit", ".git", ".cache")  # they hold answers
WHOLE = ("a process table of its own, no network, nothing but its scratch folder to write to, "
         "solutions and other submissions out of sight")  # fmt: skip
PARTLY = ("this system allows no namespaces (Linux with `unshare` does): network, processes, and "
          "files outside the scratch folder are refused inside Python only")  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """Limits for one notebook: seconds in all and per cell, megabytes, bytes of output, restarts.

    scratch_mb: all files together, where there are namespaces; elsewhere `file_mb` for each alone.
    """

    seconds: float = 300.0
    cell_seconds: float = 60.0
    memory_mb: int = 4096
    file_mb: int = 64
    scratch_mb: int = 512
    output_bytes: int = 1_000_000
    processes: int = 256
    restarts: int = 8


def hidden(extra: tuple[Path, ...], scratch: Path) -> list[str]:
    """List the folders that a submission must not see; none that Python or the scratch is in."""
    needed = [ROOT / "helpers", Path(sys.prefix), Path(sys.base_prefix), scratch.resolve()]
    folders = [ROOT / name for name in SECRET] + [path.resolve() for path in extra]
    return [str(f) for f in folders if not any(n.is_relative_to(f) for n in needed)]


def command(scratch: Path, hide: list[str], scratch_mb: int) -> list[str]:
    """Return the command that runs a submission, inside namespaces where the system has them."""
    python = [sys.executable, "-s", "-P", "-m", "helpers.course.grade_runner"]
    if not namespaces():
        return python
    words = [str(scratch.resolve()), str(scratch_mb), *hide, "--", *python]
    return [*NAMESPACES, "sh", "-c", SCRIPT, "sh", *words]


@functools.cache
def namespaces() -> bool:
    """Tell whether a process may be put into namespaces here (tried once, as any user)."""
    if not sys.platform.startswith("linux") or not shutil.which("unshare"):
        return False
    with tempfile.TemporaryDirectory() as folder:
        words = [*NAMESPACES, "sh", "-c", SCRIPT, "sh", folder, "1", "--", "true"]
        try:
            done = subprocess.run(words, capture_output=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
    return done.returncode == 0


def protection() -> str:
    """Say in a sentence what keeps submissions apart on this system."""
    return WHOLE if namespaces() else PARTLY


def environment(scratch: Path) -> dict[str, str]:
    """Return the environment of a submission: nothing of the instructor's but PATH and language."""
    keep = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
    out = {k: os.environ[k] for k in keep if k in os.environ}
    home = str(scratch.resolve())
    out |= dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "IPYTHONDIR",
                          "MPLCONFIGDIR", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME"), home)  # fmt: skip
    out |= {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    return out | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0",
                  "CUDA_VISIBLE_DEVICES": "-1",  # its driver wants more memory than the limit
                  "PYTHONIOENCODING": "utf-8", "MPLBACKEND": "Agg"}  # fmt: skip


def apply(limits: Limits) -> None:
    """Set the limits that the operating system enforces on this process and its children."""
    try:
        import resource
    except ImportError:  # Windows: the clock, the output and Python's own refusals are left
        return
    wanted = {"RLIMIT_AS": limits.memory_mb << 20, "RLIMIT_FSIZE": limits.file_mb << 20,
              "RLIMIT_CORE": 0, "RLIMIT_CPU": int(limits.seconds) + 10}  # fmt: skip
    if os.geteuid() and sys.platform.startswith("linux"):  # counts threads of the user; not root's
        wanted["RLIMIT_NPROC"] = _threads_of_user() + limits.processes
    signal.alarm(int(limits.seconds) + 60)  # should the grader itself be killed, this ends too
    for name, value in wanted.items():
        try:
            which = getattr(resource, name)
            hard = resource.getrlimit(which)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(which, (value, value))
        except (OSError, ValueError):  # macOS knows RLIMIT_AS and refuses it
            continue


def _threads_of_user() -> int:
    total = 0
    for folder in Path("/proc").glob("[0-9]*/task"):
        try:
            if folder.stat().st_uid == os.getuid():
                total += len(list(folder.iterdir()))
        except OSError:  # ended meanwhile
            continue
    return total
