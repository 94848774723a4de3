"""Where lines go: facts on stdout, messages on stderr, live tables where there is a terminal.

This module alone writes to stdout and stderr. Text may come from a container, a model or another
person, so everything passes through :mod:`gco.cli.visible` on its way to a terminal.
"""

import asyncio
import contextlib
import io
import sys
import traceback
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console
from rich.text import Text

from gco.cli.options import Format
from gco.cli.render.grid import UNLIMITED
from gco.cli.visible import visible_text
from gco.escaping import encodable, visible

if TYPE_CHECKING:
    from rich.live import Live

TICK_SECONDS = 0.5


class Screen:
    """The terminal, or the pipes in its place."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self._out = _console(out or _lenient(sys.stdout))
        self._err = _console(err or _lenient(sys.stderr))

    @property
    def interactive(self) -> bool:
        """Whether a person looks at stdout."""
        return _is_terminal(self._out)

    @property
    def can_ask(self) -> bool:
        """Whether a person can be asked, and can answer."""
        return _is_terminal(self._err) and sys.stdin.isatty()

    @property
    def width(self) -> int:
        """How many characters a line of stdout has."""
        return self._out.width

    @property
    def error_width(self) -> int:
        """How many characters a line of stderr has."""
        return self._err.width

    def show(self, text: Text) -> None:
        """Print facts for people."""
        _print(self._out, text)

    def say(self, text: Text | str) -> None:
        """Print words about the facts: progress, errors."""
        _print(self._err, Text(visible(text)) if isinstance(text, str) else text)

    def hint(self, text: str) -> None:
        """Print what a person may want to do next; scripts are told nothing."""
        if self.interactive and _is_terminal(self._err):
            self.say(Text(text, style="dim"))

    def write(self, text: str) -> None:
        """Write text at once, without a newline: data, or an answer that arrives piece by piece.

        A pipe gets the text as it is, for other programs; a terminal gets it escaped.
        """
        self._out.file.write(visible(text) if self._out.file.isatty() else encodable(text))
        self._out.file.flush()

    def confirm(self, question: str) -> None:
        """Ask for a yes; raises click.Abort for anything else."""
        import typer  # noqa: PLC0415  (most commands ask nothing)

        typer.confirm(visible(question), abort=True, err=True)

    def emit(self, output: Format, data: Callable[[], Any], table: Callable[[], Text]) -> None:
        """Print the facts as `output` says; only the one that is wanted is made."""
        if output is Format.TABLE:
            self.show(table())
        else:
            from gco.cli.texts import as_text  # noqa: PLC0415  (tables need no YAML)

            self.write(as_text(data(), output))

    @contextlib.asynccontextmanager
    async def live(self, picture: Callable[[], Text]) -> AsyncIterator[Callable[[], None]]:
        """Keep `picture` on the terminal: drawn anew often enough for seconds to tick, and when called."""
        from rich.live import Live  # noqa: PLC0415  (most answers are printed once)

        drawn = Live(
            get_renderable=lambda: visible_text(picture()), console=self._out, auto_refresh=False
        )
        with drawn:
            ticking = asyncio.create_task(_tick(drawn))
            try:
                yield drawn.refresh
            finally:
                ticking.cancel()


async def _tick(drawn: "Live") -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        drawn.refresh()


def _console(file: TextIO) -> Console:
    terminal = Console(file=file, highlight=False, markup=False, emoji=False, soft_wrap=False)
    if not _is_terminal(terminal):
        terminal.width = UNLIMITED
    return terminal


def _is_terminal(console: Console) -> bool:
    """Whether lines can be drawn anew there: FORCE_COLOR makes colours, not a terminal."""
    return console.file.isatty() and not console.is_dumb_terminal


def _print(console: Console, text: Text) -> None:
    text = visible_text(text)
    if console.color_system is None:
        # Styles show nowhere: thousands of lines are written as they are.
        console.file.write(f"{text.plain.expandtabs()}\n")
    else:
        console.print(text, soft_wrap=True)


def _lenient(file: TextIO) -> TextIO:
    """Have `file` escape what its encoding lacks, instead of raising UnicodeEncodeError."""
    if isinstance(file, io.TextIOWrapper):
        file.reconfigure(errors="backslashreplace")
    return file


def say_mistake(error: BaseException, *, verbose: bool) -> None:
    """Print an error that nobody expected, with its traceback if `verbose`."""
    screen = Screen()
    if verbose:
        screen.say("".join(traceback.format_exception(error)))
    screen.say(
        f"error: this is a mistake in gco ({type(error).__name__}: {error})\n"
        "  `gco --verbose …` says where; please report it"
    )
