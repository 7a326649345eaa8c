"""What this machine brings: versions, cores, threads, and a GPU or none."""

import importlib.metadata
import os
import platform
import sys

PACKAGES = ("numpy", "numba", "torch")  # asked for their version without being imported
BLAS_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
NO_GPU = "CUDA kernels run in the simulator"


class Panel:
    """Lines of (what, value), printed as a small table."""

    def __init__(self, lines):
        self.lines = tuple(lines)

    def __repr__(self):
        width = max(len(what) for what, _ in self.lines)
        return "\n".join(f"{what:<{width}}  {value}" for what, value in self.lines)


def panel():
    """Return a Panel of this machine; a missing package or a broken GPU driver is said in it."""
    return Panel(
        [
            ("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
            *((package, _version(package)) for package in PACKAGES),
            ("cores", str(cores())),
            ("threads", _threads()),
            ("GPU", gpu()),
        ]
    )


def gpu():
    """Say which CUDA device the kernels run on, or why they run in the simulator."""
    try:  # numba takes half a second to import, and a broken driver may raise anything
        from numba import config, cuda

        if config.ENABLE_CUDASIM:
            return "numba's simulator, because NUMBA_ENABLE_CUDASIM is set"
        if cuda.is_available():
            name = cuda.list_devices()[0].name
            return name.decode() if isinstance(name, bytes) else str(name)
        from numba.cuda.cudadrv.driver import driver

        if driver.is_available:
            return f"found, but numba lacks NVVM: install the extra ptx; until then {NO_GPU}"
    except Exception as error:
        return f"not usable ({type(error).__name__}): {NO_GPU}"
    return f"no GPU: {NO_GPU}"


def _version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed: run make lab"


def cores():
    """Count the cores that this process may use, which a container can make fewer than there are."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _threads():
    names = (*BLAS_VARIABLES, "NUMBA_NUM_THREADS")
    said = [f"{name}={os.environ[name]}" for name in names if name in os.environ]
    return ", ".join(said) or "not limited (OMP_NUM_THREADS is not set)"
