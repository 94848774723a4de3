"""The controller: runs one reconcile a key, many keys at once, and decides what failure means.

It holds the one broad except of the project: whatever a reconcile raises ends that run, not the
process, and the key comes back after a delay that fits the error.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from gco.errors import ShutDownError
from gco.runtime.backoff import FORBIDDEN_BACKOFF, REJECTED_BACKOFF
from gco.runtime.failures import judge
from gco.runtime.metrics import SILENT, ControllerMetrics
from gco.runtime.queue import WorkQueue
from gco.telemetry import get_logger, scope

K = TypeVar("K", bound=Hashable)


class Controller(Generic[K]):
    """Calls `reconcile` for each key that was enqueued.

    `reconcile` looks at the whole state of its key and returns after how many seconds to look
    again, or None where an event will tell. Of one key there is one run at a time.

    At most `workers` runs are prompt ones; one that takes longer than `slow` seconds stops
    counting, so that a few slow keys hold up no other, up to `most` runs in all. A run that takes
    `timeout` seconds is cancelled and counts as failed.
    """

    def __init__(
        self,
        name: str,
        reconcile: Callable[[K], Awaitable[float | None]],
        *,
        workers: int = 8,
        slow: float = 1.0,
        most: int = 128,
        timeout: float = 60.0,
        noun: str = "key",
        metrics: ControllerMetrics = SILENT,
    ) -> None:
        self.name = name
        self.queue: WorkQueue[K] = WorkQueue(metrics=metrics.queue)
        self._reconcile = reconcile
        self._workers = workers
        self._most = most
        self._slow = slow
        self._timeout = timeout
        self._noun = noun
        self._metrics = metrics
        self._log = get_logger(f"gco.{name}")

    def enqueue(self, key: K) -> None:
        """Have `key` reconciled soon; cheap, and may be called from any callback of the loop."""
        self.queue.add(key)

    def enqueue_routinely(self, key: K, *, within: float = 0.0) -> None:
        """Have `key` reconciled after all changes, unless it will be `within` seconds anyway.

        A key that backs off is left to its back-off: routine work never shortens a wait.
        """
        self.queue.add_routinely(key, within=within)

    def clear(self) -> None:
        """Forget every key: called when this process no longer leads, after `run` has ended."""
        self.queue.clear()

    async def run(self) -> None:
        """Reconcile until `shut_down`, then return once the runs in flight have ended.

        Cancelled, it cancels them, and keeps their keys: `run` may be called again.
        """
        prompt = asyncio.Semaphore(self._workers)
        every = asyncio.Semaphore(self._most)
        async with asyncio.TaskGroup() as runs:
            while True:
                await every.acquire()
                await prompt.acquire()
                try:
                    key = await self.queue.get()
                except ShutDownError:
                    return
                run = runs.create_task(self._work(key, prompt), name=f"{self.name} {key}")
                run.add_done_callback(lambda _: every.release())
                # A look at what is in sync never waits: eight in one turn of the event loop would
                # hold up a person's change, which takes a few turns to arrive, at each of them.
                await asyncio.sleep(0)

    def shut_down(self) -> None:
        """Take no more keys and drop those that wait; the runs in flight go on."""
        self.queue.shut_down()

    def complaint(self) -> str | None:
        """Say what is stuck, or None: a run that outlives its time-out does not yield to it."""
        oldest = self.queue.oldest()
        if oldest <= 2 * self._timeout:
            return None
        return f"{self.name}: a run has taken {oldest:.0f} s of {self._timeout:.0f} s"

    async def _work(self, key: K, prompt: asyncio.Semaphore) -> None:
        slot = _Slot(prompt)
        timer = asyncio.get_running_loop().call_later(self._slow, slot.release)
        try:
            with scope(**{self._noun: str(key)}):
                await self._run_once(key)
        except asyncio.CancelledError:
            self.queue.add(key)  # unfinished: whoever runs us again starts with it
            raise
        finally:
            timer.cancel()
            slot.release()
            self.queue.done(key)

    async def _run_once(self, key: K) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        result = "success"
        try:
            async with asyncio.timeout(self._timeout):
                again = await _own_cancellation_only(self._reconcile(key))
        except Exception as error:  # noqa: BLE001  (the one place: a failure ends its run alone)
            result = "error"
            self._failed(key, error, loop.time() - began)
        else:
            self.queue.forget(key)
            if again is not None:
                result = "requeue_after"
                self.queue.add_after(key, again)
        self._metrics.reconciled(result, loop.time() - began)

    def _failed(self, key: K, error: Exception, seconds: float) -> None:
        failure = judge(error)
        backoff = FORBIDDEN_BACKOFF if failure.forbidden else None
        backoff = REJECTED_BACKOFF if failure.hopeless else backoff
        delay = self.queue.retry(key, at_least=failure.at_least, backoff=backoff)
        told = {
            "cause": failure.cause,
            "error": failure.told,
            "seconds": round(seconds, 4),
            "retry_in": round(delay, 3),
            "failures": self.queue.failures(key),
        }
        if failure.fenced:
            self._log.info("not leading", **told)
        elif failure.defect:
            self._log.error("reconcile failed", exc_info=error, **told)
        else:
            self._log.warning("reconcile failed", **told)


async def _own_cancellation_only(run: Awaitable[float | None]) -> float | None:
    """Await `run`; a cancellation that nobody asked of this task is an error like any other.

    It comes out of awaiting a task that someone else cancelled, and would end the run unseen.
    """
    try:
        return await run
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise RuntimeError("something that the reconcile waited for was cancelled") from error


class _Slot:
    """A semaphore's permit that is given back once, whoever comes first."""

    def __init__(self, semaphore: asyncio.Semaphore) -> None:
        self._semaphore: asyncio.Semaphore | None = semaphore

    def release(self) -> None:
        if self._semaphore is not None:
            self._semaphore.release()
            self._semaphore = None
