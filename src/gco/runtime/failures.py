"""What an error that ended a run means for when to try again, and how to tell it."""

import dataclasses
from collections.abc import Iterator
from typing import Final

from gco.errors import (
    FencedError,
    ForbiddenError,
    GcoError,
    InvalidSpecError,
    NotLeadingError,
    RejectedError,
    ThrottledError,
)

_HOPELESS: Final = (RejectedError, InvalidSpecError)
"""Trying again will not heal these until someone changes something."""


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """One error, judged."""

    error: BaseException
    """The error that decides; of a group's members the one that wants attention most."""
    at_least: float = 0.0
    """Seconds that whoever failed us asked for."""
    hopeless: bool = False
    """Retry seldom: the same request will be refused again."""
    forbidden: bool = False
    """A permission is missing: for a moment, while an API server that has just started reads its
    roles, or until someone grants it."""
    defect: bool = False
    """Not an error that the project raises on purpose: its traceback belongs in the log."""
    fenced: bool = False
    """Not a failure of the work: this process no longer leads."""

    @property
    def cause(self) -> str:
        """The error's class name."""
        return type(self.error).__name__

    @property
    def told(self) -> str:
        """The error's message, or its form where it has none."""
        return str(self.error) or repr(self.error)


def judge(error: BaseException) -> Failure:
    """Judge `error`; of an exception group (parallel requests) the gravest member decides.

    A defect comes first, then what heals by itself, then a missing permission, then what is
    hopeless; the longest wait that any member asks for holds for all.
    """
    judged = [_judge(leaf) for leaf in _leaves(error)]
    gravest = max(judged, key=lambda f: (f.defect, not f.hopeless, not f.forbidden))
    return dataclasses.replace(gravest, at_least=max(failure.at_least for failure in judged))


def _judge(error: BaseException) -> Failure:
    return Failure(
        error,
        at_least=error.retry_after if isinstance(error, ThrottledError) else 0.0,
        hopeless=isinstance(error, _HOPELESS),
        forbidden=isinstance(error, ForbiddenError),
        defect=not isinstance(error, (GcoError, TimeoutError)),
        fenced=isinstance(error, (NotLeadingError, FencedError)),
    )


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from _leaves(member)
    else:
        yield error


def says_namespace_ends(error: GcoError) -> bool:
    """Whether nothing can be created because the object's namespace is being deleted."""
    return isinstance(error, ForbiddenError) and "because it is being terminated" in str(error)
