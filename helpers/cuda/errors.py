"""What can be wrong with a kernel, each kind as one short exception."""


class KernelError(Exception):
    """A kernel that would fail, hang or give wrong numbers on a GPU, found by the simulator.

    Attributes: `kind` (a word), `kernel` (its name), `line` (in the cell or file, or None),
    `source` (that line), `array`, `index`, `threads` (their names, one or two) where known.
    """

    kind = "error"

    def __init__(self, message, *, kernel="", line=None, source="", hint="", **details):
        self.message, self.kernel, self.line = message, kernel, line
        self.source, self.hint = source, hint
        self.array = details.get("array")
        self.index = details.get("index")
        self.threads = details.get("threads", ())
        self.lines = details.get("lines", () if line is None else (line,))
        super().__init__(str(self))

    def __str__(self):
        where = f" in {self.kernel}" if self.kernel else ""
        where += f", line {self.line}" if self.line is not None else ""
        where += f" `{self.source}`" if self.source else ""
        return f"{self.kind}{where}: {self.message}" + (f" {self.hint}" if self.hint else "")

    def _render_traceback_(self):
        """Return the few lines that IPython prints instead of the simulator's own frames."""
        return [f"{type(self).__name__}: {self}"]


class RaceError(KernelError):
    """Two threads touch one memory cell, at least one writes, and nothing orders them."""

    kind = "race"


class BarrierError(KernelError):
    """Only some threads of a block (or lanes of a warp) reach a barrier or a shuffle."""

    kind = "divergent barrier"


class BoundsError(KernelError):
    """An index below zero or past the end of an array."""

    kind = "out of bounds"


class UninitialisedError(KernelError):
    """A read of memory, or of a variable, that nothing has written."""

    kind = "uninitialised"


class DivisionError(KernelError):
    """An integer divided by zero, which a GPU does without a word."""

    kind = "division by zero"


class Float64Error(KernelError):
    """Arithmetic in double precision inside a float32 kernel."""

    kind = "float64"


class LimitError(KernelError):
    """A launch that the hardware refuses: too many threads, too much shared memory."""

    kind = "limits"


class UnsupportedError(KernelError):
    """Something that numba would not compile for a GPU, or that the simulator does not know."""

    kind = "unsupported"


class HangError(KernelError):
    """A loop that goes round so often that it seems never to end."""

    kind = "hang"


class BudgetError(KernelError):
    """A correct kernel that moves more data, or waits more often, than the exercise allows."""

    kind = "budget"
