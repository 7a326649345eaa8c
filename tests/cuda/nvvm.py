"""Says, where kernels cannot be compiled to PTX, whether that is a fault or a choice."""

from importlib.metadata import PackageNotFoundError, version

import pytest

from helpers.cuda import ptx


def needs_nvvm():
    """Skip where NVVM is missing, but fail where the extra `ptx` should have brought it."""
    if ptx.can_compile():
        return
    try:
        version("numba-cuda")
    except PackageNotFoundError:
        pytest.skip('no NVVM: install the extra with `python -m pip install -e ".[ptx]"`')
    pytest.fail("The extra `ptx` is installed, but numba finds no NVVM in it.")
