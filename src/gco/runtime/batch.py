"""Batches: what many tasks ask for one by one, asked for together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeAlias, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

_Asked: TypeAlias = list[tuple[Q, asyncio.Future[A]]]


class Batch(Generic[Q, A]):
    """Hands questions to `answer` in batches, and each answer to whoever asked.

    A batch is what is asked within `gather` seconds, `most` questions at the most; one is under way
    at a time. `answer` returns the answers in the order of the questions. What it raises is raised
    to all who asked, but for `divisible` errors, which may be about one question: the batch is
    halved until they are told to that question alone.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[Q]], Awaitable[Sequence[A]]],
        *,
        most: int,
        gather: float,
        divisible: Callable[[BaseException], bool],
    ) -> None:
        self._answer = answer
        self._most = most
        self._gather = gather
        self._divisible = divisible
        self._asked: _Asked[Q, A] = []
        self._wake = asyncio.Event()

    async def ask(self, question: Q) -> A:
        """Return the answer to `question`, or raise why there is none; `run` has to run."""
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._asked.append((question, future))
        self._wake.set()
        return await future

    async def run(self) -> None:
        """Answer until cancelled."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(self._gather)
            batch, self._asked = self._asked[: self._most], self._asked[self._most :]
            if not self._asked:
                self._wake.clear()
            await self._serve(batch)

    async def _serve(self, batch: _Asked[Q, A]) -> None:
        batch = [each for each in batch if not each[1].done()]  # who was cancelled asks no longer
        if not batch:
            return
        questions = [question for question, _ in batch]
        (outcome,) = await asyncio.gather(self._answer(questions), return_exceptions=True)
        if not isinstance(outcome, BaseException):
            for (_, future), answer in zip(batch, outcome, strict=True):
                _settle(future, answer)
        elif len(batch) > 1 and self._divisible(outcome):
            middle = len(batch) // 2
            await self._serve(batch[:middle])
            await self._serve(batch[middle:])
        else:
            for _, future in batch:
                _settle(future, outcome)


def _settle(future: asyncio.Future[A], outcome: A | BaseException) -> None:
    if future.done():
        return  # cancelled meanwhile
    if isinstance(outcome, BaseException):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
