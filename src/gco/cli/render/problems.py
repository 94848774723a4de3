"""What went wrong: what, where and what to do next, problem by problem."""

from collections.abc import Sequence

from rich.text import Text

from gco.cli.render import words
from gco.cli.render.grid import Row, grid, hanging
from gco.errors import GcoError, InvalidSpecError, Problem

_LABEL = "error: "


def error_text(error: GcoError, width: int, *, code: int) -> Text:
    """Return an error as lines; where scripts tell it by its exit code, that is said too."""
    if isinstance(error, InvalidSpecError):
        return _problems(error.problems, width)
    message = str(error) or type(error).__name__
    return _labelled(f"{message}   (exit {code})" if code != 1 else message, width)


def _problems(problems: Sequence[Problem], width: int) -> Text:
    count = f"{len(problems)} problems" if len(problems) != 1 else "1 problem"
    rows = [
        Row((f"  {problem.source or problem.path}", _below(problem)), (_told(problem),))
        for problem in problems
    ]
    head = _labelled(f"nothing was changed; {count} in the request", width)
    return Text("\n").join([head, grid((), rows, width)])


def _below(problem: Problem) -> str:
    return problem.path if problem.source else ""


def _told(problem: Problem) -> str:
    return f"{problem.given} given; {problem.allowed}" if problem.given else problem.allowed


def _labelled(message: str, width: int) -> Text:
    first, *rest = hanging([message], len(_LABEL), width)
    label = Text(_LABEL, style=f"bold {words.BAD}")
    return Text("\n").join([label + first[len(_LABEL) :], *rest])
