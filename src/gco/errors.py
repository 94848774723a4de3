"""Every error the control plane raises on purpose.

* GcoError
  + InvalidSpecError        the request can never succeed; carries every problem found
  + UnsupportedStateError   the request is valid, but not in the endpoint's present state
    - ConfirmationError     the request is unusual enough to want a person's word first
  + HalfDoneError           some endpoints of a request were stored before it failed; names them
  + StoppedError            a person ended the command before it was done
  + TimedOutError           what was waited for did not come to pass in time
  + SettingsError           the environment or a URL does not say what is needed
  + NotLeadingError         this process no longer leads, or cannot be sure of it; stop writing
  + ShutDownError           the queue is shut down; stop working
  + StoreError
    - NotFoundError         no such endpoint, revision or region
    - ConflictError         the record changed since it was read
    - GapError              the change log no longer reaches back that far
    - FencedError           another leader has taken over; stop writing
    - StoreIdentityError    the store is not the one that was bound to, or not in our layout
      . StoreMissingError   there is no such file or table
    - TooLargeError         the record or batch is beyond what a store can hold
    - UnreadableError       this version cannot read one record; the others are not affected
    - StoreUnavailableError worth retrying with back-off
      . StoreThrottledError the store asks to slow down; carries how long to wait at least
      . StoreDeniedError    the credentials are not accepted; heals only when someone acts
  + ClusterError
    - AbsentError           no such object (404)
    - ClusterConflictError  the object changed, exists, or is owned by someone else (409)
    - ExpiredError          the resourceVersion is too old to watch from (410)
    - RejectedError         the API server refused the object; retrying will not help (4xx)
    - ForbiddenError        a permission is missing (401, 403)
    - TransientError        worth retrying with back-off (5xx, time-outs, refused connections)
      . ThrottledError      the API server asks for patience (429); carries its Retry-After
  + ModelError              the weights of a model could not be copied, stored or removed
    - SourceMissingError    no such bucket, folder, repository, revision or file
    - SourceDeniedError     the source does not accept the credentials, or asks for some
    - SourceUnavailableError  no answer, or half of one; worth retrying with back-off
      . SourceChangedError  the source changed while it was copied; the next copy sees the new one
    - CorruptModelError     the content is not what its checksum says
    - CacheFullError        there is too little room for the model
    - CacheError            the folder of models cannot be used
"""

import dataclasses
from collections.abc import Sequence


class GcoError(Exception):
    """Base of every error raised on purpose."""


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a request: what, where, and what would be right."""

    path: str
    """Where, as a person would write it: `spec.regions[1].name`."""
    given: str
    """What stands there, or an empty string where nothing does."""
    allowed: str
    """What would be right, as a sentence fragment: `1 to 99 (to move all traffic, promote)`."""
    source: str = ""
    """Which file and line, where there is one: `llama.yaml:12`."""

    @property
    def text(self) -> str:
        """The problem as one line, without its source."""
        given = f"{self.given} given; " if self.given else ""
        path = f"{self.path}: " if self.path else ""
        return f"{path}{given}{self.allowed}"


class InvalidSpecError(GcoError):
    """The request can never succeed as it is."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.text for problem in self.problems))


class UnsupportedStateError(GcoError):
    """The request is well-formed, but the endpoint's present state does not allow it."""


class ConfirmationError(UnsupportedStateError):
    """The request does more than a person usually means; it goes through once confirmed."""


_MOST_NAMES = 20
"""Names that a message lists; `-o json` lists all."""


class HalfDoneError(GcoError):
    """A request failed after a part of it was stored; the error that ended it is the cause."""

    def __init__(
        self,
        error: GcoError,
        *,
        stored: Sequence[str],
        unknown: Sequence[str],
        not_stored: Sequence[str],
    ) -> None:
        self.error = error
        """What ended the request."""
        self.stored = tuple(stored)
        self.unknown = tuple(unknown)
        """Sent, but the store did not answer, neither to the write nor when it was asked again."""
        self.not_stored = tuple(not_stored)
        parts = {"stored": stored, "unknown": unknown, "not stored": not_stored}
        listed = "; ".join(f"{what}: {_listed(names)}" for what, names in parts.items() if names)
        super().__init__(f"{error}. {listed[0].upper()}{listed[1:]}. Repeat the command to finish")


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    shown = ", ".join(names[:_MOST_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown


class StoppedError(GcoError):
    """A person ended the command (Ctrl-C) before it was done."""


class TimedOutError(GcoError):
    """What was waited for did not come to pass within the time that was given."""


class SettingsError(GcoError):
    """A setting is absent, unreadable or contradicts another."""


class NotLeadingError(GcoError):
    """This process does not lead, or cannot be sure that it still does: nothing was sent."""


class ShutDownError(GcoError):
    """Nothing more is taken or given: the process is shutting down."""


class StoreError(GcoError):
    """The desired-state store refused or failed an operation."""

    retry_after: float = 0.0
    """Seconds to wait at the least before the operation is retried."""


class NotFoundError(StoreError):
    """Nothing is stored under that name."""


class ConflictError(StoreError):
    """The record changed since it was read, or exists where it must not."""

    def __init__(self, message: str, *, name: str = "", generation: int | None = None) -> None:
        self.name = name
        """The endpoint or region in conflict, where the record is one's."""
        self.generation = generation
        """The endpoint's present generation, None where no record of that name exists."""
        super().__init__(message)


class GapError(StoreError):
    """The change log no longer reaches back to the reader's position: list, then follow."""


class FencedError(StoreError):
    """The writer's epoch is no longer the region's or the fleet's: someone else leads."""


class StoreIdentityError(StoreError):
    """The store is not the one this reader was bound to, or it does not have our layout."""


class StoreMissingError(StoreIdentityError):
    """There is no store under that path or table name; names how to create one."""


class TooLargeError(StoreError):
    """The record or the batch is larger than a store can hold; nothing was sent."""


class UnreadableError(StoreError):
    """One record is damaged, or a newer version wrote it; the message says which, and what helps."""


class StoreUnavailableError(StoreError):
    """The store did not answer, or asked to slow down; worth retrying with back-off.

    Where a write was under way, its outcome is unknown: read before deciding what to do next.
    """


class StoreThrottledError(StoreUnavailableError):
    """The store asks for fewer requests: too many read, or write, the same part of it at once."""

    retry_after = 1.0


class StoreDeniedError(StoreUnavailableError):
    """The store does not accept the credentials, or they lack a permission; someone has to act."""


class ClusterError(GcoError):
    """A Kubernetes API server refused or failed a request."""


class AbsentError(ClusterError):
    """The object does not exist, or not with the uid that was named."""


class ClusterConflictError(ClusterError):
    """The object changed, already exists, has another uid, or a field of it is owned by others."""


class ExpiredError(ClusterError):
    """The resourceVersion is no longer in the server's history: list again."""


class RejectedError(ClusterError):
    """The API server refused the object as it is; the same request will be refused again."""


class ForbiddenError(ClusterError):
    """The credentials are not accepted, or do not allow the request."""


class TransientError(ClusterError):
    """The API server could not be reached or failed; worth retrying with back-off."""


class ThrottledError(TransientError):
    """The API server asks for fewer requests."""

    def __init__(self, message: str, retry_after: float = 1.0) -> None:
        self.retry_after = retry_after
        """Seconds to wait at the least."""
        super().__init__(message)


class ModelError(GcoError):
    """The weights of a model could not be copied, stored or removed."""


class SourceMissingError(ModelError):
    """The source has no such bucket, folder, repository, revision or file."""


class SourceDeniedError(ModelError):
    """The source does not accept the credentials, or wants some; heals when someone acts."""


class SourceUnavailableError(ModelError):
    """The source did not answer, or broke off; worth retrying with back-off."""


class SourceChangedError(SourceUnavailableError):
    """The source is no longer what was listed; listing it again starts a new copy."""


class CorruptModelError(ModelError):
    """What the source gave, twice, does not have the checksum that it should have."""


class CacheFullError(ModelError):
    """There is too little room for the model, or a file may not grow as large as it must."""


class CacheError(ModelError):
    """The folder of models cannot be read, written or locked."""
