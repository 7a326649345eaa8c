"""Which worker runs what under pytest-xdist: the cells of one notebook stay together."""

from xdist.scheduler import LoadFileScheduling


class ByFile(LoadFileScheduling):
    """A file per worker, except that the proofs are split by notebook.

    Files come in the order of collection. By number of tests, xdist's default, files with few
    and long tests would come last, where one worker has nothing left to do beside them.
    """

    def __init__(self, config, log=None):
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        """Return the group of a test: its file, and for parametrised proofs the notebook too."""
        file, _, rest = nodeid.partition("::")
        if file.endswith("test_mistakes.py") and "[" in rest:
            return f"{file}::{rest.split('[')[1][:2]}"
        return file
