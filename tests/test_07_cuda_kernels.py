"""The kernels of the course: compiled to PTX, launched plainly, compiled for the CPU, on a GPU."""

import functools
import math
import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import cuda

import helpers.cuda
from helpers.checks import kernel_cases
from helpers.course import files, mistakes
from helpers.cuda import launching, ptx
from helpers.exercise import Wrong
from tests.cuda.nvvm import needs_nvvm

NAME = "07_cuda_kernels"
quick = settings(max_examples=15, deadline=None, derandomize=True, database=None)
WITH_KERNELS = [
    name
    for name in files.names()
    if any(
        "@cuda.jit" in c.source or "cuda.grid" in c.source
        for c in mistakes.cells(files.SOLUTIONS / f"{name}.ipynb")
    )
]
DOUBLE = "12_graph_compiler"  # its kernel computes in double precision, to compare to 1e-12
LUCKY = [  # wrong, and right all the same where threads run in lock-step
    ("7.5", "no barrier after the fill"),
    ("7.5", "no barrier in the loop"),
    ("7.7", "no first barrier"),
    ("7.7", "no second barrier"),
    ("7.12", "reverse without barrier"),
]


@functools.cache
def solved(name):
    """Return the namespace of a solution's exports, and its check cells by exercise id."""
    namespace, checks, kernels = {"__name__": f"kernels_{name}"}, {}, set()
    for cell in mistakes.cells(files.SOLUTIONS / f"{name}.ipynb"):
        id, own = files.exercise_id(cell), files.tags(cell)
        if "check" in own:
            checks[id] = cell.source
        elif "setup" in own or files.exported(cell):
            mistakes.run_cell(cell.source, f"<{name} {cell['id']}>", namespace)
            if "@cuda.jit" in cell.source or "cuda.grid" in cell.source:
                kernels.add(id)
    return namespace, {id: source for id, source in checks.items() if id in kernels}


def run_checks(name, only=None):
    namespace, checks = solved(name)
    for id, source in checks.items():
        if only is None or id in only:
            mistakes.run_cell(source, f"<{name} check {id}>", namespace)


def in_place_of_the_sanitizer(monkeypatch, run):
    """Let the checks judge the numbers of another way to run kernels."""

    def stand_in(kernel, blocks, threads, *args):
        run(kernel, blocks, threads, *args)
        return types.SimpleNamespace(warnings=[], accesses=[], require=lambda **limits: None)

    monkeypatch.setattr(helpers.cuda, "sanitize", stand_in)


@pytest.mark.parametrize("name", [name for name in WITH_KERNELS if name != DOUBLE])
def test_every_kernel_compiles_to_ptx_without_float64(name, monkeypatch):
    needs_nvvm()
    monkeypatch.chdir(files.SOLUTIONS)
    seen, before = {}, launching.Launch.__init__

    def record(self, kernel, grid, block, args, *more):
        before(self, kernel, grid, block, args, *more)
        seen.setdefault((kernel, tuple(ptx._type(a) for a in args)))

    monkeypatch.setattr(launching.Launch, "__init__", record)
    run_checks(name)
    assert seen
    compiled = {kernel.py_func.__name__: signature for kernel, signature in seen}
    for kernel, signature in seen:
        if compiled[kernel.py_func.__name__] is signature:
            for cc in ((7, 5), (8, 0), (9, 0)):
                made = ptx.compile_ptx(kernel, *signature, cc=cc)
                assert made.float64 == [], (made.name, cc)
                assert not made.spills


def test_the_kernel_that_notebook_12_writes_compiles_to_ptx():
    needs_nvvm()
    made = types.SimpleNamespace(**solved(DOUBLE)[0])
    model = made.MLP(2, [4, 1], np.random.default_rng(1))
    inputs = [made.Value(x) for x in (0.3, -0.4, 1.0)]
    loss = made.loss_of(model(inputs[:2])[0], inputs[2])
    t = made.simplify(made.trace(loss, model.parameters(), inputs))
    source = made.kernel_source(t, made.write_lines(t))
    calls = {"tanh": math.tanh, "exp": math.exp, "log": math.log}
    kernel = cuda.jit(made.load(source, "kernel", {"cuda": cuda} | calls))
    p, x, losses = np.zeros(t.n_params), np.zeros((t.n_inputs, 5)), np.zeros(5)
    for cc in ((7, 5), (8, 0), (9, 0)):  # in double precision: its losses are compared to 1e-12
        gpu = ptx.compile_ptx(kernel, p, x, np.zeros(t.n_params), losses, cc=cc)
        assert gpu.count("atom.") == t.n_params and gpu.count("red.") == 0, cc


@pytest.mark.parametrize("order", ["together", "forward", "backward"])
def test_numbers_do_not_depend_on_the_order_of_threads(order, monkeypatch):
    def run(kernel, blocks, threads, *args):
        before = launching.simulate
        before(kernel, blocks, threads, args, 0, order=order)

    in_place_of_the_sanitizer(monkeypatch, run)
    run_checks(NAME)


def test_barrier_free_kernels_give_the_same_compiled_for_the_cpu(monkeypatch):
    in_place_of_the_sanitizer(monkeypatch, helpers.cuda.run_compiled)
    run_checks(NAME, {"7.1", "7.2", "7.3", "7.9", "7.11"})


@pytest.mark.gpu
@pytest.mark.parametrize("name", WITH_KERNELS)
def test_every_kernel_on_the_device(name, monkeypatch):
    if not helpers.cuda.has_gpu():
        pytest.skip(f"no GPU that numba can use: the kernels of {name} ran in the simulator only")
    monkeypatch.chdir(files.SOLUTIONS)
    in_place_of_the_sanitizer(monkeypatch, lambda k, blocks, threads, *a: k[blocks, threads](*a))
    run_checks(name)


@pytest.mark.parametrize(("id", "what"), LUCKY)
def test_right_numbers_by_luck_are_refused_all_the_same(id, what, monkeypatch):
    wrong = next(a for a in mistakes.answers(NAME)[0] if (a.id, a.what) == (id, what))
    assert "race" in mistakes.judge(NAME, wrong)
    in_place_of_the_sanitizer(monkeypatch, helpers.cuda.launch)
    assert mistakes.judge(NAME, wrong) == ""


@given(st.integers(0, 2**32 - 1))
@quick
def test_products_and_convolutions_of_random_sizes(seed):
    kernels, rng = types.SimpleNamespace(**solved(NAME)[0]), np.random.default_rng(seed)
    m, k, n = rng.integers(1, 20, 3)
    a, b, c = (rng.standard_normal(s).astype(np.float32) for s in ((m, k), (k, n), (m, n)))
    helpers.cuda.sanitize(kernels.matmul_tiled, (-(-n // 8), -(-m // 8)), (8, 8), a, b, c)
    np.testing.assert_allclose(c, a @ b, atol=1e-4)
    images, channels, filters, kh, kw, sh, sw, ph, pw = rng.integers(1, 4, 9).tolist()
    x = rng.standard_normal((images, channels, *rng.integers(4, 8, 2))).astype(np.float32)
    w = rng.standard_normal((filters, channels, kh, kw)).astype(np.float32)
    want = kernel_cases.correlate(x, w, (sh, sw), (ph, pw))
    out, bias = np.empty(want.shape, np.float32), np.zeros(filters, np.float32)
    blocks = (-(-want.shape[3] // 4), -(-want.shape[2] // 4), images * filters)
    helpers.cuda.sanitize(kernels.conv2d, blocks, (4, 4, 1), x, w, bias, out, sh, sw, ph, pw)
    np.testing.assert_allclose(out, want, atol=1e-4)


def test_an_unfilled_kernel_says_which_todo_it_is():
    source = "@cuda.jit\ndef f(x):\n    raise NotImplementedError('TODO 7.1: f, about 3 lines')\n"
    namespace = dict(solved(NAME)[0])
    mistakes.run_cell(source, "<an unfilled kernel>", namespace)
    for run in (helpers.cuda.launch, helpers.cuda.sanitize, helpers.cuda.run_compiled):
        with pytest.raises(NotImplementedError, match=r"TODO 7\.1"):
            run(namespace["f"], 1, 32, np.zeros(3, np.float32))


def test_wrong_is_raised_for_what_is_not_a_kernel():
    check = solved(NAME)[0]["check"]
    for answer in (None, len, lambda x: x):
        with pytest.raises(Wrong):
            check.affine(answer)
