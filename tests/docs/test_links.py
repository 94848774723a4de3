"""Links in the documentation lead somewhere, and the paths that it names exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "tests/README.md"],
)
LINK = re.compile(r"\]\((?!https?://)([^)#]+)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(document):
    targets = LINK.findall(document.read_text(encoding="utf-8"))

    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_the_places_that_the_architecture_names_exist():
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:src|tests|docs|deploy|testbed|core|controllers)/[\w./-]+)`", text)
    roots = (ROOT, ROOT / "src/gco")

    assert named
    assert [n for n in named if not any((root / n).exists() for root in roots)] == []


def test_every_folder_of_tests_is_told_of():
    text = (ROOT / "tests/README.md").read_text(encoding="utf-8")
    table = "".join(line.split("|")[1] for line in text.splitlines() if line.startswith("| `"))
    folders = {path.parent for path in (ROOT / "tests").glob("*/**/test_*.py")}

    assert {f.relative_to(ROOT / "tests").parts[0] for f in folders} <= set(
        re.findall(r"`(\w+)`", table)
    )
