"""Plots through matplotlib, as Pictures: PNG, colour-blind-safe, alternative text compulsory.

numpy and matplotlib are imported when first used, so that importing `helpers.draw` costs nothing.
"""

import io

from helpers.draw.picture import COLOURS, Picture, alternative

DPI = 100
MARKERS = ("o", "^")
DASHES = ("-", "--", "-.", ":")


def axes(n_columns=1, size=None):
    """Return a new figure and its axes (one, or an array of `n_columns`); `size` in inches."""
    import matplotlib.pyplot as plt
    import numpy as np

    size = size or (min(5.2 if n_columns == 1 else 3.6 * n_columns, 11), 3.4)
    fig, ax = plt.subplots(1, n_columns, figsize=size, layout="constrained")
    for one in np.ravel(ax):
        one.set_prop_cycle(color=COLOURS)
        one.spines[["top", "right"]].set_visible(False)
    return fig, ax


def figure(fig, alt):
    """Turn a matplotlib figure into a Picture and close it, so that it is not shown twice."""
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    alt = alternative(alt)
    if not isinstance(fig, Figure):
        raise TypeError(
            f"draw.figure needs a matplotlib figure, not {type(fig).__name__}: "
            "from axes take ax.figure."
        )
    if fig.get_layout_engine() is None:
        fig.set_layout_engine("constrained")
    data = io.BytesIO()
    fig.savefig(data, format="png", dpi=DPI, facecolor="white", metadata={"Software": None})
    plt.close(fig)
    return Picture(data.getvalue(), "image/png", alt)


def curves(series, *, xlabel, ylabel, title, alt, x=None, log=False):
    """Draw curves {"name": values} over `x` (1, 2, 3, ... by default) and return a Picture."""
    alt = alternative(alt)
    fig, ax = axes()
    for i, (name, values) in enumerate(series.items()):
        values = list(values)
        across = range(1, len(values) + 1) if x is None else x
        ax.plot(across, values, DASHES[i % len(DASHES)], label=name)
    if log:
        ax.set_yscale("log")
    if x is None:
        ax.xaxis.get_major_locator().set_params(integer=True)  # epochs have no halves
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    if len(series) > 1:
        ax.legend(frameon=False)
    return figure(fig, alt)


def decision_boundary(ax, predict, x, y, *, names=("class 0", "class 1"), levels=None, points=60):
    """Draw two classes of points over the predicted probability of class 1.

    `x` is (N, 2), `y` (N,) of 0 and 1. `predict` takes an (M, 2) array, here M = points**2, and
    returns (M,) probabilities. `names` go into the legend; `levels` are the borders of the fill,
    0, 0.1, ..., 1 by default.
    Raises ValueError for other shapes, and for predictions outside 0..1, logits for example.
    """
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap

    x, y = np.asarray(x, dtype=float), np.asarray(y)
    if x.ndim != 2 or x.shape[1] != 2 or y.shape != x.shape[:1]:
        raise ValueError(
            f"A decision boundary needs x of shape (N, 2) and y of shape (N,); "
            f"got {x.shape} and {y.shape}."
        )
    low, high = x.min(axis=0), x.max(axis=0)
    edge = 0.12 * (high - low) + 1e-9
    across = [np.linspace(a, b, points) for a, b in zip(low - edge, high + edge, strict=True)]
    grid = np.stack(np.meshgrid(*across), axis=-1)  # (points, points, 2)
    p = _probabilities(predict, grid.reshape(-1, 2)).reshape(points, points)
    fill = LinearSegmentedColormap.from_list("two", ["#7fb3d8", "#ffffff", "#eba97a"])
    levels = np.linspace(0, 1, 11) if levels is None else levels
    ax.contourf(*across, p, levels=levels, cmap=fill, vmin=0, vmax=1)
    if p.min() < 0.5 < p.max():
        ax.contour(*across, p, levels=[0.5], colors="black", linewidths=1.2)
    for k in (0, 1):
        style = {"marker": MARKERS[k], "color": COLOURS[k], "label": names[k]}
        ax.scatter(*x[y == k].T, s=26, edgecolors="white", linewidths=0.6, zorder=3, **style)
    ax.legend(frameon=True, framealpha=0.9, fontsize="small")


def _probabilities(predict, rows):
    import numpy as np

    p = np.asarray(predict(rows), dtype=float)
    if p.shape != rows.shape[:1]:
        raise ValueError(
            f"predict must return one probability per row, shape {rows.shape[:1]}; got {p.shape}."
        )
    if not (p.min() >= 0 and p.max() <= 1):  # also refuses NaN
        raise ValueError(
            f"predict must return probabilities from 0 to 1; got {p.min():.3g} to {p.max():.3g}: "
            "is the sigmoid missing?"
        )
    return p


def images(array, titles=None, columns=None, alt=None):
    """Draw images (N, H, W), or (N, H, W, 3) in colour, in a grid and return a Picture.

    All grey images share one scale. Arrays with negative numbers get a diverging map with
    symmetric limits and a colour bar. Raises ValueError for another shape or number of titles.
    """
    import matplotlib.pyplot as plt
    import numpy as np

    alt, array = alternative(alt), np.asarray(array)
    colour = array.ndim == 4 and array.shape[3] == 3
    if not (array.ndim == 3 or colour) or not array.size:
        raise ValueError(
            f"draw.images needs an array (N, H, W) or (N, H, W, 3), got {array.shape}: "
            "a single image needs image[None], channels go last."
        )
    n = len(array)
    if titles is not None and len(titles) != n:
        raise ValueError(f"draw.images got {n} images but {len(titles)} titles.")
    columns = min(n, columns or 8)
    rows = -(-n // columns)
    limit, signed = np.abs(array).max(), array.min() < 0
    if colour and (signed or limit > (255 if array.dtype == np.uint8 else 1)):
        raise ValueError("draw.images needs colours from 0 to 1, or 0 to 255 as uint8: rescale.")
    style = {"vmin": -limit if signed else 0, "vmax": limit, "cmap": "RdBu_r" if signed else "gray"}
    tall = 1.1 * min(max(array.shape[1] / array.shape[2], 0.3), 3) + 0.25 * (titles is not None)
    size = (max(1.1 * columns + 0.8 * signed, 2), tall * rows)
    fig, grid = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
    for i, ax in enumerate(grid.flat):
        ax.set_axis_off()
        if i < n:
            shown = ax.imshow(array[i], interpolation="nearest", **style)
            if titles is not None:
                ax.set_title(str(titles[i]), fontsize=9)
    if signed:
        fig.colorbar(shown, ax=grid, shrink=0.9)
    return figure(fig, alt)
