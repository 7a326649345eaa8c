"""What the usual mistakes in a convolution give: causes in words, with the values they lead to."""

import numpy as np

FLIPPED = "The kernel is flipped: w[f, c, 0, 0] belongs to the first pixel of the window."
EXCHANGED = "Rows and columns are exchanged: i and a go down (axis 2), j and b go across (axis 3)."


def geometry_suspects(case, value):
    """Pairs (cause, value) for windows that lie elsewhere; `value` computes from `Taps`."""
    g = case.g

    def read(**fields):
        return lambda: value(case.taps(**fields))

    return [
        ("The stride is ignored: output i starts at row i * sh. Is the dilation in its place?",
         read(stride=(1, 1))),
        ("The two strides are exchanged: sh goes with rows.", read(stride=g.stride[::-1])),
        ("The dilation is ignored: tap a lies a * lh rows further. Is the stride in its place?",
         read(dilation=(1, 1))),
        ("The dilation stands in the place of the stride.", read(stride=g.dilation)),
        ("The stride stands in the place of the dilation.", read(dilation=g.stride)),
        ("The two dilations are exchanged: lh goes with rows.", read(dilation=g.dilation[::-1])),
        ("Stride and dilation are exchanged: windows start s apart, taps lie l apart.",
         read(stride=g.dilation, dilation=g.stride)),
        ("The padding is all at the bottom and right: it belongs on both sides.", read(pad=(0, 0))),
        ("The padding is all at the top and left: it belongs on both sides.",
         read(pad=tuple(2 * p for p in g.pad))),
        ("The two paddings are exchanged: ph goes above and below.", read(pad=g.pad[::-1])),
        ("The padding of the height is missing.", read(pad=(0, g.pad[1]))),
        ("The padding of the width is missing.", read(pad=(g.pad[0], 0))),
        ("The stride of the height is missing.", read(stride=(1, g.stride[1]))),
        ("The stride of the width is missing.", read(stride=(g.stride[0], 1))),
        ("The stride of the width is used for both axes.", read(stride=g.stride[1:] * 2)),
        ("The stride of the height is used for both axes.", read(stride=g.stride[:1] * 2)),
    ]  # fmt: skip


def output_shapes(case, front):
    """Pairs (cause, shape) of outputs with a wrong size; `front` are the axes before (Ho, Wo)."""
    g, size = case.g, case.shape[2:]
    ho, wo = g.out(*size)

    def like(other):
        return (*front, *other.out(*size))

    return [
        ("That is the size for stride 1: is the stride used?", like(g._replace(stride=(1, 1)))),
        ("That is the size without padding: is pad used?", like(g._replace(pad=(0, 0)))),
        ("That is the size for dilation 1: is it used?", like(g._replace(dilation=(1, 1)))),
        (
            "That is the size for a stride as large as the window.",
            like(g._replace(stride=g.kernel)),
        ),
        ("The strides of the two axes are exchanged.", like(g.swapped("stride"))),
        ("The paddings of the two axes are exchanged.", like(g.swapped("pad"))),
        ("The dilations of the two axes are exchanged.", like(g.swapped("dilation"))),
        ("Height and width of the kernel are exchanged.", like(g.swapped("kernel"))),
        ("The two leading axes are exchanged.", (*front[1::-1], *front[2:], ho, wo)),
        ("Channels come before height and width: (N, F, Ho, Wo).", (front[0], ho, wo, *front[1:])),
        ("That is the size of the input: the window must fit inside.", (*front, *size)),
    ]


def _first_image_only(a):
    return np.concatenate([a[:1], np.zeros_like(a[1:])])


def forward_suspects(case, x, w, b):
    def out(w=w, x=x, b=b):
        return lambda: case.taps().forward(x, w, b)

    c, taps = x.shape[1], w.shape[2] * w.shape[3]
    right = out()
    causes = [
        (FLIPPED, out(w[:, :, ::-1, ::-1])),
        ("The kernel is flipped upside down.", out(w[:, :, ::-1])),
        ("The kernel is flipped left to right.", out(w[:, :, :, ::-1])),
        ("The bias is missing.", out(b=0 * b)),
        ("The bias is added once per channel: once per output is right.", out(b=c * b)),
        ("The bias is added once per tap: once per output is right.", out(b=taps * b)),
        ("The bias is added once per product: once per output is right.", out(b=c * taps * b)),
        ("Every filter gets the bias of filter 0.", out(b=0 * b + b[0])),
        ("Only channel 0 is read: sum over all C channels.", out(w[:, :1], x[:, :1])),
        ("Only the last channel counts: add the channels up (+=).", out(w[:, -1:], x[:, -1:])),
        ("All channels are multiplied with the kernel of channel 0.",
         out(w[:, :1] + 0 * w)),
        ("All images give the output of image 0.", out(x=x[:1] + 0 * x)),
        ("Only the first image is computed.", lambda: _first_image_only(right())),
        ("All filters give the output of filter 0.", out(w[:1] + 0 * w, b=b[:1] + 0 * b)),
        ("Only the last tap of the kernel counts: add the products up (+=).",
         out(w * (np.indices(w.shape)[2:].sum(0) == w.shape[2] + w.shape[3] - 2))),
        ("Only the last product counts: add all products up (+=).",
         out(w[:, -1:] * (np.indices(w[:, -1:].shape)[2:].sum(0) == sum(w.shape[2:]) - 2),
             x[:, -1:])),
        ("The sum over the channels became a mean.", out(w / c)),
        ("The sum over the window became a mean.", out(w / taps)),
        ("Flat filters need the order (C, kh, kw), that of the rows of cols.",
         out(np.ascontiguousarray(w.transpose(0, 2, 3, 1)).reshape(w.shape))),
        ("The numbers are right, in the wrong places: the product has F as its last axis; move "
         "the axes (transpose) instead of reshaping.",
         lambda: np.ascontiguousarray(right().transpose(0, 2, 3, 1)).reshape(right().shape)),
        ("The numbers are right, in the wrong places: the product has F before N; move the axes "
         "(transpose) before you reshape.", lambda: right().swapaxes(0, 1).reshape(right().shape)),
    ]  # fmt: skip
    if w.shape[2] == w.shape[3]:
        if w.shape[1] == w.shape[2]:
            causes.append(
                (
                    "The window has its axes in the order (kh, kw, C): a number, a slice and index "
                    "arrays together make numpy move axes. Take the image first, then index it.",
                    out(w.transpose(0, 3, 1, 2)),
                )
            )
        causes += [
            ("The kernel is transposed: a counts its rows, b its columns.", out(w.swapaxes(2, 3))),
            (EXCHANGED, out(x=x.swapaxes(2, 3))),
            ("The output is transposed: i counts its rows, j its columns.",
             lambda: right().swapaxes(2, 3)),
        ]  # fmt: skip
    return causes + geometry_suspects(case, lambda t: t.forward(x, w, b))


def crops(case, padded):
    """Pairs (cause, value): the padding cut off at the wrong places of (N, C, H + 2ph, W + 2pw)."""
    h, w = case.shape[2:]
    ph, pw = case.g.pad
    shifted = "The padding is cut off at the wrong side: row 0 of x is row ph of the padded image."
    return [
        (shifted, lambda: padded()[:, :, :h, :w]),
        (shifted, lambda: padded()[:, :, 2 * ph :, 2 * pw :]),
        ("The paddings of height and width are exchanged when they are cut off.",
         lambda: padded()[:, :, pw : pw + h, ph : ph + w]),
        ("Only the padding of the height is cut off correctly.",
         lambda: padded()[:, :, ph : ph + h, :w]),
        ("Only the padding of the width is cut off correctly.",
         lambda: padded()[:, :, :h, pw : pw + w]),
    ]  # fmt: skip


def input_shapes(case):
    """Pairs (cause, shape) for a gradient that should have the shape of x."""
    (n, c, h, w), (ph, pw) = case.shape, case.g.pad
    empty = (n, c, h if ph else 0, w if pw else 0)
    still = "The padding is still there: cut it off again."
    return [
        ("The slice ph:-ph is empty when ph is 0: use ph : ph + H.", empty),
        (still, (n, c, h + 2 * ph, w + 2 * pw)),
        ("The padding of the height is cut off twice.", (n, c, h - 2 * ph, w)),
        ("That is the shape of w.", (case.filters, c, *case.g.kernel)),
    ]


def _padded_dx(case, dout, w):
    """The gradient by the padded image."""
    ph, pw = case.g.pad
    size = case.shape[2] + 2 * ph, case.shape[3] + 2 * pw
    g = case.g._replace(pad=(0, 0))
    return type(case.taps()).of(size, g).dx(dout, w)


def last_writer(case, dout, w):
    """dx when every window overwrites what the windows before it wrote, filter by filter."""
    t = case.taps()
    dx = np.zeros(case.shape)
    for f in range(dout.shape[1]):
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                one = np.einsum(
                    "n,cab,ay,bz->ncyz", dout[:, f, i, j], w[f], t.rows[i], t.columns[j]
                )
                hit = np.einsum("ay,bz->yz", t.rows[i], t.columns[j]) > 0
                dx[:, :, hit] = one[:, :, hit]
    return dx


BATCH_FIRST = "dout has N before F: move its axes (transpose) before you reshape."


def _filters_first(dout):
    """What dout becomes when it is reshaped to (F, N, Ho, Wo) instead of transposed."""
    n, f, *size = dout.shape
    return dout.reshape(f, n, *size).swapaxes(0, 1)


def dx_suspects(case, dout, x, w):
    t = case.taps()
    right = t.dx(dout, w)
    scrambled = dout.reshape(dout.shape[0], *dout.shape[2:], -1).transpose(0, 3, 1, 2)
    causes = [
        ("It is averaged over the batch: sum, do not divide by N.", right / len(x)),
        ("The windows overlap and overwrite each other: add (+=).",
         lambda: last_writer(case, dout, w)),
        ("dout is not used: multiply by the gradient of the output.", t.dx(0 * dout + 1, w)),
        ("Only the first image gets its gradient.", lambda: _first_image_only(right)),
        ("Only filter 0 is counted: the gradients of all filters add up.",
         t.dx(dout[:, :1], w[:1])),
        ("Only the last filter is counted: add (+=).", t.dx(dout[:, -1:], w[-1:])),
        ("All channels get the gradient of channel 0.", t.dx(dout, w[:, :1] + 0 * w)),
        ("The kernel is flipped once too often, or once too little.",
         t.dx(dout, w[:, :, ::-1, ::-1])),
        ("The kernel is flipped upside down only.", t.dx(dout, w[:, :, ::-1])),
        ("The kernel is flipped left to right only.", t.dx(dout, w[:, :, :, ::-1])),
        ("dout has F before (Ho, Wo): move its axes (transpose) before you reshape.",
         t.dx(scrambled, w)),
        (BATCH_FIRST, lambda: t.dx(_filters_first(dout), w)),
        *crops(case, lambda: _padded_dx(case, dout, w)),
    ]  # fmt: skip
    if w.shape[2] == w.shape[3]:
        causes += [("The kernel is transposed.", t.dx(dout, w.swapaxes(2, 3))),
                   (EXCHANGED, lambda: right.swapaxes(2, 3))]  # fmt: skip
    return causes + geometry_suspects(case, lambda t: t.dx(dout, w))


def dw_suspects(case, dout, x, w):
    t = case.taps()
    right = t.dw(dout, x)
    scrambled = dout.reshape(dout.shape[0], *dout.shape[2:], -1).transpose(0, 3, 1, 2)
    last = np.zeros_like(dout)
    last[-1, :, -1, -1] = dout[-1, :, -1, -1]
    causes = [
        ("It is averaged over the batch: sum, do not divide by N.", right / len(x)),
        ("dout is not used: multiply by the gradient of the output.", t.dw(0 * dout + 1, x)),
        ("It is averaged over the outputs: sum over them.", right / dout[0, 0].size),
        ("Only the first image is counted: sum over the batch.", t.dw(dout[:1], x[:1])),
        ("Only the last image is counted: sum over the batch (+=).", t.dw(dout[-1:], x[-1:])),
        ("The windows of image 0 are used for every image.", lambda: t.dw(dout, x[:1] + 0 * x)),
        (BATCH_FIRST, lambda: t.dw(_filters_first(dout), x)),
        ("Only the last window is counted: add (+=).", t.dw(last, x)),
        ("All channels get the gradient of channel 0.", t.dw(dout, x[:, :1] + 0 * x)),
        ("The kernel is flipped.", right[:, :, ::-1, ::-1]),
        ("dout has F before (Ho, Wo): move its axes (transpose) before you reshape.",
         t.dw(scrambled, x)),
        ("cols is reshaped where its last two axes have to be swapped (swapaxes).",
         lambda: _dw_reshaped(dout, t.windows(x), w.shape)),
    ]  # fmt: skip
    if w.shape[2] == w.shape[3]:
        causes.append(("The kernel is transposed.", right.swapaxes(2, 3)))
    return causes + geometry_suspects(case, lambda t: t.dw(dout, x))


def _dw_reshaped(dout, windows, shape):
    n, ho, wo = windows.shape[:3]
    cols = np.ascontiguousarray(windows.transpose(0, 3, 4, 5, 1, 2)).reshape(n, ho * wo, -1)
    return np.einsum("nfp,npk->fk", dout.reshape(n, -1, ho * wo), cols).reshape(shape)


def db_suspects(dout, c):
    right = dout.sum((0, 2, 3))
    return [
        ("It is averaged over the batch: sum, do not divide by N.", right / len(dout)),
        ("It is a mean: the bias is added to every output, so its gradient is the sum.",
         dout.mean((0, 2, 3))),
        ("It is counted once per channel of the input.", c * right),
        ("dout is not used: the gradient of the output comes in here.",
         0 * right + dout[:, 0].size),
        ("Only the first image is counted.", dout[0].sum((1, 2))),
        ("Only the last image is counted: add (+=).", dout[-1].sum((1, 2))),
        ("Only the last output is counted: add (+=).", dout[-1, :, -1, -1]),
        ("Only the first output of each image is counted.", dout[:, :, 0, 0].sum(0)),
    ]  # fmt: skip
