"""Arguments and options that several commands share, with their completion."""

import enum
import re
from typing import Annotated, Any, Final

import typer

from gco.cli.completion import complete_endpoints, complete_regions

_AMOUNT: Final = r"[0-9]{1,12}(?:\.[0-9]{1,12})?"
_DURATION: Final = re.compile(
    rf"(?P<bare>{_AMOUNT})|" + "".join(rf"(?:(?P<{unit}>{_AMOUNT}){unit})?" for unit in "dhms")
)
TIMEOUT_SECONDS: Final = 1800.0
"""How long a wait lasts unless told."""


def flag(*names: str, help: str) -> Any:  # noqa: A002, ANN401  (as Typer has them)
    """Declare a switch, without `<bool>` beside it in the help."""
    return typer.Option(*names, metavar="", help=help)


def seconds(text: str | float) -> float:
    """Return what a duration says: `90s`, `10m`, `1h30m`, or seconds alone."""
    found = _DURATION.fullmatch(str(text))
    if not found or not str(text):
        raise typer.BadParameter(f"{text!r} is no duration, such as 90s, 10m or 1h30m")
    if found["bare"]:
        return float(found["bare"])
    return sum(
        factor * float(found[unit] or 0)
        for unit, factor in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
    )


def patience(timeout: float, *, wait: bool) -> float | None:
    """Return how many seconds a command waits for its effect; None: not at all."""
    return timeout if wait else None


class Format(enum.StrEnum):
    """How facts are printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


class LineFormat(enum.StrEnum):
    """How lines are printed that come one by one."""

    TEXT = "text"
    JSON = "json"


OutputOption = Annotated[
    Format, typer.Option("--output", "-o", help="How to print: a table for people, or data.")
]
WatchOption = Annotated[
    bool, flag("--watch", "-w", help="Go on, and show each change until Ctrl-C.")
]
DryRunOption = Annotated[
    bool, flag("--dry-run", help="Check and show what would change; store nothing.")
]
WaitOption = Annotated[bool, flag("--wait", help="Wait until every region has made it true.")]
TimeoutOption = Annotated[
    float,
    typer.Option(
        "--timeout",
        metavar="DURATION",
        parser=seconds,
        show_default="30m",
        help="How long to wait: 90s, 10m, 2h.",
    ),
]
NameArgument = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The endpoint's name.", autocompletion=complete_endpoints),
]
NamesArgument = Annotated[
    list[str],
    typer.Argument(metavar="NAME", help="The endpoints' names.", autocompletion=complete_endpoints),
]
SomeNamesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME",
        help="The endpoints' names; all of them unless given.",
        autocompletion=complete_endpoints,
        show_default=False,
    ),
]
RegionOption = Annotated[
    str | None,
    typer.Option(
        "--region",
        "-r",
        metavar="REGION",
        help="In this region alone.",
        autocompletion=complete_regions,
    ),
]
RegionsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--region",
        "-r",
        metavar="REGION",
        help="A region; may be repeated.",
        autocompletion=complete_regions,
        show_default=False,
    ),
]
