"""CUDA kernels written with numba, run and judged with or without a GPU.

Without a GPU, importing this package makes `kernel[blocks, threads](...)` run in a simulator. With
or without one, `sanitize` and `profile` tell what a kernel does wrong and what it costs.

What a simulator cannot say: how long a kernel takes, what caches and compilers make of it, and
what threads see that wait for each other in loops (a spinning thread is reported as a hang).
Cooperative groups, textures, float16, vector types, structured arrays, `numba.cuda.random`, ufuncs
with `target="cuda"` and several streams are refused or not modelled; `syncwarp` of a part of a
warp is taken to order the whole warp.
"""

from helpers.cuda.api import launch, profile, replay, run_compiled, sanitize, translation
from helpers.cuda.errors import KernelError
from helpers.cuda.hook import checked, has_gpu, install

__all__ = [
    "KernelError", "checked", "has_gpu", "install", "launch", "profile", "replay", "run_compiled",
    "sanitize", "translation",
]  # fmt: skip

install()
