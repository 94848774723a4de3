"""One command's run: the store is opened, the action is awaited, errors become exit codes.

| code | meaning |
|---|---|
| 0 | done |
| 1 | failed; `gco diff`: something differs |
| 2 | the request or a setting is wrong: nothing was changed |
| 3 | no such endpoint, region or revision |
| 4 | someone else was faster, or the present state does not allow it |
| 5 | not within the time that was given |
| 6 to 10 | a model could not be copied, stored or removed: `gco.core.model.model_sync.ExitCode` |
"""

import asyncio
import dataclasses
import getpass
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import typer

from gco.cli.globals import Globals
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
    InvalidSpecError,
    NotFoundError,
    SettingsError,
    SourceDeniedError,
    SourceMissingError,
    SourceUnavailableError,
    TimedOutError,
    UnsupportedStateError,
)
from gco.service import Service
from gco.settings import Settings, read_settings
from gco.store.port import Store
from gco.wiring.stores import open_store

EXIT_CODES: Final[tuple[tuple[type[GcoError], int], ...]] = (
    (InvalidSpecError, 2),
    (SettingsError, 2),
    (NotFoundError, 3),
    (ConflictError, 4),
    (UnsupportedStateError, 4),
    (TimedOutError, 5),
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
    screen: Screen
    clock: Clock
    actor: Actor
    store: Store
    service: Service


Action = Callable[[Session], Awaitable[int | None]]


def execute(ctx: typer.Context, action: Action) -> None:
    """Run `action` with an open store; exit as it returns (None: 0) or as its error says."""
    execute_plain(ctx, lambda settings, screen: _with_store(settings, screen, action))


def execute_plain(
    ctx: typer.Context, action: Callable[[Settings, Screen], Coroutine[Any, Any, int | None]]
) -> None:
    """Run `action`, which opens a store by itself or needs none; exit as :func:`execute` does."""
    told: Globals = ctx.find_root().obj
    screen = Screen()
    try:
        code = asyncio.run(action(settings_of(told), screen))
    except GcoError as error:
        raise typer.Exit(report(error, screen, verbose=told.verbose)) from error
    raise typer.Exit(code or 0)


def settings_of(told: Globals) -> Settings:
    """Return the environment's settings with what the command line says over them."""
    settings = read_settings()
    return settings if told.store is None else settings.model_copy(update={"store": told.store})


def report(error: GcoError, screen: Screen, *, verbose: bool) -> int:
    """Print `error` and return the exit code that scripts know it by."""
    if verbose:
        screen.say("".join(traceback.format_exception(error)))
    code = exit_code(error)
    screen.say(error_text(error, screen.error_width, code=code))
    return code


def exit_code(error: GcoError) -> int:
    """Return the exit code that scripts know `error` by."""
    return next((int(code) for kind, code in EXIT_CODES if isinstance(error, kind)), 1)


async def _with_store(settings: Settings, screen: Screen, action: Action) -> int | None:
    clock = SystemClock()
    actor = Actor(settings.user or _login())
    store = await open_store(settings)
    try:
        service = Service(store, clock, actor)
        return await action(Session(settings, screen, clock, actor, store, service))
    except NotFoundError as error:
        if not [endpoint.name async for endpoint in store.list()]:
            raise NotFoundError(f"{error}: {NO_ENDPOINTS}") from error
        raise
    finally:
        await store.close()


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"
