"""Finds a large file on this machine, or fetches it from the first mirror that has the right one."""

import errno
import hashlib
import os
import shutil
import tempfile
import time
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from helpers.data.files import DATA, DataError, registry, shown
from helpers.data.formats import BROKEN, open_plain

VARIABLE = "FROM_GRAPH_TO_GPU_DATA"
DEBIAN = Path(
    "/usr/share/datasets/fashion-mnist"
)  # where the package dataset-fashion-mnist puts it
TIMEOUT = (5, 30)  # seconds to connect, and between two pieces
STALE = 24 * 3600  # seconds after which a part left by a killed download is swept away


def chosen_folder():
    """Return the folder named by FROM_GRAPH_TO_GPU_DATA, or None; it must exist."""
    value = os.environ.get(VARIABLE)
    if not value:
        return None
    folder = Path(value).expanduser()
    if not folder.is_dir():
        raise DataError(
            f"{VARIABLE} names {folder}, which is not a folder: create it, or unset the variable."
        )
    return folder


def cache_folder():
    """Return the folder for downloads: the chosen one if it can be written, else pooch's cache."""
    import pooch

    chosen = chosen_folder()
    if chosen and os.access(chosen, os.W_OK):
        return chosen
    return Path(pooch.os_cache("from-graph-to-gpu"))


def locate(name):
    """Return the path of a file that is verified to be `name` of the registry's downloads.

    Looked for in this order: the folder named by FROM_GRAPH_TO_GPU_DATA, data/, the cache, Debian's
    package, and then the mirrors. Fashion-MNIST may lie there with or without `.gz`, packed by
    anybody: the decompressed bytes are verified. Raises DataError.
    """
    entry = registry()["downloads"][name]
    folders = [chosen_folder(), DATA, cache_folder(), DEBIAN]
    spoilt = []
    for folder in dict.fromkeys(filter(None, folders)):
        for candidate in dict.fromkeys((folder / entry["file"], folder / name)):
            verdict = examine(candidate, entry["sha256"])
            if verdict == "good":
                return candidate
            if verdict != "missing":
                spoilt.append(f"{shown(candidate)} is {verdict}")
    return _from_mirrors(name, entry, spoilt)


def examine(path, sha256):
    """Return "good", "missing", "corrupt" or "unreadable" for a file and the hash of its content."""
    try:
        stat = path.stat()
        return _examined(path, stat.st_size, stat.st_mtime_ns, sha256)
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except (PermissionError, IsADirectoryError):
        return "unreadable"
    except BROKEN:
        return "corrupt"


@lru_cache(maxsize=32)
def _examined(path, _size, _mtime, sha256):  # size and time: a file that changed is read again
    with open_plain(path) as file:
        return "good" if hashlib.file_digest(file, "sha256").hexdigest() == sha256 else "corrupt"


def _from_mirrors(name, entry, spoilt):
    notes = list(spoilt)
    for url in entry["mirrors"]:
        host = urlsplit(url).hostname
        try:
            path = download(url, entry["file"], entry["file_sha256"], entry["bytes"])
        except DownloadFailed as error:
            notes.append(f"{host}: {error}")
            continue
        if examine(path, entry["sha256"]) == "good":
            return path
        notes.append(f"{host}: wrong content")  # only if the registry contradicts itself
    raise DataError(
        f"{name} is not on this machine and could not be downloaded ({'; '.join(notes)}): "
        f"connect to the network and call again, or put {entry['file']} into data/ "
        f"or into the folder named by {VARIABLE}."
    )


class DownloadFailed(Exception):
    """One mirror did not give the right file; the message is a few words."""


def download(url, filename, sha256, size):
    """Fetch one URL into the cache and return its path; the file appears whole, verified, or not.

    `size` in bytes is what the progress bar starts from, until the mirror has answered.
    Raises DownloadFailed where another mirror may help, DataError where the disk is the trouble.
    """
    import pooch
    import requests
    from tqdm.auto import tqdm

    pooch.get_logger().setLevel("WARNING")  # the progress bar says it already
    folder = cache_folder()
    try:
        bar = tqdm(desc=filename, total=size, unit="B", unit_scale=True, leave=False)
        with bar, part_folder(folder) as part:
            # identity: else a server's own gzip layer is undone on the way, and the hash differs
            fetch = pooch.HTTPDownloader(
                progressbar=bar,
                chunk_size=1 << 16,
                timeout=TIMEOUT,
                headers={"Accept-Encoding": "identity"},
            )
            got = pooch.retrieve(url, f"sha256:{sha256}", filename, part, downloader=fetch)
            os.replace(got, folder / filename)
    except requests.HTTPError as error:
        raise DownloadFailed(f"HTTP {error.response.status_code}") from error
    except requests.Timeout as error:
        raise DownloadFailed("no answer in time") from error
    except requests.exceptions.ChunkedEncodingError as error:
        raise DownloadFailed("connection lost half-way") from error
    except requests.RequestException as error:
        raise DownloadFailed("no connection") from error
    except ValueError as error:
        raise DownloadFailed("sent a wrong or incomplete file") from error
    except OSError as error:
        raise _disk_error(error, filename, folder) from error
    return folder / filename


def part_folder(folder):
    """Return a temporary folder inside `folder`, so that the finished file moves in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(".part-*"):  # left behind where a download was killed
        if time.time() - old.stat().st_mtime > STALE:
            shutil.rmtree(old, ignore_errors=True)
    return tempfile.TemporaryDirectory(prefix=".part-", dir=folder)


def _disk_error(error, filename, folder):
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    cure = "free some space there" if full else "make that folder writable"
    return DataError(
        f"{filename} cannot be written to {shown(folder)} ({error.strerror or error}): {cure}, "
        f"or set {VARIABLE} to another folder."
    )
