"""What `make bench` compares with: CS231n's fast layers, re-implemented from their description."""

import numpy as np
from numba import njit

# The course's assignment 2 describes the method: an im2col matrix by strides, one matrix product for
# the whole batch, and a compiled col2im. Their col2im is Cython; numba compiles the same six loops.


def columns(x, kernel, stride, pad):
    """The matrix (C, kh, kw, N, Ho, Wo) of all windows, made contiguous."""
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(2, 3))
    windows = windows[:, :, ::stride, ::stride]  # (N, C, Ho, Wo, kh, kw)
    return np.ascontiguousarray(windows.transpose(1, 4, 5, 0, 2, 3))


def conv_forward(x, w, b, stride, pad):
    """Returns the output and the matrix of windows, which their backward pass reuses."""
    cols = columns(x, w.shape[2:], stride, pad)
    out = w.reshape(len(w), -1) @ cols.reshape(w[0].size, -1) + b[:, None]
    return np.ascontiguousarray(out.reshape(len(w), *cols.shape[3:]).swapaxes(0, 1)), cols


@njit
def _add_windows(cols, x, stride):
    C, kh, kw, N, Ho, Wo = cols.shape
    for n in range(N):
        for c in range(C):
            for a in range(kh):
                for t in range(kw):
                    for i in range(Ho):
                        for j in range(Wo):
                            x[n, c, stride * i + a, stride * j + t] += cols[c, a, t, n, i, j]


def conv_backward(dout, x, w, cols, stride, pad):
    """Returns dx, dw, db."""
    N, C, H, W = x.shape
    flat = dout.swapaxes(0, 1).reshape(len(w), -1)
    dw = (flat @ cols.reshape(w[0].size, -1).T).reshape(w.shape)
    dcols = (w.reshape(len(w), -1).T @ flat).reshape(cols.shape)
    dx = np.zeros((N, C, H + 2 * pad, W + 2 * pad), x.dtype)
    _add_windows(dcols, dx, stride)
    return dx[:, :, pad : pad + H, pad : pad + W], dw, dout.sum(axis=(0, 2, 3))


def pool_forward(x):
    """Max pooling 2 by 2 by reshaping; returns the output and the reshaped x."""
    N, C, H, W = x.shape
    blocks = x.reshape(N, C, H // 2, 2, W // 2, 2)
    return blocks.max(axis=3).max(axis=4), blocks


def pool_backward(dout, x, out, blocks):
    """Every equal pixel of a window gets its share, as they do it."""
    mask = blocks == out[:, :, :, None, :, None]
    dx = np.zeros(blocks.shape, x.dtype)
    dx[mask] = np.broadcast_to(dout[:, :, :, None, :, None], dx.shape)[mask]
    dx /= mask.sum(axis=(3, 5), keepdims=True)
    return dx.reshape(x.shape)


def norm_forward(x, gamma, beta, eps=1e-5):
    """Batch norm in numpy; returns out, mean, var."""
    mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
    scale = (gamma / np.sqrt(var + x.dtype.type(eps)))[:, None, None]
    return (x - mean[:, None, None]) * scale + beta[:, None, None], mean, var


def norm_backward(dout, x, gamma, mean, var, eps=1e-5):
    """Returns dx, dgamma, dbeta."""
    inverse = 1 / np.sqrt(var + x.dtype.type(eps))
    hat = (x - mean[:, None, None]) * inverse[:, None, None]
    dbeta, dgamma = dout.sum(axis=(0, 2, 3)), (dout * hat).sum(axis=(0, 2, 3))
    share = (dbeta[:, None, None] + hat * dgamma[:, None, None]) / (x.size // x.shape[1])
    return (dout - share) * (gamma * inverse)[:, None, None], dgamma, dbeta
