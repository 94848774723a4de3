"""What a model's Job and the loop that runs it tell each other: exit codes, progress, outcome.

The Job runs `gco model-sync`. While it copies it writes one JSON line of :class:`SyncProgress`
every few seconds to its log; at the end it leaves a :class:`SyncOutcome` as its termination message.
"""

import enum
from typing import Final, Literal

from gco.core.model.base import Model


class ExitCode(enum.IntEnum):
    """How a copy ended, as the Job's exit code; beside 1, which is a mistake in gco."""

    COMPLETE = 0
    INVALID = 2
    """The source, the name or a setting is wrong."""
    MISSING = 3
    """The source is not there."""
    DENIED = 6
    """The credentials are missing or not accepted."""
    CORRUPT = 7
    """The content does not have its checksum."""
    FULL = 8
    """There is too little room."""
    UNAVAILABLE = 9
    """The source did not answer in time, broke off or changed."""
    UNUSABLE = 10
    """The cache cannot be read, written or locked."""
    STOPPED = 143
    """SIGTERM; what was copied stays."""


FINAL: Final = frozenset(
    {ExitCode.INVALID, ExitCode.MISSING, ExitCode.DENIED, ExitCode.CORRUPT, ExitCode.FULL}
)
"""The codes after which the same again would end the same way: someone has to act first.

For the Job's podFailurePolicy; after every other code another try goes on where this one ended.
"""


class SyncPhase(enum.StrEnum):
    """What a copy is doing."""

    LISTING = "listing"
    WAITING = "waiting"
    """Another process copies the same model into the same folder."""
    COPYING = "copying"
    COMPLETE = "complete"


class SyncProgress(Model):
    """How far a copy is."""

    kind: Literal["progress"] = "progress"
    phase: SyncPhase
    bytes_done: int = 0
    """What is there and verified or being verified, from an earlier try too."""
    bytes_total: int = 0
    files_done: int = 0
    files_total: int = 0
    bytes_per_second: int = 0
    """Over the last seconds."""
    seconds_left: int | None = None
    """At that rate; None while nothing comes."""


class SyncOutcome(Model):
    """How a copy ended."""

    kind: Literal["outcome"] = "outcome"
    reason: str
    """`Complete`, or the name of what went wrong: `CorruptModel`, `CacheFull`."""
    message: str
    """One line for people."""
    directory: str | None = None
    """Where the weights are, below the cache's root: `NAME/DIGEST`."""
    digest: str | None = None
    """What `spec.model.digest` pins, a hash over the content of every file, where it is known."""
    bytes: int | None = None
