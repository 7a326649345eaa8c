"""What the kernels of notebook 07 must compute, in NumPy, and what common mistakes give."""

import numpy as np

from helpers.checks.kernel_judge import empty


def differences(image):
    """Return image[i, j + 1] - image[i, j], with 0 in the last column."""
    out = np.zeros(image.shape, image.dtype)
    out[:, :-1] = image[:, 1:] - image[:, :-1]
    return out


def difference_suspects(image, rows_covered):
    """Pairs of cause and value for `differences`; the launch covers so many rows."""
    want, left, down = differences(image), np.zeros_like(image), np.zeros_like(image)
    left[:, 1:] = image[:, 1:] - image[:, :-1]
    down[:-1] = image[1:] - image[:-1]
    lost, swapped = want.copy(), want.copy()
    lost[:, -1] = empty(1)[0]
    swapped[:, rows_covered:] = empty(1)[0]
    wrapped = np.roll(image, -1, 1) - image
    plain = want.copy()
    plain[:, -1] = -image[:, -1]
    return [("The sign is wrong: right pixel minus this one.", -want),
            ("The sign is lost: a difference may be negative.", np.abs(want)),
            ("This is the pixel minus the one on its left.", left),
            ("This is a difference down the column; j, the column, is what grows by one.", down),
            ("The last column must be 0: it has no pixel on its right, and does not wrap.", wrapped),
            ("The last column must be 0.", plain),
            ("That is the last column: write 0 there.", lost),
            ("cuda.grid(2) gives x first, and x is the column: j, i = cuda.grid(2).", swapped),
            ]  # fmt: skip


def cross_entropy(logits, labels):
    """Return losses, slopes (float32) and the suspects of both."""
    z = logits.astype(np.float64)
    rows = np.arange(len(z))
    top = z.max(1, keepdims=True)
    e = np.exp(z - top)
    p = e / e.sum(1, keepdims=True)
    one = np.zeros_like(p)
    one[rows, labels] = 1
    log_sum = np.log(e.sum(1))
    loss, slope = log_sum + top[:, 0] - z[rows, labels], p - one
    lane = _first_columns(z, labels)
    suspects = {
        "loss": [("The maximum is missing: the log of the sum is taken of shifted numbers.",
                  log_sum - z[rows, labels]),
                 ("That is the logit of column 0, not of the label.",
                  log_sum + top[:, 0] - z[:, 0]),
                 ("The sign is wrong.", -loss), ("The logit of the label is missing.",
                                                 log_sum + top[:, 0]),
                 ("Only the first 32 columns count: loop in steps of 32.", lane),
                 ("Divided by the number of rows: this is the loss of one row.", loss / len(z))],
        "dlogits": [("1 at the label is not subtracted.", p),
                    ("1 at the label is added; subtract it.", p + one),
                    ("1 is subtracted in the columns of the lane with the label's number: compare "
                     "the label with the column.",
                     p - (np.arange(z.shape[1]) % 32 == labels[:, None])), ("The sign is wrong.", -slope),
                    ("It is not divided by the sum.", e - one),
                    ("Only the first 32 columns are: go on in steps of 32.",
                     np.where(np.arange(z.shape[1]) < 32, slope, empty(1))),
                    ("Divided by the number of rows: these are slopes of one row's loss.",
                     slope / len(z))],
    }  # fmt: skip
    return loss.astype(np.float32), slope.astype(np.float32), suspects


def _first_columns(z, labels):
    rows, part = np.arange(len(z)), z[:, :32]
    top = part.max(1)
    return np.log(np.exp(part - top[:, None]).sum(1)) + top - z[rows, labels]


def windows(x, kernel, stride, pad):
    """Return the windows of x as (N, C, Ho, Wo, kh, kw) float64."""
    (sh, sw), (ph, pw) = stride, pad
    padded = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    return np.lib.stride_tricks.sliding_window_view(padded, kernel, (2, 3))[:, :, ::sh, ::sw]


MIXED = [  # causes, and what they make of (sh, sw, ph, pw)
    ("The padding is not subtracted from row and column.", lambda sh, sw, ph, pw: (sh, sw, 0, 0)),
    ("The padding is added; the formula subtracts it.", lambda sh, sw, ph, pw: (sh, sw, -ph, -pw)),
    ("The padding of the rows is added; the formula subtracts it.",
     lambda sh, sw, ph, pw: (sh, sw, -ph, pw)),
    ("The padding of the columns is added; the formula subtracts it.",
     lambda sh, sw, ph, pw: (sh, sw, ph, -pw)),
    ("The strides are exchanged.", lambda sh, sw, ph, pw: (sw, sh, ph, pw)),
    ("The padding is exchanged.", lambda sh, sw, ph, pw: (sh, sw, pw, ph)),
    ("Both are exchanged, strides and padding.", lambda sh, sw, ph, pw: (sw, sh, pw, ph)),
    ("The stride of the rows is used for the columns too.", lambda sh, sw, ph, pw: (sh, sh, ph, pw)),
    ("The stride of the columns is used for the rows too.", lambda sh, sw, ph, pw: (sw, sw, ph, pw)),
    ("The padding of the rows is used for the columns too.", lambda sh, sw, ph, pw: (sh, sw, ph, ph)),
    ("The padding of the columns is used for the rows too.", lambda sh, sw, ph, pw: (sh, sw, pw, pw)),
]  # fmt: skip


def mixed_windows(x, kernel, stride, pad):
    """Return (cause, windows) with strides and padding mixed up, zeros outside of x."""
    edge = 2 * max(x.shape[2:]) + 2 * max(kernel) + 4 * max(*stride, *pad)  # far enough outside
    padded = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (edge, edge), (edge, edge)))
    sizes = windows(x, kernel, stride, pad).shape[2:4]
    found = []
    for cause, mix in MIXED:
        sh, sw, ph, pw = mix(*stride, *pad)
        rows, columns = (
            edge + np.arange(n)[:, None] * s + np.arange(k) - p
            for n, k, s, p in zip(sizes, kernel, (sh, sw), (ph, pw), strict=True)
        )
        found.append((cause, padded[:, :, rows[:, None, :, None], columns[None, :, None, :]]))
    return found


def correlate(x, w, stride, pad):
    """Return the convolution of notebook 04 without bias, float64."""
    v = windows(x, w.shape[2:], stride, pad)
    return np.einsum("nchwij,fcij->nfhw", v, w.astype(np.float64), optimize=True)


def weight_gradient(x, dout, kernel, stride, pad):
    """Return the gradient of the weights, float64."""
    v = windows(x, kernel, stride, pad)
    return np.einsum("nchwij,nfhw->fcij", v, dout.astype(np.float64), optimize=True)
