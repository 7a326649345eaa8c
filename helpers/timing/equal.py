"""Do two implementations return the same? Asked before either of them is timed."""

import numpy as np


def flat(result, name):
    """Return a result, which may be nested or live on a GPU, as a list of numpy arrays."""
    if result is None:
        raise ValueError(f"{name} returned None: return the result, or pass check=.")
    if isinstance(result, dict):
        result = [result[key] for key in sorted(result)]
    if isinstance(result, (tuple, list)):
        return [array for part in result for array in flat(part, name)]
    for method in ("detach", "cpu", "copy_to_host"):  # torch, torch, numba.cuda
        if hasattr(result, method):
            result = getattr(result, method)()
    return [np.asarray(result)]


def require_equal(name, got, reference, expected):
    shapes = [[a.shape for a in arrays] for arrays in (got, expected)]
    if shapes[0] != shapes[1]:
        raise AssertionError(
            f"{name} is wrong, so it is not timed: shapes {shapes[0]}, {reference} has {shapes[1]}."
        )
    for a, b in zip(got, expected, strict=True):
        if a.size == 0:
            continue
        single = any(x.dtype.kind == "f" and x.dtype.itemsize < 8 for x in (a, b))
        scale = np.abs(b).max()
        error = np.abs(a.astype(np.result_type(a, b, np.float64)) - b).max()
        if not error <= (1e-4 if single else 1e-9) * max(scale, 1e-30):
            raise AssertionError(
                f"{name} is wrong, so it is not timed: it differs from {reference} by {error:.3g}, "
                f"where the largest number is {scale:.3g}."
            )


def require_unchanged(name, before, args):
    """Raise ValueError if an array of `args` differs from its copy in `before` (None: no array)."""
    for i, (old, now) in enumerate(zip(before, args, strict=True)):
        if old is not None and not np.array_equal(old, now, equal_nan=old.dtype.kind in "fc"):
            raise ValueError(f"{name} changes its argument {i} in place: let it work on a copy.")
