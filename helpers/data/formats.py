"""Two small binary formats: idx (Fashion-MNIST) and CIFAR-10's fixed records."""

import gzip
import tarfile
import zlib

import numpy as np

from helpers.data.files import DataError, shown

BROKEN = (OSError, EOFError, zlib.error, tarfile.TarError, ValueError, KeyError)
CIFAR_PARTS = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
RECORD = 1 + 3 * 32 * 32  # one byte for the label, then red, green and blue planes of 32x32


def open_plain(path):
    """Open a file for reading bytes, decompressed if its name ends in `.gz` (but not `.tar.gz`)."""
    packed = path.name.endswith(".gz") and not path.name.endswith(".tar.gz")
    return gzip.open(path, "rb") if packed else open(path, "rb")


def read_idx(path):
    """Return the uint8 array of an idx file, `.gz` or not.

    Format (LeCun, "The MNIST database"): two zero bytes, a type byte (8 = uint8), the number of
    dimensions, each dimension as a big-endian int32, then the values in C order.
    """
    try:
        with open_plain(path) as file:
            content = file.read()
        if content[:3] != b"\0\0\x08":
            raise ValueError("no idx header of type uint8")
        start = 4 + 4 * content[3]
        shape = np.frombuffer(content[4:start], ">i4")
        return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
    except BROKEN as error:
        raise DataError(
            f"{shown(path)} is not an idx file of bytes ({error}): delete it and call again."
        ) from error


def read_cifar10(path):
    """Return (images, labels) of the six parts in CIFAR-10's binary tar file, as a list of pairs.

    Images are uint8 of shape (N, 3, 32, 32), labels uint8 of shape (N,); the last pair is the test
    set. Format: https://www.cs.toronto.edu/~kriz/cifar.html, "Binary version". Nothing is unpacked
    to disk and nothing is unpickled.
    """
    try:
        with tarfile.open(path, "r:*") as tar:
            members = {member.name.rpartition("/")[2]: member for member in tar.getmembers()}
            parts = [tar.extractfile(members[name]).read() for name in CIFAR_PARTS]
        records = [np.frombuffer(part, np.uint8).reshape(-1, RECORD) for part in parts]
    except BROKEN as error:
        raise DataError(
            f"{shown(path)} is not CIFAR-10's binary version ({error}): "
            f"delete it and call again to download cifar-10-binary.tar.gz."
        ) from error
    return [(record[:, 1:].reshape(-1, 3, 32, 32), record[:, 0]) for record in records]
