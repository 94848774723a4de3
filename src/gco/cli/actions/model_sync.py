"""model-sync: one model into one cache, told in lines that the endpoint's loop reads."""

import asyncio
import contextlib
import dataclasses
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from gco.cli.screen import Screen
from gco.cli.texts import as_line
from gco.clock import SystemClock
from gco.core.model.base import Model
from gco.core.model.model_sync import ExitCode, SyncOutcome
from gco.core.model.model_uri import check_name, parse_uri
from gco.core.model.patterns import DIGEST, WORDS
from gco.errors import GcoError, InvalidSpecError, Problem, SettingsError
from gco.models.cache.cache import Cache
from gco.models.sources import Access
from gco.models.sync import Synced, sync_model
from gco.models.transfer.fetch import Limits
from gco.settings import Settings

_LONGEST_MESSAGE = 2000
"""Kubernetes keeps 4096 bytes of a termination message."""


@dataclasses.dataclass(frozen=True, slots=True)
class SyncJob:
    """The options of `gco model-sync`."""

    source: str
    name: str
    cache: Path
    path: str | None
    digest: str | None
    token_file: Path | None
    endpoint_url: str | None
    connections: int
    stall_seconds: float
    give_up_seconds: float
    termination_log: Path


async def model_sync(settings: Settings, screen: Screen, *, job: SyncJob) -> int:
    """Copy the model, and leave its outcome as the termination message."""

    def tell(said: Model) -> None:
        screen.write(as_line(said.model_dump(mode="json", exclude_none=True)))

    try:
        with _cancelled_by_sigterm():
            synced = await _sync(settings, job, tell)
    except GcoError as error:
        _leave(job, tell, _failed(error))
        raise
    except asyncio.CancelledError:
        _leave(job, tell, SyncOutcome(reason="Stopped", message="stopped; what is copied stays"))
        return ExitCode.STOPPED
    _leave(job, tell, _complete(synced))
    return ExitCode.COMPLETE


async def _sync(settings: Settings, job: SyncJob, tell: Callable[[Model], None]) -> Synced:
    uri = parse_uri(job.source, folder=job.path)
    access = Access(
        endpoint_url=job.endpoint_url,
        hub_url=settings.hub_url,
        hub_token=_token(job.token_file) or settings.hub_token,
        connections=job.connections,
    )
    return await sync_model(
        uri,
        Cache(job.cache),
        check_name(job.name),
        clock=SystemClock(),
        access=access,
        limits=Limits(job.connections, job.stall_seconds, job.give_up_seconds),
        pinned=_digest(job.digest),
        tell=[tell],
    )


def _digest(given: str | None) -> str | None:
    if given is not None and not re.fullmatch(DIGEST, given):
        raise InvalidSpecError([Problem("--digest", given, WORDS[DIGEST])])
    return given


def _token(path: Path | None) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip() if path else None
    except OSError as error:
        raise SettingsError(f"--token-file {path}: {error.strerror}") from error


def _complete(synced: Synced) -> SyncOutcome:
    marker = synced.marker
    return SyncOutcome(
        reason="Complete",
        message="copied" if synced.copied else "was there",
        directory=synced.entry.directory,
        digest=marker.content_digest,
        bytes=marker.manifest.size,
    )


def _failed(error: GcoError) -> SyncOutcome:
    message = " ".join(str(error).split())[:_LONGEST_MESSAGE]
    return SyncOutcome(reason=type(error).__name__.removesuffix("Error"), message=message)


def _leave(job: SyncJob, tell: Callable[[Model], None], outcome: SyncOutcome) -> None:
    """Say how it ended in the log and in the file that Kubernetes reads, where it made one."""
    tell(outcome)
    if job.termination_log.is_file() and os.access(job.termination_log, os.W_OK):
        said = as_line(outcome.model_dump(mode="json", exclude_none=True))
        job.termination_log.write_text(said, encoding="utf-8")


@contextlib.contextmanager
def _cancelled_by_sigterm() -> Iterator[None]:
    """Have SIGTERM cancel this task: a container's first process is not ended by it otherwise."""
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    if task is not None:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
