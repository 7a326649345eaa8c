"""Pictures of windows: their numbers, what is lit, determinism, size, refusals."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from helpers import draw
from helpers.draw.paint import ACCENT_FILL

SVG = "{http://www.w3.org/2000/svg}"
IMAGE = np.arange(20.0).reshape(5, 4)
KERNEL = np.array([[1, 0], [-1, 2], [0, 1.0]])
OUT = np.array([[(IMAGE[i : i + 3, j : j + 2] * KERNEL).sum() for j in range(3)] for i in range(3)])


def elements(body, name):
    return ElementTree.fromstring(f'<svg xmlns="http://www.w3.org/2000/svg">{body}</svg>').findall(
        f".//{SVG}{name}"
    )


def words(body):
    return [element.text for element in elements(body, "text")]


def lit(body):
    return sum(element.get("fill") == ACCENT_FILL for element in elements(body, "rect"))


def test_a_frame_per_output_says_its_sum_and_lights_its_window():
    frames = draw.sliding_window(IMAGE, KERNEL, OUT)
    assert len(frames) == OUT.size
    for number, frame in enumerate(frames):
        value = OUT.ravel()[number]
        assert frame.caption.startswith(f"Output {[number // 3, number % 3]}: ")
        assert frame.caption.endswith(f" = {value:.3g}.")
        assert lit(frame.body) == 2 * KERNEL.size + 1  # window, kernel, output
        assert words(frame.body).count(f"{value:.3g}") >= 1
    shown = [len(words(frame.body)) for frame in frames]
    assert shown == list(range(shown[0], shown[0] + OUT.size))  # one more output each time


def test_a_wrong_output_is_shown_as_it_is_beside_the_true_sum():
    wrong = OUT + 1000
    frame = draw.sliding_window(IMAGE, KERNEL, wrong)[0]
    assert f"{wrong[0, 0]:.3g}" in words(frame.body)
    assert frame.caption.endswith(f" = {OUT[0, 0]:.3g}.")


def test_stride_padding_and_dilation_move_the_window():
    frames = draw.sliding_window(IMAGE[:3], KERNEL, np.zeros((2, 2)), (2, 2), (1, 1), (1, 3))
    padded = np.pad(IMAGE[:3], 1)
    sums = [
        (padded[2 * i : 2 * i + 3, 2 * j : 2 * j + 4 : 3] * KERNEL).sum()
        for i in (0, 1)
        for j in (0, 1)
    ]
    assert [frame.caption.split(" = ")[1] for frame in frames] == [f"{s:.3g}." for s in sums]


def test_windows_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        draw.sliding_window(IMAGE, KERNEL, np.zeros((4, 3)))
    with pytest.raises(ValueError, match="too long to watch"):
        draw.sliding_window(np.zeros((20, 20)), KERNEL, np.zeros((18, 19)))


def test_the_animation_fits_and_plays_every_frame():
    frames = draw.sliding_window(IMAGE, KERNEL, OUT)
    svg = draw.animate(frames, 1.5, alt="a window on its way").data.decode()
    assert svg.count('class="f"') == len(frames) and "@keyframes" in svg
    assert svg == draw.animate(frames, 1.5, alt="a window on its way").data.decode()
    for element in elements(frames[0].body, "rect"):
        assert float(element.get("x")) + float(element.get("width")) <= frames[0].width
        assert float(element.get("y")) + float(element.get("height")) <= frames[0].height


def test_grids_show_every_number_and_light_the_mask():
    picture = draw.grids(
        [("left", IMAGE, IMAGE > 15), ("right", -KERNEL)], alt="two grids of numbers", note="a note"
    )
    svg = picture.data.decode()
    assert lit(re.sub(r"^<svg[^>]*>|</svg>$", "", svg)) == 4
    assert {"left", "right", "a note", "19", "-2"} <= set(re.findall(r">([^<>]+)</text>", svg))
    assert ">-0<" not in svg
    with pytest.raises(ValueError, match="2-D"):
        draw.grids([("cube", np.zeros((2, 2, 2)))], alt="nothing to be seen here")
    with pytest.raises(ValueError, match="mask"):
        draw.grids([("grid", IMAGE, KERNEL > 0)], alt="nothing to be seen here")


def test_the_cone_counts_what_the_top_sees():
    svg = draw.cone([(3, 1), (3, 2), (3, 1)], 13, alt="a cone of three layers").data.decode()
    assert re.findall(r">((?:input|layer \d): \d+)</text>", svg) == [
        "input: 9", "layer 1: 7", "layer 2: 3", "layer 3: 1"
    ]  # fmt: skip
    with pytest.raises(ValueError, match="too short"):
        draw.cone([(3, 1), (3, 2)], 4, alt="a cone that does not fit")
