"""Inside a submission's process: what its code may not do, and whether it changed its judges.

The refusals are audit hooks (PEP 578). They stop the usual attempts on every system; they are no
sandbox: code that reads raw memory gets around them. INSTRUCTORS.md says what that means.
"""

import os
import sys
import sysconfig
import threading
from types import FunctionType, ModuleType

from helpers import ROOT

OURS = str(ROOT / "helpers") + os.sep
LIBRARY = (sys.prefix, sys.base_prefix, *{sysconfig.get_path(p) for p in ("stdlib", "purelib")},
           "<frozen ")  # fmt: skip
PEEKERS = tuple(f"{sysconfig.get_path('stdlib')}{os.sep}{name}" for name in
                ("inspect.py", "traceback.py", "logging", "pdb.py", "bdb.py", "ctypes"))  # fmt: skip

NETWORK = (
    "socket.",
    "urllib.",
    "http.",
    "ftplib.",
    "smtplib.",
    "poplib.",
    "imaplib.",
    "telnetlib.",
)
PROCESSES = ("subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.spawn",
             "os.startfile", "os.kill", "pty.", "signal.pthread_kill")  # fmt: skip
PEEK = ("sys._getframe", "sys._current_", "gc.get_", "sys.settrace", "sys.setprofile", "ctypes.",
        "sys.addaudithook", "code.__new__", "function.__new__", "marshal.load",
        "sys.monitoring", "object.__setattr__", "object.__getattr__", "object.__delattr__",
        "cpython.")  # fmt: skip
FRAMES = {"tb_frame", "gi_frame", "cr_frame", "ag_frame"}
WRITES = {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.link",
          "os.symlink", "os.truncate", "os.utime", "os.chflags", "os.setxattr", "os.removexattr",
          "shutil.copyfile", "shutil.move", "shutil.rmtree", "shutil.chown"}  # fmt: skip
LISTS = {"os.listdir", "os.scandir", "os.walk", "glob.glob", "glob.glob/2"}
WATCHED = ("open", "compile", "os.", "shutil.", "glob.", "object.__getattr__", *NETWORK, *PROCESSES,
           *PEEK)  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def _students(frame, skip: tuple[str, ...]) -> bool:
    """Tell whether the first frame outside `skip` is the student's code, and not ours or library's."""
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(OURS):
            return False
        if not name.startswith(skip):
            return not name.startswith(LIBRARY)
        frame = frame.f_back
    return False


def refuse(scratch: str, hide: list[str]) -> None:
    """From now on raise PermissionError, with a sentence, when student code leaves its bounds."""
    bounds = _bounds(os.path.realpath(scratch), [os.path.realpath(folder) for folder in hide])
    busy: set[int] = set()
    getframe, ident = sys._getframe, threading.get_ident

    def hook(event, args):
        if not event.startswith(WATCHED) or ident() in busy:
            return
        busy.add(ident())
        try:
            found = bounds(event, args, getframe(1))
        finally:
            busy.discard(ident())
        if found:
            raise PermissionError(f"while it is graded, {found}.")

    sys.addaudithook(hook)


def _bounds(scratch: str, hide: list[str]):
    """Return the function that says what is wrong with an event, given the frame it comes from.

    It is a closure, so that no module holds what student code might exchange.
    """
    checks = str(ROOT / "helpers" / "checks")
    real, decode, isint, inside, students = _real, os.fsdecode, isinstance, _inside, _students

    def bounds(event, args, frame):
        if event == "object.__getattr__" and args[1] not in FRAMES:
            return None
        if event.startswith(PEEK):
            forbidden = "the interpreter's frames and memory are off limits"
            return forbidden if students(frame, PEEKERS) else None
        if event == "open":
            writing = bool((args[2] or 0) & WRITING) or any(c in (args[1] or "r") for c in "wax+")
            if isint(args[0], int) or args[0] is None:
                return None
            return written(args[:1], frame) if writing else seen(args[0], frame)
        if event in LISTS:
            return seen(args[0], frame)
        if not students(frame, LIBRARY):
            return None
        if event in WRITES:
            return written(args, frame)
        if event.startswith(NETWORK):
            return "the network is switched off"
        if event.startswith(PROCESSES):
            return "no other process may be started or stopped"
        # By the student's own call: libraries compile too, when they are imported.
        posing = event == "compile" and decode(args[1] or "").startswith((*LIBRARY, OURS))
        own = posing and students(frame, ())
        return "code may not pose as a library's" if own else None

    def seen(path, frame):
        path = real(path)
        if any(inside(path, folder) for folder in hide):
            return "solutions and other submissions are out of sight"
        private = inside(path, checks) or (path.startswith("/proc/") and path != "/proc/cpuinfo")
        if private and students(frame, LIBRARY):
            return "the source of the checks and the state of processes are out of sight"
        return None

    def written(paths, frame):
        for path in paths:
            if isint(path, str | bytes | os.PathLike) and students(frame, LIBRARY):
                path = real(path)
                if not inside(path, scratch) and path != os.devnull:
                    return "nothing may be written outside the scratch folder"
        return None

    return bounds


def _real(path) -> str:
    return os.fsdecode(os.path.realpath(os.fspath(path or ".")))


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


class Integrity:
    """Remembers modules as they are; `restore` puts back what was changed and names it."""

    def __init__(self, modules: list[ModuleType]):
        self.modules = [(m, {k: v for k, v in vars(m).items() if not isinstance(v, int | float)})
                        for m in modules]  # fmt: skip
        ours = [v for m, names in self.modules if m.__name__.startswith("helpers")
                for v in names.values()]  # fmt: skip
        self.functions = [(f, f.__code__, f.__defaults__, f.__kwdefaults__)
                          for f in ours if isinstance(f, FunctionType)]  # fmt: skip
        self.objects = [(o, dict(vars(o))) for o in ours
                        if not isinstance(o, type | FunctionType | ModuleType) and hasattr(o, "judge")]  # fmt: skip
        self.classes = [(c, {k: v for k, v in vars(c).items() if callable(v) or hasattr(v, "__get__")})
                        for c in ours
                        if isinstance(c, type) and c.__module__.startswith("helpers")]  # fmt: skip

    def restore(self) -> list[str]:
        """Put back every name, function and method that is not what it was; list them."""
        changed = []
        for module, names in self.modules:
            now = vars(module)
            for name, value in names.items():
                if now.get(name, changed) is not value:
                    changed.append(f"{module.__name__}.{name}")
                    now[name] = value
        for f, code, defaults, keywords in self.functions:
            if (f.__code__, f.__defaults__, f.__kwdefaults__) != (code, defaults, keywords):
                changed.append(f"{f.__module__}.{f.__qualname__}")
                f.__code__, f.__defaults__, f.__kwdefaults__ = code, defaults, keywords
        for cls, names in self.classes:
            for name, value in names.items():
                if vars(cls).get(name, changed) is not value:
                    changed.append(f"{cls.__module__}.{cls.__qualname__}.{name}")
                    setattr(cls, name, value)
        for exercise, names in self.objects:
            if any(vars(exercise).get(k) is not v for k, v in names.items() if k != "verdict"):
                changed.append(f"the check {names.get('name')}")
                vars(exercise).update({k: v for k, v in names.items() if k != "verdict"})
        return changed
