"""Wrong and right answers of notebook 07."""

from helpers.course.mistakes import Answer


def w(id, what, says, *swap, code=""):
    return Answer(id, what, says, swap=swap, code=code)


def r(id, what, *swap, code=""):
    return Answer(id, what, swap=swap, code=code)


def kernel(signature, body, before=""):
    return f"#| export\n{before}@cuda.jit\ndef {signature}:\n{body}\n"


AFFINE = "affine(x, a, b, out)"
SAXPY = "saxpy(a, x, y)"
EDGES = "edges(image, out)"
HISTOGRAM = "histogram(x, counts)"
BLOCK = "block_sum(x, out)"
WARP = "warp_sum(x, out)"
FUSED = "fused_add_relu(x, bias, skip, out, L)"
GUARD = "if i < x.size:"
SYNC_1 = "    cuda.syncthreads()\n    k = cuda.blockDim.x // 2"
SYNC_2 = "        cuda.syncthreads()\n        k //= 2"
STRIDE = "range(cuda.grid(1), x.size, cuda.gridsize(1))"
SHUFFLE = "v += cuda.shfl_down_sync(FULL, v, k)"
LAST_WARP = "if cuda.threadIdx.x % WARP == 0 and i < x.size:"
EDGE = "if j + 1 < image.shape[1]:"
INNER = "for k in range(TILE):"
SYNC_A = "        cuda.syncthreads()\n        for k"
SYNC_B = "        cuda.syncthreads()\n    if i < c"
FETCH_A = "sa[ty, tx] = a[i, p] if i < a.shape[0] and p < a.shape[1] else float32(0)"
FETCH_B = "sb[ty, tx] = b[q, j] if q < b.shape[0] and j < b.shape[1] else float32(0)"
XOR_TOP = "other = cuda.shfl_xor_sync(FULL, top, k)"
XOR_SUM = "total += cuda.shfl_xor_sync(FULL, total, k)"
SUM = "total += math.exp(logits[row, j] - top)"
PLACE = "y, v = i * sh + p - ph, j * sw + q - pw"
INSIDE = "if y >= 0 and y < x.shape[2] and v >= 0 and v < x.shape[3]:"
ADD_DW = "cuda.atomic.add(dw, (f, c, p, q), share)"
GATHER = "        for n in range(x.shape[0]):\n            acc +="
MORE = "v = x[i] + bias[i // L % bias.size] + skip[i]"

WRONG = [
    # ------------------------------------------------------------------ 7.1
    w("7.1", "no guard", "out of bounds", (GUARD, "if True:")),
    w("7.1", "guard one too far", "out of bounds", (GUARD, "if i <= x.size:")),
    w("7.1", "guard one too short", "1 of 96 places are never written", (GUARD, "if i < x.size - 1:")),
    w("7.1", "place in the block only", "cuda.grid(1) counts over all blocks",
      ("cuda.grid(1)", "cuda.threadIdx.x")),
    w("7.1", "place of the block only", "never written", ("cuda.grid(1)", "cuda.blockIdx.x")),
    w("7.1", "block size fixed", "never written",
      ("cuda.grid(1)", "cuda.threadIdx.x + 32 * cuda.blockIdx.x"), (GUARD, "if i < x.size and i < 96:")),
    w("7.1", "a and b exchanged", "exchanged", ("    out[i] = a * x[i] + b", "    out[i] = b * x[i] + a")),
    w("7.1", "no b", "b is missing", ("    out[i] = a * x[i] + b", "    out[i] = a * x[i]")),
    w("7.1", "double", "double precision", ("    out[i] = a", "    out[i] = 1.0 * a")),
    w("7.1", "every thread does all", "over the budget",
      code=kernel(AFFINE, "    for i in range(x.size):\n        out[i] = a * x[i] + b")),
    w("7.1", "thread 0 does all", "Does one thread do the work of many",
      code=kernel(AFFINE, "    if cuda.grid(1) == 0:\n        for k in range(x.size):\n            out[k] = a * x[k] + b")),
    w("7.1", "in place", "changed its input x", ("    out[i] =", "    x[i] = out[i] =")),
    w("7.1", "returns the number", "return",
      ("        out[i] = a", "        return a")),
    w("7.1", "no decorator", "keep the line @cuda.jit", ("@cuda.jit\n", "")),
    # ------------------------------------------------------------------ 7.2
    w("7.2", "no loop", "where is the loop",
      code=kernel(SAXPY, "    i = cuda.grid(1)\n    if i < x.size:\n        y[i] += a * x[i]")),
    w("7.2", "stride of a block", "race", (STRIDE, "range(cuda.grid(1), x.size, cuda.blockDim.x)")),
    w("7.2", "no stride", "race", (STRIDE, "range(cuda.grid(1), x.size)")),
    w("7.2", "starts in the block", "race",
      (STRIDE, "range(cuda.threadIdx.x, x.size, cuda.gridsize(1))")),
    w("7.2", "ends one early", "Only index", (STRIDE, "range(cuda.grid(1), x.size - 1, cuda.gridsize(1))")),
    w("7.2", "ends one late", "out of bounds", (STRIDE, "range(cuda.grid(1), x.size + 1, cuda.gridsize(1))")),
    w("7.2", "pieces side by side", "neighbours",
      code=kernel(SAXPY, """    n = (x.size + cuda.gridsize(1) - 1) // cuda.gridsize(1)
    first = cuda.grid(1) * n
    for i in range(first, first + n):
        if i < x.size:
            y[i] += a * x[i]""")),
    w("7.2", "sets", "The old y is lost", ("y[i] +=", "y[i] =")),
    w("7.2", "no factor", "The factor a is missing", ("+= a * x[i]", "+= x[i]")),
    w("7.2", "double", "double precision", ("+= a * x[i]", "+= a * x[i] * 1.0")),
    # ------------------------------------------------------------------ 7.3
    w("7.3", "no guard of rows", "out of bounds",
      ("if i < image.shape[0] and j < image.shape[1]:", "if j < image.shape[1]:")),
    w("7.3", "no guard of columns", "out of bounds",
      ("if i < image.shape[0] and j < image.shape[1]:", "if i < image.shape[0]:")),
    w("7.3", "guards exchanged", "out of bounds",
      ("if i < image.shape[0] and j < image.shape[1]:", "if j < image.shape[0] and i < image.shape[1]:")),
    w("7.3", "rows along x", "j, i = cuda.grid(2)", ("j, i = cuda.grid(2)", "i, j = cuda.grid(2)")),
    w("7.3", "reads past the row", "out of bounds", (EDGE, "if True:")),
    w("7.3", "last column left out", "That is the last column",
      ("            out[i, j] = float32(0)", "            pass")),
    w("7.3", "wraps around", "does not wrap",
      (EDGE, "if j + 1 >= image.shape[1]:\n            out[i, j] = image[i, 0] - image[i, j]\n        elif True:")),
    w("7.3", "distance", "The sign is lost",
      ("    out[i, j] = image[i, j + 1] - image[i, j]", "    out[i, j] = abs(image[i, j + 1] - image[i, j])")),
    w("7.3", "sign", "The sign is wrong", ("    out[i, j] = image[i, j + 1] - image[i, j]", "    out[i, j] = image[i, j] - image[i, j + 1]")),
    w("7.3", "down the column", "down the column",
      (EDGE, "if i + 1 < image.shape[0]:"), ("    out[i, j] = image[i, j + 1]", "    out[i, j] = image[i + 1, j]")),
    w("7.3", "left neighbour", "on its left",
      (EDGE, "if j > 0:"), ("    out[i, j] = image[i, j + 1] - image[i, j]", "    out[i, j] = image[i, j] - image[i, j - 1]")),
    # ------------------------------------------------------------------ 7.4
    w("7.4", "the race", "race", ("cuda.atomic.add(counts, v, 1)", "counts[v] += 1")),
    w("7.4", "no lower bound", "out of bounds", ("v >= 0 and ", "")),
    w("7.4", "no upper bound", "out of bounds", (" and v < counts.size", "")),
    w("7.4", "upper bound one too far", "out of bounds", ("v < counts.size", "v <= counts.size")),
    w("7.4", "no guard", "out of bounds", (GUARD, "if True:")),
    w("7.4", "zero is skipped", "Counter 0 is never used", ("v >= 0", "v > 0")),
    w("7.4", "last is skipped", "The last counter is never used", ("v < counts.size", "v < counts.size - 1")),
    w("7.4", "adds the value", "Each value adds 1", ("(counts, v, 1)", "(counts, v, v)")),
    w("7.4", "clamps", "skipped, not moved",
      ("if v >= 0 and v < counts.size:", "v = 0 if v < 0 else v\n        v = counts.size - 1 if v >= counts.size else v\n        if True:")),
    w("7.4", "signs turned", "do not turn their sign", ("v = x[i]", "v = abs(x[i])")),
    w("7.4", "two for each", "not more", ("(counts, v, 1)", "(counts, v, 2)")),
    w("7.4", "one counter", "race", ("cuda.atomic.add(counts, v, 1)", "counts[v] = counts[v] + 1")),
    # ------------------------------------------------------------------ 7.5
    w("7.4", "a thread per counter", "one element, its own",
      code=kernel(HISTOGRAM, "    v = cuda.grid(1)\n    if v < counts.size:\n        for i in range(x.size):\n"
                             "            if x[i] == v:\n                counts[v] += 1")),
    w("7.5", "no barrier after the fill", "race", (SYNC_1, "    k = cuda.blockDim.x // 2")),
    w("7.5", "no barrier in the loop", "race", (SYNC_2, "        k //= 2")),
    w("7.5", "barrier inside the if", "divergent barrier", (SYNC_2, "            cuda.syncthreads()\n        k //= 2")),
    w("7.5", "leaves early", "divergent barrier",
      ("    s[t] = x[i] if i < x.size else float32(0)", "    if i >= x.size:\n        return\n    s[t] = x[i]")),
    w("7.5", "no guard", "out of bounds", (" if i < x.size else float32(0)", "")),
    w("7.5", "nothing put where no number is", "uninitialised",
      ("s[t] = x[i] if i < x.size else float32(0)", "if i < x.size:\n        s[t] = x[i]")),
    w("7.5", "starts at half of THREADS", "uninitialised", ("k = cuda.blockDim.x // 2", "k = THREADS // 2")),
    w("7.5", "last step missing", "k = 1, is missing", ("while k > 0:", "while k > 1:")),
    w("7.5", "starts too low", "half of the block, is missing", ("k = cuda.blockDim.x // 2", "k = cuda.blockDim.x // 4")),
    w("7.5", "one thread too many adds", "out of bounds", ("if t < k:", "if t <= k:")),
    w("7.5", "all write", "One thread of the block writes", ("    if t == 0:\n", "    if True:\n")),
    w("7.5", "writes at the thread", "race", ("out[cuda.blockIdx.x]", "out[t]")),
    w("7.5", "every second thread adds", "whole warps then rest",
      code=kernel(BLOCK, """    s = cuda.shared.array(THREADS, float32)
    t, i = cuda.threadIdx.x, cuda.grid(1)
    s[t] = x[i] if i < x.size else float32(0)
    cuda.syncthreads()
    k = 1
    while k < cuda.blockDim.x:
        if t % (2 * k) == 0:
            s[t] += s[t + k]
        cuda.syncthreads()
        k *= 2
    if t == 0:
        out[cuda.blockIdx.x] = s[0]""")),
    w("7.5", "atomics on shared memory", "add by halves",
      code=kernel(BLOCK, """    s = cuda.shared.array(THREADS, float32)
    i = cuda.grid(1)
    if cuda.threadIdx.x == 0:
        s[0] = float32(0)
    cuda.syncthreads()
    if i < x.size:
        cuda.atomic.add(s, 0, x[i])
    cuda.syncthreads()
    if cuda.threadIdx.x == 0:
        out[cuda.blockIdx.x] = s[0]""")),
    w("7.5", "thread 0 adds all", "over the budget",
      code=kernel(BLOCK, """    if cuda.threadIdx.x == 0:
        acc = float32(0)
        for t in range(cuda.blockDim.x):
            for _ in range(2):
                i = cuda.grid(1) + t
                if i < x.size:
                    acc += float32(0.5) * x[i]
        out[cuda.blockIdx.x] = acc""")),
    w("7.5", "thread 0 adds the others", "one thread add",
      ("    k = cuda.blockDim.x // 2\n    while k > 0:\n        if t < k:\n            s[t] += s[t + k]\n"
       "        cuda.syncthreads()\n        k //= 2\n",
       "    if t == 0:\n        for k in range(1, cuda.blockDim.x):\n            s[0] += s[k]\n    cuda.syncthreads()\n")),
    # ------------------------------------------------------------------ 7.6
    w("7.6", "leaves early", "may lanes leave",
      ("    v = x[i] if i < x.size else float32(0)", "    if i >= x.size:\n        return\n    v = x[i]")),
    w("7.6", "no guard on reading", "out of bounds", (" if i < x.size else float32(0)", "")),
    w("7.6", "no guard on writing", "out of bounds", (" and i < x.size:", ":")),
    w("7.6", "shuffle inside an if", "divergent barrier",
      (SHUFFLE, "if cuda.threadIdx.x % WARP < k:\n            v += cuda.shfl_down_sync(FULL, v, k)")),
    w("7.6", "all lanes write", "race", (LAST_WARP, "if i < x.size:")),
    w("7.6", "first warp only", "Only the first warp", ("cuda.threadIdx.x % WARP == 0", "cuda.threadIdx.x == 0")),
    w("7.6", "last step missing", "k = 1, is missing", ("while k > 0:", "while k > 1:")),
    w("7.6", "starts at 8", "k = 16, is missing", ("k = WARP // 2", "k = WARP // 4")),
    w("7.6", "up in place of down", "lanes further on", ("shfl_down_sync", "shfl_up_sync")),
    w("7.6", "last lane writes", "lanes further on", ("% WARP == 0", "% WARP == 31")),
    w("7.6", "double zero", "double precision", ("else float32(0)", "else 0.0")),
    w("7.6", "atomics in place of shuffles", "over the budget",
      code=kernel(WARP, """    i = cuda.grid(1)
    s = cuda.shared.array(1024, float32)
    t = cuda.threadIdx.x
    s[t] = x[i] if i < x.size else float32(0)
    cuda.syncthreads()
    if t % 32 == 0 and i < x.size:
        acc = float32(0)
        for k in range(32):
            acc += s[t + k]
        out[i // 32] = acc""")),
    # ------------------------------------------------------------------ 7.7
    w("7.7", "no first barrier", "race", (SYNC_A, "        for k")),
    w("7.7", "no second barrier", "race", (SYNC_B, "    if i < c")),
    w("7.7", "threads outside leave", "divergent barrier",
      ("    acc = float32(0)\n", "    acc = float32(0)\n    if i >= c.shape[0] or j >= c.shape[1]:\n        return\n")),
    w("7.7", "row of a not guarded", "out of bounds", ("if i < a.shape[0] and p < a.shape[1]", "if p < a.shape[1]")),
    w("7.7", "column of a not guarded", "out of bounds", ("if i < a.shape[0] and p < a.shape[1]", "if i < a.shape[0]")),
    w("7.7", "row of b not guarded", "out of bounds", ("if q < b.shape[0] and j < b.shape[1]", "if j < b.shape[1]")),
    w("7.7", "write not guarded", "out of bounds", ("if i < c.shape[0] and j < c.shape[1]:", "if True:")),
    w("7.7", "last tile left out", "round the number of tiles up", ("(a.shape[1] + TILE - 1) // TILE", "a.shape[1] // TILE")),
    w("7.7", "tiles along the rows of c", "along the columns of a", ("(a.shape[1] + TILE - 1)", "(a.shape[0] + TILE - 1)")),
    w("7.7", "set in place of sum", "Only the last tile counts",
      (INNER, "acc = float32(0)\n        for k in range(TILE):")),
    w("7.7", "tiles exchanged", "Which index of sa", ("sa[ty, k] * sb[k, tx]", "sa[k, ty] * sb[tx, k]")),
    w("7.7", "tiles stored turned", "bank conflicts",
      ("sa[ty, tx] =", "sa[tx, ty] ="), ("sb[ty, tx] =", "sb[tx, ty] ="),
      ("sa[ty, k] * sb[k, tx]", "sa[k, ty] * sb[tx, k]")),
    w("7.7", "double", "double precision", ("acc = float32(0)", "acc = 0.0")),
    w("7.7", "no tiles at all", "global loads",
      code=kernel("matmul_tiled(a, b, c)", """    j, i = cuda.grid(2)
    if i < c.shape[0] and j < c.shape[1]:
        acc = float32(0)
        for k in range(a.shape[1]):
            acc += a[i, k] * b[k, j]
        c[i, j] = acc""")),
    # ------------------------------------------------------------------ 7.8
    w("7.8", "lanes without a column leave", "also those without",
      ("    top, total = float32(-1e30), float32(0)\n", "    top, total = float32(-1e30), float32(0)\n    if lane >= C:\n        return\n")),
    w("7.8", "one added at the label", "is added", ("p - (float32(1) if j == label", "p + (float32(1) if j == label")),
    w("7.8", "lane for column", "with the column", ("if j == label", "if lane == label")),
    w("7.8", "no maximum", "Did exp overflow", ("        top = z if z > top else top", "        top = float32(0)")),
    w("7.8", "maximum not shared", "Do all lanes end up", ("top = other if other > top else top", "top = top")),
    w("7.8", "maximum by down", "Do all lanes end up", ("shfl_xor_sync(FULL, top", "shfl_down_sync(FULL, top")),
    w("7.8", "sum by down", "Do all lanes end up", ("shfl_xor_sync(FULL, total", "shfl_down_sync(FULL, total")),
    w("7.8", "maximum forgotten in the loss", "The maximum is missing", ("math.log(total) + top -", "math.log(total) -")),
    w("7.8", "sign of the loss", "The sign is wrong",
      ("math.log(total) + top - logits[row, label]", "logits[row, label] - math.log(total) - top")),
    w("7.8", "no label", "1 at the label is not subtracted",
      ("p - (float32(1) if j == label else float32(0))", "p")),
    w("7.8", "sign of the slope", "The sign is wrong",
      ("p - (float32(1) if j == label else float32(0))", "(float32(1) if j == label else float32(0)) - p")),
    w("7.8", "first 32 columns", "steps of 32", ("        p = math", "        if j >= 32:\n            break\n        p = math")),
    w("7.8", "not divided", "not divided by the sum", (" / total\n", "\n")),
    w("7.8", "mean over rows", "Divided by the number of rows",
      ("dlogits[row, j] = p - (float32(1) if j == label else float32(0))",
       "dlogits[row, j] = (p - (float32(1) if j == label else float32(0))) / float32(logits.shape[0])")),
    w("7.8", "integer one", "double precision", ("p - (float32(1) if j == label else float32(0))", "p - (1 if j == label else 0)")),
    w("7.8", "lane 0 does the row", "one lane walk along the whole row",
      code=kernel("cross_entropy(logits, labels, loss, dlogits)", """    row, lane = cuda.blockIdx.x, cuda.threadIdx.x
    C = logits.shape[1]
    top, total = float32(-1e30), float32(0)
    if lane == 0:
        for j in range(C):
            z = logits[row, j]
            top = z if z > top else top
        for j in range(C):
            total += math.exp(logits[row, j] - top)
        for j in range(C):
            p = math.exp(logits[row, j] - top) / total
            dlogits[row, j] = p - (float32(1) if j == labels[row] else float32(0))
        loss[row] = math.log(total) + top - logits[row, labels[row]]""")),
    w("7.8", "all lanes walk all columns", "over the budget",
      ("    for j in range(lane, C, WARP):\n        total", "    for j in range(0, C):\n        total"),
      (XOR_SUM, "v = cuda.shfl_xor_sync(FULL, total, k)")),
    # ------------------------------------------------------------------ 7.9
    w("7.9", "padding not subtracted", "The padding is not subtracted", (PLACE, "y, v = i * sh + p, j * sw + q")),
    w("7.9", "below zero not skipped", "out of bounds", ("y >= 0 and ", "")),
    w("7.9", "above not skipped", "out of bounds", (" and v < x.shape[3]", "")),
    w("7.9", "row one too far", "out of bounds", ("y < x.shape[2]", "y <= x.shape[2]")),
    w("7.9", "strides exchanged", "strides are exchanged", (PLACE, "y, v = i * sw + p - ph, j * sh + q - pw")),
    w("7.9", "one stride for both", "rows is used for the columns", (PLACE, "y, v = i * sh + p - ph, j * sh + q - pw")),
    w("7.9", "padding added", "padding is added", (PLACE, "y, v = i * sh + p + ph, j * sw + q + pw")),
    w("7.9", "padding exchanged", "padding is exchanged", (PLACE, "y, v = i * sh + p - pw, j * sw + q - ph")),
    w("7.9", "bias of the image", "belongs to the filter", ("acc = b[f]", "acc = b[n]")),
    w("7.9", "no bias", "The bias is missing", ("acc = b[f]", "acc = float32(0)")),
    w("7.9", "flipped", "turned round", ("w[f, c, p, q]", "w[f, c, kh - 1 - p, kw - 1 - q]")),
    w("7.9", "n and f exchanged", "out of bounds", ("n, f = z // F, z % F", "n, f = z % F, z // F")),
    w("7.9", "one channel", "Only the first channel", ("range(C)", "range(1)")),
    w("7.9", "no guard", "out of bounds", ("if i < out.shape[2] and j < out.shape[3]:", "if True:")),
    w("7.9", "adds in memory", "over the budget",
      ("acc = b[f]", "out[n, f, i, j] = b[f]"), ("acc += x", "out[n, f, i, j] += x"), ("        out[n, f, i, j] = acc\n", "")),
    w("7.9", "double", "double precision", ("acc = b[f]", "acc = 0.0 + b[f]")),
    # ------------------------------------------------------------------ 7.10
    w("7.10", "padding not subtracted", "The padding is not subtracted", (PLACE, "y, v = i * sh + p, j * sw + q")),
    w("7.10", "below zero not skipped", "out of bounds", (INSIDE, "if y < x.shape[2] and v < x.shape[3]:")),
    w("7.10", "above not skipped", "out of bounds", (INSIDE, "if y >= 0 and v >= 0:")),
    w("7.10", "row one too far", "out of bounds", ("y < x.shape[2]", "y <= x.shape[2]")),
    w("7.10", "gather without guard", "out of bounds", ("if t < dw.size:", "if True:")),
    w("7.10", "atomic without guard", "out of bounds", ("if n < x.shape[0]:", "if True:")),
    w("7.10", "gather of image 0", "Only image 0 counts", (GATHER, "        for n in range(1):\n            acc +=")),
    w("7.10", "race", "race", (ADD_DW, "dw[f, c, p, q] += share")),
    w("7.10", "atomic of an unspoilt thread number", "out of bounds", ("unravel(t % dw.size,", "unravel(t,")),
    w("7.10", "strides exchanged", "strides are exchanged", (PLACE, "y, v = i * sw + p - ph, j * sh + q - pw")),
    w("7.10", "padding added", "padding is added", (PLACE, "y, v = i * sh + p + ph, j * sw + q + pw")),
    w("7.10", "upstream turned", "out of bounds", ("dout[n, f, i, j]", "dout[n, f, j, i]")),
    w("7.10", "gather by atomics", "set it, do not add", ("dw[f, c, p, q] = acc", "cuda.atomic.add(dw, (f, c, p, q), acc)")),
    w("7.10", "atomics inside the loops", "over the budget",
      (ADD_DW, "for _ in range(4):\n            cuda.atomic.add(dw, (f, c, p, q), float32(0.25) * share)")),
    w("7.10", "double", "double precision",
      ("    acc = float32(0)\n    for i", "    acc = 0.0\n    for i")),
    w("7.10", "no return", "a call that returns none", ("    return acc\n", "")),
    # ------------------------------------------------------------------ 7.11
    w("7.11", "adds to out", "set it, do not add", ("        out[i] = v", "        out[i] += v")),
    w("7.11", "skip after the ReLU", "added after the ReLU",
      (MORE, "v = x[i] + bias[i // L % bias.size]"),
      ("out[i] = v if v > float32(0) else float32(0)", "out[i] = (v if v > float32(0) else float32(0)) + skip[i]")),
    w("7.11", "bias at i % C", "its channel is i // L % C", ("i // L % bias.size", "i % bias.size")),
    w("7.11", "bias not modulo", "out of bounds", ("i // L % bias.size", "i // L")),
    w("7.11", "no bias", "The bias is missing", (" + bias[i // L % bias.size]", "")),
    w("7.11", "no skip", "The skip is missing", (" + skip[i]", "")),
    w("7.11", "no ReLU", "The ReLU is missing", ("v if v > float32(0) else float32(0)", "v")),
    w("7.11", "no loop", "where is the loop", ("for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):", "i = cuda.grid(1)\n    if i < x.size:")),
    w("7.11", "three trips", "over the budget",
      (MORE, "out[i] = x[i] + bias[i // L % bias.size]\n        out[i] = out[i] + skip[i]\n        v = out[i]")),
    w("7.11", "double zero", "double precision", ("else float32(0)", "else 0.0")),
    w("7.11", "in x", "changed its input x", ("out[i] = v", "x[i] = out[i] = v")),
    # ------------------------------------------------------------------ 7.12
    w("7.12", "reverse without barrier", "race", ("    cuda.syncthreads()\n    if i < x.size:\n        out[i] = s[31 - t]", "    if i < x.size:\n        out[i] = s[31 - t]")),
    w("7.12", "reverse without guard on reading", "out of bounds", ("s[t] = x[i] if i < x.size else float32(0)", "s[t] = x[i]")),
    w("7.12", "reverse without zeros", "uninitialised", ("s[t] = x[i] if i < x.size else float32(0)", "if i < x.size:\n        s[t] = x[i]")),
    w("7.12", "square without guard", "out of bounds", ("    if i < x.size:\n        out[i] = x[i] * x[i]", "    out[i] = x[i] * x[i]")),
    w("7.12", "total without atomic", "race", ("cuda.atomic.add(out, 0, x[i])", "out[0] += x[i]")),
    w("7.12", "total set", "race", ("cuda.atomic.add(out, 0, x[i])", "out[0] = out[0] + x[i]")),
    w("7.12", "minus_first leaves", "divergent barrier", ("    if i < x.size:\n        s[t] = x[i]\n", "    if i >= x.size:\n        return\n    s[t] = x[i]\n")),
    w("7.12", "minus_first barrier in the if", "divergent barrier", ("        s[t] = x[i]\n    cuda.syncthreads()", "        s[t] = x[i]\n        cuda.syncthreads()")),
    w("7.12", "positives without zero", "uninitialised", ("        s[0] = 0\n", "        pass\n")),
    w("7.12", "positives without first barrier", "race", ("        s[0] = 0\n    cuda.syncthreads()", "        s[0] = 0")),
    w("7.12", "positives without second barrier", "race", ("        cuda.atomic.add(s, 0, 1)\n    cuda.syncthreads()", "        cuda.atomic.add(s, 0, 1)")),
    w("7.12", "zeros are positive", "zero itself", ("x[i] > float32(0)", "x[i] >= float32(0)")),
    w("7.12", "whole halves", "need not be whole", ("float32(0.5) * x[i]", "x[i] // 2")),
    w("7.12", "reverse of all", "its own 32 places", ("out[i] = s[31 - t]", "out[i] = x[x.size - 1 - i]")),
    w("7.12", "half in double", "double precision", ("float32(0.5) * x[i]", "x[i] / 2")),
    w("7.12", "half without guard", "out of bounds", ("    if i < x.size:\n        out[i] = float32(0.5) * x[i]", "    out[i] = float32(0.5) * x[i]")),
]  # fmt: skip

RIGHT = [
    r("7.1", "early return", (GUARD + "\n        out[i]", "if i >= x.size:\n        return\n    out[i]")),
    r("7.1", "by hand", ("cuda.grid(1)", "cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x")),
    r("7.1", "grid stride", code=kernel(AFFINE, "    for i in range(cuda.grid(1), out.shape[0], cuda.gridsize(1)):\n        out[i] = b + x[i] * a")),
    r("7.2", "while", code=kernel(SAXPY, """    i = cuda.grid(1)
    while i < len(y):
        y[i] = y[i] + x[i] * a
        i += cuda.gridsize(1)""")),
    r("7.2", "stride by hand", ("cuda.gridsize(1)", "cuda.blockDim.x * cuda.gridDim.x")),
    r("7.3", "returns", code=kernel(EDGES, """    j, i = cuda.grid(2)
    h, w = image.shape
    if i >= h or j >= w:
        return
    d = float32(0)
    if j < w - 1:
        d = image[i, j + 1] - image[i, j]
    out[i, j] = d""")),
    r("7.3", "one expression", code=kernel(EDGES, """    col, row = cuda.grid(2)
    if col < image.shape[1] and row < image.shape[0]:
        last = col == image.shape[1] - 1
        out[row, col] = float32(0) if last else image[row, col + 1] - image[row, col]""")),
    r("7.4", "continues", code=kernel(HISTOGRAM, """    i = cuda.grid(1)
    if i >= len(x):
        return
    if 0 <= x[i] < len(counts):
        cuda.atomic.add(counts, x[i], 1)""")),
    r("7.4", "grid stride", (GUARD, "for i in range(i, x.size, cuda.gridsize(1)):")),
    r("7.5", "shift", ("k //= 2", "k >>= 1"), ("k = cuda.blockDim.x // 2", "k = cuda.blockDim.x >> 1")),
    r("7.5", "barrier at the loop's start", (SYNC_1, "    k = cuda.blockDim.x // 2"),
      ("    while k > 0:\n", "    while k > 0:\n        cuda.syncthreads()\n"), (SYNC_2, "        k //= 2")),
    r("7.5", "zero first", ("s[t] = x[i] if i < x.size else float32(0)", "s[t] = 0\n    if i < x.size:\n        s[t] = x[i]")),
    r("7.6", "for over constants", ("    k = WARP // 2\n    while k > 0:\n", "    for k in (16, 8, 4, 2, 1):\n"), ("        k //= 2\n", "")),
    r("7.6", "xor", ("shfl_down_sync", "shfl_xor_sync")),
    r("7.6", "guard by out", (" and i < x.size:", " and i // WARP < out.size:")),
    r("7.7", "ifs", (FETCH_A, """sa[ty, tx] = float32(0)
        if i < a.shape[0]:
            if p < a.shape[1]:
                sa[ty, tx] = a[i, p]""")),
    r("7.7", "while", ("    for m in range((a.shape[1] + TILE - 1) // TILE):\n", "    m = -1\n    while (m + 1) * TILE < b.shape[0]:\n        m += 1\n")),
    r("7.7", "first barrier twice", (SYNC_A, "        cuda.syncthreads()\n        cuda.syncthreads()\n        for k")),
    r("7.8", "for over constants",
      ("    k = WARP // 2\n    while k > 0:\n        other", "    for k in (16, 8, 4, 2, 1):\n        other"),
      ("        top = other if other > top else top\n        k //= 2\n", "        top = other if other > top else top\n")),
    r("7.8", "shared memory", code=kernel("cross_entropy(logits, labels, loss, dlogits)", """    s = cuda.shared.array(32, float32)
    row, t = cuda.blockIdx.x, cuda.threadIdx.x
    top = float32(-1e38)
    for j in range(t, logits.shape[1], 32):
        if logits[row, j] > top:
            top = logits[row, j]
    s[t] = top
    cuda.syncthreads()
    k = 16
    while k > 0:
        if t < k and s[t + k] > s[t]:
            s[t] = s[t + k]
        cuda.syncthreads()
        k //= 2
    top = s[0]
    cuda.syncthreads()
    s[t] = float32(0)
    for j in range(t, logits.shape[1], 32):
        s[t] += math.exp(logits[row, j] - top)
    cuda.syncthreads()
    k = 16
    while k > 0:
        if t < k:
            s[t] += s[t + k]
        cuda.syncthreads()
        k //= 2
    for j in range(t, logits.shape[1], 32):
        d = math.exp(logits[row, j] - top) / s[0]
        if j == labels[row]:
            d -= float32(1)
        dlogits[row, j] = d
    if t == 0:
        loss[row] = top + math.log(s[0]) - logits[row, labels[row]]""")),
    r("7.8", "loss by all lanes", ("    if lane == 0:\n        loss", "    if True:\n        loss")),
    r("7.9", "images first in z", ("n, f = z // F, z % F", "n, f = z % x.shape[0], z // x.shape[0]")),
    r("7.9", "bias last", ("acc = b[f]", "acc = float32(0)"), ("out[n, f, i, j] = acc", "out[n, f, i, j] = b[f] + acc")),
    r("7.9", "chained comparison", (INSIDE, "if 0 <= y < x.shape[2] and 0 <= v < x.shape[3]:")),
    r("7.9", "continue", (INSIDE + "\n                        acc", "if y < 0 or y >= x.shape[2] or v < 0 or v >= x.shape[3]:\n                        continue\n                    acc")),
    r("7.10", "images by modulo", ("range(x.shape[0])", "range(dout.shape[0])")),
    r("7.10", "columns first", ("    for i in range(dout.shape[2]):\n        for j in range(dout.shape[3]):", "    for j in range(dout.shape[3]):\n        for i in range(dout.shape[2]):")),
    r("7.11", "if", ("out[i] = v if v > float32(0) else float32(0)", "if v < float32(0):\n            v = float32(0)\n        out[i] = v")),
    r("7.11", "while", ("for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):\n", "i = cuda.grid(1) - cuda.gridsize(1)\n    while i + cuda.gridsize(1) < x.size:\n        i += cuda.gridsize(1)\n")),
    r("7.12", "half by two", ("float32(0.5) * x[i]", "x[i] / float32(2)")),
    r("7.12", "reverse by reading backwards", ("    s[t] = x[i] if i < x.size else float32(0)", "    s[31 - t] = x[i] if i < x.size else float32(0)"), ("out[i] = s[31 - t]", "out[i] = s[t]")),
]  # fmt: skip
