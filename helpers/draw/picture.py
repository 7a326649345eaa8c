"""`Picture`: an image as an `<img>` with alternative text, which a fresh clone shows as well.

JupyterLab drops inline `<svg>` from a notebook it does not trust yet, and its own image/png output
has no alternative text; an `<img>` whose source is a data URI survives and keeps its `alt`.
"""

import base64
import html

# Okabe and Ito, "Color Universal Design" (2008), https://jfly.uni-koeln.de/color/; yellow is left
# out, because thin yellow lines vanish on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


class Picture:
    """An image (`data` bytes of type `mime`) and the sentence that says what it shows."""

    def __init__(self, data, mime, alt):
        self.data = data
        self.mime = mime
        self.alt = alternative(alt)

    def html(self):
        """Return the `<img>` element."""
        source = base64.b64encode(self.data).decode("ascii")
        return f'<img src="data:{self.mime};base64,{source}" alt="{html.escape(self.alt)}">'

    def __repr__(self):
        return f"Picture: {self.alt}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self.html(), "text/plain": repr(self)}


def alternative(alt):
    """Return `alt` on one line; raise ValueError when there is none."""
    words = " ".join(alt.split()) if isinstance(alt, str) else ""
    if not words:
        raise ValueError(
            "A picture needs alt, one sentence that tells what it shows to who cannot see it: "
            'alt="Loss falls from 2.3 to 0.4 in ten epochs".'
        )
    return words
