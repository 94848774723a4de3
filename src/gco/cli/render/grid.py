"""Columns of text, with words beside them where the terminal is wide, and below where it is not."""

import dataclasses
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from rich.cells import cell_len
from rich.text import Span, Text

from gco.cli.visible import visible_text
from gco.escaping import visible, visible_line

GAP = "  "
LEAST_WORDS = 40
"""Characters of a line that words need to stand beside the columns."""
UNLIMITED = 100_000
"""The width of what is no terminal: nothing is wrapped, each row is one line."""


Line: TypeAlias = Sequence[str | Text]
"""Pieces that stand one after the other on a line."""


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
    table: list[Line] = [[_cell(row.cells[i]) for i in kept] for row in rows]
    titles: Line = [_styled(headings[i], "bold") if headings else Text() for i in kept]
    widths = [max(_width(line[column]) for line in [titles, *table]) for column in range(len(kept))]
    left = sum(widths) + len(GAP) * len(widths)
    beside = width - left >= least and any(row.words for row in rows)
    lines: list[Line] = []
    if headings:
        over = (_styled(words, "bold"),) if beside else ()
        lines.append(_line(titles, widths, over))
    for cells, row in zip(table, rows, strict=True):
        if beside:
            lines += _beside(cells, widths, row.words, width)
        else:
            lines.append(_line(cells, widths))
            lines += ([line] for line in hanging(row.words, 2 * len(GAP), width))
    return _joined(lines)


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


def _beside(
    cells: Line, widths: Sequence[int], words: Sequence[str | Text], width: int
) -> Iterator[Line]:
    left = sum(widths) + len(GAP) * len(widths)
    if width >= UNLIMITED:
        words = [Text("; ").join(map(_styled, words))] if words else []
    lines = [line for one in words for line in wrapped(one, width - left)]
    yield _line(cells, widths, lines[:1])
    blank = " " * left
    for line in lines[1:]:
        yield [blank, line]


def _line(cells: Line, widths: Sequence[int], words: Line = ()) -> Line:
    """Return the cells in their columns; nothing blank stands at the end of a line without words."""
    line: list[str | Text] = []
    for cell, width in zip(cells, widths, strict=True):
        line += (cell, " " * (width - _width(cell)) + GAP)
    if words:
        return [*line, *words]
    while line and not _plain(line[-1]).strip():
        line.pop()
    return line


def _joined(lines: Iterable[Line]) -> Text:
    """Return the lines as one text, in one pass: thousands of them are printed at once."""
    plain: list[str] = []
    spans: list[Span] = []
    at = 0
    for line in lines:
        for piece in (*line, "\n"):
            said = _plain(piece)
            if isinstance(piece, Text):
                spans += _spans(piece, at)
            plain.append(said)
            at += len(said)
    return Text("".join(plain[:-1]), spans=spans)


def _spans(text: Text, at: int) -> Iterator[Span]:
    if text.style:
        yield Span(at, at + len(text), text.style)
    yield from (Span(at + span.start, at + span.end, span.style) for span in text.spans)


def _plain(piece: str | Text) -> str:
    return piece if isinstance(piece, str) else piece.plain


def _width(cell: str | Text) -> int:
    return cell_len(_plain(cell))


def _cell(cell: str | Text) -> str | Text:
    """Return a cell of one line, as wide as it will be on the screen: no value starts a row."""
    return visible_line(cell) if isinstance(cell, str) else visible_text(cell.copy())


def _styled(words: str | Text, style: str = "") -> Text:
    if isinstance(words, str):
        return Text(visible(words), style=style)
    return visible_text(words.copy())
