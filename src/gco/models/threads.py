"""Blocking file work away from the event loop, never left running behind its files' backs."""

import asyncio
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


async def in_thread(work: Callable[[*Ts], T], *arguments: *Ts) -> T:
    """Return what `work` returns.

    When cancelled, waits for it to end first: a write that went on after its file was closed would
    land in whatever file was opened next.
    """
    running = asyncio.get_running_loop().run_in_executor(None, work, *arguments)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
