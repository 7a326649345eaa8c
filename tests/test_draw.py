"""Pictures: alternative text, determinism, layout facts, refusals, the recorded backward pass."""

import base64
import math
import random
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import numpy as np
import pytest

from helpers import draw
from helpers.draw.board import plan
from helpers.draw.graph import collect, node_text, number, parent_numbers
from helpers.draw.layout import arrange
from helpers.draw.svg import QUIET

SVG = "{http://www.w3.org/2000/svg}"


class Value:
    """The smallest node that `draw` accepts."""

    def __init__(self, data, parents=(), op="", label=""):
        self.data, self.grad, self.parents, self.op, self.label = data, 0.0, parents, op, label
        self._backward = lambda: None

    def __eq__(self, other):  # some engines compare by value; drawing must not
        return self.data == other.data

    __hash__ = None

    def __add__(self, other):
        return _made(self.data + other.data, (self, other), "+", lambda: (1.0, 1.0))

    def __mul__(self, other):
        slopes = (other.data, self.data)
        return _made(self.data * other.data, (self, other), "*", lambda: slopes)

    def __pow__(self, n):
        return _made(self.data**n, (self,), f"**{n}", lambda: (n * self.data ** (n - 1),))

    def tanh(self):
        t = math.tanh(self.data)
        return _made(t, (self,), "tanh", lambda: (1 - t * t,))

    def named(self, label):
        self.label = label
        return self


def _made(data, parents, op, slopes):
    out = Value(data, parents, op)

    def backward():
        for parent, slope in zip(parents, slopes(), strict=True):
            parent.grad += slope * out.grad

    out._backward = backward
    return out


def leaf(data, label=""):
    return Value(float(data), label=label)


def square():
    x, y, z = leaf(2, "x"), leaf(3, "y"), leaf(4, "z")
    return (((x * y).named("xy") + z).named("s") ** 2).named("f")


def diamond():
    x = leaf(3, "x")
    return ((x * leaf(2)).named("a") * (x + leaf(1)).named("b")).named("c")


def twice():
    x = leaf(-1.5, "x")
    return (x * x + x).named("y")


def neuron():
    total = leaf(1, "x1") * leaf(0.3, "w1")
    for i in (2, 3):
        total = total + leaf(-i, f"x{i}") * leaf(0.1 * i, f"w{i}")
    return (total + leaf(0.25, "b")).tanh().named("out")


def tangle(seed, n=40):
    generator = random.Random(seed)
    nodes = [leaf(generator.random(), f"i{k}") for k in range(5)]
    while len(nodes) < n:
        a = nodes[-1]
        b = generator.choice(nodes[-9:] if generator.random() < 0.8 else nodes)
        nodes.append(a * b if generator.random() < 0.5 else a + b)
    return nodes[-1]


GRAPHS = {
    "square": square,
    "diamond": diamond,
    "twice": twice,
    "neuron": neuron,
    "leaf": lambda: leaf(1, "x"),
    **{f"tangle {seed}": lambda seed=seed: tangle(seed) for seed in range(6)},
}


@pytest.fixture(params=GRAPHS)
def root(request):
    return GRAPHS[request.param]()


def board_of(root):
    nodes = collect(root)
    return plan(parent_numbers(nodes), [[node_text(n, n.grad)] for n in nodes])


def words(picture):
    return [e.text for e in ElementTree.fromstring(picture.data).iter(f"{SVG}text")]


# ---------------------------------------------------------------- pictures


class Img(HTMLParser):
    def handle_starttag(self, tag, attrs):
        self.tag, self.attrs = tag, dict(attrs)


def parsed(markup):
    parser = Img()
    parser.feed(markup)
    return parser


def test_a_picture_is_one_img_with_data_uri_and_alt():
    alt = "a < b & \"c\" > 'd'\n  and <script>alert(1)</script>"
    bundle = draw.Picture(b"bytes", "image/png", alt)._repr_mimebundle_()
    img = parsed(bundle["text/html"])
    assert set(bundle) == {"text/html", "text/plain"}
    assert img.tag == "img" and set(img.attrs) == {"src", "alt"}
    assert img.attrs["alt"] == "a < b & \"c\" > 'd' and <script>alert(1)</script>"
    assert base64.b64decode(img.attrs["src"].removeprefix("data:image/png;base64,")) == b"bytes"
    assert bundle["text/plain"] == f"Picture: {img.attrs['alt']}"


@pytest.mark.parametrize("alt", ["", "  \n", None])
def test_a_picture_without_alt_is_refused(alt):
    with pytest.raises(ValueError, match="needs alt"):
        draw.Picture(b"", "image/png", alt)


def test_importing_draw_loads_nothing_heavy():
    code = (
        "import sys, helpers.draw;"
        "print(*{'numpy', 'matplotlib', 'IPython', 'ipywidgets', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


# ---------------------------------------------------------------- graphs


def test_the_same_graph_gives_the_same_bytes():
    for build in GRAPHS.values():
        assert draw.graph(build()).data == draw.graph(build()).data


def test_boxes_do_not_overlap_and_lie_inside(root):
    board = board_of(root)
    for i, (left, top, width, height) in enumerate(board.boxes):
        left -= board.pills[i] / 2
        assert left >= 0 and left + width <= board.width
        assert top >= 0 and top + height <= board.height
        for other, (x, y, w, h) in enumerate(board.boxes[:i]):
            x -= board.pills[other] / 2
            w += board.pills[other] / 2
            assert left + width <= x or x + w <= left or top + height <= y or y + h <= top


def test_wires_run_from_left_to_right_and_not_through_boxes(root):
    board = board_of(root)
    for child, parent, points, _ in board.wires:
        xs = [x for x, _ in points]
        assert xs == sorted(xs) and len(points) % 2 == 0
        x, y, width, height = board.boxes[parent]
        assert points[0][0] == x + width and y < points[0][1] < y + height
        assert abs(points[-1][0] - board.boxes[child][0]) <= board.pills[child] / 2 + 1
        for (a, height_here), (b, _) in zip(points[::2], points[1::2], strict=True):
            for n, (x, y, width, height) in enumerate(board.boxes):
                if n not in (child, parent) and a < x + width and x < b:
                    assert not y < height_here < y + height
        for (a, _), (b, _) in zip(points[1::2], points[2::2], strict=False):  # the curved parts
            assert not any(x < b and a < x + w for x, _, w, _ in board.boxes)


def test_every_operand_has_an_arrow(root):
    nodes = collect(root)
    picture = draw.graph(root)
    arrows = ElementTree.fromstring(picture.data).findall(f"{SVG}polygon")
    assert len(arrows) == sum(len(node.parents) for node in nodes)


def test_a_reused_node_is_drawn_once():
    said = words(draw.graph(diamond()))
    assert said.count("x") == 1
    board = board_of(diamond())
    assert [parent for _, parent, _, _ in board.wires].count(0) == 2


def test_both_arrows_of_a_square_are_apart():
    x = leaf(3, "x")
    (_, _, one, _), (_, _, two, _) = board_of(x * x).wires
    assert all(abs(a[1] - b[1]) >= 8 for a, b in zip(one, two, strict=True))


def test_a_tree_has_no_crossings_and_puts_operations_between_operands():
    # ((a b) (c d)): places 0 1 -> 2, 3 4 -> 5, 2 5 -> 6
    parents = [(), (), (0, 1), (), (), (3, 4), (2, 5)]
    layout = arrange(parents, [50] * 7, gap=10, lane_height=6)
    assert layout.layer == [0, 0, 1, 0, 0, 1, 2]
    y = layout.y
    assert y[0] < y[1] < y[3] < y[4]
    for child in (2, 5, 6):
        assert y[child] == pytest.approx(sum(y[p] for p in parents[child]) / 2, abs=1)


def test_a_crossed_order_is_uncrossed():
    # two chains, whose ends are joined in the other order
    parents = [(), (), (0,), (1,), (2,), (3,), (5, 4)]
    y = arrange(parents, [50] * 7, gap=10, lane_height=6).y
    assert (y[0] < y[1]) == (y[2] < y[3]) == (y[4] < y[5])


def _crossings(board):
    """Count the pairs of wires that change places between two columns."""
    spans = [(a, b) for *_, points, _ in board.wires
             for a, b in zip(points[1::2], points[2::2], strict=False)]  # fmt: skip
    return sum(
        (a[1] - c[1]) * (b[1] - d[1]) < 0
        for i, (a, b) in enumerate(spans)
        for c, d in spans[:i]
        if a[0] == c[0]
    )


def test_sweeps_remove_crossings(monkeypatch):
    graphs = [tangle(seed, 25) for seed in range(6)]
    swept = [_crossings(board_of(root)) for root in graphs]
    monkeypatch.setattr("helpers.draw.layout.SWEEPS", 0)
    unswept = [_crossings(board_of(root)) for root in graphs]
    assert sum(swept) < 0.8 * sum(unswept)


def test_boxes_say_name_value_gradient_and_operation():
    x = leaf(1234.5678, "<x&y>")
    x.grad = -0.000123456
    picture = draw.graph((x * leaf(-0.0)).named("p"))
    said = words(picture)
    assert {"<x&y>", "1235", "−0.0001235", "×", "value", "grad", "p"} <= set(said)
    assert "−0" not in said
    assert "grad" not in words(draw.graph(x, grads=False))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (2.0, "2"),
        (-1.5, "−1.5"),
        (1e-7 / 3, "3.333e−8"),
        (123456.0, "1.235e5"),
        (-1e-320 * 0, "0"),
        (None, "–"),
        (math.inf, "inf"),
        (np.float32(0.1), "0.1"),
        (np.ones((2, 3)), "2×3"),
    ],
)
def test_numbers_have_four_digits(value, said):
    assert number(value) == said


def test_the_alt_text_tells_the_graph():
    root = square()
    assert draw.graph(root, grads=False).alt == (
        "Computation graph of f, 6 nodes: x = 2; y = 3; xy = x * y = 6; z = 4; "
        "s = xy + z = 10; f = s**2 = 100."
    )
    assert draw.graph(root, alt="mine").alt == "mine"
    assert "7 of them inputs" in draw.graph(neuron()).alt


def test_highlighting_changes_only_colours():
    root = square()
    plain, lit = draw.graph(root), draw.graph(root, highlight=[root.parents[0]])
    assert plain.data != lit.data
    assert words(plain) == words(lit)
    assert draw.graph(root, highlight=root).data != plain.data


def test_the_picture_has_its_own_light_ground():
    first = ElementTree.fromstring(draw.graph(square()).data)[0]
    assert first.tag == f"{SVG}rect" and first.get("fill") == "#fdfdfb" and first.get("rx")


def test_deep_graphs_are_refused_without_recursion():
    node = leaf(1)
    for _ in range(5000):
        node = node + leaf(1)
    with pytest.raises(ValueError, match="more than 200 nodes"):
        draw.graph(node)


def test_two_hundred_nodes_are_drawn():
    node = x = leaf(1, "x")
    for _ in range(199):
        node = node + x
    assert len(board_of(node).boxes) == 200


def test_a_cycle_is_refused():
    x = leaf(1, "x")
    y = x + leaf(2)
    x.parents = (y,)
    with pytest.raises(ValueError, match="cycle"):
        draw.graph(y)


@pytest.mark.parametrize("thing", [3, "f", Value(1.0, (2.0,), "+")])
def test_anything_but_a_node_is_refused(thing):
    with pytest.raises(TypeError, match="needs nodes with data, grad, parents, op and label"):
        draw.graph(thing)


# ---------------------------------------------------------------- the backward pass


def test_record_sees_every_step_and_restores():
    root = square()
    order = collect(root)
    for i, node in enumerate(order):
        node.grad = 100.0 + i
    shots = draw.record(order, root)
    assert [node.grad for node in order] == [100.0 + i for i in range(6)]
    assert shots[0] == (None, (0, 0, 0, 0, 0, 1))
    assert [s.sender is n for s, n in zip(shots[1:], reversed(order), strict=True)] == [True] * 6
    x, y, xy, z, s, f = shots[-1].grads
    assert (x, y, xy, z, s, f) == (60, 40, 20, 20, 20, 1)


def test_record_restores_after_an_error():
    root = square()
    order = collect(root)

    def unfinished():
        raise NotImplementedError("TODO 1.5")

    order[2]._backward = unfinished
    order[0].grad = 7.0
    with pytest.raises(NotImplementedError, match="TODO 1.5"):
        draw.record(order, root)
    assert [node.grad for node in order] == [7, 0, 0, 0, 0, 0]


def test_record_needs_the_root_by_identity():
    root = square()
    twin = leaf(root.data)
    with pytest.raises(ValueError, match="does not contain the root"):
        draw.record([twin], root)


def test_the_film_has_a_frame_per_operation():
    frames = draw.backward_film(square())
    assert [frame.caption for frame in frames] == [
        "Start: the gradient of f is 1, nothing else is known yet.",
        "Step 1 of 3: f has gradient 1; s gains 20.",
        "Step 2 of 3: s has gradient 20; xy gains 20, z gains 20.",
        "Step 3 of 3: xy has gradient 20; x gains 60, y gains 40.",
    ]
    assert len({(frame.width, frame.height) for frame in frames}) == 1


def test_gradients_are_grey_until_they_are_known():
    frames = draw.backward_film(square())
    grey = [len(re.findall(rf'fill="{QUIET}"[^>]*>0<', frame.body)) for frame in frames]
    assert grey == [5, 4, 2, 0]


def test_a_square_sends_both_shares_at_once():
    frames = draw.backward_film(twice())
    assert frames[1].caption.endswith("(x * x) gains 1, x gains 1.")
    assert frames[2].caption.endswith("x gains −3.")


def test_a_wrong_order_is_played_and_an_incomplete_one_refused():
    root = diamond()
    order = collect(root)
    muddled = [order[2], order[0], order[1], *order[3:]]  # x last: nothing is left to send
    assert draw.backward_film(root, muddled)[-1].caption
    with pytest.raises(ValueError, match="lacks a node"):
        draw.backward_film(root, order[1:])


def test_too_long_a_film_is_refused():
    node = x = leaf(1, "x")
    for _ in range(70):
        node = node + x
    with pytest.raises(ValueError, match="71 frames"):
        draw.backward_film(node)


def test_strip_and_animation_hold_all_frames():
    frames = draw.backward_film(neuron())
    for picture in (draw.film(frames), draw.animate(frames)):
        assert [words(picture).count(w) for w in ("out", "x1")] == [len(frames)] * 2
        assert all(frame.caption in picture.alt for frame in frames)
    assert draw.film(frames).data == draw.film(draw.backward_film(neuron())).data
    assert draw.film(frames, alt="strip").alt == draw.animate(frames, 1, "strip").alt == "strip"


def test_the_strip_fits_its_columns():
    frames = draw.backward_film(square())
    sheet = ElementTree.fromstring(draw.film(frames, columns=3).data)
    places = [g.get("transform") for g in sheet.findall(f"{SVG}g")]
    starts = [float(re.match(r"translate\(([\d.]+) ", place)[1]) for place in places]
    assert len(set(starts)) == 3 and starts[3] == starts[0]
    assert float(sheet.get("width")) <= 1001


def test_the_animation_starts_with_its_first_frame_and_respects_still_readers():
    frames = draw.backward_film(square())
    tree = ElementTree.fromstring(draw.animate(frames, 0.5).data)
    groups = tree.findall(f"{SVG}g")
    assert [g.get("visibility") for g in groups] == ["visible"] + ["hidden"] * 3
    assert [g.get("style") for g in groups] == [
        f"animation-delay:{delay}s" for delay in ("0", "-1.5", "-1", "-0.5")
    ]
    style = tree.find(f"{SVG}style").text
    assert "prefers-reduced-motion:no-preference" in style and "show 2s" in style


def test_no_frames_and_no_time_are_refused():
    for show in (draw.film, draw.animate, draw.slider):
        with pytest.raises(ValueError, match="no frames"):
            show([])
    with pytest.raises(ValueError, match="above 0"):
        draw.animate(draw.backward_film(square()), 0)


def test_the_slider_shows_the_frame_it_points_at():
    frames = draw.backward_film(square())
    widget = draw.slider(frames)
    step, shown = widget.children
    assert (step.min, step.max, step.value) == (0, 3, 0)
    for i in (3, 1):
        step.value = i
        assert parsed(shown.value).attrs["alt"] == frames[i].caption
    assert repr(widget) == "Slider over 4 frames"


# ---------------------------------------------------------------- plots


def png_size(picture):
    assert picture.mime == "image/png" and picture.data[:8] == b"\x89PNG\r\n\x1a\n"
    return tuple(int.from_bytes(picture.data[i : i + 4], "big") for i in (16, 20))


def test_a_figure_becomes_a_png_and_is_closed():
    import matplotlib.pyplot as plt

    fig, ax = draw.axes(size=(4, 3))
    ax.plot([1, 2, 3])
    assert plt.fignum_exists(fig.number)
    assert not ax.spines["top"].get_visible()
    picture = draw.figure(fig, "A line rises")
    assert png_size(picture) == (400, 300)
    assert not plt.fignum_exists(fig.number)


def test_a_figure_needs_alt_and_a_figure():
    fig, ax = draw.axes(2)
    with pytest.raises(TypeError, match="not Axes"):
        draw.figure(ax[0], "words")
    with pytest.raises(ValueError, match="needs alt"):
        draw.figure(fig, " ")
    draw.figure(fig, "closes it")


def test_colours_are_told_apart_by_line_style_as_well():
    picture = draw.curves(
        {"train": [3, 2, 1], "held out": [3, 2.5, 2]},
        xlabel="epoch", ylabel="loss", title="Loss falls", alt="Loss falls", log=True,
    )  # fmt: skip
    assert png_size(picture) == (520, 340) and picture.alt == "Loss falls"


def test_decision_boundary_asks_for_rows_and_marks_classes():
    x = np.array([[0.0, 10.0], [1.0, 20.0], [0.2, 12.0]])
    seen = []

    def predict(rows):
        seen.append(rows)
        return rows[:, 0].clip(0, 1)

    fig, ax = draw.axes()
    draw.decision_boundary(ax, predict, x, np.array([0, 1, 0]), names=("no", "yes"), points=11)
    (rows,) = seen
    assert rows.shape == (121, 2)
    assert (rows.min(axis=0) < x.min(axis=0)).all() and (rows.max(axis=0) > x.max(axis=0)).all()
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["no", "yes"]
    draw.figure(fig, "Two classes")


@pytest.mark.parametrize(
    ("predict", "complaint"),
    [
        (lambda rows: rows, "one probability per row"),
        (lambda rows: 3 * rows[:, 0], "is the sigmoid missing"),
        (lambda rows: rows[:, 0] * np.nan, "probabilities from 0 to 1"),
    ],
)
def test_decision_boundary_refuses_what_is_no_probability(predict, complaint):
    fig, ax = draw.axes()
    with pytest.raises(ValueError, match=complaint):
        draw.decision_boundary(ax, predict, np.eye(2), np.array([0, 1]), points=5)
    with pytest.raises(ValueError, match=r"\(N, 2\)"):
        draw.decision_boundary(ax, predict, np.eye(3), np.array([0, 1, 0]))
    draw.figure(fig, "closes it")


def test_images_are_laid_out_in_columns():
    images = np.arange(5 * 6 * 4).reshape(5, 6, 4)
    one_row = png_size(draw.images(images, columns=5, alt="Ramps"))
    three_rows = png_size(draw.images(images, list("abcde"), 2, "Ramps"))
    assert one_row[0] > three_rows[0] and one_row[1] < three_rows[1]


def _pixels(picture):
    import io

    import matplotlib.image

    return matplotlib.image.imread(io.BytesIO(picture.data))[..., :3]


def test_signed_images_get_a_diverging_map_and_others_grey():
    grey = _pixels(draw.images(np.linspace(0, 9, 18).reshape(2, 3, 3), alt="Grey"))
    assert np.allclose(grey[..., 0], grey[..., 2])
    signed = _pixels(draw.images(np.linspace(-1, 9, 18).reshape(2, 3, 3), alt="Signed"))
    assert (signed[..., 0] - signed[..., 2] > 0.3).any()  # red above zero


@pytest.mark.parametrize(
    ("array", "titles", "complaint"),
    [
        (np.ones((3, 3)), None, "single image"),
        (np.ones((2, 3, 4, 4)), None, "channels go last"),
        (np.ones((0, 3, 3)), None, "needs an array"),
        (np.ones((2, 3, 3)), ["one"], "2 images but 1 titles"),
        (np.full((2, 3, 3, 3), 9.0), None, "from 0 to 1"),
    ],
)
def test_images_refuse_other_shapes(array, titles, complaint):
    with pytest.raises(ValueError, match=complaint):
        draw.images(array, titles, alt="Wrong")
