"""The table that closes a test run: per notebook right, wrong, to do and points; the kill rate."""

from collections import defaultdict
from pathlib import Path

from helpers import ROOT

VERDICTS = ("right", "wrong", "to do", "did not run")


def gather(reports) -> tuple[dict, set, dict]:
    """Collect what the tests recorded: verdicts per notebook, edited checks, proofs per kind.

    Verdicts are {path: {id: (verdict, points)}}, proofs are {"wrong" or "right": [ok, ...]}.
    """
    verdicts, edited, proofs = defaultdict(dict), set(), defaultdict(list)
    for report in reports:
        if getattr(report, "when", None) != "call":
            continue
        for key, value in report.user_properties:
            if key == "exercise":
                path, id, verdict, points = value
                verdicts[path][id] = (verdict, points)
            elif key == "edited":
                edited.add((report.nodeid.split("::")[0], value))
            elif key == "proof":
                proofs[value].append(report.passed)
    return verdicts, edited, proofs


def lines(reports) -> list[str]:
    """Return the closing table, or nothing when neither notebooks nor proofs were run."""
    verdicts, edited, proofs = gather(reports)
    out = []
    if verdicts:
        out.append(f"{'notebook':<36}{'right':>6}{'wrong':>7}{'to do':>7}{'not run':>9}   points")
    for path in sorted(verdicts, key=_place):
        found = verdicts[path].values()
        n = {v: sum(1 for verdict, _ in found if verdict == v) for v in VERDICTS}
        earned = sum(points for verdict, points in found if verdict == "right")
        out.append(
            f"{_place(path):<36}{n['right']:>6}{n['wrong']:>7}{n['to do']:>7}{n['did not run']:>9}"
            f"   {earned} of {sum(points for _, points in found)}"
        )
    out += [f"{name}: check {id} had been edited; the original ran." for name, id in sorted(edited)]
    if proofs:
        says = {"wrong": "wrong answers rejected with the message meant for them",
                "right": "right answers accepted"}  # fmt: skip
        rates = [f"{sum(proofs[k])} of {len(proofs[k])} {says[k]}" for k in says if k in proofs]
        out.append("kill rate: " + "; ".join(rates))
    return out


def _place(path: str) -> str:
    p = Path(path)
    return p.relative_to(ROOT).as_posix() if p.is_relative_to(ROOT) else f"{p.parent.name}/{p.name}"
