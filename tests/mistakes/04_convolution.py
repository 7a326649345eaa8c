"""Wrong and right answers of notebook 04."""

from helpers.course.mistakes import Answer


def w(id, what, says, *swap, code=""):
    return Answer(id, what, says, swap=swap, code=code)


def r(id, what, *swap, code=""):
    return Answer(id, what, swap=swap, code=code)


# Frames around an answer, so that each mistake shows its own line only.
CORRELATE = """
#| export
def correlate(image, kernel):
    (H, W), (kh, kw) = image.shape, kernel.shape
{body}
"""
FOUR_LOOPS = CORRELATE.format(
    body="""
    out = np.zeros((H - kh + 1, W - kw + 1))
    for i in range(H - kh + 1):
        for j in range(W - kw + 1):
            total = 0.0
            for a in range(kh):
                for b in range(kw):
                    total += {product}
            out[i, j] = {result}
    return out"""
)

FORWARD = """
#| export
def conv_forward(x, w, b, stride=(1, 1), pad=(0, 0), dilation=(1, 1)):
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    (sh, sw), (ph, pw), (lh, lw) = stride, pad, dilation
    Ho, Wo = output_sizes(H, W, (kh, kw), stride, pad, dilation)
    xp = padded(x, pad)
{body}
"""
SEVEN = FORWARD.format(
    body="""
    out = np.zeros((N, F, Ho, Wo), x.dtype)
    for n in range(N):
        for f in range(F):
            for i in range(Ho):
                for j in range(Wo):
                    total = b[f]
                    for c in range(C):
                        for a in range(kh):
                            for d in range(kw):
                                total += xp[n, c, i * sh + a * lh, j * sw + d * lw] * w[f, c, a, d]
                    out[n, f, i, j] = total
    return out"""
)
TAPS = FORWARD.format(
    body="""
    out = np.zeros((N, F, Ho, Wo), x.dtype) + b[:, None, None]
    for a in range(kh):
        for d in range(kw):
            part = xp[:, :, a * lh : a * lh + sh * (Ho - 1) + 1 : sh, d * lw : d * lw + sw * (Wo - 1) + 1 : sw]
            out += np.einsum("ncij,fc->nfij", part, w[:, :, a, d])
    return out"""
)
LIBRARY = FORWARD.format(
    body="""
    v = np.lib.stride_tricks.sliding_window_view(xp, ((kh - 1) * lh + 1, (kw - 1) * lw + 1), axis=(2, 3))
    v = v[:, :, ::sh, ::sw, ::lh, ::lw]
    return np.tensordot(v, w, axes=((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2) + b[:, None, None]"""
)
BIAS_IN_CHANNELS = SEVEN.replace("total = b[f]", "total = 0.0").replace(
    "                        for a in range(kh):",
    "                        total += b[f]\n                        for a in range(kh):",
)
NO_ERROR = FORWARD.replace(
    "Ho, Wo = output_sizes(H, W, (kh, kw), stride, pad, dilation)",
    "Ho = max(0, (H + 2 * ph - lh * (kh - 1) - 1) // sh + 1)\n"
    "    Wo = max(0, (W + 2 * pw - lw * (kw - 1) - 1) // sw + 1)",
)

BACKWARD = """
#| export
def conv_backward(dout, x, w, stride=(1, 1), pad=(0, 0), dilation=(1, 1)):
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    (sh, sw), (ph, pw), (lh, lw) = stride, pad, dilation
    xp = padded(x, pad)
{body}
"""
SEVEN_BACK = BACKWARD.format(
    body="""
    N, F, Ho, Wo = dout.shape
    dxp, dw, db = np.zeros_like(xp), np.zeros_like(w), np.zeros(F, w.dtype)
    for n in range(N):
        for f in range(F):
            for i in range(Ho):
                for j in range(Wo):
                    g = dout[n, f, i, j]
                    db[f] += g
                    for c in range(C):
                        for a in range(kh):
                            for d in range(kw):
                                y, z = i * sh + a * lh, j * sw + d * lw
                                dxp[n, c, y, z] += g * w[f, c, a, d]
                                dw[f, c, a, d] += g * xp[n, c, y, z]
    return dxp[:, :, ph : ph + H, pw : pw + W], dw, db"""
)
TAPS_BACK = BACKWARD.format(
    body="""
    N, F, Ho, Wo = dout.shape
    dxp, dw = np.zeros_like(xp), np.empty_like(w)
    for a in range(kh):
        for d in range(kw):
            at = (slice(None), slice(None), slice(a * lh, a * lh + sh * (Ho - 1) + 1, sh),
                  slice(d * lw, d * lw + sw * (Wo - 1) + 1, sw))
            dw[:, :, a, d] = np.einsum("nfij,ncij->fc", dout, xp[at])
            dxp[at] += np.einsum("nfij,fc->ncij", dout, w[:, :, a, d])
    return [dxp[:, :, ph : ph + H, pw : pw + W].copy(), dw, np.einsum("nfij->f", dout)]"""
)
CROP = "return dxp[:, :, ph : ph + H, pw : pw + W], dw, dout.sum(axis=(0, 2, 3))"
ADD_DW = "dw[f] += dout[n, f, i, j] * xp[n, :, rows, columns]"
ADD_DX = "dxp[n, :, rows, columns] += dout[n, f, i, j] * w[f]"
ROWS = "rows = slice(i * sh, i * sh + (kh - 1) * lh + 1, lh)"
COLUMNS = "columns = slice(j * sw, j * sw + (kw - 1) * lw + 1, lw)"
WINDOW = "out[n, f, i, j] = (xp[n, :, rows, columns] * w[f]).sum() + b[f]"
TURNED = "turned = w[:, :, ::-1, ::-1].swapaxes(0, 1)"
FULL_PAD = "pad=(kh - 1 - ph, kw - 1 - pw)"

IM2COL = """
#| export
def im2col(x, kernel, stride=(1, 1), pad=(0, 0), dilation=(1, 1), fill=0.0):
    (N, C, H, W), (kh, kw), (sh, sw), (lh, lw) = x.shape, kernel, stride, dilation
    Ho, Wo = output_sizes(H, W, kernel, stride, pad, dilation)
    xp = padded(x, pad, fill)
{body}
"""
IM2COL_LOOPS = IM2COL.format(
    body="""
    cols = np.zeros((N, C * kh * kw, Ho * Wo), x.dtype)
    for i in range(Ho):
        for j in range(Wo):
            window = xp[:, :, i * sh : i * sh + kh * lh : lh, j * sw : j * sw + kw * lw : lw]
            cols[:, :, i * Wo + j] = window[:, :, :kh, :kw].reshape(N, -1)
    return cols"""
)
IM2COL_FANCY = IM2COL.format(
    body="""
    y = sh * np.arange(Ho)[:, None] + lh * np.arange(kh)[:, None, None, None]
    z = sw * np.arange(Wo) + lw * np.arange(kw)[:, None, None]
    return xp[:, :, y, z].reshape(N, C * kh * kw, Ho * Wo)"""
)
IM2COL_SHAPE_STRIDES = IM2COL.format(
    body="""
    Hp, Wp, size = xp.shape[2], xp.shape[3], xp.itemsize
    tn, tc, th, tw = C * Hp * Wp * size, Hp * Wp * size, Wp * size, size
    view = strided(xp, (N, C, kh, kw, Ho, Wo), (tn, tc, th * lh, tw * lw, th * sh, tw * sw))
    return np.array(view, order="C").reshape(N, C * kh * kw, Ho * Wo)"""
)
SHAPE6, STRIDES6 = "(N, C, kh, kw, Ho, Wo)", "(tn, tc, th * lh, tw * lw, th * sh, tw * sw)"
COPY = 'return np.array(view, order="C").reshape(N, C * kh * kw, Ho * Wo)'

COL2IM = """
#| export
def col2im(cols, shape, kernel, stride=(1, 1), pad=(0, 0), dilation=(1, 1)):
    (N, C, H, W), (kh, kw), (sh, sw) = shape, kernel, stride
    (ph, pw), (lh, lw) = pad, dilation
    Ho, Wo = output_sizes(H, W, kernel, stride, pad, dilation)
    xp = np.zeros((N, C, H + 2 * ph, W + 2 * pw), cols.dtype)
{body}
    return xp[:, :, ph : ph + H, pw : pw + W]
"""
COL2IM_WINDOWS = COL2IM.format(
    body="""
    taps = cols.reshape(N, C, kh, kw, Ho, Wo)
    for i in range(Ho):
        for j in range(Wo):
            rows, columns = i * sh + lh * np.arange(kh), j * sw + lw * np.arange(kw)
            xp[:, :, rows[:, None], columns] += taps[..., i, j]"""
)
COL2IM_ADD_AT = COL2IM.format(
    body="""
    y = sh * np.arange(Ho)[:, None] + lh * np.arange(kh)[:, None, None, None]
    z = sw * np.arange(Wo) + lw * np.arange(kw)[:, None, None]
    np.add.at(xp, (slice(None), slice(None), y, z), cols.reshape(N, C, kh, kw, Ho, Wo))"""
)
COL2IM_COUNTED = COL2IM_ADD_AT.replace(
    "    return xp",
    """    count = np.zeros_like(xp)
    np.add.at(count, (slice(None), slice(None), y, z), 1)
    xp /= np.maximum(count, 1)
    return xp""",
)

MAX_RETURN = "return pool_windows(x, window, stride, pad, dilation, -np.inf).max(axis=2)"
MAX_WINDOWS = "windows = pool_windows(x, window, stride, pad, dilation, -np.inf)\n"
WINNER = "winner = windows.argmax(axis=2, keepdims=True)  # the first one, where several are equal"
PUT = "np.put_along_axis(shares, winner, dout[:, :, None], axis=2)"
MEAN_RETURN = "return pool_windows(x, window, stride, pad, dilation, 0.0).mean(axis=2)"
MEAN_SHARES = "shares = np.repeat(dout[:, :, None] / taps, taps, axis=2)"
LAST_GATHER = """    shares = np.repeat(dout[:, :, None] / taps, taps, axis=2)
    return pool_gather(shares, x.shape, window, stride, pad, dilation)"""
OVERWRITE = """    (kh, kw), (sh, sw), (ph, pw), (lh, lw) = window, stride, pad, dilation
    dx = np.zeros((*x.shape[:2], x.shape[2] + 2 * ph, x.shape[3] + 2 * pw), dout.dtype)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            dx[:, :, i * sh : i * sh + (kh - 1) * lh + 1 : lh, j * sw : j * sw + (kw - 1) * lw + 1 : lw] = (
                dout[:, :, i, j, None, None] / (kh * kw))
    return dx[:, :, ph : ph + x.shape[2], pw : pw + x.shape[3]]"""

FLAT = "out = w.reshape(F, -1) @ cols + b[:, None]  # (N, F, Ho*Wo)"
DW = "dw = (flat @ cols.swapaxes(1, 2)).sum(axis=0).reshape(w.shape)"
DCOLS = "dcols = w.reshape(F, -1).T @ flat  # (N, C*kh*kw, Ho*Wo)"
DX = "dx = col2im(dcols, x.shape, (kh, kw), stride, pad, dilation)"
MATMUL_RETURN = "return dx, dw, dout.sum(axis=(0, 2, 3))"

WRONG = [
    # 4.1
    w("4.1", "flipped", "kernel is flipped", ("* kernel)", "* kernel[::-1, ::-1])")),
    w("4.1", "flipped rows", "upside down", ("* kernel)", "* kernel[::-1])")),
    w("4.1", "transposed kernel", "kernel is transposed",
      code=FOUR_LOOPS.format(product="image[i + a, j + b] * kernel[b, a]", result="total").replace(
          "for a in range(kh)", "for a in range(kw)").replace("for b in range(kw)", "for b in range(kh)")),
    w("4.1", "rows and columns exchanged", "Rows and columns are exchanged",
      code=FOUR_LOOPS.format(product="image[j + b, i + a] * kernel[b, a]", result="total").replace(
          "kernel[b, a]", "kernel[a, b]")),
    w("4.1", "last product only", "add them up",
      code=FOUR_LOOPS.format(product="0", result="image[i + a, j + b] * kernel[a, b]")),
    w("4.1", "mean", "averaged", (".sum()", ".mean()")),
    w("4.1", "no weights", "without the kernel's weights", (" * kernel)", ")")),
    w("4.1", "sum runs on", "start each one at 0",
      code=FOUR_LOOPS.format(product="image[i + a, j + b] * kernel[a, b]", result="total").replace(
          "            total = 0.0\n", "").replace("    for i in", "    total = 0.0\n    for i in", 1)),
    w("4.1", "one row too few", "the last window ends at the edge",
      ("np.zeros((H - kh + 1, W - kw + 1)", "np.zeros((H - kh, W - kw)")),
    w("4.1", "size of the image", "must stay inside", ("np.zeros((H - kh + 1, W - kw + 1)", "np.zeros((H, W)"),
      ("image[i : i + kh, j : j + kw]", "np.pad(image, 9)[i + 9 : i + 9 + kh, j + 9 : j + 9 + kw]")),
    w("4.1", "no return", "return", ("return out", "pass")),
    w("4.1", "returns in the loop", "is `return` inside",
      code=FOUR_LOOPS.format(product="image[i + a, j + b] * kernel[a, b]", result="total").replace(
          "total += image[i + a, j + b] * kernel[a, b]",
          "total += image[i + a, j + b] * kernel[a, b] * (a == b == 0)")),
    w("4.1", "kernel scaled in place", "was changed",
      ("    out = np.zeros", "    kernel *= 1.5\n    out = np.zeros")),
    w("4.1", "upright kernels", "image (7, 4), kernel (3, 1)",
      ("return out", "out[:, W - kw :] *= kw > 1\n    return out")),
    w("4.1", "dtype of the image", "fractions are cut off",
      ("np.zeros((H - kh + 1, W - kw + 1)", "np.zeros((H - kh + 1, W - kw + 1), image.dtype")),
    w("4.1", "one array for all calls", "a later call changes this result",
      ("out = np.zeros((H - kh + 1, W - kw + 1))",
       "out = correlate.__dict__.setdefault((H, W, kh, kw), np.zeros((H - kh + 1, W - kw + 1)))")),
    # 4.2
    w("4.2", "room without the padding", "that fits", ("if span > room", "if span > size")),
    w("4.2", "padding once", "both sides", ("size + 2 * pad", "size + pad")),
    w("4.2", "no padding", "padding is not used",
      ("(room - span)", "(size - span)")),
    w("4.2", "no plus one", "first window counts", ("// stride + 1", "// stride")),
    w("4.2", "rounded up", "rounded up", ("(room - span) // stride + 1", "-((span - room) // stride) + 1")),
    w("4.2", "true division", "whole number",
      ("(room - span) // stride + 1", "(room - span - (room - span) % stride) / stride + 1")),
    w("4.2", "fraction", "whole number", ("(room - span) // stride + 1", "(room - span) / stride + 1")),
    w("4.2", "dilation times k", "gaps", ("dilation * (k - 1) + 1", "dilation * k")),
    w("4.2", "dilation ignored", "dilation is not used", ("dilation * (k - 1) + 1", "k")),
    w("4.2", "stride ignored", "stride is not used", ("// stride + 1", "+ 1")),
    w("4.2", "plus one too early", "after the division",
      ("(room - span) // stride + 1", "(room - span + 1) // stride")),
    w("4.2", "zero instead of an error", "expected a ValueError",
      ('raise ValueError(f"The kernel spans {span} pixels, the padded image has only {room}.")',
       "return 0")),
    w("4.2", "no check at all", "expected a ValueError", ("if span > room", "if False")),
    w("4.2", "another error", "AssertionError",
      ('raise ValueError(f"The kernel spans {span} pixels, the padded image has only {room}.")',
       'raise AssertionError("does not fit")')),
    w("4.2", "an error that says nothing", "Name both numbers",
      ('raise ValueError(f"The kernel spans {span} pixels, the padded image has only {room}.")',
       "raise ValueError")),
    w("4.2", "refuses a kernel that just fits", "that fits, once", ("span > room", "span >= room")),
    w("4.2", "error is returned", "`raise` instead of `return`", ("        raise ValueError(", "        return ValueError(")),
    w("4.2", "names the span only", "Name both numbers", (", the padded image has only {room}.", ".")),
    w("4.2", "names k and size", "Name both numbers",
      ('f"The kernel spans {span} pixels, the padded image has only {room}."', 'f"{k} does not fit into {size}"')),
    # 4.3
    w("4.3", "flipped", "kernel is flipped", ("* w[f])", "* w[f, :, ::-1, ::-1])")),
    w("4.3", "flipped across", "left to right", ("* w[f])", "* w[f, :, :, ::-1])")),
    w("4.3", "transposed kernel", "kernel is transposed",
      code=SEVEN.replace("w[f, c, a, d]", "w[f, c, d, a]")),
    w("4.3", "rows and columns exchanged", "Rows and columns are exchanged",
      code=SEVEN.replace("xp[n, c, i * sh + a * lh, j * sw + d * lw]",
                         "xp[n, c, j * sw + d * lw, i * sh + a * lh]")),
    w("4.3", "output transposed", "output is transposed",
      code=SEVEN.replace("out[n, f, i, j] = total", "out[n, f, j, i] = total")),
    w("4.3", "stride ignored", "stride is ignored",
      (ROWS, ROWS.replace("i * sh", "i")), (COLUMNS, COLUMNS.replace("j * sw", "j"))),
    w("4.3", "strides exchanged", "strides are exchanged",
      ("(sh, sw), (lh, lw) = stride, dilation", "(sw, sh), (lh, lw) = stride, dilation")),
    w("4.3", "stride of the width twice", "stride of the",
      (ROWS, ROWS.replace("i * sh", "i * sw"))),
    w("4.3", "dilation ignored", "dilation is ignored",
      (ROWS, "rows = slice(i * sh, i * sh + kh)"), (COLUMNS, "columns = slice(j * sw, j * sw + kw)")),
    w("4.3", "channel 0 only", "channel 0 is read",
      ("(xp[n, :, rows, columns] * w[f])", "(xp[n, 0, rows, columns] * w[f, 0])")),
    w("4.3", "last channel only", "last channel counts",
      (WINDOW, "for c in range(C):\n            out[n, f, i, j] = (xp[n, c, rows, columns] * w[f, c]).sum() + b[f]")),
    w("4.3", "first image only", "image 0", ("xp[n, :, rows", "xp[0, :, rows")),
    w("4.3", "loop stops after one image", "first image",
      (WINDOW, WINDOW + "\n        if n:\n            out[n] = 0")),
    w("4.3", "bias per channel", "once per channel", code=BIAS_IN_CHANNELS),
    w("4.3", "bias per product", "once per product", ("* w[f]).sum() + b[f]", "* w[f] + b[f]).sum()")),
    w("4.3", "bias missing", "bias is missing", (" + b[f]", "")),
    w("4.3", "padding ignored", "raised", ("xp[n, :, rows", "x[n, :, rows")),
    w("4.3", "padding on one side", "both sides",
      ("    out = np.zeros", "    ph, pw = pad\n    xp = np.pad(x, ((0, 0), (0, 0), (0, 2 * ph), (0, 2 * pw)))\n    out = np.zeros")),
    w("4.3", "paddings exchanged", "exchanged",
      ("    out = np.zeros", "    xp = np.pad(x, ((0, 0), (0, 0), (9, 9), (9, 9)))[:, :, 9 - pad[1] :, 9 - pad[0] :]\n    out = np.zeros")),
    w("4.3", "mean over channels", "channels became a mean",
      (".sum() + b[f]", ".sum(axis=(1, 2)).mean() + b[f]")),
    w("4.3", "last product only", "add all products up",
      code=SEVEN.replace("total += xp", "total = b[f] + xp")),
    w("4.3", "float64 whatever comes in", "dtype", ("np.zeros((N, F, Ho, Wo), x.dtype)", "np.zeros((N, F, Ho, Wo))")),
    w("4.3", "images and filters exchanged", "leading axes",
      ("return out", "return out.swapaxes(0, 1)")),
    w("4.3", "channels last", "Channels come before", ("return out", "return out.transpose(0, 2, 3, 1)")),
    w("4.3", "works in x", "was changed", ("    out = np.zeros", "    x -= x.mean()\n    out = np.zeros")),
    w("4.3", "large kernels are let through", "nothing was raised",
      code=NO_ERROR.format(body=SEVEN.split("xp = padded(x, pad)\n")[1])),
    w("4.3", "index arrays move an axis", "numpy move axes",
      (ROWS, "rows = i * sh + lh * np.arange(kh)[:, None]"),
      (COLUMNS, "columns = j * sw + lw * np.arange(kw)")),
    w("4.3", "no return", "return", ("return out", "pass")),
    w("4.3", "stops at uneven strides", "stride (3, 2)): your code raised", ("out = np.zeros((N, F, Ho, Wo), x.dtype)", "assert sh == sw\n    out = np.zeros((N, F, Ho, Wo), x.dtype)")),
    w("4.3", "kept between calls", "the first result once more",
      ("    out = np.zeros", "    kept = conv_forward.__dict__\n    if (x.shape, w.shape) in kept:\n"
       "        return kept[x.shape, w.shape]\n    out = kept[x.shape, w.shape] = np.zeros")),
    # 4.4
    w("4.4", "stride of one axis", "The stride of the height is missing",
      (ROWS, "rows = slice(i, i + (kh - 1) * lh + 1, lh)")),
    w("4.4", "dw with the windows of image 0", "used for every image",
      (ADD_DW, "dw[f] += dout[n, f, i, j] * xp[0, :, rows, columns]")),
    w("4.4", "what no window reads", "no window reads",
      (CROP, CROP.replace("ph : ph + H,", "ph : max(ph + 1, (dout.shape[2] - 1) * sh + (kh - 1) * lh + 1 - ph),"))),
    w("4.4", "sums run on", "second call changes", (ADD_DW, ADD_DW.replace("dw[f]", "kept[f]")),
      ("    for n, f", "    kept = conv_backward.__dict__.setdefault(w.shape, np.zeros(w.shape, w.dtype))\n"
       "    for n, f"), (CROP, CROP.replace(", dw,", ", kept,"))),
    w("4.4", "averaged over the batch", "averaged over the batch",
      (CROP, CROP.replace("dout.sum(axis=(0, 2, 3))", "dout.sum(axis=(2, 3)).mean(axis=0)"))),
    w("4.4", "dw averaged over the batch", "averaged over the batch", (ADD_DW, ADD_DW + " / N")),
    w("4.4", "dx averaged over the batch", "averaged over the batch", (ADD_DX, ADD_DX + " / N")),
    w("4.4", "dw overwrites", "last window", (ADD_DW, ADD_DW.replace("+=", "="))),
    w("4.4", "dx overwrites", "overwrite each other", (ADD_DX, ADD_DX.replace("+=", "="))),
    w("4.4", "dx shifted by the padding", "wrong side",
      (CROP, CROP.replace("ph : ph + H, pw : pw + W", ":H, :W"))),
    w("4.4", "crop exchanged", "exchanged",
      (CROP, CROP.replace("ph : ph + H, pw : pw + W", "pw : pw + H, ph : ph + W"))),
    w("4.4", "padding kept", "still there", (CROP, CROP.replace("[:, :, ph : ph + H, pw : pw + W]", ""))),
    w("4.4", "empty crop", "is empty when", (CROP, CROP.replace("ph : ph + H, pw : pw + W", "ph:-ph, pw:-pw"))),
    w("4.4", "padding forgotten in dw", "padding is all at the bottom",
      (ADD_DW, "dw[f] += dout[n, f, i, j] * np.pad(x, ((0, 0), (0, 0), (0, 2 * ph), (0, 2 * pw)))[n, :, rows, columns]")),
    w("4.4", "flipped dw", "flipped", (CROP, CROP.replace(", dw,", ", dw[:, :, ::-1, ::-1],"))),
    w("4.4", "flipped dx", "flipped once too often", (ADD_DX, ADD_DX.replace("w[f]", "w[f, :, ::-1, ::-1]"))),
    w("4.4", "transposed dw", "transposed",
      code=SEVEN_BACK.replace("dw[f, c, a, d] +=", "dw[f, c, d, a] +=")),
    w("4.4", "first image only", "first image", (ADD_DW, "dw[f] += (n == 0) * dout[n, f, i, j] * xp[n, :, rows, columns]")),
    w("4.4", "channel 0 only", "channel 0",
      (ADD_DW, "dw[f] += dout[n, f, i, j] * xp[n, :1, rows, columns]")),
    w("4.4", "filter 0 only", "filter 0", (ADD_DX, "dxp[n, :, rows, columns] += (f == 0) * dout[n, f, i, j] * w[f]")),
    w("4.4", "dx of the first image only", "first image",
      (ADD_DX, ADD_DX.replace("w[f]", "w[f] * (n == 0)"))),
    w("4.4", "db per channel", "once per channel",
      (CROP, CROP.replace("dout.sum(axis=(0, 2, 3))", "C * dout.sum(axis=(0, 2, 3))"))),
    w("4.4", "db is a mean", "is a mean", (CROP, CROP.replace("dout.sum(", "dout.mean("))),
    w("4.4", "stride ignored", "stride is ignored",
      (ROWS, ROWS.replace("i * sh", "i")), (COLUMNS, COLUMNS.replace("j * sw", "j"))),
    w("4.4", "dilation ignored", "dilation is ignored",
      (ROWS, "rows = slice(i * sh, i * sh + kh)"), (COLUMNS, "columns = slice(j * sw, j * sw + kw)")),
    w("4.4", "x and w confused", "order is",
      (CROP, "return dw, dxp[:, :, ph : ph + H, pw : pw + W], dout.sum(axis=(0, 2, 3))")),
    w("4.4", "gradient without dout", "dout is not used", (ADD_DX, "dxp[n, :, rows, columns] += w[f]")),
    w("4.4", "two of three", "three arrays", (CROP, "return dxp[:, :, ph : ph + H, pw : pw + W], dw")),
    w("4.4", "float64 whatever comes in", "dtype", ("np.zeros(xp.shape, x.dtype)", "np.zeros(xp.shape)")),
    w("4.4", "adds into w", "was changed", ("np.zeros(w.shape, w.dtype)", "w")),
    w("4.4", "no return", "return", (CROP, "pass")),
    # 4.5
    w("4.5", "not flipped", "not flipped", (TURNED, "turned = w.swapaxes(0, 1)")),
    w("4.5", "flipped upside down only", "upside down only", (TURNED, "turned = w[:, :, ::-1].swapaxes(0, 1)")),
    w("4.5", "flipped across only", "left to right only", (TURNED, "turned = w[:, :, :, ::-1].swapaxes(0, 1)")),
    w("4.5", "all axes flipped", "All four axes", (TURNED, "turned = np.flip(w).swapaxes(0, 1)")),
    w("4.5", "turned by 90 degrees", "90 degrees", (TURNED, "turned = np.rot90(w, 1, (2, 3)).swapaxes(0, 1)")),
    w("4.5", "transposed", "transposed, not turned", (TURNED, "turned = w.swapaxes(2, 3).swapaxes(0, 1)")),
    w("4.5", "no padding", "dout needs padding", (FULL_PAD, "pad=(0, 0)"),),
    w("4.5", "padding not made up for", "smaller", (FULL_PAD, "pad=(kh - 1, kw - 1)")),
    w("4.5", "one too many", "not by k - pad", (FULL_PAD, "pad=(kh - ph, kw - pw)")),
    w("4.5", "channels kept", "raised", (TURNED, "turned = w[:, :, ::-1, ::-1]")),
    w("4.5", "averaged", "averaged over the batch", ("return conv_forward(", "return 1 / len(dout) * conv_forward(")),
    w("4.5", "paddings exchanged", "are exchanged", (FULL_PAD, "pad=(kh - 1 - pw, kw - 1 - ph)")),
    w("4.5", "no return", "return", ("return conv_forward", "conv_forward")),
    w("4.5", "calls conv_backward", "it calls conv_backward", code="""
#| export
def conv_dx_full(dout, w, pad=(0, 0)):
    (F, C, kh, kw), (N, _, Ho, Wo) = w.shape, dout.shape
    x = np.zeros((N, C, Ho + kh - 1 - 2 * pad[0], Wo + kw - 1 - 2 * pad[1]), dout.dtype)
    return conv_backward(dout, x, w, pad=pad)[0]
"""),
    w("4.5", "axes exchanged by a reshape", "by a reshape",
      (TURNED, "turned = w[:, :, ::-1, ::-1].reshape(C, F, kh, kw)")),
    w("4.5", "a bias per filter", "C biases", ("np.zeros(C,", "np.zeros(F,")),
    w("4.5", "transposed and turned", "no more",
      (TURNED, "turned = w[:, :, ::-1, ::-1].swapaxes(2, 3).swapaxes(0, 1)")),
    # 4.6
    w("4.6", "zeros of the image filled", "Pixels that are 0 become `fill`",
      (COPY, COPY.replace("view,", "np.where(view == 0, fill, view),"))),
    w("4.6", "one array for all calls", "second call changes", (COPY,
      """kept = im2col.__dict__.setdefault((view.shape, x.dtype.char), np.empty(view.shape, x.dtype))
    kept[...] = view
    return kept.reshape(N, C * kh * kw, Ho * Wo)""")),
    w("4.6", "no infinite fill", "cols with fill -inf", ("xp = padded(x, pad, fill)",
      "xp = padded(x, pad, max(fill, np.finfo(x.dtype).min))")),
    w("4.6", "order kh, kw, C", "(kh, kw, C)",
      (SHAPE6, "(N, kh, kw, C, Ho, Wo)"), (STRIDES6, "(tn, th * lh, tw * lw, tc, th * sh, tw * sw)")),
    w("4.6", "order kw, kh", "(C, kw, kh)",
      (SHAPE6, "(N, C, kw, kh, Ho, Wo)"), (STRIDES6, "(tn, tc, tw * lw, th * lh, th * sh, tw * sw)")),
    w("4.6", "windows column by column", "column by column",
      (SHAPE6, "(N, C, kh, kw, Wo, Ho)"), (STRIDES6, "(tn, tc, th * lh, tw * lw, tw * sw, th * sh)")),
    w("4.6", "windows as rows", "other way round",
      (SHAPE6, "(N, Ho, Wo, C, kh, kw)"), (STRIDES6, "(tn, th * sh, tw * sw, tc, th * lh, tw * lw)"),
      (COPY, COPY.replace("C * kh * kw, Ho * Wo", "Ho * Wo, C * kh * kw"))),
    w("4.6", "windows as rows, reshaped", "other way round",
      (SHAPE6, "(N, Ho, Wo, C, kh, kw)"), (STRIDES6, "(tn, th * sh, tw * sw, tc, th * lh, tw * lw)")),
    w("4.6", "channels after the windows", "wrong places",
      (SHAPE6, "(N, Ho, Wo, kh, kw, C)"), (STRIDES6, "(tn, th * sh, tw * sw, th * lh, tw * lw, tc)")),
    w("4.6", "strides from the shape", "computed from the shape", code=IM2COL_SHAPE_STRIDES),
    w("4.6", "stride ignored", "stride is ignored", (STRIDES6, STRIDES6.replace("th * sh, tw * sw", "th, tw"))),
    w("4.6", "dilation ignored", "dilation is ignored", (STRIDES6, STRIDES6.replace("th * lh, tw * lw", "th, tw"))),
    w("4.6", "stride and dilation exchanged", "Stride and dilation are exchanged",
      (STRIDES6, "(tn, tc, th * sh, tw * sw, th * lh, tw * lw)")),
    w("4.6", "first channel only", "channel 0", (STRIDES6, STRIDES6.replace("tc,", "0,"))),
    w("4.6", "first image only", "image 0", (STRIDES6, STRIDES6.replace("tn,", "0,"))),
    w("4.6", "fill ignored", "fill", ("    tn, tc", "    xp = padded(x, pad)\n    tn, tc")),
    w("4.6", "six axes", "separate axes", (COPY, 'return np.array(view, order="C")')),
    w("4.6", "strides of something else", "each comes from xp.strides", ("tn, tc, th, tw = xp.strides", "tn, tc, th, tw = np.ones((9, 9, 99, 99)).strides")),
    w("4.6", "no return", "return", (COPY, COPY.replace("return ", ""))),
    w("4.6", "not copied", "still a view", (COPY, COPY.replace('np.array(view, order="C")', "view"))),
    w("4.6", "strides of x", "those of x", ("tn, tc, th, tw = xp.strides", "tn, tc, th, tw = x.strides")),
    w("4.6", "numbers instead of bytes", "must count bytes",
      ("tn, tc, th, tw = xp.strides", "tn, tc, th, tw = (t // xp.itemsize for t in xp.strides)")),
    w("4.6", "height and width exchanged", "are exchanged", ("tn, tc, th, tw = xp.strides", "tn, tc, tw, th = xp.strides")),
    # 4.7
    w("4.7", "overwrites", "overwrite", ("] += taps", "] = taps")),
    w("4.7", "overwrites by window", "overwrite", code=COL2IM_WINDOWS.replace("+= taps", "= taps")),
    w("4.7", "fancy indices swallow repeats", "overwrite",
      code=COL2IM.format(body="""
    y = sh * np.arange(Ho)[:, None] + lh * np.arange(kh)[:, None, None, None]
    z = sw * np.arange(Wo) + lw * np.arange(kw)[:, None, None]
    xp[:, :, y, z] += cols.reshape(N, C, kh, kw, Ho, Wo)""")),
    w("4.7", "averaged", "averaged", code=COL2IM_COUNTED),
    w("4.7", "cut off at the corner", "wrong side", ("xp[:, :, ph : ph + H, pw : pw + W]", "xp[:, :, :H, :W]")),
    w("4.7", "padding kept", "still there", ("return xp[:, :, ph : ph + H, pw : pw + W]", "return xp")),
    w("4.7", "empty crop", "is empty when", ("xp[:, :, ph : ph + H, pw : pw + W]", "xp[:, :, ph:-ph, pw:-pw]")),
    w("4.7", "taps flipped", "upside down", ("taps[:, :, a, b]", "taps[:, :, kh - 1 - a, kw - 1 - b]")),
    w("4.7", "taps read as kh, kw, C", "(kh, kw, C)",
      ("taps[:, :, a, b]", "cols.reshape(N, kh, kw, C, Ho, Wo)[:, a, b]")),
    w("4.7", "taps read as C, kw, kh", "(C, kw, kh)",
      ("taps[:, :, a, b]", "cols.reshape(N, C, kw, kh, Ho, Wo)[:, :, b, a]")),
    w("4.7", "windows first", "taps first",
      ("taps[:, :, a, b]", "cols.reshape(N, Ho, Wo, C, kh, kw)[..., a, b].transpose(0, 3, 1, 2)")),
    w("4.7", "stride ignored", "stride is ignored",
      ("slice(a * lh, a * lh + (Ho - 1) * sh + 1, sh)", "slice(a * lh, a * lh + Ho)"),
      ("slice(b * lw, b * lw + (Wo - 1) * sw + 1, sw)", "slice(b * lw, b * lw + Wo)")),
    w("4.7", "dilation ignored", "dilation is ignored",
      ("slice(a * lh, a * lh + (Ho - 1) * sh + 1, sh)", "slice(a, a + (Ho - 1) * sh + 1, sh)"),
      ("slice(b * lw, b * lw + (Wo - 1) * sw + 1, sw)", "slice(b, b + (Wo - 1) * sw + 1, sw)")),
    w("4.7", "first image only", "first image", ("xp[:, :, rows, columns] += taps[:, :, a, b]",
                                              "xp[:1, :, rows, columns] += taps[:1, :, a, b]")),
    w("4.7", "slice too long", "raised", ("(Ho - 1) * sh + 1", "(Ho + 1) * sh + 1")),
    w("4.7", "no return", "return", ("return xp", "xp")),
    w("4.7", "stride and dilation exchanged", "Stride and dilation are exchanged",
      ("slice(a * lh, a * lh + (Ho - 1) * sh + 1, sh)", "slice(a * sh, a * sh + (Ho - 1) * lh + 1, lh)"),
      ("slice(b * lw, b * lw + (Wo - 1) * sw + 1, sw)", "slice(b * sw, b * sw + (Wo - 1) * lw + 1, lw)")),
    w("4.7", "dilation as the step", "Is the dilation in its place",
      ("slice(a * lh, a * lh + (Ho - 1) * sh + 1, sh)", "slice(a * lh, a * lh + (Ho - 1) * lh + 1, lh)"),
      ("slice(b * lw, b * lw + (Wo - 1) * sw + 1, sw)", "slice(b * lw, b * lw + (Wo - 1) * lw + 1, lw)")),
    w("4.7", "stride as the start", "where a tap starts",
      ("slice(a * lh, a * lh + (Ho - 1) * sh + 1, sh)", "slice(a * sh, a * sh + (Ho - 1) * sh + 1, sh)")),
    w("4.7", "rows and columns exchanged", "b with the rows", ("xp[:, :, rows, columns] +=", "xp[:, :, columns, rows] +=")),
    # 4.8
    w("4.8", "zeros win", "minus infinity, not as zero", (MAX_RETURN, MAX_RETURN.replace("-np.inf", "0.0"))),
    w("4.8", "minimum", "smallest of the window",
      (MAX_RETURN, "return pool_windows(x, window, stride, pad, dilation, np.inf).min(axis=2)")),
    w("4.8", "over the channels", "over the channels",
      (MAX_RETURN, MAX_RETURN.replace("max(axis=2)", "max(axis=(1, 2), keepdims=True)[:, :, 0].repeat(x.shape[1], axis=1)"))),
    w("4.8", "every tie", "Every tie",
      (PUT, "shares[:] = np.where(windows == windows.max(axis=2, keepdims=True), dout[:, :, None], 0)")),
    w("4.8", "ties share", "Ties share",
      (PUT, "best = windows == windows.max(axis=2, keepdims=True)\n    shares[:] = dout[:, :, None] * best / best.sum(axis=2, keepdims=True)")),
    w("4.8", "last tie", "last pixel gets",
      (WINNER, "winner = windows.shape[2] - 1 - windows[:, :, ::-1].argmax(axis=2, keepdims=True)")),
    w("4.8", "zeros swallow the gradient", "swallows the gradient",
      (MAX_WINDOWS, MAX_WINDOWS.replace("-np.inf", "0.0"))),
    w("4.8", "to the whole window", "whole window", (PUT, "shares[:] = dout[:, :, None]")),
    w("4.8", "winner gets 1", "dout is not used", ("dout[:, :, None], axis=2)", "1.0, axis=2)")),
    w("4.8", "mean not divided", "not divided by kh * kw", (".mean(axis=2)", ".sum(axis=2)")),
    w("4.8", "mean of real pixels", "divide by kh * kw everywhere",
      (MEAN_RETURN, "inside = pool_windows(np.ones_like(x), window, stride, pad, dilation, 0.0).sum(axis=2)\n"
                    "    return pool_windows(x, window, stride, pad, dilation, 0.0).sum(axis=2) / inside")),
    w("4.8", "mean gradient not divided", "gradient is not divided",
      (MEAN_SHARES, "shares = np.repeat(dout[:, :, None], taps, axis=2)")),
    w("4.8", "mean gradient to the winner", "as for max pooling",
      (LAST_GATHER, "    return max_pool_backward(dout, x, window, stride, pad, dilation)")),
    w("4.8", "mean gradient overwrites", "overwrite each other", (LAST_GATHER, OVERWRITE)),
    w("4.8", "divided by the stride", "by the stride", ("taps = window[0] * window[1]", "taps = window[0] * window[1]\n    dout = dout * taps / (stride[0] * stride[1])")),
    w("4.8", "float64 whatever comes in", "dtype", ("np.zeros(windows.shape, dout.dtype)", "np.zeros(windows.shape)")),
    w("4.8", "stride of the window", "expected",
      (MAX_RETURN, MAX_RETURN.replace("window, stride", "window, window"))),
    w("4.8", "no return", "return", (MAX_RETURN, MAX_RETURN.replace("return ", ""))),
    w("4.8", "padding of -1e9", "not below every pixel", (MAX_RETURN, MAX_RETURN.replace("-np.inf", "-1e9"))),
    w("4.8", "padding of the smallest pixel", "not below every pixel",
      (MAX_WINDOWS, MAX_WINDOWS.replace("-np.inf", "x.min()"))),
    w("4.8", "nearly equal pixels", "compare them exactly",
      (WINNER, "winner = np.isclose(windows, windows.max(axis=2, keepdims=True)).argmax(axis=2, keepdims=True)")),
    # 4.9
    w("4.9", "another order", "Stride and dilation are exchanged",
      ("for kernel, stride, dilation in", "for kernel, dilation, stride in")),
    w("4.9", "takes the layers away", "list of layers was changed",
      ("    for kernel, stride, dilation in layers:\n",
       "    while layers:\n        kernel, stride, dilation = layers.pop(0)\n")),
    w("4.9", "no layer", "no layer at all", ("    field, step", "    layers[0]\n    field, step")),
    w("4.9", "step before the field", "before its own stride",
      ("        field += dilation * (kernel - 1) * step\n        step *= stride",
       "        step *= stride\n        field += dilation * (kernel - 1) * step")),
    w("4.9", "strides ignored", "strides are not used", ("(kernel - 1) * step", "(kernel - 1)")),
    w("4.9", "dilation ignored", "dilation is not used", ("dilation * (kernel - 1)", "(kernel - 1)")),
    w("4.9", "k instead of k - 1", "k - 1 steps", ("(kernel - 1)", "kernel")),
    w("4.9", "starts at 0", "starts at 1", ("field, step = 1, 1", "field, step = 0, 1")),
    w("4.9", "last stride only", "last layer alone", ("step *= stride", "step = stride")),
    w("4.9", "strides added", "strides multiply", ("step *= stride", "step += stride")),
    w("4.9", "from the top down", "start at the input", ("in layers:", "in layers[::-1]:")),
    w("4.9", "sizes multiply", "do not multiply",
      ("field += dilation * (kernel - 1) * step", "field *= kernel")),
    w("4.9", "field alone", "two numbers", ("return field, step", "return field")),
    w("4.9", "own stride", "own stride", ("(kernel - 1) * step", "(kernel - 1) * stride")),
    w("4.9", "step first", "field comes first", ("return field, step", "return step, field")),
    w("4.9", "dilation makes steps", "Only strides", ("step *= stride", "step *= stride * dilation")),
    w("4.9", "dilation times k", "not dilation * k - 1", ("dilation * (kernel - 1) * step", "(dilation * kernel - 1) * step")),
    w("4.9", "last layer only", "Only the last layer counts", ("field += dilation", "field = 1 + dilation")),
    # 4.10
    w("4.10", "forward calls the loops", "it calls conv_forward", (FLAT, "return conv_forward(x, w, b, stride, pad, dilation)")),
    w("4.10", "backward calls the loops", "it calls conv_backward", (DW, "return conv_backward(dout, x, w, stride, pad, dilation)")),
    w("4.10", "large product reshaped", "F before N", (FLAT, """wide = cols.swapaxes(0, 1).reshape(cols.shape[1], -1)
    out = w.reshape(F, -1) @ wide + b[:, None]""")),
    w("4.10", "dout reshaped to (F, N * Ho * Wo)", "dout has N before F",
      (DW, "dw = (dout.reshape(F, -1) @ cols.swapaxes(1, 2).reshape(-1, cols.shape[1])).reshape(w.shape)")),
    w("4.10", "dx from dout reshaped", "dout has N before F",
      (DCOLS, "dcols = (w.reshape(F, -1).T @ dout.reshape(F, -1)).reshape(-1, N, Ho * Wo).swapaxes(0, 1)")),
    w("4.10", "no bias", "bias is missing", (FLAT, "out = w.reshape(F, -1) @ cols")),
    w("4.10", "bias along the windows", "raised", (FLAT, "out = w.reshape(F, -1) @ cols + b")),
    w("4.10", "filters flattened in another order", "(C, kh, kw)",
      (FLAT, "out = w.transpose(0, 2, 3, 1).reshape(F, -1) @ cols + b[:, None]")),
    w("4.10", "flipped", "flipped", (FLAT, "out = w[:, :, ::-1, ::-1].reshape(F, -1) @ cols + b[:, None]")),
    w("4.10", "dw averaged", "averaged over the batch", (DW, DW.replace("sum(axis=0)", "mean(axis=0)"))),
    w("4.10", "dw of the last image", "last image", (DW, "dw = (flat @ cols.swapaxes(1, 2))[-1].reshape(w.shape)")),
    w("4.10", "dw reshaped instead of swapped", "swapaxes",
      (DW, "dw = (flat @ cols.reshape(N, Ho * Wo, -1)).sum(axis=0).reshape(w.shape)")),
    w("4.10", "dout scrambled", "move its axes",
      ("flat = dout.reshape(N, F, Ho * Wo)",
       "flat = dout.reshape(N, Ho * Wo, F).swapaxes(1, 2)")),
    w("4.10", "stride forgotten", "stride 1",
      ("cols = im2col(x, (kh, kw), stride, pad, dilation)  # (N, C*kh*kw, Ho*Wo)\n    out",
       "cols = im2col(x, (kh, kw), (1, 1), pad, dilation)\n    Ho, Wo = output_sizes(H, W, (kh, kw), (1, 1), pad, dilation)\n    out")),
    w("4.10", "dilation forgotten in dx", "raised", (DX, "dx = col2im(dcols, x.shape, (kh, kw), stride, pad)")),
    w("4.10", "db averaged", "averaged over the batch", (MATMUL_RETURN, "return dx, dw, dout.sum(axis=(0, 2, 3)) / N")),
    w("4.10", "filters reshaped instead of transposed", "transpose them",
      (DCOLS, "dcols = w.reshape(-1, F) @ flat")),
    w("4.10", "dcols reshaped", "dcols is reshaped",
      (DCOLS, "dcols = (flat.swapaxes(1, 2) @ w.reshape(F, -1)).reshape(N, -1, Ho * Wo)")),
    w("4.10", "not reshaped", "reshape", ("return out.reshape(N, F, Ho, Wo)", "return out")),
    w("4.10", "no return", "return", (MATMUL_RETURN, "pass")),
]  # fmt: skip

RIGHT = [
    r("4.1", "four loops", code=FOUR_LOOPS.format(product="image[i + a, j + b] * kernel[a, b]", result="total")),
    r("4.1", "by taps", code=CORRELATE.format(body="""
    h, w = H - kh + 1, W - kw + 1
    return sum(kernel[a, b] * image[a : a + h, b : b + w] for a in range(kh) for b in range(kw))""")),
    r("4.1", "einsum on windows", code=CORRELATE.format(body="""
    views = np.lib.stride_tricks.sliding_window_view(image, (kh, kw))
    return np.einsum("ijab,ab->ij", views, kernel)""")),
    r("4.2", "counted", ("return (room - span) // stride + 1", "return len(range(0, room - span + 1, stride))")),
    r("4.2", "by windows", ("if span > room", "if (room - span) // stride + 1 < 1"),
      ("return (room - span) // stride + 1", "return int(np.floor((room - span) / stride)) + 1")),
    r("4.3", "seven loops", code=SEVEN),
    r("4.3", "by taps", code=TAPS),
    r("4.3", "library windows", code=LIBRARY),
    r("4.3", "fancy indices", ("xp[n, :, rows, columns]", "xp[n][:, rows, columns]"), (ROWS, "rows = i * sh + lh * np.arange(kh)[:, None]"),
      (COLUMNS, "columns = j * sw + lw * np.arange(kw)")),
    r("4.4", "seven loops", code=SEVEN_BACK),
    r("4.4", "by taps, as a list", code=TAPS_BACK),
    r("4.4", "db in the loop", (ADD_DW, ADD_DW + "\n        db[f] += dout[n, f, i, j]"),
      (CROP, "return dxp[:, :, ph : ph + H, pw : pw + W], dw, db"),
      ("    for n, f", "    db = np.zeros(F, dout.dtype)\n    for n, f")),
    r("4.5", "np.flip", (TURNED, "turned = np.flip(w, (2, 3)).transpose(1, 0, 2, 3)")),
    r("4.5", "rot90 twice", (TURNED, "turned = np.ascontiguousarray(np.rot90(w, 2, axes=(2, 3)).swapaxes(0, 1))")),
    r("4.5", "padded by hand", ("return conv_forward(dout, turned, np.zeros(C, w.dtype), pad=(kh - 1 - ph, kw - 1 - pw))",
      "wide = padded(dout, (kh - 1 - ph, kw - 1 - pw))\n    return conv_forward(wide, turned, np.zeros(C, w.dtype))")),
    r("4.6", "loops", code=IM2COL_LOOPS),
    r("4.6", "fancy indices", code=IM2COL_FANCY),
    r("4.6", "library windows", code=IM2COL.format(body="""
    v = np.lib.stride_tricks.sliding_window_view(xp, ((kh - 1) * lh + 1, (kw - 1) * lw + 1), axis=(2, 3))
    v = v[:, :, ::sh, ::sw, ::lh, ::lw]  # (N, C, Ho, Wo, kh, kw)
    return v.transpose(0, 1, 4, 5, 2, 3).copy().reshape(N, C * kh * kw, Ho * Wo)""")),
    r("4.7", "windows", code=COL2IM_WINDOWS),
    r("4.7", "add.at", code=COL2IM_ADD_AT),
    r("4.7", "open slices", ("rows = slice(a * lh, a * lh + (Ho - 1) * sh + 1, sh)", "rows = slice(a * lh, a * lh + Ho * sh, sh)")),
    r("4.8", "loops over windows", (MAX_RETURN, """(kh, kw), (sh, sw), (lh, lw) = window, stride, dilation
    Ho, Wo = output_sizes(*x.shape[2:], window, stride, pad, dilation)
    xp, out = padded(x, pad, -np.inf), np.empty((*x.shape[:2], Ho, Wo), x.dtype)
    for i, j in np.ndindex(Ho, Wo):
        rows, columns = i * sh + lh * np.arange(kh), j * sw + lw * np.arange(kw)
        out[:, :, i, j] = xp[:, :, rows[:, None], columns].max(axis=(2, 3))
    return out""")),
    r("4.8", "one-hot winner", (PUT, "shares += (np.arange(windows.shape[2])[:, None, None] == winner) * dout[:, :, None]")),
    r("4.8", "broadcast mean", (MEAN_SHARES, "shares = np.ones((1, 1, taps, 1, 1), dout.dtype) * (dout / taps)[:, :, None]")),
    r("4.9", "as a list", ("return field, step", "return [field, step]")),
    r("4.9", "from the top", ("""    field, step = 1, 1
    for kernel, stride, dilation in layers:
        field += dilation * (kernel - 1) * step
        step *= stride
    return field, step""", """    field = 1
    for kernel, stride, dilation in reversed(layers):
        field = (field - 1) * stride + dilation * (kernel - 1) + 1
    return field, int(np.prod([s for _, s, _ in layers]))""")),
    r("4.10", "einsum", (FLAT, 'out = np.einsum("fk,nkp->nfp", w.reshape(F, -1), cols, optimize=True) + b[:, None]'),
      (DW, 'dw = np.einsum("nfp,nkp->fk", flat, cols, optimize=True).reshape(w.shape)')),
    r("4.10", "tensordot", (DW, "dw = np.tensordot(flat, cols, axes=((0, 2), (0, 2))).reshape(w.shape)"),
      (DCOLS, 'dcols = np.einsum("fk,nfp->nkp", w.reshape(F, -1), flat)')),
    r("4.10", "one large product", (FLAT, """wide = cols.swapaxes(0, 1).reshape(cols.shape[1], -1)
    out = (w.reshape(F, -1) @ wide).reshape(F, N, -1).swapaxes(0, 1) + b[:, None]""")),
]  # fmt: skip
