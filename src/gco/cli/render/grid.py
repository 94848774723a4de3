"""Columns of text, with words beside them where the terminal is wide, and below where it is not."""

import dataclasses
import textwrap
from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from gco.cli.visible import visible_text
from gco.escaping import visible, visible_line

GAP = "  "
LEAST_WORDS = 40
"""Characters of a line that words need to stand beside the columns."""
UNLIMITED = 100_000
"""The width of what is no terminal: nothing is wrapped, each row is one line."""


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One row: short cells, and words that may take several lines."""

    cells: Sequence[str | Text]
    words: Sequence[str | Text] = ()
    """Each begins on a line of its own in a terminal, and after a `; ` where a row is one line."""


def grid(
    headings: Sequence[str],
    rows: Sequence[Row],
    width: int,
    *,
    words: str = "",
    least: int = LEAST_WORDS,
) -> Text:
    """Return `rows` in aligned columns under `headings` (none: no line of headings).

    Words stand beside the cells, under the heading `words`, where `least` characters are left for
    them, and otherwise below them. Columns that hold nothing are left out.
    """
    kept = [i for i in range(len(rows[0].cells)) if any(row.cells[i] for row in rows)]
    table = [[_cell(row.cells[i]) for i in kept] for row in rows]
    titles = [_styled(headings[i], "bold") for i in kept] if headings else [Text() for _ in kept]
    widths = [
        max(cell_len(line[column].plain) for line in [titles, *table])
        for column, _ in enumerate(kept)
    ]
    left = sum(widths) + len(GAP) * len(widths)
    beside = width - left >= least and any(row.words for row in rows)
    lines = [_line(titles, widths, _styled(words, "bold") if beside else None)] if headings else []
    for cells, row in zip(table, rows, strict=True):
        if beside:
            lines += _beside(_line_of(cells, widths), row.words, left, width)
        else:
            lines.append(_line(cells, widths, None))
            lines += hanging(row.words, 2 * len(GAP), width)
    return Text("\n").join(lines)


def hanging(words: Sequence[str | Text], indent: int, width: int) -> list[Text]:
    """Return `words` as lines of at most `width` characters, `indent` of them blank."""
    blank = Text(" " * indent)
    return [blank + line for one in words for line in wrapped(one, width - indent)]


def wrapped(words: str | Text, width: int) -> list[Text]:
    """Return `words` in lines of at most `width` characters, each in the words' own style."""
    text = _styled(words)
    if cell_len(text.plain) <= width and "\n" not in text.plain:
        return [text]
    return [
        Text(line, style=text.style)
        for part in text.plain.splitlines()
        for line in textwrap.wrap(part, max(width, 20), break_on_hyphens=False) or [""]
    ]


def _beside(cells: Text, words: Sequence[str | Text], left: int, width: int) -> Iterator[Text]:
    if width >= UNLIMITED:
        words = [Text("; ").join(map(_styled, words))] if words else []
    lines = [line for one in words for line in wrapped(one, width - left)]
    if not lines:
        yield _stripped(cells)
        return
    yield cells + lines[0]
    blank = Text(" " * left)
    yield from (blank + line for line in lines[1:])


def _line(cells: Sequence[Text], widths: Sequence[int], words: Text | None) -> Text:
    line = _line_of(cells, widths)
    return _stripped(line) if words is None else line + words


def _line_of(cells: Sequence[Text], widths: Sequence[int]) -> Text:
    line = Text()
    for cell, width in zip(cells, widths, strict=True):
        line.append_text(cell).append(" " * (width - cell_len(cell.plain)) + GAP)
    return line


def _stripped(line: Text) -> Text:
    line.rstrip()
    return line


def _cell(cell: str | Text) -> Text:
    """Return a cell of one line, as wide as it will be on the screen: no value starts a row."""
    return Text(visible_line(cell)) if isinstance(cell, str) else visible_text(cell.copy())


def _styled(words: str | Text, style: str = "") -> Text:
    if isinstance(words, str):
        return Text(visible(words), style=style)
    return visible_text(words.copy())
