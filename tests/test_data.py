"""The course's data: what is embedded, what errors say, how large files are found and fetched."""

import errno
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from helpers import ROOT, data
from helpers.course import build_data, data_recipes
from helpers.data import download, files, formats

SOURCES = os.environ.get("FROM_GRAPH_TO_GPU_SOURCES")  # a folder of packages, to rebuild for real
SPLITS = {
    "digits": (data.digits, (1437, 8, 8), (360, 8, 8), np.float64),
    "fashion": (data.fashion_mnist, (10000, 1, 28, 28), (2000, 1, 28, 28), np.float32),
    "mnist1d": (data.mnist1d, (4000, 40), (1000, 40), np.float32),
}


def is_one_sentence(message):
    """Tell whether a message is one line, ends in a full stop and says what to do."""
    advice = ("restore", "connect", "put ", "set ", "unset", "delete", "reinstall", "fetch", "take")
    text = str(message)
    return "\n" not in text and text.endswith(".") and any(word in text for word in advice)


# What is embedded


@pytest.mark.parametrize("name", SPLITS)
def test_split_has_the_promised_shapes_and_types(name):
    load, train, test, dtype = SPLITS[name]
    split = load()
    assert split.x_train.shape == train and split.x_test.shape == test
    assert split.x_train.dtype == split.x_test.dtype == dtype
    assert split.y_train.shape == train[:1] and split.y_test.shape == test[:1]
    assert split.y_train.dtype == split.y_test.dtype == np.int64
    assert split._fields == ("x_train", "y_train", "x_test", "y_test")


@pytest.mark.parametrize("name", SPLITS)
def test_what_a_student_changes_does_not_reach_the_next_call(name):
    load = SPLITS[name][0]
    first = load()
    for array in first:
        array[...] = 0
    assert all(array.any() for array in load())


@pytest.mark.parametrize("name", ["digits", "fashion"])
def test_pixels_fill_zero_to_one(name):
    split = SPLITS[name][0]()
    for x in (split.x_train, split.x_test):
        assert x.min() == 0 and x.max() == 1


def test_classes_are_balanced_as_counted_once():
    def count(split):
        return [np.bincount(y).tolist() for y in (split.y_train, split.y_test)]

    assert count(data.fashion_mnist()) == [
        [942, 1027, 1016, 1019, 974, 989, 1021, 1022, 990, 1000],
        [200, 203, 214, 190, 219, 195, 197, 200, 194, 188],
    ]
    assert count(data.mnist1d()) == [
        [398, 396, 411, 394, 394, 402, 401, 404, 402, 398],
        [102, 104, 89, 106, 106, 98, 99, 96, 98, 102],
    ]
    # UCI counts its test part, which this is, as 178 zeros, 182 ones, 177 twos and so on
    assert np.add(*count(data.digits())).tolist() == [
        *(178, 182, 177, 183, 181),
        *(182, 181, 179, 174, 180),
    ]


def test_digits_are_split_in_file_order():
    file, split = files.embedded("digits.npz"), data.digits()
    assert np.array_equal(np.concatenate([split.x_train, split.x_test]) * 16, file["images"])
    assert np.array_equal(np.concatenate([split.y_train, split.y_test]), file["labels"])
    assert split.y_train[:10].tolist() == list(range(10))  # the first writer writes 0 to 9


@pytest.mark.parametrize("classes", [(3, 8), (8, 3), (5,), [9, 0, 4]])
def test_digits_of_some_classes_are_relabelled_in_the_given_order(classes):
    all_, some = data.digits(), data.digits(classes)
    for x_all, y_all, x, y in ((*all_[:2], *some[:2]), (*all_[2:], *some[2:])):
        keep = np.isin(y_all, classes)
        assert np.array_equal(x, x_all[keep])
        assert np.array_equal(np.array(classes)[y], y_all[keep])
        assert y.dtype == np.int64


@pytest.mark.parametrize("classes", [(), (3, 3), (3, 10), 3, (-1, 2), "38"])
def test_digits_refuses_a_bad_list_of_classes(classes):
    with pytest.raises(ValueError, match="different digits from 0 to 9"):
        data.digits(classes)


def test_fashion_looks_like_fashion():
    split = data.fashion_mnist()
    assert len(data.FASHION_CLASSES) == len(set(data.FASHION_CLASSES)) == 10
    assert data.FASHION_CLASSES[split.y_train[0]] == "Ankle boot"
    assert split.x_train.mean() == pytest.approx(0.286, abs=0.002)  # of all 60 000: 0.28604
    assert split.x_train.std() == pytest.approx(0.353, abs=0.002)  # of all 60 000: 0.35302
    with pytest.raises(ValueError, match="full must be"):
        data.fashion_mnist(full="yes")


def test_mnist1d_is_centred():
    split = data.mnist1d()
    x = np.concatenate([split.x_train, split.x_test]).astype(float)
    assert abs(x.mean()) < 1e-4 and abs(x.std() - 1) < 1e-4


def test_names_are_5163_different_lower_case_words_in_order():
    names = data.names()
    assert len(names) == len(set(names)) == 5163
    assert names == sorted(names)
    assert set("".join(names)) == set("abcdefghijklmnopqrstuvwxyz")
    assert {"mary", "james", "ada", "grace"} <= set(names)
    names.clear()
    assert len(data.names()) == 5163


def test_play_is_macbeth():
    play = data.play()
    assert play.startswith("MACBETH\n\nby William Shakespeare\n") and "hurlyburly" in play
    assert len(play) == 103427 and play.isascii() and "\r" not in play
    assert not any(word in play.lower() for word in ("gutenberg", "copyright"))


def test_photograph_is_a_colour_picture():
    picture = data.photograph()
    assert picture.shape == (600, 512, 3) and picture.dtype == np.uint8
    assert picture.flags.writeable and np.ptp(picture) > 200
    assert not np.array_equal(picture[..., 0], picture[..., 2])


def test_photograph_missing_from_matplotlib(monkeypatch):
    from matplotlib import cbook

    monkeypatch.setattr(cbook, "get_sample_data", lambda name: open(ROOT / "no such file"))
    with pytest.raises(data.DataError, match="reinstall matplotlib") as caught:
        data.photograph()
    assert is_one_sentence(caught.value)


# The registry and the notes


def test_registry_describes_every_embedded_file():
    embedded = files.registry()["embedded"]
    stored = {path.name for path in files.DATA.glob("*.npz")} | {"names.txt", "macbeth.txt"}
    assert set(embedded) == stored
    for name, entry in embedded.items():
        payload = (files.DATA / name).read_bytes()
        assert len(payload) == entry["bytes"]
        assert hashlib.sha256(payload).hexdigest() == entry["sha256"]
        content = payload if name.endswith(".txt") else files.embedded(name)
        assert build_data.describe(content) == entry["content"]
    assert sum(entry["bytes"] for entry in embedded.values()) < 6e6


def test_source_notes_give_the_hash_and_size_of_every_file():
    notes = (files.DATA / "SOURCE.md").read_text("utf-8")
    for name, entry in files.registry()["embedded"].items():
        assert f"{entry['sha256']}  {name}\n" in notes
        assert f"| `{name}` | {entry['bytes']:,} |".replace(",", " ") in notes
    for package in files.registry()["packages"].values():
        assert package["requirement"].partition("==")[0] in notes
    assert "Zalando" in (files.DATA / "LICENCES.txt").read_text("utf-8")


def test_digits_are_scikit_learns_bytes():
    images = files.embedded("digits.npz")["images"]
    assert hashlib.sha256(images.tobytes()).hexdigest() == (
        "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3"
    )


def test_import_stays_light():
    code = (
        "import sys, helpers.data as d; d.names();"
        "print(sorted({'torch', 'pooch', 'requests', 'matplotlib', 'tqdm'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


# Errors of embedded files


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course folder of its own with an empty data/ and the real registry; returns its root."""
    folder = tmp_path / "course" / "data"
    folder.mkdir(parents=True)
    shutil.copy(files.DATA / "registry.json", folder)
    for module, name, value in (
        (files, "ROOT", folder.parent),
        (files, "DATA", folder),
        (download, "DATA", folder),
        (download, "DEBIAN", tmp_path / "debian"),
    ):
        monkeypatch.setattr(module, name, value)
    (tmp_path / "cache").mkdir()
    monkeypatch.setenv(download.VARIABLE, str(tmp_path / "cache"))
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    return folder.parent


def test_missing_file(course):
    with pytest.raises(data.DataError) as caught:
        data.digits()
    assert str(caught.value) == (
        "data/digits.npz is missing: restore it with `git checkout -- data/digits.npz` "
        "or from a fresh copy of the course."
    )


@pytest.mark.parametrize("change", ["cut", "flip", "empty"])
def test_corrupt_file(course, change):
    good = (ROOT / "data" / "digits.npz").read_bytes()
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 1
    bad = {"cut": good[: len(good) // 2], "flip": bytes(flipped), "empty": b""}[change]
    (course / "data" / "digits.npz").write_bytes(bad)
    with pytest.raises(data.DataError, match="data/digits.npz is corrupt") as caught:
        data.digits()
    assert is_one_sentence(caught.value) and "git checkout" in str(caught.value)
    (course / "data" / "digits.npz").write_bytes(good)
    assert len(data.digits().x_train) == 1437  # an error is not remembered


def test_unreadable_file(course, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied")

    files.registry()
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(data.DataError, match=r"cannot be read \(Permission denied\)") as caught:
        data.names()
    assert is_one_sentence(caught.value)


def test_folder_in_the_place_of_a_file(course):
    (course / "data" / "names.txt").mkdir()
    with pytest.raises(data.DataError, match="data/names.txt cannot be read") as caught:
        data.names()
    assert is_one_sentence(caught.value)


@pytest.mark.parametrize("text", [None, "{", ""])
def test_damaged_registry(course, text):
    path = course / "data" / "registry.json"
    path.unlink()
    if text is not None:
        path.write_text(text)
    files._registry.cache_clear()
    with pytest.raises(data.DataError, match=r"data/registry\.json is (missing|not)") as caught:
        data.play()
    assert is_one_sentence(caught.value)


def test_jupyter_shows_one_line():
    error = data.DataError("data/x is missing: restore it.")
    assert error._render_traceback_() == ["DataError: data/x is missing: restore it."]
    assert isinstance(error, RuntimeError)


# Large files: a small stand-in for each, served by this machine


class Mirror(BaseHTTPRequestHandler):
    """Serves `server.routes`: path -> (manner, bytes)."""

    def do_GET(self):
        manner, payload = self.server.routes.get(self.path, ("404", b""))
        self.server.asked.append(self.path)
        if manner == "404":
            return self.send_error(404)
        sent = payload if manner == "whole" else payload[: len(payload) // 2]
        self.send_response(200)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(sent)
        if manner == "stalled":
            self.wfile.flush()
            self.server.release.wait(30)

    def log_message(self, *_):
        """Keep the test output clean."""


@pytest.fixture
def mirror():
    """A server on 127.0.0.1 whose `serve(path, manner, payload)` returns the URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    server.routes, server.asked, server.release = {}, [], threading.Event()

    def serve(path, manner, payload=b""):
        server.routes[path] = (manner, payload)
        return f"http://127.0.0.1:{server.server_port}{path}"

    server.serve = serve
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.release.set()
    server.shutdown()
    server.server_close()
    thread.join()


PLAIN = np.random.default_rng(0).bytes(300_000)  # does not compress, so it travels in pieces
PACKED = gzip.compress(PLAIN, mtime=0)


def sha(payload):
    """Return the sha256 of bytes in hexadecimal."""
    return hashlib.sha256(payload).hexdigest()


def register(course, **downloads):
    """Replace the registry's downloads by {name: (packed bytes, plain bytes, mirrors)}."""
    path = course / "data" / "registry.json"
    content = json.loads(path.read_text())
    content["downloads"] = {
        name: {
            "file": name if name.endswith(".gz") else f"{name}.gz",
            "bytes": len(packed),
            "file_sha256": sha(packed),
            "sha256": sha(plain),
            "mirrors": mirrors,
        }
        for name, (packed, plain, mirrors) in downloads.items()
    }
    path.write_text(json.dumps(content))
    files._registry.cache_clear()


def left_in(folder):
    """Return the names of everything below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.fixture
def toy(course, mirror):
    """Register a file `toy` whose mirrors have the given manners; returns (set mirrors, cache)."""

    def mirrors(*manners):
        payloads = {"wrong": PACKED[::-1], "empty": b""}
        urls = [
            mirror.serve(
                f"/{i}-{manner}",
                "whole" if manner in ("good", *payloads) else manner,
                payloads.get(manner, PACKED),
            )
            for i, manner in enumerate(manners)
        ]
        register(course, toy=(PACKED, PLAIN, urls))

    return mirrors, course.parent / "cache"


def test_download_right_bytes_once(toy, mirror):
    mirrors, cache = toy
    mirrors("good", "good")
    path = download.locate("toy")
    assert path == cache / "toy.gz" and path.read_bytes() == PACKED
    assert left_in(cache) == ["toy.gz"]
    assert download.locate("toy") == path
    assert mirror.asked == ["/0-good"]


@pytest.mark.parametrize("bad", ["wrong", "truncated", "404", "empty"])
def test_second_mirror_helps(toy, mirror, bad):
    mirrors, cache = toy
    mirrors(bad, "good")
    assert download.locate("toy").read_bytes() == PACKED
    assert left_in(cache) == ["toy.gz"] and mirror.asked == [f"/0-{bad}", "/1-good"]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("wrong", "127.0.0.1: sent a wrong or incomplete file"),
        ("empty", "127.0.0.1: sent a wrong or incomplete file"),
        ("truncated", "127.0.0.1: connection lost half-way"),
        ("404", "127.0.0.1: HTTP 404"),
    ],
)
def test_no_mirror_helps(toy, bad, words):
    mirrors, cache = toy
    mirrors(bad)
    with pytest.raises(data.DataError) as caught:
        download.locate("toy")
    assert str(caught.value) == (
        f"toy is not on this machine and could not be downloaded ({words}): connect to the "
        "network and call again, or put toy.gz into data/ or into the folder named by "
        "FROM_GRAPH_TO_GPU_DATA."
    )
    assert left_in(cache) == []


def test_no_network(course, mirror):
    url = mirror.serve("/x", "whole", PACKED)
    closed = url.replace(f":{mirror.server_port}/", ":9/")  # nobody listens on the discard port
    register(course, toy=(PACKED, PLAIN, [closed]))
    with pytest.raises(data.DataError, match="127.0.0.1: no connection") as caught:
        download.locate("toy")
    assert is_one_sentence(caught.value)
    assert left_in(course.parent / "cache") == []


def half_then(error):
    """Return a stand-in for pooch's downloader that writes half of a file and raises."""

    def call(self, url, output_file, pooch, check_only=False):
        Path(output_file).write_bytes(PACKED[: len(PACKED) // 2])
        raise error

    return call


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "No space left on device): free some space there"),
        (errno.EACCES, "Permission denied): make that folder writable"),
    ],
)
def test_trouble_with_the_disk(toy, mirror, monkeypatch, number, words):
    import pooch

    mirrors, cache = toy
    mirrors("good", "good")
    failing = half_then(OSError(number, os.strerror(number)))
    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", failing)
    with pytest.raises(data.DataError) as caught:
        download.locate("toy")
    assert is_one_sentence(caught.value) and words in str(caught.value)
    assert left_in(cache) == []


def test_interrupted_download_leaves_nothing(toy, monkeypatch):
    import pooch

    mirrors, cache = toy
    mirrors("good")
    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", half_then(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        download.locate("toy")
    assert left_in(cache) == []


def test_killed_download_leaves_no_file_of_that_name(toy, mirror, course):
    mirrors, cache = toy
    url = mirror.serve("/stalled", "stalled", PACKED)
    arguments = (url, "toy.gz", sha(PACKED), len(PACKED))
    code = f"from helpers.data.download import download; download(*{arguments!r})"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not any(path.is_file() and path.stat().st_size for path in cache.rglob("*")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    mirror.release.set()
    (part,) = cache.iterdir()
    assert part.name.startswith(".part-") and not (cache / "toy.gz").exists()

    mirrors("good")
    assert download.locate("toy").read_bytes() == PACKED
    assert part.exists()  # it might belong to another process that is still at work
    os.utime(part, (0, 0))
    (cache / "toy.gz").unlink()
    download.locate("toy")
    assert left_in(cache) == ["toy.gz"]


def test_two_downloads_at_once(toy):
    mirrors, cache = toy
    mirrors("good")
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(download.locate("toy"))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [cache / "toy.gz"] * 4 and left_in(cache) == ["toy.gz"]


# Where a large file may lie


@pytest.mark.parametrize("place", ["cache", "course/data", "debian"])
@pytest.mark.parametrize("form", ["toy.gz", "toy", "repacked"])
def test_file_is_found_without_a_network(toy, mirror, course, place, form):
    mirrors, _ = toy
    mirrors("404")
    folder = course.parent / place
    folder.mkdir(exist_ok=True)
    path = folder / ("toy" if form == "toy" else "toy.gz")
    repacked = gzip.compress(PLAIN, compresslevel=1, mtime=1)
    path.write_bytes({"toy": PLAIN, "toy.gz": PACKED, "repacked": repacked}[form])
    assert download.locate("toy") == path
    assert mirror.asked == []


def test_spoilt_copies_are_passed_over_and_named(toy, course):
    mirrors, cache = toy
    mirrors("404")
    (course / "data" / "toy.gz").write_bytes(PACKED[:1000])
    (cache / "toy").write_bytes(b"something else")
    with pytest.raises(data.DataError, match="data/toy.gz is corrupt") as caught:
        download.locate("toy")
    assert "cache/toy is corrupt" in str(caught.value) and is_one_sentence(caught.value)
    mirrors("good")
    assert download.locate("toy").read_bytes() == PACKED
    (cache / "toy.gz").write_bytes(b"spoilt later")
    assert download.locate("toy").read_bytes() == PACKED


def test_unreadable_copy_is_named(toy, course):
    mirrors, _ = toy
    mirrors("404")
    (course / "data" / "toy.gz").mkdir()
    with pytest.raises(data.DataError, match="data/toy.gz is unreadable"):
        download.locate("toy")


def test_variable_names_no_folder(course, monkeypatch):
    monkeypatch.setenv(download.VARIABLE, str(course / "nowhere"))
    with pytest.raises(data.DataError, match="which is not a folder") as caught:
        data.cifar10()
    assert is_one_sentence(caught.value)


def test_read_only_chosen_folder_is_read_and_the_cache_written(course, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert download.cache_folder() != tmp_path / "cache"
    assert "from-graph-to-gpu" in str(download.cache_folder())


# The full sets, in miniature


def idx(array):
    """Return an idx file of a uint8 array."""
    shape = np.array(array.shape, ">i4").tobytes()
    return bytes([0, 0, 8, array.ndim]) + shape + array.tobytes()


def small_fashion():
    """Return the four idx files of a Fashion-MNIST with 6 and 3 images: {name: bytes}."""
    rng = np.random.default_rng(1)
    contents = {}
    for part, count in (("train", 6), ("t10k", 3)):
        contents[f"{part}-images-idx3-ubyte"] = idx(
            rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        )
        contents[f"{part}-labels-idx1-ubyte"] = idx(rng.integers(0, 10, count, dtype=np.uint8))
    return contents


def register_fashion(course, mirror):
    """Register the small Fashion-MNIST; return {name: bytes of the .gz}."""
    packed = {name: gzip.compress(plain, mtime=0) for name, plain in small_fashion().items()}
    register(
        course,
        **{
            name: (packed[name], plain, [mirror.serve(f"/{name}.gz", "whole", packed[name])])
            for name, plain in small_fashion().items()
        },
    )
    return packed


def test_full_fashion_from_a_mirror(course, mirror):
    register_fashion(course, mirror)
    split = data.fashion_mnist(full=True)
    pixels = np.frombuffer(small_fashion()["train-images-idx3-ubyte"][16:], np.uint8)
    assert split.x_train.shape == (6, 1, 28, 28) and split.x_test.shape == (3, 1, 28, 28)
    assert np.array_equal(np.round(split.x_train * 255).ravel(), pixels)
    assert split.x_train.dtype == np.float32 and split.y_test.dtype == np.int64
    assert split.y_train.tolist() == list(small_fashion()["train-labels-idx1-ubyte"][8:])
    data.fashion_mnist(full="if possible")
    assert len(mirror.asked) == 4


def test_full_fashion_out_of_reach(course, mirror, capsys):
    register_fashion(course, mirror)
    mirror.routes.clear()
    with pytest.raises(data.DataError, match="train-images-idx3-ubyte is not on this machine"):
        data.fashion_mnist(full=True)
    for name in ("fashion_mnist_train.npz", "fashion_mnist_test.npz"):
        shutil.copy(ROOT / "data" / name, course / "data")
    split = data.fashion_mnist(full="if possible")
    assert len(split.x_train) == 10000
    said = capsys.readouterr().out
    assert said.startswith("NOT THE FULL FASHION-MNIST") and said.count("\n") == 1
    assert "HTTP 404" in said and "put train-images-idx3-ubyte.gz into data/" in said


def small_cifar():
    """Return CIFAR-10's binary tar file with two records a part, as bytes, and the records."""
    records = np.random.default_rng(2).integers(0, 10, (12, formats.RECORD), dtype=np.uint8)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for i, name in reversed(list(enumerate(formats.CIFAR_PARTS))):  # not in the order we want
            part = records[2 * i : 2 * i + 2].tobytes()
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(part)
            tar.addfile(member, io.BytesIO(part))
    return buffer.getvalue(), records


def test_cifar10_from_a_mirror(course, mirror):
    tar, records = small_cifar()
    name = "cifar-10-binary.tar.gz"
    register(course, **{name: (tar, tar, [mirror.serve("/c", "whole", tar)])})
    split = data.cifar10()
    assert split.x_train.shape == (10, 3, 32, 32) and split.x_test.shape == (2, 3, 32, 32)
    assert split.x_train.dtype == np.float32 and split.x_train.max() <= 1
    assert np.array_equal(np.concatenate([split.y_train, split.y_test]), records[:, 0])
    red = records[4, 1:1025].reshape(32, 32)
    assert np.array_equal(np.round(split.x_train[4, 0] * 255), red)
    assert left_in(course.parent / "cache") == [name]  # nothing is unpacked
    assert len(data.CIFAR_CLASSES) == 10


def test_registered_cifar_is_the_binary_version():
    entry = files.registry()["downloads"]["cifar-10-binary.tar.gz"]
    assert entry["sha256"] == entry["file_sha256"]
    assert not entry["sha256"].startswith("6d958be0")  # that is the python version, a pickle
    assert all(url.endswith("/cifar-10-binary.tar.gz") for url in entry["mirrors"])


@pytest.mark.parametrize("content", [b"", b"\0\0\x0b\x01\0\0\0\x01\0", idx(np.ones(5, "u1"))[:-1]])
def test_file_that_is_no_idx(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(data.DataError, match="is not an idx file") as caught:
        formats.read_idx(tmp_path / "x")
    assert is_one_sentence(caught.value)


def test_file_that_is_no_cifar(tmp_path):
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz"):
        pass
    with pytest.raises(data.DataError, match="not CIFAR-10's binary version") as caught:
        formats.read_cifar10(tmp_path / "x.tar.gz")
    assert is_one_sentence(caught.value)


# Rebuilding data/


def small_packages(folder):
    """Write a miniature of every package into a folder; return what the build must give."""
    folder.mkdir()
    table = gzip.compress(b"".join(b"%d," % (i % 17) * 64 + b"%d\n" % i for i in range(3)))
    with zipfile.ZipFile(folder / "digits.whl", "w") as wheel:
        wheel.writestr("sklearn/datasets/data/digits.csv.gz", table)
    for archive, members in (
        (
            "names.tar.gz",
            {
                "names-1/names/dist.female.first": b"MARY 2.6 2.6 1\nKIM 1 3 2\n",
                "names-1/names/dist.male.first": b"JAMES 3.3 3.3 1\nKIM 1 4 2\n",
            },
        ),
        ("play.tar.gz", {"s-1/shksprdata/texts/macbeth_gut.txt": b"A play\nno end"}),
    ):
        with tarfile.open(folder / archive, "w:gz") as tar:
            for name, text in members.items():
                member = tarfile.TarInfo(name)
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text))
    with zipfile.ZipFile(folder / "mnist1d.whl", "w") as wheel:
        wheel.writestr("mnist1d/__init__.py", "")
        wheel.writestr("mnist1d/data.py", SMALL_MNIST1D)
    with zipfile.ZipFile(folder / "scipy.whl", "w") as wheel:
        wheel.writestr("scipy/__init__.py", "")
    (folder / "fashion").mkdir()
    for name, plain in small_fashion().items():
        (folder / "fashion" / f"{name}.gz").write_bytes(gzip.compress(plain))


SMALL_MNIST1D = """
import numpy as np
import scipy
def get_dataset_args(): return 3
def make_dataset(n): return {
    "x": np.full((n, 40), 0.5), "y": np.arange(n), "x_test": np.zeros((1, 40)), "y_test": np.ones(1)
}
"""


@pytest.fixture
def miniature(course, mirror, monkeypatch):
    """Small packages and a registry that names them; returns their folder."""
    register_fashion(course, mirror)
    path = course / "data" / "registry.json"
    content = json.loads(path.read_text())
    content["embedded"] = {}
    for key, suffix in {
        **dict.fromkeys(("digits", "mnist1d", "scipy"), "whl"),
        **dict.fromkeys(("names", "play"), "tar.gz"),
    }.items():
        content["packages"][key] |= {"archive": f"{key}.{suffix}", "sha256": None}
    path.write_text(json.dumps(content))
    files._registry.cache_clear()
    small_packages(course / "packages")
    monkeypatch.setattr(build_data, "DEBIAN", course / "packages" / "fashion")
    return course / "packages"


EXPECTED = {
    "digits": {"digits.npz": {"images": (3, 8, 8), "labels": (3,)}},
    "fashion": {
        "fashion_mnist_train.npz": {"images": (6, 28, 28), "labels": (6,)},
        "fashion_mnist_test.npz": {"images": (3, 28, 28), "labels": (3,)},
    },
    "names": {"names.txt": "james\nkim\nmary\n"},
    "mnist1d": {
        "mnist1d.npz": {"x_train": (3, 40), "y_train": (3,), "x_test": (1, 40), "y_test": (1,)}
    },
    "play": {"macbeth.txt": "A play\nno end"},
}


def at_hand(key):
    """Tell whether the real package of one recipe is on this machine, so that no network is due."""
    if key == "fashion" and build_data.DEBIAN.is_dir():
        return True
    packages = files.registry()["packages"]
    needed = {"mnist1d": ("mnist1d", "scipy")}.get(key, (key,))
    return bool(SOURCES) and all(any(Path(SOURCES).glob(packages[k]["archive"])) for k in needed)


@pytest.mark.parametrize(
    ("key", "packages"),
    [(key, "miniature") for key in data_recipes.RECIPES]
    + [(key, "real") for key in data_recipes.RECIPES if at_hand(key)],
)
def test_rebuild(request, key, packages):
    if packages == "real":
        assert build_data.build([key], Path(SOURCES or "."), files.DATA, check=True) == []
        return
    sources = request.getfixturevalue("miniature")
    folder = sources.parent / "data"
    assert build_data.build([key], sources, folder, check=True) == list(EXPECTED[key])
    assert left_in(folder) == ["registry.json"]  # a check writes nothing
    assert build_data.build([key], sources, folder) == list(EXPECTED[key])
    files._registry.cache_clear()
    for name, expected in EXPECTED[key].items():
        made = files.embedded(name)
        shapes = made if isinstance(made, str) else {k: v.shape for k, v in made.items()}
        assert shapes == expected
    assert build_data.build([key], sources, folder) == []
    (folder / name).write_bytes(b"spoilt")
    assert build_data.build([key], sources, folder) == [name]
    assert files.embedded(name)


def test_values_of_the_recipes(tmp_path):
    small_packages(tmp_path / "p")
    made = data_recipes.digits(tmp_path / "p" / "digits.whl")["digits.npz"]
    assert made["images"][2].tolist() == [[2] * 8] * 8 and made["labels"].tolist() == [0, 1, 2]
    made = data_recipes.fashion(tmp_path / "p" / "fashion", n_train=4, n_test=2)
    assert made["fashion_mnist_train.npz"]["images"].shape == (4, 28, 28)
    assert made["fashion_mnist_test.npz"]["labels"].shape == (2,)


def test_packing_depends_on_the_content_alone(monkeypatch):
    arrays = {"a": np.arange(6, dtype=np.uint8).reshape(2, 3)}
    first = build_data.pack(arrays)
    monkeypatch.setattr(time, "time", lambda: 2e9)
    assert build_data.pack(arrays) == first
    assert files.fingerprint(arrays["a"]) == files.fingerprint(np.asfortranarray(arrays["a"]))
    assert files.fingerprint(arrays["a"]) != files.fingerprint(arrays["a"].T)


def test_rebuild_refuses_another_package(course, miniature):
    packages = files.registry()["packages"]
    packages["names"]["sha256"] = sha(b"another")
    with pytest.raises(data.DataError, match="is not the registered package") as caught:
        build_data.build(["names"], miniature, course / "data")
    assert is_one_sentence(caught.value)


@pytest.mark.parametrize("missing", ["program", "package"])
def test_rebuild_says_what_is_missing(course, miniature, monkeypatch, capsys, missing):
    def run(command, **options):
        if missing == "program":
            raise FileNotFoundError(command[0])
        return subprocess.CompletedProcess(command, 1, "", "ERROR: No matching distribution\n")

    monkeypatch.setattr(build_data.subprocess, "run", run)
    (miniature / "names.tar.gz").unlink()
    assert build_data.main(["names", "--sources", str(miniature)]) == 1
    message = capsys.readouterr().err.strip()
    assert message.startswith("rebuilding data/ needs the package names==0.3.0")
    assert is_one_sentence(message) and "--sources" in message


def test_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x"
    build_data.write(path, b"old")

    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(build_data.os, "replace", refuse)
    with pytest.raises(OSError, match="No space left"):
        build_data.write(path, b"new")
    assert left_in(tmp_path) == ["x"] and path.read_bytes() == b"old"
