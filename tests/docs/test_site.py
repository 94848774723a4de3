"""The documentation builds as a site in which every page is found and every link leads somewhere."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator

import pytest

from tests.docs.pages import ROOT

CONFIG = ROOT / "zensical.toml"


def named(entries) -> Iterator[str]:
    """Yield the pages of a part of the navigation."""
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        else:
            for inner in entry.values():
                yield from named([inner] if isinstance(inner, str) else inner)


def test_every_page_has_its_place_in_the_navigation():
    nav = list(named(tomllib.loads(CONFIG.read_text(encoding="utf-8"))["project"]["nav"]))
    pages = {str(path.relative_to(ROOT / "docs")) for path in ROOT.glob("docs/**/*.md")}

    assert len(nav) == len(set(nav))
    assert {page for page in pages if not page.startswith("decisions/")} <= set(nav)
    assert set(nav) <= pages


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """What `make docs` builds, elsewhere, and what it said."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(CONFIG, folder)
    shutil.copytree(ROOT / "docs", folder / "docs")
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done, folder / "site"


def test_no_link_and_no_anchor_leads_nowhere(built):
    done, _ = built

    assert done.returncode == 0, done.stderr


def test_every_block_is_shown_as_one(built):
    _, site = built

    pages = {page: page.read_text(encoding="utf-8") for page in site.rglob("index.html")}
    assert len(pages) > len(list((ROOT / "docs/guide").glob("*.md")))
    assert [str(page) for page, html in pages.items() if "```" in html] == []
