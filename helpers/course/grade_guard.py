"""Inside a submission's process: what its code may not do.

The refusals are audit hooks (PEP 578). They stop the usual attempts on every system; they are no
sandbox: code that reads raw memory gets around them. INSTRUCTORS.md says what that means.
"""

import os
import sys
import threading

from helpers import ROOT
from helpers.course import grade_frames, grade_paths
from helpers.course.grade_frames import LIBRARY, OURS

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
HARMLESS = {"__name__", "__qualname__", "__module__", "__doc__", "__abstractmethods__",
            "__annotations__", "__type_params__"}  # fmt: skip
TRACING = {"sys.settrace", "sys.setprofile"}
FRAMES = {"tb_frame", "gi_frame", "cr_frame", "ag_frame"}
WRITES = {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.link",
          "os.symlink", "os.truncate", "os.utime", "os.chflags", "os.setxattr", "os.removexattr",
          "shutil.copyfile", "shutil.move", "shutil.rmtree", "shutil.chown"}  # fmt: skip
LISTS = {"os.listdir", "os.scandir", "os.walk", "glob.glob", "glob.glob/2"}
WATCHED = ("open", "compile", "os.", "shutil.", "glob.", "sqlite3.connect", *NETWORK, *PROCESSES,
           *PEEK)  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def refuse(scratch: str, hide: list[str]) -> None:
    """From now on raise PermissionError, with a sentence, when student code leaves its bounds."""
    bounds = _bounds(os.path.realpath(scratch), [os.path.realpath(folder) for folder in hide])
    busy: set[int] = set()
    getframe, ident, watched = sys._getframe, threading.get_ident, WATCHED

    def hook(event, args):
        if not event.startswith(watched) or ident() in busy:
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
    real, same, inside = grade_paths.resolver(), grade_paths.reader(), grade_paths.inside
    students, peeks = grade_frames.walker()
    library, peek, frames, harmless = LIBRARY, PEEK, FRAMES, HARMLESS
    lists, writes, tracing = LISTS, WRITES, TRACING
    network, processes, ours, null, bits = NETWORK, PROCESSES, OURS, os.devnull, WRITING
    isint, paths_are, text, any_, bool_ = isinstance, (str, bytes, os.PathLike), str, any, bool

    def bounds(event, args, frame):
        if event.startswith("object."):
            own = args[1] in frames if event == "object.__getattr__" else args[1] not in harmless
            if not own:
                return None
        if event.startswith(peek):
            forbidden = "the interpreter's frames and memory are off limits"
            attribute = args[1] if event.startswith("object.") else ""
            traced = event in tracing and students(frame, library)
            return forbidden if traced or peeks(event, attribute, frame) else None
        if event == "open":
            writing = bool_((args[2] or 0) & bits) or any_(c in (args[1] or "r") for c in "wax+")
            if isint(args[0], int) or args[0] is None:
                return None
            return written(args[:1], frame) if writing else seen(args[0], frame)
        if event == "sqlite3.connect":
            return written(args[:1], frame) if args[0] != ":memory:" else None
        if event in lists:
            return seen(args[0], frame)
        if event == "compile":
            return "code may not pose as a library's" if poses(*args[:2], frame) else None
        if not students(frame, library):
            return None
        if event in writes:
            return written(args, frame)
        if event.startswith(network):
            return "the network is switched off"
        if event.startswith(processes):
            return "no other process may be started or stopped"
        return None

    def poses(source, name, frame):
        name = name.decode("utf-8", "replace") if isint(name, bytes) else name
        if not isint(name, text) or not name.startswith((*library, ours)):
            return False
        if students(frame, ()):
            return True
        through = (*library, ours) if isint(source, (text, bytes)) else library
        return students(frame, through) and not same(name, source)

    def seen(path, frame):
        path = real(path)
        if any_(inside(path, folder) for folder in hide):
            return "solutions and other submissions are out of sight"
        private = inside(path, checks) or (path.startswith("/proc/") and path != "/proc/cpuinfo")
        if private and students(frame, library):
            return "the source of the checks and the state of processes are out of sight"
        return None

    def written(paths, frame):
        for path in paths:
            if isint(path, paths_are) and students(frame, library):
                path = real(path)
                if not inside(path, scratch) and path != null:
                    return "nothing may be written outside the scratch folder"
        return None

    return bounds
