"""Which worker runs what under pytest-xdist: the cells of one notebook stay together."""

from xdist.scheduler import LoadFileScheduling


class ByFile(LoadFileScheduling):
    """A file per worker, except that the proofs are split by notebook."""

    def _split_scope(self, nodeid: str) -> str:
        """Return the group of a test: its file, and for parametrised proofs the notebook too."""
        file, _, rest = nodeid.partition("::")
        if file.endswith("test_mistakes.py") and "[" in rest:
            return f"{file}::{rest.split('[')[1][:2]}"
        return file
