"""The course's data: real, small, offline; large files come from a mirror, verified, or not at all.

Images are floats in 0..1, channels first; labels are int64. Every array is a fresh copy. Where the
data comes from, and under which licence, is in data/SOURCE.md. All functions raise DataError.
"""

from typing import NamedTuple

import numpy as np

from helpers.data.download import locate
from helpers.data.files import DataError, embedded
from helpers.data.formats import read_cifar10, read_idx

__all__ = [
    "CIFAR_CLASSES",
    "FASHION_CLASSES",
    "DataError",
    "Split",
    "cifar10",
    "digits",
    "fashion_mnist",
    "mnist1d",
    "names",
    "photograph",
    "play",
]

FASHION_CLASSES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
CIFAR_CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
DIGITS_TRAIN = 1437  # file order: writers stay together, so the last 360 are an honest test


class Split(NamedTuple):
    """Training and test set: inputs with the sample axis first, labels int64 of shape (N,)."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def digits(classes=None):
    """Return handwritten digits as float64 (N, 8, 8) in 0..1, labels 0..9: 1437 train, 360 test.

    The split is by file order, which keeps the images of one writer together. `classes=(3, 8)`
    keeps the listed digits, in file order, and relabels them by their place in the list: 3 becomes
    0 and 8 becomes 1. Raises ValueError on a bad list.
    """
    file = embedded("digits.npz")
    x, y = file["images"] / 16.0, file["labels"].astype(np.int64)
    split = Split(x[:DIGITS_TRAIN], y[:DIGITS_TRAIN], x[DIGITS_TRAIN:], y[DIGITS_TRAIN:])
    if classes is None:
        return Split(*(array.copy() for array in split))
    wanted = list(classes) if np.iterable(classes) else []
    if not wanted or len(set(wanted)) < len(wanted) or not set(wanted) <= set(range(10)):
        raise ValueError(f"classes must be different digits from 0 to 9, not {classes!r}")
    return Split(*_select(split.x_train, split.y_train, wanted), *_select(*split[2:], wanted))


def _select(x, y, wanted):
    place = np.full(10, -1)
    place[wanted] = np.arange(len(wanted))
    keep = place[y] >= 0
    return x[keep], place[y[keep]]


def fashion_mnist(full=False):
    """Return Fashion-MNIST as float32 (N, 1, 28, 28) in 0..1; label k means FASHION_CLASSES[k].

    `full=False` is embedded: the first 10 000 training and 2 000 test images. `full=True` gives all
    60 000 and 10 000, from this machine or a mirror (31 MB, once), or raises DataError.
    `full="if possible"` falls back on the embedded images and prints a line that says so.
    """
    if full not in (False, True, "if possible"):
        raise ValueError(f'full must be False, True or "if possible", not {full!r}')
    if full:
        try:
            parts = [
                read_idx(locate(f"{part}-{kind}-ubyte"))
                for part in ("train", "t10k")
                for kind in ("images-idx3", "labels-idx1")
            ]
            return Split(*(_fashion(array) for array in parts))
        except DataError as error:
            if full is True:
                raise
            print(f"NOT THE FULL FASHION-MNIST, only its first 10000 + 2000 images: {error}")
    train, test = embedded("fashion_mnist_train.npz"), embedded("fashion_mnist_test.npz")
    parts = (train["images"], train["labels"], test["images"], test["labels"])
    return Split(*(_fashion(array) for array in parts))


def _fashion(array):
    return array.astype(np.int64) if array.ndim == 1 else _unit(array[:, None])


def _unit(pixels):
    """Return uint8 pixels as float32 in 0..1."""
    return pixels.astype(np.float32) / np.float32(255)


def cifar10():
    """Return CIFAR-10 as float32 (N, 3, 32, 32) in 0..1, 50 000 train and 10 000 test (0.7 GB).

    Downloaded once (170 MB, the binary version); label k means CIFAR_CLASSES[k].
    """
    *train, (x_test, y_test) = read_cifar10(locate("cifar-10-binary.tar.gz"))
    x_train = np.concatenate([_unit(x) for x, _ in train])
    y_train = np.concatenate([y for _, y in train]).astype(np.int64)
    return Split(x_train, y_train, _unit(x_test), y_test.astype(np.int64))


def mnist1d():
    """Return MNIST-1D (Greydanus 2020): float32 (N, 40), ten classes, 4000 train and 1000 test.

    Mean 0 and standard deviation 1 over the whole set; stored as float16.
    """
    file = embedded("mnist1d.npz")
    return Split(
        file["x_train"].astype(np.float32),
        file["y_train"].astype(np.int64),
        file["x_test"].astype(np.float32),
        file["y_test"].astype(np.int64),
    )


def names():
    """Return 5163 different first names (US Census 1990), lower case a-z, in alphabetical order.

    Shuffle before you split: the end of the alphabet is no fair test.
    """
    return embedded("names.txt").split()


def play():
    """Return Macbeth as one string of plain ASCII, about 103 000 characters."""
    return embedded("macbeth.txt")


def photograph():
    """Return the portrait of Grace Hopper that comes with matplotlib: uint8 (600, 512, 3)."""
    from matplotlib import cbook, image

    try:
        with cbook.get_sample_data("grace_hopper.jpg") as file:
            return np.array(image.imread(file, format="jpg"))
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(
            "matplotlib's sample photograph grace_hopper.jpg is missing or unreadable: "
            "reinstall matplotlib with `pip install --force-reinstall matplotlib`."
        ) from error
