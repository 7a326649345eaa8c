"""Files that come with the course: found in data/, verified against data/registry.json, read once."""

import hashlib
import io
import json
from functools import lru_cache
from pathlib import Path

import numpy as np

from helpers import ROOT

DATA = ROOT / "data"


class DataError(RuntimeError):
    """Data is missing, corrupt or out of reach; the message is one sentence that says what to do."""

    def _render_traceback_(self):
        """Show one line in Jupyter: the reader needs the sentence, not our stack."""
        return [f"DataError: {self}"]


def shown(path):
    """Return `path` as the reader knows it: relative to the course where it lies inside."""
    path = Path(path)
    return (path.relative_to(ROOT) if path.is_relative_to(ROOT) else path).as_posix()


def read_bytes(path):
    """Return the bytes of a file of the course, or raise a DataError that says how to get it back."""
    name = shown(path)
    restore = f"restore it with `git checkout -- {name}` or from a fresh copy of the course"
    try:
        return Path(path).read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"{name} is missing: {restore}.") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataError(
            f"{name} cannot be read ({reason}): give yourself permission to read it, or {restore}."
        ) from error


@lru_cache(maxsize=4)
def _registry(path):
    try:
        return json.loads(read_bytes(path))
    except ValueError as error:
        raise DataError(
            f"{shown(path)} is not valid JSON: restore it with `git checkout -- {shown(path)}` "
            f"or from a fresh copy of the course."
        ) from error


def registry():
    """Return data/registry.json: `embedded` files, `downloads` with mirrors, source `packages`."""
    return _registry(DATA / "registry.json")


@lru_cache(maxsize=16)
def _verified(path, sha256):
    content = read_bytes(path)
    if hashlib.sha256(content).hexdigest() != sha256:
        name = shown(path)
        raise DataError(
            f"{name} is corrupt (its sha256 is not the one in data/registry.json): "
            f"restore it with `git checkout -- {name}` or from a fresh copy of the course."
        )
    return _arrays(content) if Path(path).suffix == ".npz" else content.decode("ascii")


def _arrays(content):
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    for array in arrays.values():
        array.flags.writeable = False  # they are cached: callers get copies
    return arrays


def embedded(name):
    """Return a file of data/: a dict of read-only arrays for `.npz`, a string for `.txt`.

    The sha256 is verified on the first use in a process. Raises DataError.
    """
    return _verified(DATA / name, registry()["embedded"][name]["sha256"])


def fingerprint(value):
    """Return type, shape and sha256 of an array's bytes (C order), or of a text's bytes.

    It describes the content and not its container, so it survives another version of zlib.
    """
    if isinstance(value, bytes):
        return f"text ({len(value)},) {hashlib.sha256(value).hexdigest()}"
    array = np.ascontiguousarray(value)
    return f"{array.dtype.name} {array.shape} {hashlib.sha256(array.tobytes()).hexdigest()}"
