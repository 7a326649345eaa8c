"""Checks of the character model in notebook 08: its loss, its gradients, and drawing a name."""

import math

import numpy as np

from helpers import compare
from helpers.checks import recurrent
from helpers.checks.recurrent import guarded, noise, parts, table
from helpers.exercise import Wrong
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


def masked_cross_entropy(answer):
    """Judge loss and gradient with a ragged mask, a single place, and huge logits."""
    rng = np.random.default_rng(87)
    for T, N, V, holes in ((4, 3, 5, 0), (2, 5, 3, 0), (1, 1, 4, 0), (5, 3, 4, 1)):
        logits = 2 * noise(rng, T, N, V, layout="F")
        targets = rng.integers(0, V, (T, N))
        lengths = rng.integers(1, T + 1, N)
        mask = (np.arange(T)[:, None] < lengths).astype(float)
        where = f"T = {T}, N = {N}, V = {V}, {int(mask.sum())} places count"
        if holes:  # a mask is any 0 and 1, a masked place may stand before one that counts
            mask = mask[::-1].copy()
            where += ", the first ones masked"
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
    if loss < (1000.0 + rest) / 2 - 1:
        raise Wrong(f"loss (logits of 1000): got {loss:.6g}, expected {(1000.0 + rest) / 2:.6g}. Is a "
                    "small number added inside the log, or p cut off below? A loss of 1000 is right "
                    "here: take log p = z - log(sum(exp(z))), without p.")  # fmt: skip
    compare.number("loss", loss, (1000.0 + rest) / 2, where="logits of 1000")
    want = (softmax(big) - np.eye(3)[targets]) / 2
    compare.arrays("dlogits", dlogits, want, where="logits of 1000")


def _judge_loss(loss, logits, targets, mask, where):
    want, ones = mean_loss(logits, targets, mask), np.ones_like(mask)
    lengths = mask.sum(axis=0)
    in_front = (np.arange(len(mask))[:, None] < lengths).astype(float)
    no_dot = mask * (targets != 0)
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
        ("The logits are multiplied by the mask; a masked place must not count at all.",
         mean_loss(logits * mask[..., None], targets, ones)),
        ("The mask is not used in the sum, only in the division.",
         mean_loss(logits, targets, ones) * mask.size / mask.sum()),
        ("Places are counted from the beginning of each sequence; take those where mask is 1.",
         mean_loss(logits, targets, in_front)),
        *[(f"The softmax runs over {named}; the letters are the last axis.",
           _other_softmax(logits, targets, mask, axis, top))
          for axis, named in ((0, "axis 0"), (1, "axis 1"), (None, "all axes"))
          for top in (axis, -1)],
        ("The log of the sum is np.log2; take np.log, the natural one.",
         _other_softmax(logits, targets, mask, -1, -1, np.log2)),
        *[("Places with target 0 are left out: the number 0, the dot, is a letter like the others.",
           float((_nll(logits, targets) * no_dot).sum() / max(m.sum(), 1)))
          for m in (no_dot, mask)],
        ("The mean is taken over each sequence first; take one mean over all places that count.",
         float(np.mean((_nll(logits, targets) * mask).sum(axis=0) / mask.sum(axis=0)))),
        *[("A small number is added inside the log: take log p = z - log(sum(exp(z))) instead.",
           -float((np.log(np.exp(-_nll(logits, targets)) + eps) * mask).sum() / mask.sum()))
          for eps in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7)],
        ("That is -z[target]; the log of the sum of exp(z) is missing.",
         -float((np.take_along_axis(logits, targets[..., None], -1)[..., 0] * mask).sum()
                / mask.sum())),
    ])  # fmt: skip


def _nll(logits, targets):
    return -np.log(np.take_along_axis(softmax(logits), targets[..., None], axis=-1)[..., 0])


def _other_softmax(logits, targets, mask, axis, top, log=np.log):
    """The loss when exp(z) is summed over another axis; z has its maximum over `top` subtracted."""
    z = logits - logits.max(axis=top, keepdims=True)
    log_p = z - log(np.exp(z).sum(axis=axis, keepdims=True))
    picked = np.take_along_axis(log_p, targets[..., None], axis=-1)[..., 0]
    return -float((picked * mask).sum() / mask.sum())


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
        ("That is multiplied by p once more: the gradient by the logits is p minus the one-hot.",
         (p - onehot) * p * weight),
        ("Only the target's own entry is there; every logit of the row has a gradient.",
         (p - onehot) * onehot * weight),
        ("The mask is not used, and nothing is divided.", p - onehot),
        ("The mask is used for p only; it belongs to the one-hot, too.",
         (p * mask[..., None] - onehot) / mask.sum()),
        ("The mask is used for the one-hot only; it belongs to p, too.",
         (p - onehot * mask[..., None]) / mask.sum()),
        ("The mask is not used in the gradient, and it is divided by all T * N.",
         (p - onehot) / mask.size),
    ])  # fmt: skip


# ------------------------------------------------------------------ 8.8

KEYS = ("E", "Wx", "Wh", "b", "Wy", "by")


def _model(rng, V, D, H):
    shapes = {"E": (V, D), "Wx": (D, H), "Wh": (H, H), "b": (H,), "Wy": (H, V), "by": (V,)}
    return {name: 0.7 * noise(rng, *shape) for name, shape in shapes.items()}


def _model_loss(p, inputs, targets, mask, first=0.0):
    h0 = np.full((inputs.shape[1], len(p["Wh"])), first)
    hs, _ = recurrent.run(recurrent.rnn_step, p["E"][inputs], h0, (p["Wx"], p["Wh"], p["b"]))
    return mean_loss(hs @ p["Wy"] + p["by"], targets, mask)


def name_gradients(answer):
    """Judge loss and all gradients of the model by central differences, a row per parameter."""
    rng = np.random.default_rng(88)
    for T, N, V, D, H in ((5, 2, 6, 3, 4), (1, 3, 4, 2, 5), (24, 2, 4, 2, 3)):
        p = _model(rng, V, D, H)
        ids = rng.integers(0, V - 1, (T + 1, N))
        inputs, targets = ids[:-1], ids[1:]
        mask = (np.arange(T)[:, None] < rng.integers(1, T + 1, N)).astype(float)
        where = f"T = {T}, N = {N}, V = {V}, D = {D}, H = {H}"
        out = guarded(answer, params=p, inputs=inputs, targets=targets, mask=mask)
        loss, grads = parts(out, "loss grads")
        no_by = {**p, "by": 0 * p["by"]}
        want = _model_loss(p, inputs, targets, mask)
        compare.number("loss", loss, want, where=where, suspects=[
            ("This is in bits; leave the loss in nats, as masked_cross_entropy gives it.",
             want / math.log(2)),
            ("The first state is not zero, it is 1 everywhere.",
             _model_loss(p, inputs, targets, mask, 1.0)),
            ("The bias by of the logits is missing.", _model_loss(no_by, inputs, targets, mask)),
            ("The mask is not used.", _model_loss(p, inputs, targets, np.ones_like(mask))),
            ("Inputs and targets are exchanged.", _model_loss(p, targets, inputs, mask)),
        ])  # fmt: skip
        if not isinstance(grads, dict) or set(grads) != set(KEYS):
            raise Wrong(f"grads must be a dict with the keys {', '.join(KEYS)}.")
        same_again(answer, p, inputs, targets, mask, loss)
        table(_model_rows(p, grads, inputs, targets, mask), where)


def same_again(answer, p, inputs, targets, mask, loss) -> None:
    """Raise `Wrong` when a second call gives another loss, as with a state kept in a global."""
    out = guarded(answer, params=p, inputs=inputs, targets=targets, mask=mask)
    again, _ = parts(out, "loss grads")
    if not math.isclose(float(again), float(loss), rel_tol=1e-9):
        raise Wrong("the second call with the same arguments gives another loss: each call starts "
                    "from a state of zeros.")  # fmt: skip


def _in_chunks(dhs, caches, k):
    """Gradients of the weights when each chunk of k steps is on its own."""
    rule = recurrent.rnn_step_backward
    chunks = [recurrent.back(rule, dhs[t : t + k], caches[t : t + k])[2]
              for t in range(0, len(dhs), k)]  # fmt: skip
    return [sum(share) for share in zip(*chunks, strict=True)]


def _rows_of(dx, ids, V):
    dE = np.zeros((V, dx.shape[-1]))
    np.add.at(dE, ids, dx)
    return dE


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
    local = recurrent.back(recurrent.rnn_step_backward, dlogits @ p["Wy"].T, caches, carry=False)
    no_bptt = ("Each step is treated on its own: the gradient of a state must travel back through "
               "time, by bptt.")  # fmt: skip
    no_tanh = dlogits @ p["Wy"].T
    single = "Only the last step's logits send a gradient; every step has a loss."
    dx = recurrent.back(recurrent.rnn_step_backward, dlogits @ p["Wy"].T, caches)[0]
    once = np.zeros_like(p["E"])
    once[inputs] = dx
    V, T = len(p["by"]), len(inputs)
    by_target = _rows_of(dx, targets, V)
    before = np.concatenate([h0[None], hs[:-1]])
    cut = [("The gradient is cut into chunks; here it takes the whole way back, by one bptt.",
            _in_chunks(dlogits @ p["Wy"].T, caches, k)) for k in range(2, min(T, 21))]  # fmt: skip
    suspects = {
        "by": [(single, dlogits[-1].sum(axis=0)),
               ("Summed over one axis only: over time and batch.", dlogits.sum(axis=(0, 1)) / T),
               ("Averaged; dlogits is divided by the number of letters already: sum.",
                dlogits.mean(axis=(0, 1)))],
        "Wy": [(single, hs[-1].T @ dlogits[-1]),
               ("It is made with the states before each step; the logits saw the new ones.",
                np.einsum("tnh,tnv->hv", before, dlogits)),
               ("It is made with the final state alone; each step has its own.",
                np.einsum("nh,tnv->hv", hs[-1], dlogits))],
        "b": [(single, partial[2][2]), (no_bptt, local[2][2]),
              ("The slope of tanh is missing: call bptt with rnn_step_backward.",
               no_tanh.sum(axis=(0, 1))), *[(cause, dw[2]) for cause, dw in cut]],
        "Wh": [(single, partial[2][1]), (no_bptt, local[2][1]), *[(c, dw[1]) for c, dw in cut]],
        "Wx": [(single, partial[2][0]), (no_bptt, local[2][0]), *[(c, dw[0]) for c, dw in cut]],
        "E": [("No gradient reaches the embedding.", np.zeros((V, p["E"].shape[1]))),
              ("A letter that occurs twice keeps one of its gradients only.", once),
              ("The gradients land at the targets' rows; the inputs were looked up.", by_target),
              (no_bptt, _rows_of(local[0], inputs, V))],
    }  # fmt: skip
    want = {}
    for name in suspects:

        def loss(value, name=name):
            return _model_loss({**p, name: value}, inputs, targets, mask)

        want[name] = numeric_gradient(loss, p[name])
    recurrent.in_order([grads[k] for k in want], list(want.values()), list(want), by_name=True)
    for name in want:
        yield name, grads[name], want[name], suspects[name]


# ------------------------------------------------------------------ 8.9


class _Spelled:
    """A model that is nearly certain of the letters of a word, and watches how it is called."""

    def __init__(self, word):
        self.ids = [ord(c) - ord("a") + 1 for c in word] + [0]
        self.calls = 0

    def __call__(self, letter, state):
        step, self.calls = self.calls, self.calls + 1
        before = 0 if step == 0 else self.ids[(step - 1) % len(self.ids)]
        if step == 0 and state is not None:
            raise Wrong("the first call of next_logits gets the state "
                        f"{_short(state)}; it must get None.")  # fmt: skip
        if step == 0 and not _is_letter(letter, 0):
            raise Wrong(f"the first call of next_logits gets the letter {_short(letter)}; a name "
                        "begins with the letter 0, the dot.")  # fmt: skip
        if step and not (type(state) is tuple and state == (step,)):
            raise Wrong(f"call {step + 1} of next_logits gets the state {_short(state)}; it must get "
                        f"the state that call {step} returned.")  # fmt: skip
        if not _is_letter(letter, before):
            raise Wrong(f"call {step + 1} of next_logits gets the letter {_short(letter)}; the "
                        f"letter drawn before it is {before} (a number).")  # fmt: skip
        logits = np.full(27, -40.0)
        logits[self.ids[step % len(self.ids)]] = 900.0
        return logits, (step + 1,)


def _is_letter(letter, wanted):
    return np.ndim(letter) == 0 and not isinstance(letter, str) and letter == wanted


def _short(value):
    text = f"array of shape {value.shape}" if np.ndim(value) else repr(value)
    return text if len(text) < 40 else type(value).__name__


CHAIN = np.random.default_rng(89).normal(0, 1.5, (27, 27))  # logits of a chain of letters
CHAIN[:, 5:] = -30.0


class _Chain:
    """A model that always hands out its one table of logits; a draw must leave it as it is."""

    def __init__(self, scale=1.0):
        self.table = CHAIN * scale
        self.kept = self.table.copy()

    def __call__(self, letter, state):
        if not np.array_equal(self.table, self.kept):
            raise Wrong("the logits that next_logits returned were changed in place; they belong "
                        "to the model. Work on a copy.")  # fmt: skip
        return self.table[letter], state


def sample_name(answer):
    """Judge the loop on certain models, and the distribution of first letters by temperature."""
    for word in ("ada", "z", "maria", "bob"):
        got = _draw(answer, _Spelled(word), np.random.default_rng(1))
        _compare_names(got, word, f"a model that spells .{word}.")
    endless = _draw(answer, lambda i, s: (np.r_[-900.0, 0, np.full(25, -900.0)], s),
                    np.random.default_rng(1), 1.0, 7)  # fmt: skip
    _compare_names(endless, "a" * 7, "a model that never stops, longest = 7")
    empty = _draw(answer, lambda i, s: (np.r_[900.0 * (s is None), 500.0, np.zeros(25)], 1),
                  np.random.default_rng(1))  # fmt: skip
    _compare_names(empty, "", "a model that draws the dot at once")
    for temperature, scale in ((1.0, 1.0), (0.4, 1.0), (2.5, 1.0), (0.001, 0.001), (1e-9, 1e-9)):
        _judge_frequencies(answer, temperature, scale)
    _judge_later_letters(answer)
    cold = _draw(answer, lambda i, s: (np.r_[8.0 * (i == 2), 0, 3.0, np.zeros(24)], s),
                 np.random.default_rng(1), 0.002)  # fmt: skip
    _compare_names(cold, "b", "temperature 0.002: mind the overflow in exp")
    first, second, other = (
        [_draw(answer, _Chain(), rng) for _ in range(30)]
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
                "the probabilities contain NaN: does the exp of a large logit overflow? Softmax does "
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
    elif not want:
        cause = "When the first letter drawn is 0, the name is empty: return an empty string."
    elif got == want + want[-1]:
        cause = "One letter too many: `longest` letters, and no more."
    elif got == want[:-1]:
        cause = "The last letter is missing."
    elif got.startswith(want):
        cause = "Stop at the first letter 0, or at `longest` letters."
    elif not got:
        cause = "It stops before the first letter is drawn."
    raise Wrong(f"({where}) got {got!r}, expected {want!r}. {cause}".rstrip())


def _judge_frequencies(answer, temperature, scale, count=1500):
    """Compare how often each first letter (or none) comes with softmax(logits / temperature)."""
    rng, model = np.random.default_rng(7), _Chain(scale)
    names = [_draw(answer, model, rng, temperature, 1) for _ in range(count)]
    model(0, None)
    ids = [0 if not name else ord(name[0]) - ord("a") + 1 for name in names]
    got = np.bincount(ids, minlength=27) / count
    z = model.kept[0]
    right = softmax(z / temperature)
    if _fits(got, right, count):
        return
    bounded = [
        ("the logits are not divided by the temperature itself: is something added to it, or is "
         "it kept above some value?", softmax(z / other))
        for other in (0.002, 0.01, 0.011, 0.05, 0.1, 0.101, 1e-3, 1e-6, 1e-8, 1.1e-8, 2e-9)
        if temperature < 0.002 and other > temperature
    ]  # fmt: skip
    options = bounded or [
        ("the temperature is not used.", softmax(z)),
        ("the logits are multiplied by the temperature; divide them.", softmax(z * temperature)),
        ("always the likeliest letter: draw by the probabilities.", np.eye(27)[z.argmax()]),
        ("all letters come equally often: draw by the probabilities.", np.full(27, 1 / 27)),
        ("a softmax of the probabilities: divide the logits by the temperature.",
         softmax(softmax(z) / temperature)),
    ]  # fmt: skip
    cause, p = min(options, key=lambda option: np.abs(got - option[1]).sum())
    if _fits(got, p, count):
        raise Wrong(f"temperature {temperature}: {cause}")
    worst = int(np.abs(got - right).argmax())
    raise Wrong(f"temperature {temperature}: letter {worst} comes first in {got[worst]:.0%} of "
                f"{count} names, expected about {right[worst]:.0%}. Draw by "
                "softmax(logits / temperature).")  # fmt: skip


def _judge_later_letters(answer, count=70, longest=60):
    """Compare all letters of long names with the one distribution that the model always gives."""
    p = np.r_[0.0, 0.006, 0.85, np.full(24, 0.006)]  # one likely letter, 25 rare ones, no end
    logits, rng = 2 * np.log(np.maximum(p, 1e-18)), np.random.default_rng(8)
    names = [_draw(answer, lambda i, s: (logits.copy(), s), rng, 2.0, longest)
             for _ in range(count)]  # fmt: skip
    short = next((name for name in names if len(name) != longest), None)
    if short is not None:
        raise Wrong(f"(a model that never stops, longest = {longest}) the name has {len(short)} "
                    f"letters, expected {longest}.")  # fmt: skip
    ids = np.array([[ord(c) - ord("a") + 1 for c in name] for name in names])  # (count, longest)
    one = (ids == ids[:, :1]).all(axis=1) & (ids[:, 0] != 2)
    if one.any():
        raise Wrong(f"a model where b has 85% and z 0.6% gives the name {names[one.argmax()]}: is "
                    "one random number used for a whole name? Draw anew for each letter.")  # fmt: skip
    n = ids[:, 1:].size
    got = np.bincount(ids[:, 1:].ravel(), minlength=27) / n
    never = [chr(ord("a") + i - 1) for i in range(1, 27) if not got[i]]
    if _fits(got, p, n) and not never:
        return
    if _fits(got, softmax(logits), n) and (ids[:, 0] != 2).any():
        raise Wrong("temperature 2.0: after the first letter the temperature is not used.")
    if never:
        raise Wrong(f"temperature 2.0: {', '.join(never)}: each has {p[1]:.1%}, and in {n} draws "
                    "it never comes. An unlikely letter may be drawn, too.")  # fmt: skip
    raise Wrong(f"temperature 2.0: after the first letter the likeliest one comes in {got[2]:.0%} of "
                f"{n} draws, expected about {p[2]:.0%}. Draw each letter by "
                "softmax(logits / temperature).")  # fmt: skip


def _fits(got, p, count):
    """Five standard deviations, and three counts for what is rare."""
    return bool((np.abs(got - p) <= 5 * np.sqrt(p * (1 - p) / count) + 3 / count).all())
