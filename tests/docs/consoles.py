"""Console blocks: the commands after `$ `, and what the page shows of their output."""

import dataclasses
import re
import shlex
from collections.abc import Iterator

from tests.docs.pages import Block

_SEPARATORS = re.compile(r"\s(?:\|\||&&|\||;)\s")
_ASSIGNMENT = re.compile(r"[A-Z_]+=")


@dataclasses.dataclass(frozen=True)
class Command:
    """One command line, as a person types it, and what is shown below it."""

    line: str
    shown: tuple[str, ...] = ()


def commands(block: Block) -> list[Command]:
    """Return the commands of a console block; a line that ends in a backslash goes on."""
    found: list[Command] = []
    typed = False
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append(Command(line.removeprefix("$ ")))
            typed = True
        elif found and typed and found[-1].line.endswith("\\"):
            found[-1] = Command(f"{found[-1].line}\n{line}")
        elif found:
            typed = False
            found[-1] = dataclasses.replace(found[-1], shown=(*found[-1].shown, line))
    return found


def gco_calls(line: str) -> Iterator[list[str]]:
    """Yield the arguments of each `gco` in a command line, without redirections."""
    for part in _SEPARATORS.split(line.replace("\\\n", " ")):
        words = shlex.split(part, comments=True)
        while words and _ASSIGNMENT.match(words[0]):
            words = words[1:]
        if words and words[0] == "gco":
            ends = [words.index(mark) for mark in (">", "<", "2>&1", "&") if mark in words]
            yield words[1 : min(ends, default=len(words))]


def unseen(shown: tuple[str, ...], output: str) -> list[str]:
    """Return the shown lines that are not in the output in this order; `…` stands for anything.

    Spaces count as one, so that columns may be wider than they were.
    """
    missing = []
    rest = iter(output.splitlines())
    for line in shown:
        pattern = _pattern(line)
        if line.strip() not in {"", "…"} and not any(pattern.fullmatch(o.strip()) for o in rest):
            missing.append(line)
    return missing


def _pattern(line: str) -> re.Pattern[str]:
    parts = [r"\s+".join(map(re.escape, part.split())) for part in line.strip().split("…")]
    return re.compile(r"\s*.*?\s*".join(parts))
