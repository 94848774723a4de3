"""The pages that people read, and the fenced blocks in them.

A block's info string is a language and options in braces, `console {exit="4"}`: both the site's
Markdown and GitHub's take it. Which languages and options there are is told in tests/README.md.
"""

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs/guide").glob("*.md")),
    *sorted((ROOT / "docs/reference").glob("*.md")),
)
"""What is checked; decision records tell of the past and are not."""
OPTIONS = {
    "console": frozenset({"no-run", "exit", "title"}),
    "yaml": frozenset({"title", "no-check", "refused"}),
    "toml": frozenset({"title", "no-check"}),
    "json": frozenset({"title"}),
    "text": frozenset({"title"}),
}
"""Every language, and the options of its blocks."""
_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<info>[^`\n]*)\n(?P<text>.*?)^ *```$"
    r"|<!-- run: (?P<hidden>.*?) -->",
    re.MULTILINE | re.DOTALL,
)
_BRACES = re.compile(r"\{(.*)\}")
_OPTION = re.compile(r'([\w-]+)="([^"]*)"')


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block, or a hidden command (`<!-- run: … -->`), which reads like a console block."""

    page: Path
    line: int
    language: str
    options: dict[str, str]
    text: str
    unread: str = ""
    """What of the info string is neither a language nor an option."""

    @property
    def place(self) -> str:
        """The block's file and line, as an editor opens them."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """Return a page's blocks in their order."""
    return list(_blocks(page, page.read_text(encoding="utf-8")))


def every(*languages: str) -> list[Block]:
    """Return the blocks in these languages, of all pages."""
    return [block for page in PAGES for block in blocks(page) if block.language in languages]


def _blocks(page: Path, text: str) -> Iterator[Block]:
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        if found["hidden"] is not None:
            yield Block(page, line, "console", {}, f"$ {found['hidden']}\n")
            continue
        language, _, rest = found["info"].strip().partition(" ")
        body = re.sub(rf"^ {{0,{len(found['indent'])}}}", "", found["text"], flags=re.MULTILINE)
        options = _BRACES.fullmatch(rest)
        told = _OPTION.findall(options[1]) if options else []
        unread = _OPTION.sub("", options[1]).strip() if options else rest
        yield Block(page, line, language, dict(told), body, unread)
