"""Pictures with alternative text: computation graphs as SVG, plots as PNG.

Every function here returns a `Picture`, except `axes` and `decision_boundary`, which draw into a
matplotlib figure that `figure` then turns into one, and `slider`, which needs a live kernel.
"""

from helpers.draw.film import backward_film, record
from helpers.draw.graph import graph
from helpers.draw.ops import traced
from helpers.draw.picture import Picture
from helpers.draw.plots import axes, curves, decision_boundary, figure, images
from helpers.draw.show import animate, film, slider
from helpers.draw.windows import cone, grids, sliding_window

__all__ = [
    "Picture",
    "animate",
    "axes",
    "backward_film",
    "cone",
    "curves",
    "decision_boundary",
    "figure",
    "film",
    "graph",
    "grids",
    "images",
    "record",
    "slider",
    "sliding_window",
    "traced",
]
