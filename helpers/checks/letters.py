"""Checks of the character model in notebook 08: its loss, its gradients, and drawing a name."""

import math

import numpy as np

from helpers import compare
from helpers.checks import recurrent
from helpers.checks.recurrent import guarded, noise, parts, table
from helpers.exercise import Wrong, exercise
from helpers.gradcheck import numeric_gradient


def softmax(logits):
    """Probabilities over the last axis."""
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def mean_loss(logits, targets, mask):
    """Mean of -log p(target) over the places where mask is 1, in nats."""
    picked = np.take_along_axis(softmax(logits), targets[..., None], axis=-1)[..., 0]
    return -float((np.log(picked) * mask).sum() / mask.sum())


# ------------------------------------------------------------------ 8.7


@exercise("8.7", points=4, difficulty=2, minutes=15, seconds=15)
def masked_cross_entropy(answer):
    """Judge loss and gradient with a ragged mask, a single place, and huge logits."""
    rng = np.random.default_rng(87)
    for T, N, V in ((4, 3, 5), (2, 5, 3), (1, 1, 4)):
        logits = 2 * noise(rng, T, N, V, layout="F")
        targets = rng.integers(0, V, (T, N))
        lengths = rng.integers(1, T + 1, N)
        mask = (np.arange(T)[:, None] < lengths).astype(float)
        where = f"T = {T}, N = {N}, V = {V}, {int(mask.sum())} places count"
        with np.errstate(all="ignore"):
            out = guarded(answer, logits=logits, targets=targets, mask=mask)
        loss, dlogits = parts(out, "loss dlogits")
        _judge_loss(loss, logits, targets, mask, where)
        _judge_dlogits(dlogits, logits, targets, mask, where)
    big = np.array([[[1000.0, 0.0, -1000.0], [3.0, -2000.0, 1.0]]])
    targets, mask = np.array([[1, 2]]), np.array([[1.0, 1.0]])
    with np.errstate(all="ignore"):
        out = guarded(answer, logits=big, targets=targets, mask=mask)
    loss, dlogits = parts(out, "loss dlogits")
    rest = math.log(1 + math.exp(-2.0)) + 2.0
    overflow = "exp overflows or log(0) is taken: subtract the largest logit of the row first, and "
    if not np.isfinite(loss):
        raise Wrong(f"loss (logits of 1000): is {loss}; {overflow}take log p without p.")
    compare.number("loss", loss, (1000.0 + rest) / 2, where="logits of 1000")
    want = (softmax(big) - np.eye(3)[targets]) / 2
    compare.arrays("dlogits", dlogits, want, where="logits of 1000")


def _judge_loss(loss, logits, targets, mask, where):
    want, ones = mean_loss(logits, targets, mask), np.ones_like(mask)
    total = want * mask.sum()
    compare.number("loss", loss, want, where=where, suspects=[
        ("The mask is not used: padded places count as well.", mean_loss(logits, targets, ones)),
        ("Divide by the number of places that count, not by all T * N.", total / mask.size),
        ("That is the sum; the mean is wanted.", total),
        ("Divide by the number of places that count, not by N.", total / mask.shape[1]),
        ("This is in bits; leave the loss in nats, with the natural logarithm.",
         want / math.log(2)),
        ("The sign is missing: the loss is minus the mean of log p.", -want),
        ("That is the mean of the probabilities, without the log.",
         float((np.exp(-_nll(logits, targets)) * mask).sum() / mask.sum())),
        ("That is -z[target]; the log of the sum of exp(z) is missing.",
         -float((np.take_along_axis(logits, targets[..., None], -1)[..., 0] * mask).sum()
                / mask.sum())),
    ])  # fmt: skip


def _nll(logits, targets):
    return -np.log(np.take_along_axis(softmax(logits), targets[..., None], axis=-1)[..., 0])


def _judge_dlogits(dlogits, logits, targets, mask, where):
    want = numeric_gradient(lambda z: mean_loss(z, targets, mask), logits)
    p, onehot = softmax(logits), np.eye(logits.shape[-1])[targets]
    weight = mask[..., None] / mask.sum()
    compare.arrays("dlogits", dlogits, want, where=where, rtol=1e-6, suspects=[
        ("The mask is not used in the gradient.", (p - onehot) / mask.sum()),
        ("Divide the gradient by the number of places that count, too.",
         (p - onehot) * mask[..., None]),
        ("Divide by the number of places that count, not by all T * N.",
         (p - onehot) * mask[..., None] / mask.size),
        ("The 1 at the target is not subtracted.", p * weight),
        ("The sign is wrong: it is p minus the one-hot.", (onehot - p) * weight),
        ("Only the target's own entry is there; every logit of the row has a gradient.",
         (p - onehot) * onehot * weight),
        ("The mask is not used, and nothing is divided.", p - onehot),
    ])  # fmt: skip


# ------------------------------------------------------------------ 8.8

KEYS = ("E", "Wx", "Wh", "b", "Wy", "by")


def _model(rng, V, D, H):
    shapes = {"E": (V, D), "Wx": (D, H), "Wh": (H, H), "b": (H,), "Wy": (H, V), "by": (V,)}
    return {name: 0.7 * noise(rng, *shape) for name, shape in shapes.items()}


def _model_loss(p, inputs, targets, mask):
    h0 = np.zeros((inputs.shape[1], len(p["Wh"])))
    hs, _ = recurrent.run(recurrent.rnn_step, p["E"][inputs], h0, (p["Wx"], p["Wh"], p["b"]))
    return mean_loss(hs @ p["Wy"] + p["by"], targets, mask)


@exercise("8.8", points=5, difficulty=3, minutes=20, seconds=30)
def name_gradients(answer):
    """Judge loss and all gradients of the model by central differences, a row per parameter."""
    rng = np.random.default_rng(88)
    for T, N, V, D, H in ((5, 2, 6, 3, 4), (1, 3, 4, 2, 5)):
        p = _model(rng, V, D, H)
        ids = rng.integers(0, V - 1, (T + 1, N))
        inputs, targets = ids[:-1], ids[1:]
        mask = (np.arange(T)[:, None] < rng.integers(1, T + 1, N)).astype(float)
        where = f"T = {T}, N = {N}, V = {V}, D = {D}, H = {H}"
        out = guarded(answer, params=p, inputs=inputs, targets=targets, mask=mask)
        loss, grads = parts(out, "loss grads")
        no_by = {**p, "by": 0 * p["by"]}
        compare.number("loss", loss, _model_loss(p, inputs, targets, mask), where=where, suspects=[
            ("The bias by of the logits is missing.", _model_loss(no_by, inputs, targets, mask)),
            ("The mask is not used.", _model_loss(p, inputs, targets, np.ones_like(mask))),
            ("Inputs and targets are exchanged.", _model_loss(p, targets, inputs, mask)),
        ])  # fmt: skip
        if not isinstance(grads, dict) or set(grads) != set(KEYS):
            raise Wrong(f"grads must be a dict with the keys {', '.join(KEYS)}.")
        table(_model_rows(p, grads, inputs, targets, mask), where)


def _model_rows(p, grads, inputs, targets, mask):
    """A row per parameter, in the order of the way back; suspects for the usual slips."""
    weights = p["Wx"], p["Wh"], p["b"]
    x, h0 = p["E"][inputs], np.zeros((inputs.shape[1], len(p["Wh"])))
    hs, caches = recurrent.run(recurrent.rnn_step, x, h0, weights)
    logits = hs @ p["Wy"] + p["by"]
    dlogits = (softmax(logits) - np.eye(len(p["by"]))[targets]) * mask[..., None] / mask.sum()
    last = np.zeros_like(hs)
    last[-1] = (dlogits @ p["Wy"].T)[-1]
    partial = recurrent.back(recurrent.rnn_step_backward, last, caches)
    single = "Only the last step's logits send a gradient; every step has a loss."
    dx = recurrent.back(recurrent.rnn_step_backward, dlogits @ p["Wy"].T, caches)[0]
    once = np.zeros_like(p["E"])
    once[inputs] = dx
    V, T = len(p["by"]), len(inputs)
    by_target = np.zeros_like(p["E"])
    np.add.at(by_target, targets, dx)
    before = np.concatenate([h0[None], hs[:-1]])
    suspects = {
        "by": [(single, dlogits[-1].sum(axis=0)),
               ("Summed over one axis only: over time and batch.", dlogits.sum(axis=(0, 1)) / T)],
        "Wy": [(single, hs[-1].T @ dlogits[-1]),
               ("It is made with the states before each step; the logits saw the new ones.",
                np.einsum("tnh,tnv->hv", before, dlogits)),
               ("It is made with the final state alone; each step has its own.",
                np.einsum("nh,tnv->hv", hs[-1], dlogits))],
        "b": [(single, partial[2][2])],
        "Wh": [(single, partial[2][1])],
        "Wx": [(single, partial[2][0])],
        "E": [("A letter that occurs twice keeps one of its gradients only.", once),
              ("The gradients land at the targets' rows; the inputs were looked up.", by_target),
              ("No gradient reaches the embedding.", np.zeros((V, p["E"].shape[1])))],
    }  # fmt: skip
    for name in ("by", "Wy", "b", "Wh", "Wx", "E"):

        def loss(value, name=name):
            return _model_loss({**p, name: value}, inputs, targets, mask)

        yield name, grads[name], numeric_gradient(loss, p[name]), suspects[name]


# ------------------------------------------------------------------ 8.9


def _spelled(word):
    """A model that is nearly certain of the letters of a word; its state counts the letters."""
    ids = [ord(c) - ord("a") + 1 for c in word] + [0]

    def next_logits(letter, state):
        state = 0 if state is None else state
        before = 0 if state == 0 else ids[(state - 1) % len(ids)]
        if letter and state == 0:
            raise Wrong(f"next_logits got letter {letter} with state None: hand back to it the "
                        "state that it returned.")  # fmt: skip
        if letter != before:
            raise Wrong(f"next_logits got letter {letter!r} as number {state}; expected {before}: "
                        "0 first, then each letter that was drawn.")  # fmt: skip
        logits = np.full(27, -40.0)
        logits[ids[state % len(ids)]] = 900.0
        return logits, state + 1

    return next_logits


CHAIN = np.random.default_rng(89).normal(0, 1.5, (27, 27))  # logits of a chain of letters
CHAIN[:, 5:] = -30.0


def _chain(letter, state):
    return CHAIN[letter].copy(), state


@exercise("8.9", points=4, difficulty=2, minutes=15, seconds=20)
def sample_name(answer):
    """Judge the loop on certain models, and the distribution of first letters by temperature."""
    for word in ("ada", "z", "maria", "bob"):
        got = _draw(answer, _spelled(word), np.random.default_rng(1))
        _compare_names(got, word, f"a model that spells .{word}.")
    endless = _draw(answer, lambda i, s: (np.r_[-900.0, 0, np.full(25, -900.0)], s),
                    np.random.default_rng(1), 1.0, 7)  # fmt: skip
    _compare_names(endless, "a" * 7, "a model that never stops, longest = 7")
    empty = _draw(answer, lambda i, s: (np.r_[900.0, np.zeros(26)], s), np.random.default_rng(1))
    _compare_names(empty, "", "a model that stops at once")
    for temperature in (1.0, 0.4, 2.5):
        _judge_frequencies(answer, temperature)
    cold = _draw(answer, lambda i, s: (np.r_[8.0 * (i == 2), 0, 3.0, np.zeros(24)], s),
                 np.random.default_rng(1), 0.002)  # fmt: skip
    _compare_names(cold, "b", "temperature 0.002: mind the overflow in exp")
    first, second, other = (
        [_draw(answer, _chain, rng) for _ in range(30)]
        for rng in map(np.random.default_rng, (5, 5, 6))
    )
    if first != second or first == other:
        raise Wrong("the names must depend on the generator `rng` and on nothing else: the same "
                    "seed gives the same names, another seed others.")  # fmt: skip


def _draw(answer, next_logits, rng, *more):
    with np.errstate(all="ignore"):
        try:
            return answer(next_logits, rng, *more)
        except ValueError as error:  # of rng.choice, whose own line would tell a learner nothing
            if "NaN" not in str(error):
                raise
            raise Wrong(
                "the probabilities contain NaN: the exp of a large logit overflows. Softmax does "
                "not change when you subtract the largest logit first."
            ) from None


def _compare_names(got, want, where):
    if got is None:
        raise Wrong(f"({where}) the name is None. Is a `return` missing?")
    if not isinstance(got, str):
        raise Wrong(f"({where}) the name is of type {type(got).__name__}; expected a string.")
    if got == want:
        return
    cause = ""
    if got.strip(".") == want:
        cause = "The dots do not belong to the name."
    elif want and got == want + want[-1]:
        cause = "One letter too many: `longest` letters, and no more."
    elif got == want[:-1]:
        cause = "The last letter is missing."
    elif got.startswith(want):
        cause = "Stop at the first letter 0, or at `longest` letters."
    elif not got:
        cause = "It stops before the first letter is drawn."
    raise Wrong(f"({where}) got {got!r}, expected {want!r}. {cause}".rstrip())


def _judge_frequencies(answer, temperature, count=1500):
    """Compare how often each first letter (or none) comes with softmax(logits / temperature)."""
    rng = np.random.default_rng(7)
    names = [_draw(answer, _chain, rng, temperature, 1) for _ in range(count)]
    ids = [0 if not name else ord(name[0]) - ord("a") + 1 for name in names]
    got = np.bincount(ids, minlength=27) / count
    z = CHAIN[0]
    options = [
        ("", softmax(z / temperature)),
        ("the temperature is not used.", softmax(z)),
        ("the logits are multiplied by the temperature; divide them.", softmax(z * temperature)),
        ("always the likeliest letter: draw by the probabilities.", np.eye(27)[z.argmax()]),
        ("all letters come equally often: draw by the probabilities.", np.full(27, 1 / 27)),
        ("a softmax of the probabilities: divide the logits by the temperature.",
         softmax(softmax(z) / temperature)),
    ]  # fmt: skip
    if _fits(got, options[0][1], count):
        return
    cause, p = min(options[1:], key=lambda option: np.abs(got - option[1]).sum())
    if _fits(got, p, count):
        raise Wrong(f"temperature {temperature}: {cause}")
    worst = int(np.abs(got - options[0][1]).argmax())
    raise Wrong(f"temperature {temperature}: letter {worst} comes first in {got[worst]:.0%} of "
                f"{count} names, expected about {options[0][1][worst]:.0%}. Draw by "
                "softmax(logits / temperature).")  # fmt: skip


def _fits(got, p, count):
    """Five standard deviations, and three counts for what is rare."""
    return bool((np.abs(got - p) <= 5 * np.sqrt(p * (1 - p) / count) + 3 / count).all())
