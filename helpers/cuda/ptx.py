"""The compile gate: kernels to PTX, the GPU's assembly language, without a GPU.

Needs NVVM, which comes with the optional extra `ptx` or with a CUDA toolkit. Registers and spills
are known if the assembler `ptxas` is found as well.
"""

import math
import re
import shutil
import subprocess
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

from numba import cuda, types

from helpers.cuda import host
from helpers.cuda.errors import UnsupportedError

# CUDA C++ Programming Guide, "Compute Capabilities": per multiprocessor threads, blocks, shared
# memory in bytes; 65536 registers each, handed to warps 256 at a time.
SM = {(7, 5): (1024, 16, 65536), (8, 0): (2048, 32, 167936), (9, 0): (2048, 32, 233472)}
REGISTERS, UNIT, WARP, RESERVED = 65536, 256, 32, 1024  # bytes of shared memory the system takes


@dataclass(frozen=True)
class Ptx:
    """One kernel as assembly: `text`, for compute capability `cc`.

    `registers` per thread and `spills` (bytes) are None where ptxas is missing.
    """

    name: str
    cc: tuple
    text: str
    registers: int | None = None
    spills: int | None = None

    @property
    def float64(self):
        """The lines that compute in double precision."""
        return [line.strip() for line in self.text.splitlines() if ".f64" in line]

    @property
    def shared_bytes(self):
        """Bytes of static shared memory per block."""
        arrays = re.findall(r"^(?:\.\w+ )*\.shared .*\.b8 \S+\[(\d+)\]", self.text, re.MULTILINE)
        return sum(map(int, arrays))

    def count(self, instruction):
        """How many instructions begin so: count("fma"), count("bar.sync"), count("ld.shared")."""
        return len(
            re.findall(rf"^\s+(?:@\S+\s+)?{re.escape(instruction)}", self.text, re.MULTILINE)
        )

    def occupancy(self, threads, dynamic_shared=0):
        """Return the share of a multiprocessor's threads that blocks of `threads` can fill.

        None where the registers are not known.
        """
        if self.registers is None:
            return None
        most_threads, most_blocks, shared = SM[self.cc]
        warps = math.ceil(threads / WARP)
        per_warp = math.ceil(self.registers * WARP / UNIT) * UNIT
        need = self.shared_bytes + dynamic_shared + (RESERVED if self.cc >= (8, 0) else 0)
        blocks = min(
            most_blocks,
            most_threads // (warps * WARP),
            REGISTERS // per_warp // warps,
            shared // need if need else most_blocks,
        )
        return blocks * warps * WARP / most_threads


def can_compile():
    """Tell whether NVVM is there, so that kernels can be compiled to PTX."""
    from numba.cuda.cudadrv import nvvm

    try:
        return bool(nvvm.NVVM())
    except Exception:  # numba raises its own kinds of errors, by version
        return False


def compile_ptx(kernel, *args, cc=(8, 0), assemble=True):
    """Compile a kernel for arguments like `args` (arrays, numbers or numba types).

    `assemble` asks ptxas, another process, for registers and spills. Raises UnsupportedError with
    numba's reason if it does not compile.
    """
    signature = tuple(_type(a) for a in args)
    before, host.Device.compute_capability = host.Device.compute_capability, cc
    try:
        text, _ = cuda.compile_ptx(kernel.py_func, signature, cc=cc)
    except Exception as error:  # numba raises many kinds
        reason = " ".join(str(error).split())
        raise UnsupportedError(
            f"numba cannot compile it for a GPU: {reason}", kernel=kernel.py_func.__name__
        ) from None
    finally:
        host.Device.compute_capability = before
    return Ptx(kernel.py_func.__name__, cc, text, *(_assemble(text, cc) if assemble else ()))


def _type(value):
    from numba import typeof

    return value if isinstance(value, types.Type) else typeof(getattr(value, "_array", value))


def _ptxas():
    """Find the assembler on the path or in NVIDIA's wheels."""
    wheels = Path(sysconfig.get_path("purelib"), "nvidia")
    found = sorted([*wheels.glob("*/bin/ptxas"), *wheels.glob("*/bin/ptxas.exe")])
    return shutil.which("ptxas") or (str(found[-1]) if found else None)


def _assemble(text, cc):
    """Return registers and bytes of spills, or (None, None) without ptxas."""
    tool = _ptxas()
    if tool is None:
        return None, None
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "kernel.ptx")
        source.write_text(text)
        command = [tool, "-v", f"-arch=sm_{cc[0]}{cc[1]}", "-o", str(source) + ".cubin", source]
        said = subprocess.run(command, capture_output=True, text=True).stderr
    registers = re.search(r"Used (\d+) registers", said)
    spills = re.search(r"(\d+) bytes spill stores", said)
    return tuple(int(m.group(1)) if m else None for m in (registers, spills))
