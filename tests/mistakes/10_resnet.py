"""Wrong and right answers of notebook 10."""

from helpers.course.mistakes import Answer


def w(id, what, says, *swap, code=""):
    return Answer(id, what, says, swap=swap, code=code)


def r(id, what, *swap, code=""):
    return Answer(id, what, swap=swap, code=code)


HALVE = "halve = stage > 0 and i == 0"
LAYERS = "layers += [torch_unit(channels, width, 2 if halve else 1), torch.nn.ReLU()]"
START = "layers, channels = [torch_unit(c_in, widths[0]), torch.nn.ReLU()], widths[0]"
END = (
    "end = [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(channels, classes)]"
)
SEQUENCE = "return torch.nn.Sequential(*layers, *end)"
REFUSE = '    if rest or n < 1:\n        raise ValueError(f"depth is 6n + 2, for example 20, not {depth}")\n'

A = "a, first_cache = first.forward(x)"
HIDDEN = "hidden = np.maximum(a, 0)"
B = "b, second_cache = second.forward(hidden)"
SKIP = "skip, shortcut_cache = shortcut.forward(x)"
OUT = "out = np.maximum(b + skip, 0)"
CACHE = "return out, BlockCache(first_cache, second_cache, shortcut_cache, hidden, out)"
INSIDE = f"    {SKIP}\n"
BLOCK = """#| export
def block_forward(x, first, second, shortcut):
"""

GATE = "d = dout * (cache.out > 0)"
BACK2 = "dhidden, second_grads = second.backward(d, cache.second)"
BACK1 = "dx, first_grads = first.backward(dhidden * (cache.hidden > 0), cache.first)"
BACKS = "dskip, shortcut_grads = shortcut.backward(d, cache.shortcut)"
GRADS = "return dx + dskip, [*first_grads, *second_grads, *shortcut_grads]"

KEPT = "kept = x[:, :, :: self.stride, :: self.stride]"
ZEROS = "out = np.zeros((len(x), self.c_out, *kept.shape[2:]), x.dtype)"
FILL = "out[:, : x.shape[1]] = kept"
DX = "dx[:, :, :: self.stride, :: self.stride] = dout[:, : cache[1]]"
DZEROS = "dx = np.zeros(cache, dout.dtype)"
SAME = "if c_in == c_out and stride == 1:"
PROJECT = "return Unit(c_in, c_out, rng, stride, kernel=1, dtype=dtype)"

STEM = "self.stem = Unit(c_in, widths[0], rng, stem_stride, dtype=dtype)"
STRIDE = "stride = 2 if stage > 0 and i == 0 else 1"
APPEND = "self.blocks.append(block(channels, width, stride, rng, option, dtype))"
MEAN = "return self.linear(x.mean(axis=(2, 3)))"
DEPTH = '            raise ValueError(f"depth is 6n + 2, for example 20, not {depth}")\n'

PAD = "skip = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.new))"
SUM = "return F.relu(self.second(F.relu(self.first(x))) + skip)"
UNITS = "self.first, self.second = torch_unit(c_in, c_out, stride), torch_unit(c_out, c_out)"
SHORT = "self.shortcut = torch_unit(c_in, c_out, stride, kernel=1)"
WEIGHT = "conv.weight.data.copy_(torch.tensor(unit.weight.data))"
GAMMA = "norm.weight.data.copy_(torch.tensor(unit.norm.gamma.data))"
BETA = "norm.bias.data.copy_(torch.tensor(unit.norm.beta.data))"
RMEAN = "norm.running_mean.copy_(torch.tensor(unit.norm.running_mean))"
RVAR = "norm.running_var.copy_(torch.tensor(unit.norm.running_var))"

ORDER = "order, summed = torch.randperm(len(x), generator=run.generator), 0.0"
MIRROR = "mirror = torch.rand(len(rows), generator=run.generator) < 0.5"
IMAGES = "images = torch.where(mirror[:, None, None, None], x[rows].flip(3), x[rows])"
LOSS = "loss = F.cross_entropy(run.model(images), labels[rows])"
CLEAR = "        run.optimizer.zero_grad()\n"
STEP = "        run.optimizer.step()\n"
SCHEDULE = "        run.schedule.step()\n"
SUMMED = "summed += loss.item() * len(rows)"

NORMAL = "normal, norm_cache = self.normalise(x)"
ACTIVE = "active = np.maximum(normal, 0)"
RETURN = "return self.convolve(active), (active, norm_cache)"
DACTIVE = "dactive, dw = self.convolve_backward(dout, active)"
DNORM = "dx, dgamma, dbeta = cnn.batch_norm_backward(dactive * (active > 0), norm_cache)"
PSUM = "return skip + branch, (first_cache, second_cache, shortcut_cache)"
PSKIP = "skip, shortcut_cache = shortcut.forward(x)"
PBRANCH = "branch, second_cache = second.forward(hidden)"
PHIDDEN = "hidden, first_cache = first.forward(x)"
PBACK = "return dx + dskip, first_grads + second_grads + shortcut_grads"
PD2 = "dbranch, second_grads = second.backward(dout, second_cache)"
PDS = "dskip, shortcut_grads = shortcut.backward(dout, shortcut_cache)"

WRONG = [
    # 10.1
    w("10.1", "n units a stage", "these are n", ("range(2 * n)", "range(n)")),
    w("10.1", "one unit too many", "one too many", ("range(2 * n)", "range(2 * n + 1)")),
    w("10.1", "first stage halved", "first stage keeps its size", (HALVE, "halve = i == 0")),
    w("10.1", "every unit halved", "no other", (HALVE, "halve = stage > 0")),
    w("10.1", "last unit halved", "no other", (HALVE, "halve = stage > 0 and i == 2 * n - 1")),
    w("10.1", "never halved", "No unit has stride 2", (HALVE, "halve = False")),
    w("10.1", "no first unit", "before the first stage is missing", (START, "layers, channels = [], c_in"),
      ),
    w("10.1", "channels not carried on", "does not run", ("            channels = width\n", "")),
    w("10.1", "one unit n times", "shares its weights",
      (LAYERS, """if i < 1:
                layers += [torch_unit(channels, width, 2 if halve else 1), torch.nn.ReLU()]
                again = [torch_unit(width, width), torch.nn.ReLU()]
            else:
                layers += again""")),
    w("10.1", "no ReLU", "no ReLU behind the units", (LAYERS, LAYERS.replace(", torch.nn.ReLU()", "")),
      (START, START.replace(", torch.nn.ReLU()", ""))),
    w("10.1", "no ReLU behind the first", "behind the first unit", (START, START.replace(", torch.nn.ReLU()", ""))),
    w("10.1", "no last ReLU", "behind the last unit", (SEQUENCE, SEQUENCE.replace("*layers", "*layers[:-1]"))),
    w("10.1", "maximum", "maximum of each map", (END, END.replace("Avg", "Max"))),
    w("10.1", "no batch norm", "batch norms for", (LAYERS, LAYERS.replace("torch_unit(channels, width, 2 if halve else 1)",
      "torch.nn.Conv2d(channels, width, 3, 2 if halve else 1, 1, bias=False)"))),
    w("10.1", "any depth", "raise a ValueError", (REFUSE, "")),
    w("10.1", "list", "expected torch.nn.Sequential", (SEQUENCE, "return layers + end")),
    w("10.1", "no return", "return", (SEQUENCE, "pass")),
    w("10.1", "halved only where the width changes", "whatever its width", (HALVE, "halve = width != channels")),
    w("10.1", "Linear without bias", "no bias", (END, END.replace("classes)]", "classes, bias=False)]"))),
    w("10.1", "another momentum", "track_running_stats", (SEQUENCE, """net = torch.nn.Sequential(*layers, *end)
    for m in net.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.momentum = 0.9
    return net""")),
    w("10.1", "a seed inside", "do not set a seed", (START, f"torch.manual_seed(0)\n    {START}")),
    w("10.1", "softmax at the end", "softmax at the end", (SEQUENCE, "return torch.nn.Sequential(*layers, *end, torch.nn.Softmax(1))")),
    w("10.1", "assert", "got AssertionError; raise a ValueError", (REFUSE, "    assert not rest and n > 0\n")),
    # 10.2
    w("10.2", "no skip", "shortcut is missing", (OUT, "out = np.maximum(b, 0)")),
    w("10.2", "subtracted skip", "shortcut is subtracted", (OUT, "out = np.maximum(b - skip, 0)")),
    w("10.2", "ReLU before the addition", "before the addition", (OUT, "out = np.maximum(b, 0) + skip")),
    w("10.2", "no last ReLU", "after the addition is missing", (OUT, "out = b + skip")),
    w("10.2", "two ReLUs", "its own ReLU", (OUT, "out = np.maximum(b, 0) + np.maximum(skip, 0)")),
    w("10.2", "shortcut behind the first unit", "behind the first unit", (SKIP, SKIP.replace("(x)", "(hidden)"))),
    w("10.2", "shortcut behind the first convolution", "behind the first convolution",
      (SKIP, SKIP.replace("(x)", "(a)"))),
    w("10.2", "no ReLU inside", "between the two units", (HIDDEN, "hidden = a")),
    w("10.2", "second gets x", "second unit got x", (B, B.replace("(hidden)", "(x)"))),
    w("10.2", "units exchanged", "units are exchanged", (A, A.replace("first.forward", "second.forward")),
      (B, B.replace("second.forward", "first.forward"))),
    w("10.2", "first unit twice", "the second never", (B, B.replace("second.forward", "first.forward"))),
    w("10.2", "only the shortcut", "branch is missing", (OUT, "out = np.maximum(skip, 0)")),
    w("10.2", "in place", "x was changed", (OUT, "skip += b\n    out = np.maximum(skip, 0)")),
    w("10.2", "layer called twice", "called 2 times", (B, f"{B}\n    b = second.forward(hidden)[0]")),
    w("10.2", "caches mixed", "is not the cache", (CACHE, CACHE.replace("first_cache, second_cache", "second_cache, first_cache"))),
    w("10.2", "hidden before its ReLU", "before the ReLU", (CACHE, CACHE.replace("hidden, out", "a, out"))),
    w("10.2", "plain tuple", "expected a BlockCache", (CACHE, CACHE.replace("BlockCache(", "("))),
    w("10.2", "no cache", "expected out and a BlockCache", (CACHE, "return out")),
    w("10.2", "skip scaled by 0.999", "values differ", (OUT, "out = np.maximum(b + 0.999 * skip, 0)")),
    w("10.2", "skip in training mode only", "evaluation): got", (OUT, "out = np.maximum(b + skip if second.norm.training else b, 0)")),
    w("10.2", "skip for an identity only", "shortcut is missing", (OUT, "out = np.maximum(b + skip if shortcut_cache is None else b, 0)")),
    w("10.2", "x itself where shapes agree", "x itself", (OUT, "out = np.maximum(b + (x if x.shape == b.shape else skip), 0)")),
    w("10.2", "no skip for one image", "one image", (OUT, "out = np.maximum(b + skip if len(x) > 1 else b, 0)")),
    w("10.2", "capped ReLU", "got 6 at", (OUT, "out = np.clip(b + skip, 0, 6)")),
    # 10.3
    w("10.3", "skip path lost", "shortcut's path is lost", (GRADS, GRADS.replace("dx + dskip", "dx"))),
    w("10.3", "branch path lost", "branch's path is lost", (GRADS, GRADS.replace("dx + dskip", "dskip * 1"))),
    w("10.3", "paths subtracted", "subtracted", (GRADS, GRADS.replace("dx + dskip", "dx - dskip"))),
    w("10.3", "no last gate", "gate of the last ReLU is missing", (GATE, "d = dout")),
    w("10.3", "skip from before the gate", "from before the gate", (BACKS, BACKS.replace("(d,", "(dout,"))),
    w("10.3", "branch from before the gate", "branch got dout", (BACK2, BACK2.replace("(d,", "(dout,"))),
    w("10.3", "no inner gate", "between the units is missing", (BACK1, BACK1.replace(" * (cache.hidden > 0)", ""))),
    w("10.3", "gate by dout", "looks at dout", (GATE, "d = np.maximum(dout, 0)")),
    w("10.3", "mean of the paths", "mean of the two", (GRADS, GRADS.replace("dx + dskip", "(dx + dskip) / 2"))),
    w("10.3", "past the shortcut", "expected once", (BACKS, "dskip, shortcut_grads = d, []")),
    w("10.3", "lists in the order of the way back", "order is first", (GRADS,
      GRADS.replace("*first_grads, *second_grads", "*second_grads, *first_grads"))),
    w("10.3", "list of lists", "one flat list", (GRADS, "return dx + dskip, [first_grads, second_grads, shortcut_grads]")),
    w("10.3", "shortcut's gradients lost", "expected 9", (GRADS, GRADS.replace(", *shortcut_grads", ""))),
    w("10.3", "dout changed", "dout was changed", (GATE, "dout *= cache.out > 0\n    d = dout")),
    w("10.3", "dx alone", "expected dx and a list", (GRADS, "return dx + dskip")),
    w("10.3", "skip path lost for an identity", "shortcut's path is lost", (GRADS, GRADS.replace("dx + dskip", "dx + dskip if cache.shortcut is not None else dx + 0"))),
    w("10.3", "skip path lost but for an identity", "shortcut's path is lost", (GRADS, GRADS.replace("dx + dskip", "dx + dskip if cache.shortcut is None else dx + 0"))),
    w("10.3", "skip path lost in evaluation mode", "evaluation): got", (GRADS, GRADS.replace("dx + dskip", "dx + dskip if second.norm.training else dx + 0"))),
    w("10.3", "skip path scaled by 0.999", "values differ", (GRADS, GRADS.replace("dx + dskip", "dx + 0.999 * dskip"))),
    w("10.3", "dout itself where shapes agree", "past the shortcut", (GRADS, GRADS.replace("dx + dskip", "dx + (d if d.shape == dx.shape else dskip)"))),
    w("10.3", "gate by out between the units", "looks at out", (BACK1, BACK1.replace("cache.hidden > 0", "cache.out > 0"))),
    w("10.3", "gate open at 0", "true everywhere", (GATE, GATE.replace("> 0", ">= 0"))),
    w("10.3", "clipped", "large numbers", (GRADS, GRADS.replace("dx + dskip", "np.clip(dx + dskip, -9, 9)"))),
    w("10.3", "backward called twice", "with the whole gradient", (GRADS, f"first.backward(dhidden, cache.first)\n    {GRADS}")),
    # 10.4
    w("10.4", "zeros first", "zeros come last", (FILL, "out[:, self.c_out - x.shape[1] :] = kept")),
    w("10.4", "half of the zeros first", "Half of the zeros", (FILL, "more = (self.c_out - x.shape[1]) // 2\n        out[:, more : more + x.shape[1]] = kept")),
    w("10.4", "second pixel", "very first one",
      (KEPT, "kept = x[:, :, min(1, self.stride - 1) :: self.stride, min(1, self.stride - 1) :: self.stride]"),
      (ZEROS, "out = np.zeros((len(x), self.c_out, -(-x.shape[2] // self.stride), -(-x.shape[3] // self.stride)), x.dtype)"),
      (FILL, "out[:, : x.shape[1], : kept.shape[2], : kept.shape[3]] = kept")),
    w("10.4", "channels repeated", "old channels are repeated", (FILL, "out[...] = kept[:, np.arange(self.c_out) % x.shape[1]]")),
    w("10.4", "float64", "dtype", (ZEROS, ZEROS.replace(", x.dtype", ""))),
    w("10.4", "a view", "view of x", (ZEROS, "if self.c_out == x.shape[1]:\n            return kept, x.shape\n        " + ZEROS)),
    w("10.4", "spread to neighbours", "kept pixel only",
      (DX, """spread = np.repeat(np.repeat(dout, self.stride, 2), self.stride, 3)
        dx += spread[:, : cache[1], : cache[2], : cache[3]]""")),
    w("10.4", "last channels back", "first channels of dout", (DX, DX.replace(": cache[1]", "dout.shape[1] - cache[1] :"))),
    w("10.4", "backward in small", "shape", (DZEROS, "return dout[:, : cache[1]], []"), (DX, "")),
    w("10.4", "dx in float64", "dtype", (DZEROS, "dx = np.zeros(cache)")),
    w("10.4", "a gradient too many", "no parameters", ("return dx, []", "return dx, [dx]")),
    w("10.4", "never the identity", "Identity() in both", (SAME, "if False:")),
    w("10.4", "identity by channels alone", "changes the size", (SAME, "if c_in == c_out:")),
    w("10.4", "identity by size alone", "changes the number", (SAME, "if stride == 1:")),
    w("10.4", "kernel of 3", "1 by 1", (PROJECT, PROJECT.replace("kernel=1", "kernel=3"))),
    w("10.4", "stride forgotten", "shape", (PROJECT, PROJECT.replace("rng, stride,", "rng, 1,"))),
    w("10.4", "dtype forgotten", "pass dtype on", (PROJECT, PROJECT.replace(", dtype=dtype", ""))),
    w("10.4", "projection without batch norm", "has no batch norm", (PROJECT, """bare = Unit(c_in, c_out, rng, stride, 1, dtype)
    bare.forward = lambda x: (bare.convolve(x), x)
    return bare""")),
    w("10.4", "always padded", "option B is a projection", ('if option == "A":', "if True:")),
    w("10.4", "any option", "raise a ValueError", ('if option not in ("A", "B"):', "if False:")),
    w("10.4", "no return", "return", (PROJECT, "pass")),
    w("10.4", "a view with stride 1", "view of x", (KEPT, f"if self.stride == 1 and self.c_out == x.shape[1]:\n            return x, x.shape\n        {KEPT}")),
    w("10.4", "dx is dout", "view of dout", (DZEROS, f"if cache == dout.shape:\n            return dout, []\n        {DZEROS}")),
    w("10.4", "x as the cache", "expected the shape", ("return out, x.shape", "return out, x"), (DZEROS, "cache = cache.shape\n        dx = np.zeros(cache, dout.dtype)")),
    w("10.4", "shape kept in self", "not from self", ("return out, x.shape", "self.seen = x.shape\n        return out, x.shape"),
      (DZEROS, DZEROS.replace("cache", "self.seen"))),
    w("10.4", "option looked at last", "where the shapes agree", (SAME, f"{SAME}\n        return Identity()\n    if False:"),
      ('if option not in ("A", "B"):', 'if option not in ("A", "B") and (c_in != c_out or stride != 1):')),
    w("10.4", "any part of AB", 'option "AB"', ('option not in ("A", "B")', 'option not in "AB"')),
    w("10.4", "own generator", "pass it on", (PROJECT, PROJECT.replace("rng,", "np.random.default_rng(0),"))),
    # 10.5
    w("10.5", "2n blocks", "2n is the number of its units", ("range(n)", "range(2 * n)")),
    w("10.5", "first stage halved", "first stage keeps", (STRIDE, "stride = 2 if i == 0 else 1")),
    w("10.5", "every block halved", "Only the first block", (STRIDE, "stride = 2 if stage > 0 else 1")),
    w("10.5", "never halved", "No block has stride 2", (STRIDE, "stride = 1")),
    w("10.5", "channels not carried on", "block 2", ("                channels = width\n", "                channels = widths[0]\n")),
    w("10.5", "one block n times", "different", (APPEND, """if i == 0:
                    again = block(channels, width, stride, rng, option, dtype)
                else:
                    block(width, width, 1, rng, option, dtype)
                self.blocks.append(again)""")),
    w("10.5", "list of one block", "several times", (APPEND, "if i == 0:\n                    self.blocks += [block(channels, width, stride, rng, option, dtype)] * n")),
    w("10.5", "only three blocks run", "3 block calls", ("for block in self.blocks:", "for block in self.blocks[:3]:")),
    w("10.5", "runs once only", "second call", ("        for block in self.blocks:\n            x = block(x)\n",
      "        while self.blocks:\n            x = self.blocks.pop(0)(x)\n")),
    w("10.5", "block called twice", "18 block calls", ("            x = block(x)\n", "            block(x)\n            x = block(x)\n")),
    w("10.5", "option forgotten", "option", (APPEND, APPEND.replace("option, dtype", "dtype=dtype"))),
    w("10.5", "dtype forgotten", "dtype", (APPEND, APPEND.replace(", option, dtype", ", option"))),
    w("10.5", "stem stride forgotten", "pass stem_stride on", (STEM, STEM.replace("stem_stride", "1"))),
    w("10.5", "no ReLU behind the stem", "behind the stem", ("self.stem(x).relu()", "self.stem(x)")),
    w("10.5", "sum", "sum over each map", (MEAN, MEAN.replace("mean", "sum"))),
    w("10.5", "maximum", "maximum of each map", (MEAN, "return self.linear(x.max(axis=3).max(axis=2))")),
    w("10.5", "ReLU at the end", "behind the linear", (MEAN, f"{MEAN}.relu()")),
    w("10.5", "first block left out", "first block is left out", ("for block in self.blocks:", "for block in self.blocks[1:]:")),
    w("10.5", "blocks hidden in a set", "blocks are not found", ("        self.linear = nn", "        self.blocks = iter(self.blocks)\n        self.linear = nn")),
    w("10.5", "any depth", "raise a ValueError", ("        if rest or n < 1:\n" + DEPTH, "")),
    w("10.5", "out of the graph", "no gradient", (MEAN, "return self.linear(nn.Tensor(x.data.mean(axis=(2, 3))))")),
    w("10.5", "halved only where the width changes", "whatever its width", (STRIDE, "stride = 2 if width != channels else 1")),
    w("10.5", "always option A", "a block got option 'A'", (APPEND, APPEND.replace("option", '"A"'))),
    w("10.5", "ten classes", "(6, 10), expected (6, 5)", ("nn.Linear(channels, classes,", "nn.Linear(channels, 10,")),
    w("10.5", "own generator", "numbers of `stem`", (STEM, STEM.replace("rng,", "np.random.default_rng(0),"))),
    w("10.5", "ReLU behind the blocks", "may be negative", (MEAN, MEAN.replace("x.mean", "x.relu().mean"))),
    w("10.5", "graph cut at the images", "hand the stem", ("self.stem(x).relu()", "self.stem(getattr(x, 'data', x) if isinstance(x, nn.Tensor) else x).relu()")),
    w("10.5", "stem called twice", "stem runs more than once", ("x = self.stem(x).relu()", "self.stem(x)\n        x = self.stem(x).relu()")),
    w("10.5", "always training mode", "changed the mode", ("x = self.stem(x).relu()", "self.train(True)\n        x = self.stem(x).relu()")),
    # 10.6
    w("10.6", "no skip", "shortcut is missing", (SUM, "return F.relu(self.second(F.relu(self.first(x))))")),
    w("10.6", "subtracted skip", "subtracted", (SUM, SUM.replace("+ skip", "- skip"))),
    w("10.6", "ReLU before the addition", "before the addition", (SUM, "return F.relu(self.second(F.relu(self.first(x)))) + skip")),
    w("10.6", "no ReLU inside", "between the two units", (SUM, "return F.relu(self.second(self.first(x)) + skip)")),
    w("10.6", "no last ReLU", "after the addition is missing", (SUM, "return self.second(F.relu(self.first(x))) + skip")),
    w("10.6", "projection without batch norm", "no batch norm", (SHORT,
      "self.shortcut = torch.nn.Conv2d(c_in, c_out, 1, stride, bias=False)")),
    w("10.6", "projection of kernel 3", "kernel", (SHORT, SHORT.replace(", kernel=1", ""))),
    w("10.6", "ReLU in the unit", "expected what torch_unit makes", (UNITS, UNITS + "\n        self.first = torch.nn.Sequential(self.first, torch.nn.ReLU())")),
    w("10.6", "zeros first", "zeros come last", (PAD, PAD.replace("0, self.new)", "self.new, 0)"))),
    w("10.6", "half of the zeros first", "Half of the zeros", (PAD, PAD.replace("0, self.new)", "self.new // 2, self.new - self.new // 2)"))),
    w("10.6", "first unit twice", "the second never", (SUM, """h = F.relu(self.first(x))
        same = x.shape == h.shape
        return F.relu((self.first(h) if same else self.second(h)) + skip)""")),
    w("10.6", "always a projection in B", "do not belong", ('option == "B" and (c_in != c_out or stride != 1)', 'option == "B"'),
      ("if self.project:\n            skip", "if self.project and (self.new or self.stride > 1):\n            skip")),
    w("10.6", "shortcut detached", "shortcut's path is lost", (SUM, SUM.replace("+ skip", "+ skip.detach()"))),
    w("10.6", "in place on x", "x was changed", (PAD, f"{PAD}\n            with torch.no_grad():\n                x += 0.1")),
    w("10.6", "layer runs twice", "more than once", (SUM, f"self.first(x)\n        {SUM}")),
    w("10.6", "gamma and beta exchanged", "That is beta", (GAMMA, GAMMA.replace("gamma", "beta")), (BETA, BETA.replace("norm.beta", "norm.gamma"))),
    w("10.6", "statistics forgotten", "was not copied", (f"    {RMEAN}\n    {RVAR}\n", "")),
    w("10.6", "variance forgotten", "was not copied", (f"    {RVAR}\n", "")),
    w("10.6", "weights transposed", "transposed", (WEIGHT, WEIGHT.replace("weight.data))", "weight.data.swapaxes(0, 1)))"))),
    w("10.6", "new parameter", "replaced by a new one", (WEIGHT, "conv.weight = torch.nn.Parameter(torch.tensor(unit.weight.data))")),
    w("10.6", "shared memory", "shares memory", (RMEAN, "norm.running_mean.data = torch.from_numpy(unit.norm.running_mean)")),
    w("10.6", "no return", "return", (SUM, "pass")),
    w("10.6", "skip scaled by 0.999", "values differ", (SUM, SUM.replace("+ skip", "+ 0.999 * skip"))),
    w("10.6", "skip in training mode only", "shortcut is missing", (SUM, SUM.replace("+ skip", "+ (skip if self.training else 0)"))),
    w("10.6", "no projection with equal channels", "there is no `shortcut`", ('(c_in != c_out or stride != 1)', 'c_in != c_out')),
    w("10.6", "no projection with stride 1", "there is no `shortcut`", ('(c_in != c_out or stride != 1)', 'stride != 1')),
    w("10.6", "option A projects", "only option B", ('option == "B" and', 'option == "A" and')),
    w("10.6", "second unit halves", "`first` has stride", (UNITS, "self.first, self.second = torch_unit(c_in, c_out), torch_unit(c_out, c_out, stride)")),
    w("10.6", "momentum 0.9", "running mean of first", (UNITS, f"{UNITS}\n        self.first[1].momentum = 0.9")),
    w("10.6", "shared variance", "shares memory", (RVAR, "norm.running_var.data = torch.from_numpy(unit.norm.running_var)")),
    w("10.6", "biased variance", "running_var", (RVAR, RVAR.replace("running_var))", "running_var * 0.99))"))),
    w("10.6", "copied the wrong way", "the unit was changed", (WEIGHT, "unit.weight.data = conv.weight.detach().numpy().copy()")),
    w("10.6", "rounded to float32", "weight (float64)", (WEIGHT, WEIGHT.replace("weight.data))", "weight.data).float())"))),
    w("10.6", "left in evaluation mode", "evaluation mode afterwards", (WEIGHT, f"pair.eval()\n    {WEIGHT}")),
    # 10.7
    w("10.7", "old gradients kept", "clear them", (CLEAR, "")),
    w("10.7", "gradients cleared too late", "zero_grad comes before backward", (CLEAR, ""), (STEP, CLEAR + STEP)),
    w("10.7", "a quarter mirrored", "in four epochs", (MIRROR, MIRROR.replace("0.5", "0.25"))),
    w("10.7", "three batches", "batches of 20", ("    for rows in order.split(batch):\n", "    for rows in order.split(batch)[:3]:\n")),
    w("10.7", "evaluation mode", "evaluation mode", ("    run.model.train()\n", "")),
    w("10.7", "schedule per epoch", "after each batch", (SCHEDULE, ""), ("    run.epoch += 1", "    run.schedule.step()\n    run.epoch += 1")),
    w("10.7", "no schedule", "run.schedule made 0", (SCHEDULE, "")),
    w("10.7", "no step", "run.optimizer made 0", (STEP, "")),
    w("10.7", "whole batches mirrored", "whole batches", (MIRROR, "mirror = (torch.rand(1, generator=run.generator) < 0.5).expand(len(rows))")),
    w("10.7", "all mirrored", "all images are mirrored", (IMAGES, "images = x[rows].flip(3)")),
    w("10.7", "never mirrored", "no image is mirrored", (IMAGES, "images = x[rows]")),
    w("10.7", "on their head", "stand on their head", (IMAGES, IMAGES.replace("flip(3)", "flip(2)"))),
    w("10.7", "no order", "old order", (ORDER, "order, summed = torch.arange(len(x)), 0.0")),
    w("10.7", "with repeats", "different images", (ORDER, "order, summed = torch.randint(len(x), (len(x),), generator=run.generator), 0.0")),
    w("10.7", "global chance", "run.generator", (ORDER, "order, summed = torch.randperm(len(x)), 0.0")),
    w("10.7", "seeded each epoch", "do not seed", (ORDER, f"run.generator.manual_seed(run.generator.initial_seed())\n    {ORDER}")),
    w("10.7", "last batch left out", "left out", ("    for rows in order.split(batch):\n", "    for rows in order[: len(x) // batch * batch].split(batch):\n")),
    w("10.7", "labels in the old order", "same order", (LOSS, LOSS.replace("labels[rows]", "labels[len(rows) * 0 :][: len(rows)]"))),
    w("10.7", "softmax first", "softmax", (LOSS, LOSS.replace("run.model(images)", "run.model(images).softmax(1)"))),
    w("10.7", "sum", "gradient of the sum", (LOSS, LOSS.replace("labels[rows])", 'labels[rows], reduction="sum")'))),
    w("10.7", "mean of means", "last batch is smaller", (SUMMED, "summed += loss.item()"),
      ("return summed / len(x)", "return summed / len(order.split(batch))")),
    w("10.7", "last loss", "last batch", ("return summed / len(x)", "return loss.item()")),
    w("10.7", "a tensor", "keeps the whole graph", (SUMMED, "summed = summed + loss * len(rows)")),
    w("10.7", "epoch not counted", "run.epoch", ("    run.epoch += 1\n", "")),
    w("10.7", "no return", "return", ("return summed / len(x)", "pass")),
    # 10.8
    w("10.8", "ReLU before the norm", "The ReLU comes first", (NORMAL, "normal, norm_cache = self.normalise(np.maximum(x, 0))"),
      (ACTIVE, "active = normal")),
    w("10.8", "no ReLU", "The ReLU is missing", (ACTIVE, "active = normal")),
    w("10.8", "ReLU last", "The ReLU comes last", (ACTIVE, "active = normal"),
      (RETURN, "return np.maximum(self.convolve(active), 0), (active, norm_cache)")),
    w("10.8", "no norm", "batch norm is missing", (ACTIVE, "active = np.maximum(x, 0)")),
    w("10.8", "no gate", "gate of the ReLU is missing", (DNORM, DNORM.replace(" * (active > 0)", ""))),
    w("10.8", "no way through the norm", "through batch norm is missing",
      (DNORM, f"{DNORM}\n        dx = dactive * (active > 0)")),
    w("10.8", "gate behind the norm", "stands before it", (DNORM, DNORM.replace("dactive * (active > 0)", "dactive") + "\n        dx = dx * (active > 0)")),
    w("10.8", "gradients in another order", "order is", ("return dx, [dw, dgamma, dbeta]", "return dx, [dgamma, dbeta, dw]")),
    w("10.8", "no skip", "shortcut is missing", (PSUM, PSUM.replace("skip + branch", "branch"))),
    w("10.8", "skip subtracted", "subtracted", (PSUM, PSUM.replace("skip + branch", "branch - skip"))),
    w("10.8", "ReLU behind the sum", "no ReLU behind the sum", (PSUM, PSUM.replace("skip + branch", "np.maximum(skip + branch, 0)"))),
    w("10.8", "ReLU between the units", "no ReLU between", (PBRANCH, PBRANCH.replace("(hidden)", "(np.maximum(hidden, 0))"))),
    w("10.8", "in place", "x was changed", (PSUM, "skip += branch\n    return skip, (first_cache, second_cache, shortcut_cache)")),
    w("10.8", "skip path lost", "shortcut's path is lost", (PBACK, PBACK.replace("dx + dskip", "dx"))),
    w("10.8", "branch path lost", "branch's path is lost", (PBACK, PBACK.replace("dx + dskip", "dskip"))),
    w("10.8", "gradients exchanged", "order is first", (PBACK, PBACK.replace("first_grads + second_grads", "second_grads + first_grads"))),
    w("10.8", "shortcut's gradients lost", "expected 9", (PBACK, PBACK.replace(" + shortcut_grads", ""))),
    w("10.8", "skip scaled by 0.999", "values differ", (PSUM, PSUM.replace("skip + branch", "0.999 * skip + branch"))),
    w("10.8", "skip in training mode only", "shortcut is missing", (PSUM, PSUM.replace("skip + branch", "skip * second.norm.training + branch"))),
    w("10.8", "branch subtracted", "branch is subtracted", (PSUM, PSUM.replace("skip + branch", "skip - branch"))),
    w("10.8", "x itself where shapes agree", "x itself", (PSUM, PSUM.replace("skip + branch", "branch + (x if x.shape == skip.shape else skip)"))),
    w("10.8", "shortcut behind the first unit", "it starts at x", (PSKIP, PSKIP.replace("(x)", "(hidden if hidden.shape == x.shape else x)"))),
    w("10.8", "skip path lost for an identity", "shortcut's path is lost", (PBACK, PBACK.replace("dx + dskip", "dx + dskip if shortcut_cache is not None else dx"))),
    w("10.8", "skip path lost in evaluation mode", "shortcut's path is lost", (PBACK, PBACK.replace("dx + dskip", "dx + dskip if second.norm.training else dx"))),
    w("10.8", "statistics not moved", "was not updated", (NORMAL, """n = self.norm
        kept = n.running_mean.copy(), n.running_var.copy()
        normal, norm_cache = self.normalise(x)
        n.running_mean[...], n.running_var[...] = kept""")),
    w("10.8", "statistics moved twice", "moved twice", (NORMAL, f"self.normalise(x)\n        {NORMAL}")),
    w("10.8", "biased variance", "running_var", (NORMAL, f"""old = self.norm.running_var.copy()
        {NORMAL}
        if self.norm.training:
            self.norm.running_var[...] = 0.9 * old + 0.1 * x.var(axis=(0, 2, 3))""")),
    w("10.8", "momentum 0.9", "running_mean", (NORMAL, f"""old = self.norm.running_mean.copy()
        {NORMAL}
        if self.norm.training:
            self.norm.running_mean[...] = 0.1 * old + 0.9 * x.mean(axis=(0, 2, 3))""")),
    w("10.8", "kept in self", "not in self", (RETURN, f"self.active = active\n        {RETURN}"),
      ("active, norm_cache = cache", "active, norm_cache = self.active, cache[1]")),
    w("10.8", "caches outside", "keep all that it needs in the cache.", (PSUM, """preact_forward.caches = first_cache, second_cache, shortcut_cache
    return skip + branch, None"""), ("first_cache, second_cache, shortcut_cache = cache", "first_cache, second_cache, shortcut_cache = preact_forward.caches")),
    w("10.8", "capped ReLU", "large numbers", (ACTIVE, "active = np.clip(normal, 0, 6)")),
]  # fmt: skip

RIGHT = [
    r("10.1", "units in a nested Sequential", (LAYERS, "layers.append(torch.nn.Sequential(torch_unit(channels, width, 2 if halve else 1), torch.nn.ReLU()))")),
    r("10.1", "own convolution and a generator", (REFUSE, "    if depth not in range(8, depth + 1, 6):\n        raise ValueError('depth')\n"),
      (LAYERS, "layers += [torch.nn.Conv2d(channels, width, 3, 2 if halve else 1, 1, bias=False), torch.nn.BatchNorm2d(width), torch.nn.ReLU(inplace=True)]")),
    r("10.2", "where, other names", code=BLOCK + """    (b, c1), (s, c3) = first.forward(x), shortcut.forward(x)
    h = b * (b > 0)
    t, c2 = second.forward(h)
    total = s + t
    total = np.where(total > 0, total, total.dtype.type(0))
    return total, BlockCache(first=c1, second=c2, shortcut=c3, hidden=h, out=total)
"""),
    r("10.2", "buffers of its own", (HIDDEN, "hidden = np.maximum(a, 0, out=a)"), (OUT, "b += skip\n    out = np.maximum(b, 0, out=b)")),
    r("10.1", "one ReLU for all, a plan first", (LAYERS, "layers += [torch_unit(channels, width, 1 + halve), layers[1]]")),
    r("10.2", "shortcut first", (f"    {A}\n", f"    {SKIP}\n    {A}\n"), (f"    {SKIP}\n    {OUT}", f"    {OUT}")),
    r("10.2", "a list of two", (CACHE, CACHE.replace("return out, ", "return [out, ") + "]")),
    r("10.3", "shortcut first, a tuple", (f"    {BACK2}\n", f"    {BACKS}\n    {BACK2}\n"), (f"    {BACKS}\n    return", "    return"),
      (GRADS, "return dskip + dx, (*first_grads, *second_grads, *shortcut_grads)")),
    r("10.3", "where", (GATE, "d = np.where(cache.out > 0, dout, dout.dtype.type(0))"),
      (GRADS, "return np.add(dx, dskip), first_grads + second_grads + shortcut_grads")),
    r("10.4", "np.pad", (f"        {ZEROS}\n        {FILL}\n", "        out = np.pad(kept, ((0, 0), (0, self.c_out - x.shape[1]), (0, 0), (0, 0)))\n")),
    r("10.4", "concatenate and loops", (f"        {ZEROS}\n        {FILL}\n",
      "        more = np.zeros((len(x), self.c_out - x.shape[1], *kept.shape[2:]), x.dtype)\n        out = np.concatenate([kept, more], axis=1)\n"),
      (DX, "for i, j in np.ndindex(dout.shape[2:]):\n            dx[:, :, i * self.stride, j * self.stride] = dout[:, : cache[1], i, j]")),
    r("10.5", "a plan first", ("""        self.blocks, channels = [], widths[0]
        for stage, width in enumerate(widths):
            for i in range(n):
                stride = 2 if stage > 0 and i == 0 else 1
                self.blocks.append(block(channels, width, stride, rng, option, dtype))
                channels = width
        self.linear = nn.Linear(channels, classes, rng, dtype)""", """        out = [w for w in widths for _ in range(n)]
        strides = [2 if i in (n, 2 * n) else 1 for i in range(3 * n)]
        self.blocks = [block(a, b, s, rng, option=option, dtype=dtype)
                       for a, b, s in zip([widths[0], *out], out, strides)]
        self.linear = nn.Linear(widths[-1], classes, rng, dtype)""")),
    r("10.5", "sum over the size", (MEAN, "return self.linear(x.sum(axis=(2, 3)) * (1 / (x.shape[2] * x.shape[3])))")),
    r("10.5", "a reduction", ("        for block in self.blocks:\n            x = block(x)\n",
      "        import functools\n\n        x = functools.reduce(lambda v, block: block(v), self.blocks, x)\n")),
    r("10.6", "an identity as attribute", ("if self.project:\n            self", "self.shortcut = torch.nn.Identity()\n        if self.project:\n            self")),
    r("10.6", "a copy under no_grad", (WEIGHT, "with torch.no_grad():\n        conv.weight[...] = torch.tensor(unit.weight.data)"),
      (RMEAN, "norm.running_mean.data = torch.tensor(unit.norm.running_mean)")),
    r("10.6", "concatenated zeros", (PAD, """skip = x[:, :, :: self.stride, :: self.stride]
            skip = torch.cat([skip, skip.new_zeros(len(x), self.new, *skip.shape[2:])], 1)""")),
    r("10.7", "slices", ("    for rows in order.split(batch):\n", "    for start in range(0, len(x), batch):\n        rows = order[start : start + batch]\n"),
      (IMAGES, "images = x[rows].clone()\n        images[mirror] = images[mirror].flip(3)")),
    r("10.7", "losses in a list", (SUMMED, "summed += float(loss.detach()) * len(rows)"), (MIRROR,
      "mirror = torch.randint(2, (len(rows),), generator=run.generator).bool()")),
    r("10.8", "another cache", (RETURN, 'return self.convolve(active), {"active": active, "norm": norm_cache}'),
      ("active, norm_cache = cache", 'active, norm_cache = cache["active"], cache["norm"]')),
    r("10.8", "gate from the norm's cache", (RETURN, "return self.convolve(active), (x, normal, norm_cache)"),
      ("active, norm_cache = cache", "x, normal, norm_cache = cache\n        active = normal * (normal > 0)")),
]  # fmt: skip
