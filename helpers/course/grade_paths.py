"""Inside a submission's process: paths and files, without a call that student code might exchange."""

import os
import sys


def reader():
    """Return the function that tells whether a source is what stands in the file of that name."""
    start, read, close, flags = os.open, os.read, os.close, os.O_RDONLY
    string, isit, error = str, isinstance, OSError

    def same(name, source):
        source = source.encode() if isit(source, string) else source
        if not isit(source, bytes):
            return False
        try:
            handle = start(name, flags)
        except error:
            return False
        content = b""
        while part := read(handle, 1 << 20):
            content += part
        close(handle)
        return content.replace(b"\r\n", b"\n") == source.replace(b"\r\n", b"\n")

    return same


def resolver():
    """Return a function like os.path.realpath that calls nothing written in Python."""
    if sys.platform == "win32":
        kept = os.path.realpath
        return lambda path: os.fsdecode(kept(os.fspath(path or ".")))
    link, where, plain, error = os.readlink, os.getcwd, os.fspath, OSError
    isit, most = isinstance, 60

    def real(path):
        path = plain(path or ".")
        path = path.decode("utf-8", "surrogateescape") if isit(path, bytes) else path
        todo, done, left = (path if path[:1] == "/" else f"{where()}/{path}").split("/"), "", most
        todo.reverse()
        while todo:
            part = todo.pop()
            if part == "..":
                done = done.rpartition("/")[0]
            elif part not in ("", "."):
                done = f"{done}/{part}"
                try:
                    aim = link(done)
                except error:
                    continue
                if not left:
                    return "/"
                left -= 1
                done = "" if aim[:1] == "/" else done.rpartition("/")[0]
                todo += aim.split("/")[::-1]
        return done or "/"

    return real


def inside(path: str, folder: str) -> bool:
    """Tell whether a path is a folder or lies in it."""
    return path == folder or path.startswith(folder + os.sep)
