"""One command's run: the store is opened, the action is awaited, errors become exit codes.

| code | meaning |
|---|---|
| 0 | done |
| 1 | failed; `gco diff`: something differs |
| 2 | the request or a setting is wrong: nothing was changed |
| 3 | no such endpoint, region, revision or store |
| 4 | someone else was faster, or the present state does not allow it |
| 5 | not within the time that was given |
| 130 | Ctrl-C; where a part was stored, stderr names it |
| 6 to 10 | a model could not be copied, stored or removed: `gco.core.model.model_sync.ExitCode` |
"""

import asyncio
import contextlib
import dataclasses
import gc
import getpass
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any, Final

import typer
from rich.text import Text

from gco.cli.globals import Globals
from gco.cli.options import Format
from gco.cli.render.problems import error_text
from gco.cli.screen import Screen
from gco.clock import Clock, SystemClock
from gco.core.model.ids import Actor
from gco.core.model.model_sync import ExitCode
from gco.errors import (
    CacheError,
    CacheFullError,
    ConflictError,
    CorruptModelError,
    GcoError,
    HalfDoneError,
    InvalidSpecError,
    NotFoundError,
    SettingsError,
    SourceDeniedError,
    SourceMissingError,
    SourceUnavailableError,
    StoppedError,
    StoreMissingError,
    TimedOutError,
    TooLargeError,
    UnreadableError,
    UnsupportedStateError,
)
from gco.service import InterruptedBatchError, Service
from gco.settings import Settings, read_settings
from gco.store.port import Store
from gco.wiring.stores import open_store

if TYPE_CHECKING:
    from gco.contexts.choice import Choice

EXIT_CODES: Final[tuple[tuple[type[GcoError], int], ...]] = (
    (InvalidSpecError, 2),
    (SettingsError, 2),
    (TooLargeError, 2),
    (NotFoundError, 3),
    (StoreMissingError, 3),
    (ConflictError, 4),
    (UnsupportedStateError, 4),
    (TimedOutError, 5),
    (StoppedError, 130),
    (SourceMissingError, ExitCode.MISSING),
    (SourceDeniedError, ExitCode.DENIED),
    (CorruptModelError, ExitCode.CORRUPT),
    (CacheFullError, ExitCode.FULL),
    (SourceUnavailableError, ExitCode.UNAVAILABLE),
    (CacheError, ExitCode.UNUSABLE),
)
NO_ENDPOINTS: Final = "no endpoints yet; `gco sandbox up` or `gco apply -f …`"


@dataclasses.dataclass(frozen=True, slots=True)
class Session:
    """What an action works with."""

    settings: Settings
    told: Globals
    screen: Screen
    clock: Clock
    actor: Actor
    store: Store
    service: Service

    @property
    def choice(self) -> "Choice":
        """The context that the store belongs to, and its ways to the regions; reads a file."""
        return chosen(self.told)


@contextlib.contextmanager
def half_done_as_data(session: Session, output: Format) -> Iterator[None]:
    """Print as data which endpoints were stored and which were not, where a request ends half-way."""
    try:
        yield
    except (HalfDoneError, InterruptedBatchError) as end:
        error = end.half_done if isinstance(end, InterruptedBatchError) else end
        if output is not Format.TABLE:
            facts = {
                "error": str(error.error),
                "stored": list(error.stored),
                "unknown": list(error.unknown),
                "notStored": list(error.not_stored),
            }
            session.screen.emit(output, lambda: facts, Text)
        raise


Action = Callable[[Session], Awaitable[int | None]]


def execute(ctx: typer.Context, action: Action) -> None:
    """Run `action` with an open store; exit as it returns (None: 0) or as its error says."""
    told: Globals = ctx.find_root().obj
    _run(told, lambda screen: _with_store(told, screen, action))


def execute_plain(
    ctx: typer.Context,
    action: Callable[[Settings, Screen], Coroutine[Any, Any, int | None]],
    *,
    service: bool = False,
) -> None:
    """Run `action`, which opens a store by itself or needs none; exit as :func:`execute` does.

    A `service` is configured by its environment and its options: a person's current context,
    which may be another one tomorrow, says nothing to it.
    """
    told: Globals = ctx.find_root().obj
    _run(told, lambda screen: action(chosen(told, current=not service).settings, screen))


def execute_alone(
    ctx: typer.Context, action: Callable[[Screen], Coroutine[Any, Any, int | None]]
) -> None:
    """Run `action`, which has nothing to do with any store; exit as :func:`execute` does."""
    _run(ctx.find_root().obj, action)


def chosen(told: Globals, *, current: bool = True) -> "Choice":
    """Return the store and the ways that options, environment and (`current`) file lead to."""
    from gco.contexts.choice import choose  # noqa: PLC0415  (see `_settings`)
    from gco.contexts.file import contexts_path, read_contexts  # noqa: PLC0415
    from gco.contexts.model import LOCAL, Contexts  # noqa: PLC0415

    settings = read_settings()
    named = told.context or settings.context
    contexts = read_contexts(contexts_path()) if current or named else Contexts()
    return choose(
        settings,
        contexts if current else contexts.using(LOCAL),
        store=told.store,
        context=told.context,
    )


def _settings(told: Globals) -> Settings:
    """Return the settings with the store that was chosen.

    A URL needs no file of contexts: most commands of a script neither read nor import them.
    """
    settings = read_settings()
    url = told.store or settings.store
    if url and told.context is None:
        return settings.model_copy(update={"store": url})
    return chosen(told).settings


def _run(told: Globals, start: Callable[[Screen], Coroutine[Any, Any, int | None]]) -> None:
    screen = Screen()
    gc.enable()  # off since the start: see `gco.__main__`
    try:
        code = asyncio.run(start(screen))
    except GcoError as error:
        raise typer.Exit(report(error, screen, verbose=told.verbose)) from error
    raise typer.Exit(code or 0)


def report(error: GcoError, screen: Screen, *, verbose: bool) -> int:
    """Print `error` and return the exit code that scripts know it by."""
    if verbose:
        screen.say("".join(traceback.format_exception(error)))
    code = exit_code(error)
    screen.say(error_text(error, screen.error_width, code=code))
    return code


def exit_code(error: GcoError) -> int:
    """Return the exit code that scripts know `error` by."""
    if isinstance(error, HalfDoneError):
        return exit_code(error.error)
    return next((int(code) for kind, code in EXIT_CODES if isinstance(error, kind)), 1)


async def _with_store(told: Globals, screen: Screen, action: Action) -> int | None:
    settings, clock = _settings(told), SystemClock()
    actor = Actor(settings.user or _login())
    store = await open_store(settings)
    try:
        service = Service(store, clock, actor, on_unread=_said_once(screen))
        return await action(Session(settings, told, screen, clock, actor, store, service))
    except InterruptedBatchError as stop:
        raise stop.half_done from stop
    except NotFoundError as error:
        if not await _any(store):
            raise NotFoundError(f"{error}: {NO_ENDPOINTS}") from error
        raise
    finally:
        await store.close()


async def _any(store: Store) -> bool:
    """Whether there is any endpoint, readable or not."""
    unread: list[str] = []
    read = [e.name async for e in store.list(unread=lambda name, _: unread.append(name))]
    return bool(read or unread)


def _said_once(screen: Screen) -> Callable[[UnreadableError], None]:
    """Return what prints a warning for each unreadable record, once however often it is read.

    It goes to stderr in every format, and the exit code stays as it is.
    """
    said: set[str] = set()

    def say(error: UnreadableError) -> None:
        if str(error) not in said:
            said.add(str(error))
            screen.say(f"warning: {error}")

    return say


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"
