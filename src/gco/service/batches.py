"""Many endpoints are stored in batches; where that ends early, the caller learns what was stored.

A batch is stored as a whole or not at all. Whoever cancels the request (Ctrl-C) waits for the batch
under way, so that its outcome is known, and no other batch is begun.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from gco.core.model.endpoint import Endpoint
from gco.core.model.ids import EndpointName
from gco.errors import GcoError, HalfDoneError, StoppedError, UnreadableError
from gco.service.context import Context

Names: TypeAlias = Sequence[EndpointName]
IsStored: TypeAlias = Callable[[EndpointName, Endpoint | None], bool]

LAST_BATCH_SECONDS: Final = 10.0
"""How long a cancelled request waits for the batch under way; longer than SQLite waits for its lock."""


class InterruptedBatchError(asyncio.CancelledError):
    """The request was cancelled; `half_done` names what was stored before."""

    def __init__(self, half_done: HalfDoneError) -> None:
        self.half_done = half_done
        super().__init__(str(half_done))


class _UnsettledError(asyncio.CancelledError):
    """The request was cancelled, and the batch under way did not end in time."""


async def in_batches(
    context: Context,
    batches: Sequence[Names],
    store: Callable[[Names], Awaitable[None]],
    is_stored: IsStored,
) -> None:
    """Store batch after batch; raises HalfDoneError where an error leaves some of them stored.

    The store may have carried out the batch that failed, so it is read again: `is_stored` compares
    what is there with what was sent. A request that is cancelled raises InterruptedBatchError.
    """
    for number, batch in enumerate(batches):
        try:
            await _to_its_end(store, batch)
        except GcoError as error:
            half_done = await _account(context, error, batches, number, is_stored)
            if not half_done.stored and not half_done.unknown:
                raise
            raise half_done from error
        except asyncio.CancelledError as stop:
            reads = None if isinstance(stop, _UnsettledError) else is_stored
            ended = StoppedError("interrupted")
            half_done = await _account(context, ended, batches, number, reads)
            raise InterruptedBatchError(half_done) from stop


async def _to_its_end(store: Callable[[Names], Awaitable[None]], batch: Names) -> None:
    await asyncio.sleep(0)  # a request that is cancelled by now begins no batch
    task = asyncio.ensure_future(store(batch))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        _, left = await asyncio.wait([task], timeout=LAST_BATCH_SECONDS)
        if left:
            task.cancel()
            raise _UnsettledError from None
        if not task.cancelled():
            task.exception()  # an error of the store counts less than the interruption
        raise


async def _account(
    context: Context,
    error: GcoError,
    batches: Sequence[Names],
    number: int,
    is_stored: IsStored | None,
) -> HalfDoneError:
    """Return what was stored when batch `number` ended; None for `is_stored`: it has not ended."""
    batch = batches[number]
    before = [name for earlier in batches[:number] for name in earlier]
    after = [name for later in batches[number + 1 :] for name in later]
    unread: dict[EndpointName, UnreadableError] = {}
    unknown = HalfDoneError(error, stored=before, unknown=batch, not_stored=after)
    if is_stored is None:
        return unknown
    try:
        found = await context.store.get_many(batch, unread=unread.__setitem__)
    except GcoError:
        return unknown
    done = [name for name in batch if is_stored(name, found.get(name))]
    left = [name for name in batch if name not in done and name not in unread]
    return HalfDoneError(
        error, stored=[*before, *done], unknown=[*unread], not_stored=[*left, *after]
    )
