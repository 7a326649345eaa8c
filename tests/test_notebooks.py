"""Habits that every notebook keeps: its order, sizes, headings, metadata, alternative texts."""

import ast
import re
from statistics import median

import pytest

from helpers.course import build, files
from helpers.exercise import count

NAMES = files.names()
SOLUTIONS = {name: files.read(files.SOLUTIONS / f"{name}.ipynb") for name in NAMES}
each = pytest.mark.parametrize("name", NAMES)


def code(name):
    return [c for c in SOLUTIONS[name].cells if c.cell_type == "code"]


def prose(name):
    return [c for c in SOLUTIONS[name].cells if c.cell_type == "markdown"]


@each
def test_the_fixed_order(name):
    parts = [r"^# \w+ ", r"\*\*You will build\*\*", r"\*\*Time\*\*.*\*\*Needs\*\*", r"^## Takeaways",
             r"^## Sources", r"^## Common mistakes"]  # fmt: skip
    text = "\n\n".join(c.source for c in prose(name))
    places = [re.search(part, text, re.M) for part in parts]
    assert None not in places, [p for p, found in zip(parts, places, strict=True) if not found]
    assert [p.start() for p in places] == sorted(p.start() for p in places)
    assert len(re.findall(r"^# ", text, re.M)) == 1
    assert 2 <= len(re.findall(r"Predict first", text)) <= 4
    assert "setup" in files.tags(code(name)[0])


@each
def test_takeaways_are_three_and_end_on_a_question(name):
    cell = next(c for c in prose(name) if c.source.startswith("## Takeaways"))
    assert len(re.findall(r"^\d\. ", cell.source, re.M)) == 3
    assert cell.source.rstrip().endswith("?")


@each
def test_headings_do_not_skip_a_level(name):
    level = 0
    for cell in prose(name):
        for hashes in re.findall(r"^(#+) ", cell.source, re.M):
            assert len(hashes) <= level + 1
            level = len(hashes)


@each
def test_sizes(name):
    lines = []
    for cell in code(name):
        source = cell.source
        if "exercise" in files.tags(cell):
            source = build.stub(source, "0.0", "")
        n = sum(1 for line in source.splitlines() if line.strip())
        assert n <= (40 if "exercise" in files.tags(cell) else 25), source
        lines.append(n)
    assert median(lines) <= 8
    for cell in prose(name):
        text = re.sub(r"<details>.*?</details>|\$\$.*?\$\$|^#.*$|<img[^>]*>", "", cell.source,
                      flags=re.S | re.M)  # fmt: skip
        if not cell.source.startswith("## Sources"):
            assert len(text.split()) <= 150, text


@each
def test_at_most_three_code_cells_in_a_row(name):
    kinds = "".join("c" if c.cell_type == "code" else "m" for c in SOLUTIONS[name].cells)
    assert "cccc" not in kinds


@each
def test_exercise_headings_say_what_the_check_knows(name):
    text = "\n\n".join(c.source for c in prose(name))
    for id, e in build.checks_of(name).items():
        stars = (
            f"*Difficulty {e.difficulty} of 3 · {e.minutes} minutes · {count(e.points, 'point')}*"
        )
        assert f"### TODO {id} {e.name}\n\n{stars}" in text
        assert f"in the cell TODO {id}." in text, f"no pointer to the solution of {id}"
    hints = re.findall(r"<summary>(Hint \d|The solution)", text)
    assert hints == ["Hint 1", "Hint 2", "Hint 3", "The solution"] * len(build.checks_of(name))


@each
def test_checks_are_one_line_and_follow_their_exercise(name):
    ids = [(files.exercise_id(c), "check" in files.tags(c), c) for c in code(name)]
    ids = [x for x in ids if x[0]]
    for id, is_check, cell in ids:
        if is_check:
            e = build.checks_of(name)[id]
            assert re.fullmatch(rf"check\.{e.name}\(.*\)", cell.source)
    order = [id for id, _, _ in ids]
    assert order == sorted(order, key=lambda i: [int(x) for x in i.split(".")])
    assert [k for _, k, _ in ids] == [False, True] * (len(ids) // 2)


@each
def test_exported_cells_hold_definitions_only(name):
    allowed = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
    for cell in code(name):
        if files.exported(cell):
            for node in ast.parse(cell.source).body:
                docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
                assert isinstance(node, allowed) or docstring, ast.unparse(node)
        if "exercise" in files.tags(cell):
            assert files.exported(cell), f"{files.exercise_id(cell)} is not exported"


@each
def test_the_source_cell_keeps_the_metadata_that_the_builder_gives(name):
    assert build.normalise(SOLUTIONS[name], name) == SOLUTIONS[name]


@each
def test_nbgrader_accepts_the_metadata(name):
    from nbgrader.nbgraderformat import MetadataValidator

    for notebook in (SOLUTIONS[name], build.student(SOLUTIONS[name], name)):
        MetadataValidator().validate_nb(notebook)


@each
def test_few_outputs_are_ignored(name):
    ignored = [c for c in code(name) if "nbval-ignore-output" in files.tags(c)]
    assert len(ignored) < 0.15 * len(code(name))
    assert not any({"nbval-skip", "raises-exception"} & set(files.tags(c)) for c in code(name))


@each
def test_stored_outputs_are_complete_and_clean(name):
    for number, cell in enumerate(code(name)):
        assert cell.execution_count == number + 1
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output.text
    text = files.dumps(SOLUTIONS[name])
    assert not re.search(r"/(?:home|Users|tmp|root)/|C:\\\\", text)


@each
def test_every_picture_has_an_alternative_text(name):
    for cell in code(name):
        for output in cell.outputs:
            data = output.get("data", {})
            assert "image/png" not in data, "show figures with draw.figure, which asks for alt"
            for img in re.findall(r"<img[^>]*>", str(data.get("text/html", ""))):
                assert re.search(r'alt="[^"]{15,}"', img)
    for cell in prose(name):
        assert "](attachment:" not in cell.source, "JupyterLab shows no SVG attachment"
        for img in re.findall(r"<img[^>]*>", cell.source):
            assert re.search(r'alt="[^"]{15,}"', img)


@each
def test_prose_keeps_the_tone(name):
    for cell in prose(name):
        text = re.sub(r"`[^`]*`|\$[^$]*\$|<!--.*?-->|<img[^>]*>", "", cell.source)
        assert "!" not in text, f"an exclamation mark: {text}"
        assert not re.search("[\U0001f300-\U0001faff]", text)
