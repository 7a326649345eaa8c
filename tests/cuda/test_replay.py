"""The replay: which thread touched which cell in which phase, and a picture of it."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from numba import cuda, float32

from helpers.cuda import replay
from tests.cuda.bugs import BUGS, RACE
from tests.cuda.corpus import load_all


@cuda.jit
def fold(x, out):
    s = cuda.shared.array(8, float32)
    t = cuda.threadIdx.x
    s[t] = x[cuda.grid(1)]
    cuda.syncthreads()
    k = 4
    while k > 0:
        if t < k:
            s[t] += s[t + k]
        cuda.syncthreads()
        k //= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]


def folded(**options):
    return replay(fold, 2, 8, np.arange(16, dtype=np.float32), np.zeros(2, np.float32), **options)


def test_phases_tell_who_touched_what():
    phases = folded(block=1).phases
    assert len(phases) == 5
    assert phases[0].cells["s", 3].writers == {3} and phases[0].cells["x", 11].readers == {3}
    assert phases[1].cells["s", 2].readers == {2} and phases[1].cells["s", 2].writers == {2}
    assert phases[1].cells["s", 6].readers == {2} and not phases[1].cells["s", 6].writers
    assert set(phases[4].cells) == {("s", 0), ("out", 1)}
    assert not any(cell.clash for p in phases for cell in p.cells.values())


@pytest.mark.parametrize("picture", ["strip", "animation"])
def test_pictures_are_svg_with_a_description(picture):
    made = getattr(folded(), picture)()
    root = ET.fromstring(made.data)
    words = "".join(root.itertext())
    assert root.tag.endswith("svg") and "phase 0" in words and "s[t] += s[t + k]" in words
    assert "5 barrier phases" in made.alt and "of s 8 written" in made.alt
    assert made.html().startswith('<img src="data:image/svg+xml;base64,')
    assert folded().strip().data == folded().strip().data


def test_in_a_notebook_it_is_an_image():
    shown = folded()._repr_mimebundle_()
    assert set(shown) == {"text/html", "text/plain"} and "alt=" in shown["text/html"]


def test_a_race_is_drawn_not_raised():
    bug = next(b for b in BUGS if b.kernel == "block_sum" and b.kind is RACE)
    case, kernel = bug.build()
    shown = replay(kernel, case.blocks, case.threads, *bug.inputs(case), arrays=("s",))
    assert any(cell.clash for cell in shown.phases[0].cells.values())
    assert "nothing orders" in shown.alt
    assert "thick" in "".join(ET.fromstring(shown.strip().data).itertext())


def test_atomics_that_meet_are_no_clash():
    case = load_all()["histogram_shared"]
    args, _ = case.arguments()
    shown = replay(case.kernel, case.blocks, case.threads, *args, arrays=("s",))
    assert [any(c.clash for c in p.cells.values()) for p in shown.phases] == [False] * 3
    assert any(len(c.writers) > 1 for c in shown.phases[1].cells.values())


def test_two_dimensions_keep_their_shape():
    case = load_all()["matmul_tiled"]
    args, _ = case.arguments()
    shown = replay(case.kernel, case.blocks, case.threads, *args, block=3, arrays=("sa", "sb"))
    assert len(shown.phases) == 6 and len({f.width for f in shown.frames}) == 1


def test_what_is_too_large_to_draw_is_said():
    x = np.zeros(100_000, np.float32)
    with pytest.raises(ValueError, match="256 can be drawn"):
        replay(fold_far, 1, 8, x)
    with pytest.raises(ValueError, match="touches none"):
        folded(arrays=("y",))
    with pytest.raises(ValueError, match="touches none"):
        folded(block=7)
    with pytest.raises(ValueError, match="40 phases are too many"):
        replay(many, 1, 8, x)


@cuda.jit
def fold_far(x):
    x[cuda.threadIdx.x * 1000] = float32(1)


@cuda.jit
def many(x):
    for _ in range(40):
        x[cuda.threadIdx.x] = float32(1)
        cuda.syncthreads()
