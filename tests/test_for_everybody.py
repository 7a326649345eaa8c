"""For eyes that see no picture, no red and green, or a dark page: alt texts, headings, colours."""

import base64
import importlib
import io
import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from helpers import ROOT
from helpers.course import build, files, grade_report
from helpers.draw import paint, svg
from helpers.draw.picture import COLOURS

PAGES = sorted(ROOT.glob("*.md")) + [ROOT / "data" / "SOURCE.md"]
MARKDOWN_IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)]*)\)")
# Rows of the matrices of Machado, Oliveira and Fernandes (2009), "A physiologically-based model
# for simulation of color vision deficiency", IEEE TVCG 15(6), severity 1.0, on linear sRGB.
SEEN_BY = {
    "usual": np.eye(3),
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
}  # fmt: skip
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def both(name):
    """Return a notebook's cells in both editions, as (edition, cell)."""
    solution = files.read(files.SOLUTIONS / f"{name}.ipynb")
    student = build.student(solution, name)
    return [("solution", c) for c in solution.cells] + [("student", c) for c in student.cells]


def text_only(page):
    """Return Markdown without code: a # in a code block is no heading."""
    return re.sub(r"^```.*?^```|`[^`\n]*`", "", page, flags=re.S | re.M)


def levels(text):
    return [len(hashes) for hashes in re.findall(r"^(#{1,6}) ", text_only(text), re.M)]


def speaking(alt):
    """An alternative text says something: words, and no file's name."""
    return len(alt.split()) >= 3 and not re.fullmatch(r"\S+\.(png|svg|jpg)", alt.strip())


def images(html):
    """Yield (source, alt) of every <img> in a piece of HTML."""
    for element in re.findall(r"<img\b[^>]*>", html):
        alt, source = re.search(r'\balt="([^"]*)"', element), re.search(r'\bsrc="([^"]*)"', element)
        yield source.group(1) if source else "", alt.group(1) if alt else ""


@pytest.mark.parametrize("name", files.names())
def test_every_image_of_a_notebook_speaks(name):
    for edition, cell in both(name):
        where = f"{edition} {cell.get('id')}"
        if cell.cell_type == "markdown":
            found = [a for a, _ in MARKDOWN_IMAGE.findall(cell.source)]
            found += [alt for _, alt in images(cell.source)]
            assert all(map(speaking, found)), (where, found)
            continue
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            assert not any(mime.startswith("image/") for mime in data), f"{where}: no alt text"
            html = "".join(data.get("text/html", ""))
            assert all(speaking(alt) for _, alt in images(html)), where
            assert "<svg" not in html and "<canvas" not in html, f"{where}: no alt text"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_image_of_a_page_speaks(page):
    text = page.read_text(encoding="utf-8")
    assert all(speaking(alt) for alt, _ in MARKDOWN_IMAGE.findall(text_only(text)))
    assert all(speaking(alt) for _, alt in images(text))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_pages_have_one_title_and_skip_no_level(page):
    found = levels(page.read_text(encoding="utf-8"))
    assert found[0] == 1 and found.count(1) == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(found))


@pytest.mark.parametrize("edition", ["solution", "student"])
@pytest.mark.parametrize("name", files.names())
def test_notebooks_have_one_title_and_skip_no_level(name, edition):
    cells = [c for e, c in both(name) if e == edition and c.cell_type == "markdown"]
    found = levels("\n\n".join(c.source for c in cells))
    assert found[0] == 1 and found.count(1) == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(found))


def test_links_of_the_instructors_page_lead_somewhere():
    text = (ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8")
    for words, target in re.findall(r"\[([^\]]+)\]\(([^)#]+)\)", text_only(text)):
        assert "//" in target or (ROOT / target).exists(), target
        assert words.lower() not in ("here", "link", "this")


def light(colour):
    """Return linear sRGB (3,) of "#rrggbb": IEC 61966-2-1."""
    c = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(linear):
    """Return CIE L*a*b* (3,) of linear sRGB: CIE 15, eqs. of 1976."""
    t = TO_XYZ @ np.clip(linear, 0, 1) / TO_XYZ.sum(axis=1)
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one, other):
    """Return the contrast ratio of two colours: WCAG 2.2, definition of "contrast ratio"."""
    dark, bright = sorted(TO_XYZ[1] @ light(c) for c in (one, other))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("eyes", SEEN_BY)
def test_the_palette_is_told_apart(eyes):
    """Distances of 15 and more, where 2.3 is just noticeable (Mahy et al. 1994)."""
    seen = [lab(np.asarray(SEEN_BY[eyes]) @ light(c)) for c in COLOURS]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 15


def test_what_comes_first_stands_out():
    """Lines and marks need 3:1 (WCAG 2.2, 1.4.11): the first four colours have it on white."""
    assert min(contrast(c, "#ffffff") for c in COLOURS[:4]) >= 3
    assert min(contrast(c, svg.PAPER) for c in (paint.LINE, paint.ACCENT, paint.LEAF)) >= 3


def test_words_in_pictures_can_be_read():
    """Text needs 4.5:1 (WCAG 2.2, 1.4.3), on the pale fills of boxes too."""
    fills = (svg.PAPER, paint.ACCENT_FILL, paint.LEAF_FILL, "#ffffff")
    inks = (svg.INK, svg.QUIET, paint.ACCENT)
    assert min(contrast(ink, fill) for ink in inks for fill in fills) >= 4.5
    assert min(contrast(paint.LEAF, fill) for fill in (svg.PAPER, paint.LEAF_FILL)) >= 4.5
    assert min(contrast("#ffffff", badge) for badge in (svg.INK, paint.ACCENT)) >= 4.5


def pictures(name):
    """Yield (cell, source) of every picture that is stored in a solution, covers included."""
    for cell in files.read(files.SOLUTIONS / f"{name}.ipynb").cells:
        shown = [cell.source] if cell.cell_type == "markdown" else []
        shown += [o.get("data", {}).get("text/html", "") for o in cell.get("outputs", [])]
        yield from ((cell["id"], source) for html in shown for source, _ in images("".join(html)))


def words(element, grounds=(), shift=(0.0, 0.0), scale=1.0):
    """Yield (words, their colour, the fill behind them) of an SVG, each text at three points.

    What is painted last lies on top; a group hides what other groups painted: it is a frame.
    """
    grounds = list(grounds)
    for child in element:
        tag, of = child.tag.rpartition("}")[2], child.get
        if tag == "g":
            numbers = [float(n) for n in re.findall(r"-?[\d.]+", of("transform", ""))]
            dx, dy, by = numbers or (0.0, 0.0, 1.0)
            place = (shift[0] + scale * dx, shift[1] + scale * dy)
            yield from words(child, grounds, place, scale * by)
        elif tag == "rect" and of("fill") != "none":
            box = [_at(of(name, "0"), scale) for name in ("x", "y", "width", "height")]
            grounds.append((shift[0] + box[0], shift[1] + box[1], *box[2:], of("fill")))
        elif tag == "text":
            size, said = float(of("font-size")), "".join(child.itertext())
            wide = 0.5 * size * len(said)
            start = float(of("x")) - {"middle": wide / 2, "end": wide}.get(of("text-anchor"), 0)
            y = shift[1] + scale * (float(of("y")) - size / 3)
            for part in (0.1, 0.5, 0.9):
                x = shift[0] + scale * (start + part * wide)
                behind = [f for a, b, w, h, f in grounds if a <= x <= a + w and b <= y <= b + h]
                yield said, of("fill"), behind[-1]


def _at(length, scale):
    return float("inf") if length.endswith("%") else scale * float(length)


@pytest.mark.parametrize("name", files.names())
def test_words_in_every_drawn_picture_can_be_read(name):
    """Each text against what really lies behind it: 4.5:1 (WCAG 2.2, 1.4.3)."""
    for id, source in pictures(name):
        kind, _, coded = source.partition(";base64,")
        if kind != "data:image/svg+xml":
            continue
        found = list(words(ElementTree.fromstring(base64.b64decode(coded))))
        assert found, f"{id}: a drawing without words"
        for said, ink, fill in found:
            assert contrast(ink, fill) >= 4.5, f"{id}: {said!r} in {ink} on {fill}"


def test_numbers_on_cells_coloured_by_thread_can_be_read():
    cells = importlib.import_module("helpers.cuda.replay")  # `replay` there is the function too
    for threads in (2, 7, 32, 256):
        pairs = [(cells._ink(t, threads), cells._colour(t, threads)) for t in range(threads)]
        assert min(contrast(ink, fill) for ink, fill in pairs) >= 4.5
    assert contrast(svg.INK, cells.EMPTY) >= 4.5


def test_every_picture_brings_its_own_light_ground():
    """So a dark theme changes nothing about a picture: its contrasts are the tested ones."""
    count = 0
    for name in files.names():
        for id, source in pictures(name):
            kind, _, coded = source.partition(";base64,")
            assert _ground(kind, base64.b64decode(coded)), (
                f"{name} {id}: a dark page shines through"
            )
            count += 1
    assert count > 40


def _ground(kind, data):
    if kind == "data:image/svg+xml":
        root = ElementTree.fromstring(data)
        first = next(e for e in root if e.tag.endswith("rect"))
        full = all(first.get(side) in (root.get(side), "100%") for side in ("width", "height"))
        return full and contrast(first.get("fill"), "#212121") > 12
    image = Image.open(io.BytesIO(data)).convert("RGBA")
    return image.getchannel("A").getextrema() == (255, 255) and min(image.getpixel((0, 0))) > 240


def test_the_report_of_a_grading_names_its_language_title_and_columns():
    row = {"id": "0.1", "name": "f", "verdict": "wrong", "points": 0, "of": 2, "diagnosis": "d",
           "changed": []}  # fmt: skip
    page = grade_report.page([{"student": "s", "notebook": "00", "rows": [row]}], ["a note"])
    assert page.startswith("<!doctype html><html lang='en'>") and "<title>Grades</title>" in page
    assert [int(n) for n in re.findall(r"<h(\d)", page)] == [1, 2, 2]
    assert page.count("<caption>") == page.count("<table>") == 3
    assert page.count("<th ") == page.count("scope=col")
    assert "&#10007; wrong" in page  # a word beside the mark, no colour
