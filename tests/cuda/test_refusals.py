"""What no GPU could run is refused by name and line, in a sentence."""

import linecache
import math
import pickle

import numpy as np
import pytest
from numba import cuda, float32

from helpers.cuda import KernelError, errors, launch, sanitize, stuck
from helpers.cuda import run as run_module


def plain(a):
    return a


@cuda.jit(device=True)
def recursive(a):
    return recursive(a - 1)


@cuda.jit(device=True)
def one_way(a):
    if a > float32(0):
        return a


NAMES = {
    "cuda": cuda, "float32": float32, "np": np, "math": math, "T": 16, "plain": plain,
    "recursive": recursive, "one_way": one_way, "TABLE": {0: 1}, "G": np.zeros(3, np.float32),
}  # fmt: skip


def build(body):
    """Compile `def k(x): body`; the body starts in line 2."""
    source = "def k(x):\n" + "".join(f"    {line}\n" for line in body.split("\n"))
    file = f"<{body}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    namespace = dict(NAMES)
    exec(compile(source, file, "exec"), namespace)
    return cuda.jit(namespace["k"])


REFUSED = [
    ("y = [1, 2]", "a list cannot"),
    ("y = {1: 2}", "a dict cannot"),
    ("y = {1, 2}", "a set cannot"),
    ("y = [v for v in (1, 2)]", "a list comprehension"),
    ("x[0] = 'a'", "'a'"),
    ("x[0] = None", "None"),
    ("x[0] = 1j", "1j"),
    ("x[0] = f'{x}'", "an f-string"),
    ("y = lambda: 1", "a lambda"),
    ("def f(a):\n    return a", "a function inside a function"),
    ("class A:\n    pass", "a class"),
    ("import math", "import"),
    ("global T", "global"),
    ("try:\n    x[0] = 1\nexcept ValueError:\n    pass", "try"),
    ("with x:\n    pass", "with"),
    ("raise ValueError", "raise"),
    ("assert x[0] > 0", "assert"),
    ("del x", "del"),
    ("while x[0] > 0:\n    break\nelse:\n    pass", "`else` after a loop"),
    ("for v in T:\n    pass", "only ranges, tuples and arrays"),
    ("for v in reversed((1, 2)):\n    pass", "use range"),
    ("for k, v in enumerate(T):\n    pass", "only ranges, tuples and arrays"),
    ("for a, b in zip(x, range(cuda.grid(1))):\n    pass", "bounds differ"),
    ("if (i := cuda.grid(1)) < 3:\n    pass", ":="),
    ("return x[0]", "a kernel returns nothing"),
    ("x[0] = plain(x[0])", "plain.*device=True"),
    ("x[0] = recursive(3)", "recursive calls itself"),
    ("x[0] = undefined", "`undefined` is not defined"),
    ("x[0] = TABLE[0]", "TABLE.*dict"),
    ("x[0] = np.exp(x[0])", r"np\.exp.*math"),
    ("x[0] = max(x[0], x[1])", "`max`.*built-in"),
    ("x[0] = math.gcd(4, 2)", r"math\.gcd"),
    ("x[0] = x.sum()", r"x\.sum"),
    ("x[0] = x.real", r"\.real"),
    ("x[0] = x @ x", "`@`"),
    ("x[0] = x + 1", "an array is used where a number"),
    ("x[0] = x", "only a number can be stored"),
    ("x[0:4] = x", "only a number can be stored"),
    ("x[0] = x[0, 0]", "1 axis, but 2 indices"),
    ("x[0, 1:] = 0", "1 axis, but 2 indices"),
    ("x[0.5] = 1", "is a float64, not an int. Divide with //"),
    ("x[x[0]] = 1", "is a float32, not an int"),
    ("x[cuda.threadIdx] = 1", r"a triple, not an int. Write \.x"),
    ("x[0] = x[0] & 1", "only integers have"),
    ("x[0] = float('one')", "'one' is not a number"),
    ("print(x)", "an array is used where a number"),
    ("i = grid(1)", r"Did you mean cuda\.grid\?"),
    ("i = cuda.threadidx.x", r"Did you mean cuda\.threadIdx\?"),
    ("cuda.syncthread()", r"Did you mean cuda\.syncthreads\?"),
    ("s = cuda.shared(4, float32)", r"Did you mean cuda\.shared\.array\?"),
    ("x[0] = np.zeros(4, np.float32)[0]", "np.zeros.*cuda.local.array"),
    ("x[0] = np.sum(x)", "Write the loop"),
    ("y = cuda.to_device(x)", "belongs to the host"),
    ("cuda.atomic.or_(x, 0, 1)", "works on int32, .* but x is float32"),
    ("cuda.atomic.exch(x, 0, x[1])", "exch works on int32"),
    ("x[0] = (1, 2)[cuda.grid(1)]", "a tuple of 2 is indexed within its length"),
    ("if x:\n    pass", "a condition has to be a number"),
    ("a, b = (1, 2, 3)", "a tuple of 2"),
    ("a, b = x", "a tuple of 2"),
    ("x[0] = (1, 2)[2]", "within its length"),
    ("x[0] = x is None", "is None"),
    ("x[0] = 3 in x", "`in` needs a tuple"),
    ("G[0] = 1", "G is a constant"),
    ("cuda.atomic.add(G, 0, 1)", "global or shared"),
    ("cuda.atomic.add(x, (0,), 1)", "an int, not a tuple"),
    ("cuda.atomic.add(x, 0)", "takes 3 arguments"),
    ("x[0] = cuda.nothing()", r"cuda\.nothing"),
    ("cuda.cg.this_grid().sync()", "this_grid.*start a second one"),
    ("x[0] = cuda.fp16.hadd(1, 2)", r"cuda\.fp16\.hadd"),
    ("x[0] = cuda.grid", "has to be called"),
    ("i = cuda.grid(T)", "the constant 1, 2 or 3"),
    ("s = cuda.shared.array(x.size, float32)", r"`x\.size` is not"),
    ("s = cuda.shared.array((4, T + 1), float32)", r"`T \+ 1` is not"),
    ("s = cuda.shared.array(4)", "a shape and a dtype"),
    ("s = cuda.shared.array(4, plain)", "not a dtype"),
    ("x[0] = x[0] > 0 and cuda.syncthreads_or(1)", "a barrier inside `and`"),
    ("c = cuda.syncthreads_count(x[0] > 0)", "has to be an integer"),
    ("for i in range(0, 4, 0):\n    pass", "a step that is not 0"),
    ("a = x\nif cuda.grid(1) > 3:\n    a = G\nx[0] = a[0]", "different arrays"),
    ("y = x[cuda.grid(1):]", "slice whose length differs"),
    ("cuda.threadIdx.x = 3", "cannot be assigned"),
]


@pytest.mark.parametrize("body, reason", REFUSED, ids=[body for body, _ in REFUSED])
def test_refused_by_name_and_line(body, reason):
    with pytest.raises(errors.UnsupportedError, match=reason) as found:
        launch(build(body), 1, 32, np.zeros(32, np.float32))
    assert found.value.kernel in ("k", "recursive") and found.value.line >= 2
    assert found.value.source


def test_parameters_have_to_be_plain():
    source = "def k(x, y=1):\n    x[0] = y\n"
    linecache.cache["<default>"] = (len(source), None, source.splitlines(True), "<default>")
    namespace = {}
    exec(compile(source, "<default>", "exec"), namespace)
    with pytest.raises(errors.UnsupportedError, match="without defaults"):
        launch(cuda.jit(namespace["k"]), 1, 1, np.zeros(1), 1)


def test_a_kernel_without_source_is_refused():
    namespace = {}
    exec("def hidden(x):\n    x[0] = 1", namespace)
    with pytest.raises(errors.UnsupportedError, match="hidden.*source text cannot be read"):
        launch(cuda.jit(namespace["hidden"]), 1, 1, np.zeros(1))


ONES = np.ones(4, np.float32)
ok = build("x[0] = 1")


@pytest.mark.parametrize("blocks, threads, reason", [
    (1, 2048, "1 to 1024"), (1, (32, 64), "2048 threads"), (1, (1, 1, 65), "along z"),
    (0, 32, "size 0"), (-1, 32, "size -1"), (1.5, 32, r"int.*Round up: -\(-n // threads\)"), ((1, 2, 3, 4), 32, "1 to 3 ints"),
    ((1, 70000), 32, "65535"),
])  # fmt: skip
def test_launches_that_hardware_refuses(blocks, threads, reason):
    with pytest.raises(errors.LimitError, match=reason):
        launch(ok, blocks, threads, ONES)


@pytest.mark.parametrize("shape", ["20000", "(128, 128)", "(0, 4)", "-3"])
def test_shared_memory_has_a_limit(shape):
    kernel = build(f"s = cuda.shared.array({shape}, float32)\ns[0] = x[0]")
    with pytest.raises(KernelError):
        launch(kernel, 1, 32, ONES)


def test_two_shared_arrays_count_together():
    kernel = build("a = cuda.shared.array(8000, float32)\nb = cuda.shared.array(8000, float32)")
    with pytest.raises(errors.LimitError, match="64000 bytes"):
        launch(kernel, 1, 32, ONES)


@pytest.mark.parametrize("value, reason", [
    ([1, 2], "list.*np.array"), ({}, "dict"), (None, "NoneType"), ("s", "str"),
    (ONES.astype(">f4"), ">f4"), (np.array(3.0), r"x\.item"), (np.zeros((4, 4))[::2, ::2], "not contiguous"),
    (np.array(["a"]), "dtype"), (np.float16(1) * np.ones(2, np.float16), "float16"),
])  # fmt: skip
def test_arguments_that_a_gpu_cannot_take(value, reason):
    with pytest.raises(errors.UnsupportedError, match=reason):
        launch(ok, 1, 32, value)


def test_a_tensor_is_told_apart():
    tensor = type("Tensor", (), {})()
    with pytest.raises(errors.UnsupportedError, match=r"x\.numpy\(\)"):
        launch(ok, 1, 32, tensor)


def test_the_number_of_arguments_is_checked():
    with pytest.raises(errors.UnsupportedError, match=r"takes 1 arguments \(x\), but was given 2"):
        launch(ok, 1, 32, ONES, ONES)


def test_one_host_array_twice_would_be_two_copies_on_a_gpu():
    kernel = build("x[0] = 1")
    namespace = {"cuda": cuda}
    source = "def two(a, b):\n    a[0] = b[0]\n"
    linecache.cache["<two>"] = (len(source), None, source.splitlines(True), "<two>")
    exec(compile(source, "<two>", "exec"), namespace)
    with pytest.raises(errors.UnsupportedError, match="share memory"):
        launch(cuda.jit(namespace["two"]), 1, 1, ONES, ONES[:2])
    device = cuda.to_device(ONES)
    launch(cuda.jit(namespace["two"]), 1, 1, device, device[1:])
    device.copy_to_device(2 * ONES)
    launch(kernel, 1, 1, device)


def test_a_loop_without_end_is_given_up(monkeypatch):
    monkeypatch.setattr(run_module, "ROUNDS", 900)
    kernel = build("while x[0] == x[0]:\n    pass")
    with pytest.raises(errors.HangError, match="900 times"):
        launch(kernel, 1, 32, ONES)


@pytest.mark.parametrize("run", [launch, sanitize])
@pytest.mark.parametrize("body", [
    "while x[0] == x[0]:\n    pass",
    "k = 0\nwhile k < 10:\n    x[cuda.grid(1)] = k",
    "s = cuda.shared.array(1, 'int32')\nif cuda.grid(1) == 0:\n    s[0] = 1\ncuda.syncthreads()\n"
    "while cuda.atomic.cas(s, 0, 0, 1) != 0:\n    k = (cuda.grid(1), 1)",
])  # fmt: skip
def test_a_loop_that_repeats_itself_is_given_up_early(body, run):
    with pytest.raises(errors.HangError, match="1001 times"):
        run(build(body), 1, 32, np.ones(32, np.float32))


@pytest.mark.parametrize("body", [
    "k = 0\nwhile k < 7000:\n    k += 1\nx[cuda.grid(1)] = k",
    "s = cuda.local.array(1, float32)\ns[0] = 0\nwhile s[0] < 7000:\n    s[0] += 1\n"
    "x[cuda.grid(1)] = s[0]",
    "i = cuda.grid(1)\nx[i] = 0\nwhile True:\n    if x[i] >= 7000:\n        break\n    x[i] += 1",
])  # fmt: skip
def test_a_long_loop_is_no_hang(body):
    x = np.zeros(4, np.float32)
    launch(build(body), 1, 4, x)
    assert x.tolist() == [7000] * 4


def test_a_loop_that_takes_for_ever_is_given_up(monkeypatch):
    monkeypatch.setattr(stuck, "SECONDS", 0)
    with pytest.raises(errors.HangError, match="5097 times"):
        launch(build("k = 0\nwhile k >= 0:\n    k += 1"), 1, 4, ONES)


def test_a_function_that_may_return_nothing_is_caught_where_it_matters():
    kernel = build("x[cuda.grid(1)] = one_way(x[cuda.grid(1)])")
    launch(kernel, 1, 4, np.ones(4, np.float32))
    with pytest.raises(KernelError):
        launch(kernel, 1, 4, -np.ones(4, np.float32))


def test_errors_are_short_in_a_notebook():
    kernel = build("x[cuda.grid(1) + 1] = 1")
    with pytest.raises(errors.BoundsError) as found:
        sanitize(kernel, 1, 4, ONES)
    (line,) = found.value._render_traceback_()
    assert line == (
        "BoundsError: out of bounds in k, line 2 `x[cuda.grid(1) + 1] = 1`: thread 3 of block 0"
        " uses x[4], but it has 4 elements."
        " Is a guard such as `if i < n` missing, or the index off by one?"
    )
    frames = found.traceback
    assert not any("schedule" in str(frame.path) for frame in frames)


@pytest.mark.parametrize("body", ["x[cuda.grid(1)] = 6 // i", "x[cuda.grid(1)] = 6 % i", "i //= i"])
def test_an_integer_division_by_zero_is_found_where_it_counts(body):
    guarded = build(f"i = cuda.grid(1)\nif i > 0:\n    {body}")
    sanitize(guarded, 1, 4, ONES.copy(), float64="allow")
    with pytest.raises(errors.DivisionError, match="thread 0 of block 0 divides by zero"):
        sanitize(build(f"i = cuda.grid(1)\n{body}"), 1, 4, ONES.copy())


def test_errors_survive_being_sent_between_processes():
    with pytest.raises(KernelError) as found:
        sanitize(build("x[9] = 1"), 1, 4, ONES)
    copy = pickle.loads(pickle.dumps(found.value))
    assert str(copy) == str(found.value) and copy.line == found.value.line


def test_an_array_too_large_to_check_is_said():
    big = np.zeros((1 << 23) + 1, np.int8)
    with pytest.raises(errors.UnsupportedError, match="too many to check for races"):
        sanitize(build("x[cuda.grid(1)] = 1"), 1, 4, big)
    launch(build("x[cuda.grid(1)] = 1"), 1, 4, big)
