"""The resync: has every key looked at now and then, spread over the period, without any request."""

import asyncio
from collections.abc import Callable, Hashable, Iterable
from typing import Final, TypeVar

from gco.runtime.backoff import spread

K = TypeVar("K", bound=Hashable)

_STEPS: Final = 1000
"""A period has at most so many steps: of 5,000 keys five come at once."""


async def resync(
    keys: Callable[[], Iterable[K]], enqueue: Callable[[K], None], *, seconds: float
) -> None:
    """Enqueue all of `keys()` once a period of `seconds` or a little more, for ever.

    It is a safety net: nothing waits for it, and a key that is in sync costs no request.
    """
    while True:
        due = list(keys())
        size = max(1, -(-len(due) // _STEPS))
        starts = range(0, max(1, len(due)), size)
        for start in starts:
            await asyncio.sleep(spread(seconds) / len(starts))
            for key in due[start : start + size]:
                enqueue(key)
