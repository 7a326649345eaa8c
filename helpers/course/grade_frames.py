"""Inside a submission's process: whose call an audit event is, told by the frames above it."""

import os
import sys
import sysconfig
import threading

from helpers import ROOT

OURS = str(ROOT / "helpers") + os.sep
LIBRARY = (sys.prefix, sys.base_prefix, *{sysconfig.get_path(p) for p in ("stdlib", "purelib")},
           "<frozen ")  # fmt: skip
# Library code that hands a caller what it found: its events count as the caller's.
PEEKERS = tuple(f"{sysconfig.get_path(where)}{os.sep}{name}" for where, names in {
    "stdlib": ("inspect.py", "traceback.py", "logging", "pdb.py", "bdb.py", "ctypes"),
    "purelib": ("IPython/utils/frame.py", "IPython/core/interactiveshell.py", "IPython/terminal",
                "IPython/core/debugger.py", "IPython/core/ultratb.py", "ipykernel", "stack_data",
                "ipywidgets/widgets/utils.py", "executing", "pure_eval", "debugpy", "_pytest",
                "numpy/distutils", "playwright")}.items()
    for name in names)  # fmt: skip
# Their functions that keep what they find: logging a line and printing a traceback are allowed.
KEEPERS = {("sys._getframe", "logging", "findCaller"),
           ("object.__getattr__", "traceback", "_extract_from_extended_frame_gen")}  # fmt: skip
# What a library's function that does such a thing itself has among its names; one that calls what
# it is given, as an executor does, has not.
MENTIONS = {
    "sys._getframe": ("frame",),
    "sys._current_": ("_current_",),
    "gc.get_": ("get_objects", "get_referrers", "get_referents"),
    "sys.settrace": ("settrace",),
    "sys.setprofile": ("setprofile",),
    "sys.addaudithook": ("addaudithook",),
    "code.__new__": ("replace", "CodeType"),
    "function.__new__": ("FunctionType",),
    "marshal.load": ("marshal",),
}


def walker():
    """Return the functions that tell whose an event is; what they need is in no module."""
    ours, course, library, peekers = OURS, OURS + "course" + os.sep, LIBRARY, PEEKERS
    keepers = KEEPERS
    words, ident, main = tuple(MENTIONS.items()), threading.get_ident, threading.get_ident()

    def students(frame, skip):
        """Tell whether the first frame outside `skip` is the student's, not ours or a library's.

        A thread that has library frames alone was started to hide whose call it is.
        """
        while frame is not None:
            name = frame.f_code.co_filename
            if not name.startswith((*skip, course)):
                return not name.startswith((ours, *library))
            frame = frame.f_back
        return ident() != main

    def peeks(event, attribute, frame):
        """Tell whether a student looks into the interpreter, also through a function that calls any."""
        direct, caller = frame.f_code, frame.f_back
        name = direct.co_filename
        module = caller.f_globals.get("__name__") if caller is not None else ""
        if name.startswith(peekers) and caller.f_code.co_filename == name and (
            event, module, caller.f_code.co_name) in keepers:  # fmt: skip
            return False
        if name.startswith((ours, *library)) and not name.startswith(peekers):
            said = next((w for start, w in words if event.startswith(start)), None)
            said = (attribute,) if attribute else said
            if said and not any(w in n for w in said for n in direct.co_names):
                return True
        return students(frame, peekers)

    return students, peeks
