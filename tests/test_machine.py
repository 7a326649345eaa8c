"""The machine panel: always an answer, whatever is missing or broken."""

import importlib.metadata
import subprocess
import sys
import types

import pytest

from helpers import machine


def lines():
    return dict(machine.panel().lines)


def fake_numba(monkeypatch, cuda, simulator=False):
    config = types.SimpleNamespace(ENABLE_CUDASIM=simulator)
    monkeypatch.setitem(sys.modules, "numba", types.SimpleNamespace(cuda=cuda, config=config))


def test_the_panel_has_a_line_for_each_fact():
    said = lines()
    assert list(said) == ["Python", "numpy", "numba", "torch", "cores", "threads", "GPU"]
    assert said["numpy"] == importlib.metadata.version("numpy")
    assert int(said["cores"]) >= 1
    text = repr(machine.panel()).splitlines()
    assert len(text) == 7 and text[1] == f"numpy    {said['numpy']}"


def test_torch_is_asked_without_being_imported():
    code = "import sys; from helpers import machine; machine.panel(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_missing_package_is_said(monkeypatch):
    def missing(package):
        raise importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(machine.importlib.metadata, "version", missing)
    assert lines()["torch"] == "not installed: run make lab"


@pytest.mark.parametrize("name", [b"NVIDIA H100", "NVIDIA H100"])
def test_a_gpu_is_called_by_name(monkeypatch, name):
    device = types.SimpleNamespace(name=name)
    cuda = types.SimpleNamespace(is_available=lambda: True, list_devices=lambda: [device])
    fake_numba(monkeypatch, cuda)
    assert lines()["GPU"] == "NVIDIA H100"


def test_numbas_simulator_is_no_gpu(monkeypatch):
    fake_numba(monkeypatch, types.SimpleNamespace(is_available=lambda: True), simulator=True)
    assert "NUMBA_ENABLE_CUDASIM" in lines()["GPU"]


def _driver(monkeypatch, available):
    driver = types.SimpleNamespace(driver=types.SimpleNamespace(is_available=available))
    monkeypatch.setitem(sys.modules, "numba.cuda.cudadrv.driver", driver)
    for package in ("numba.cuda", "numba.cuda.cudadrv"):
        monkeypatch.setitem(sys.modules, package, types.SimpleNamespace())
    fake_numba(monkeypatch, types.SimpleNamespace(is_available=lambda: False))


def test_no_gpu_is_said(monkeypatch):
    _driver(monkeypatch, available=False)
    assert lines()["GPU"] == "no GPU: CUDA kernels run in the simulator"


def test_a_gpu_without_its_compiler_is_said(monkeypatch):
    _driver(monkeypatch, available=True)
    assert lines()["GPU"].startswith("found, but numba lacks NVVM")


@pytest.mark.parametrize("error", [OSError, RuntimeError, ImportError])
def test_a_broken_driver_does_not_break_the_panel(monkeypatch, error):
    def broken():
        raise error("cuInit failed")

    fake_numba(monkeypatch, types.SimpleNamespace(is_available=broken))
    assert lines()["GPU"] == (f"not usable ({error.__name__}): CUDA kernels run in the simulator")


def test_thread_settings_are_shown(monkeypatch):
    for name in (*machine.BLAS_VARIABLES, "NUMBA_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    assert "not limited" in lines()["threads"]
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("NUMBA_NUM_THREADS", "2")
    assert lines()["threads"] == "OMP_NUM_THREADS=1, NUMBA_NUM_THREADS=2"
