"""The README promises what is there."""

import re

from helpers import ROOT
from helpers.course import files

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_map_marks_what_is_there():
    rows = re.findall(r"^\|[^|]*\| (\d\d_\w+) \|[^|]*\| (\w+) \|$", README, re.M)
    assert len(rows) == 13
    assert {name for name, state in rows if state == "ready"} == set(files.names())
    assert {state for _, state in rows} <= {"ready", "planned"}


def test_links_and_pictures_lead_somewhere():
    for page in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        for alt, target in re.findall(r"(!?\[[^\]]*\])\(([^)]+)\)", text):
            if "//" in target or target.startswith("attachment:"):
                continue
            assert (ROOT / target).exists(), f"{page}: {target}"
            assert not alt.startswith("!") or len(alt) > 20
