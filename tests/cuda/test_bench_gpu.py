"""The benchmark on a GPU: its cases agree with torch in the simulator, its table and its refusals."""

from types import SimpleNamespace

import pytest

from helpers.course import bench_gpu, bench_gpu_cases
from helpers.cuda import checked, has_gpu

SMALL = {
    "matmul": (9, 11, 13),
    "conv2d": (2, 3, 5, 9, 4, 3),
    "softmax cross-entropy": (5, 37),
    "reduction": (300,),
    "LSTM gates": (5, 34),
}


@pytest.mark.parametrize("name", bench_gpu_cases.CASES)
def test_the_cases_agree_with_torch_and_have_no_race(name):
    case = bench_gpu_cases.make(name, "cpu", SMALL)
    with checked() as reports:
        bench_gpu.require_equal(case)
    assert reports and not any(report.warnings for report in reports)
    assert case.results()[0][1].size


def test_a_wrong_kernel_is_not_timed():
    case = bench_gpu_cases.make("matmul", "cpu", SMALL)
    broken = bench_gpu_cases.Case(case.name, case.sizes, lambda: None, case.theirs, case.results)
    with pytest.raises(AssertionError, match=r"matmul: c differs from torch's by 1 of"):
        bench_gpu.require_equal(broken)


def test_rounds_are_interleaved_after_a_warm_up_and_the_median_counts():
    log, costs = (
        [],
        {"ours": iter([9.0, 0.5, 1.0, 5.0, 2.0]), "torch": iter([9.0, 4.0, 4.0, 5.0, 4.0])},
    )

    def clock(function, repeats):
        name = function()
        log.append((name, repeats))
        return next(costs[name])

    case = SimpleNamespace(name="sum", sizes="8", ours=lambda: "ours", theirs=lambda: "torch")
    row = bench_gpu.measure(case, clock, rounds=3)
    assert log[:4] == [("ours", 3)] * 2 + [("torch", 3)] * 2
    assert log[4:] == [
        ("ours", 4),
        ("torch", 1),
        ("torch", 1),
        ("ours", 4),
        ("ours", 4),
        ("torch", 1),
    ]
    assert row["milliseconds"] == {"ours": 2.0, "torch": 4.0}
    assert row["speed over torch"] == (2.0, 1.0, 4.0)
    text = bench_gpu.line(row)
    assert "2.000 ms" in text and "2 times torch's speed (1 to 4)" in text


def test_without_a_gpu_it_says_so_in_a_sentence(monkeypatch, capsys):
    monkeypatch.setattr("helpers.cuda.has_gpu", lambda: False)
    assert bench_gpu.main([]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("No GPU that numba can use") and said.err.count("\n") == 1
    assert not said.out


def test_without_torch_for_cuda_it_says_so(monkeypatch):
    monkeypatch.setattr("helpers.cuda.has_gpu", lambda: True)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert "install a CUDA build" in bench_gpu.why_not()


def test_wrong_requests_are_refused(monkeypatch, capsys):
    monkeypatch.setattr(bench_gpu, "why_not", lambda: "")
    monkeypatch.setattr(bench_gpu, "device", lambda: "a device")
    for arguments, says in (
        (["pool"], "No case is called 'pool'"),
        (["--rounds", "2"], "at least 3"),
    ):
        assert bench_gpu.main(arguments) == 1
        assert says in capsys.readouterr().err


@pytest.mark.gpu
def test_the_benchmark_runs_on_the_device():
    problem = bench_gpu.why_not()
    if not has_gpu() or problem:
        pytest.skip(problem)
    rows = bench_gpu.run(3)
    assert [row["name"] for row in rows] == list(bench_gpu_cases.CASES)
