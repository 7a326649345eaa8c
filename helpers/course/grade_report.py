"""The report of a grading: grades.csv and points.csv for a program, report.html to read."""

import csv
import html
import io
import re
from collections import Counter, defaultdict
from pathlib import Path

from helpers.course import files

VERDICTS = ("right", "wrong", "to do", "did not run")
COLUMNS = (
    "student",
    "notebook",
    "exercise",
    "name",
    "verdict",
    "points",
    "of",
    "diagnosis",
    "notes",
)
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem;
       color: #1a1a1a; background: #ffffff; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 2rem; }
th, td { border-bottom: 1px solid #c8c8c8; padding: .3rem .6rem; text-align: left; vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
td.say { white-space: pre-wrap; overflow-wrap: anywhere; }
caption { text-align: left; font-weight: 600; }
summary { cursor: pointer; padding: .2rem 0; }
@media (prefers-color-scheme: dark) { body { color: #ececec; background: #161616; } }
"""
# Control characters, what turns the direction of writing, and halves of characters.
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
MARKS = {"right": "&#10003;", "wrong": "&#10007;", "to do": "&#9675;", "did not run": "&#9633;"}


def write(out: Path, results: list[dict], notes: list[str]) -> None:
    """Write the three files into `out`, each whole or not at all."""
    results = sorted(results, key=lambda r: (r["student"], r["notebook"]))
    files.write_atomically(out / "grades.csv", _csv(COLUMNS, _rows(results)))
    files.write_atomically(out / "points.csv", _points_csv(results))
    files.write_atomically(out / "report.html", page(results, notes))


def _rows(results: list[dict]):
    for result in results:
        for row in result["rows"]:
            yield (result["student"], result["notebook"], row["id"], row["name"], row["verdict"],
                   row["points"], row["of"], row["diagnosis"], _note(row))  # fmt: skip


def _note(row: dict) -> str:
    changed = ", ".join(row["changed"])
    return f"had changed {changed}; put back before judging" if changed else ""


def _csv(columns, rows) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    return text.getvalue()


def _plain(cell):
    """Keep a spreadsheet from taking a student's text for a formula, and from odd characters."""
    cell = UNSEEN.sub("\ufffd", cell) if isinstance(cell, str) else cell
    risky = isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{cell}" if risky else cell


def _points_csv(results: list[dict]) -> str:
    names = sorted({r["notebook"] for r in results})
    by_student: dict[str, dict[str, int]] = defaultdict(dict)
    for r in results:
        by_student[r["student"]][r["notebook"]] = sum(row["points"] for row in r["rows"])
    rows = (
        [s, *(own.get(n, 0) for n in names), sum(own.values())] for s, own in by_student.items()
    )
    return _csv(("student", *names, "total"), rows)


def page(results: list[dict], notes: list[str]) -> str:
    """Return the report as one HTML file that needs nothing else: class first, then each student."""
    students = sorted({r["student"] for r in results})
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Grades</title>",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f"<style>{STYLE}</style><h1>Grades</h1><p>{len(students)} students, {len(results)} notebooks.</p>",
        *(f"<p>{html.escape(note)}</p>" for note in notes),
        "<h2>The class</h2>", _class_table(results), _mistakes_table(results), "<h2>Students</h2>",
    ]  # fmt: skip
    for student in students:
        own = [r for r in results if r["student"] == student]
        points = sum(row["points"] for r in own for row in r["rows"])
        total = sum(row["of"] for r in own for row in r["rows"])
        head = f"{html.escape(student)}: {points} of {total} points"
        parts.append(
            f"<details><summary>{head}</summary>{''.join(map(_student_table, own))}</details>"
        )
    return UNSEEN.sub("\ufffd", "\n".join(parts) + "\n</html>\n")


def _table(caption: str, heads: list[str], rows: list[list], numbers: set[int]) -> str:
    def line(cells, tag):
        return "<tr>" + "".join(
            f"<{tag}{' class=n' if i in numbers else ' class=say' if tag == 'td' else ''}"
            f"{' scope=col' if tag == 'th' else ''}>{cell}</{tag}>" for i, cell in enumerate(cells)
        ) + "</tr>"  # fmt: skip

    body = "".join(line(row, "td") for row in rows)
    return f"<table><caption>{caption}</caption>{line(heads, 'th')}{body}</table>"


def _class_table(results: list[dict]) -> str:
    counts: dict[tuple, Counter] = defaultdict(Counter)
    for r in results:
        for row in r["rows"]:
            counts[r["notebook"], row["id"], row["name"]][row["verdict"]] += 1
    rows = [[n, id, html.escape(name), *(found[v] for v in VERDICTS)]
            for (n, id, name), found in counts.items()]  # fmt: skip
    rows.sort(key=lambda row: [int(x) for x in row[1].split(".")])
    return _table(
        "Verdicts per exercise", ["notebook", "TODO", "exercise", *VERDICTS], rows, {3, 4, 5, 6}
    )


def common(results: list[dict], most: int = 30) -> list[tuple[int, str, str]]:
    """Return the commonest mistakes: (how many students, TODO, the diagnosis of one of them).

    Diagnoses that differ in their numbers alone count as one mistake.
    """
    who, example = defaultdict(set), {}
    for r in results:
        for row in r["rows"]:
            if row["verdict"] in ("wrong", "did not run"):
                key = (row["id"], re.sub(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?", "#", row["diagnosis"]))
                who[key].add(r["student"])
                example.setdefault(key, row["diagnosis"])
    order = sorted(who, key=lambda k: (-len(who[k]), k))
    return [(len(who[k]), k[0], example[k]) for k in order[:most]]


def _mistakes_table(results: list[dict]) -> str:
    rows = [[n, id, html.escape(text[:600])] for n, id, text in common(results)]
    return _table("Common mistakes", ["students", "TODO", "what they were told"], rows, {0})


def _student_table(result: dict) -> str:
    rows = [[row["id"], html.escape(row["name"]), f"{MARKS[row['verdict']]} {row['verdict']}",
             f"{row['points']} of {row['of']}", html.escape(f"{row['diagnosis']}\n{_note(row)}".strip())]
            for row in result["rows"]]  # fmt: skip
    heads = ["TODO", "exercise", "verdict", "points", "diagnosis"]
    return _table(html.escape(result["notebook"]), heads, rows, {3})
