"""invoke: one prompt to an endpoint, through the entrance of a region or of all."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from typing import Any

from rich.text import Text

from gco.cli.actions.answering import answering, caller
from gco.cli.documents import read_prompt
from gco.cli.options import Format
from gco.cli.session import Session
from gco.client.invoke import InvokeError, Prompt, invoke
from gco.core.fleet.summary import RegionView
from gco.core.model.endpoint import TargetState
from gco.core.model.ids import EndpointName
from gco.service.results import EndpointView


async def ask(
    session: Session,
    name: str,
    text: str,
    *,
    regions: Sequence[str],
    all_regions: bool,
    stream: bool,
    max_tokens: int | None,
    output: Format,
) -> int:
    """Print what the endpoint answers; return 1 where some region did not answer."""
    view = await session.service.get(EndpointName(name))
    rows = answering(view, regions)
    if not regions and not all_regions:
        rows = rows[:1]
    said = read_prompt(sys.stdin) if text == "-" else text

    def prompt(row: RegionView) -> Prompt:
        messages = [{"role": "user", "content": said}]
        who = caller(session, view, row.region)
        return Prompt(row.url, messages, stream=stream, max_tokens=max_tokens, caller=who)

    asked = [_Asked(prompt(row), row) for row in rows]
    answers = await _answers(session, asked, titled=len(rows) > 1, output=output)
    if output is not Format.TABLE:
        facts = answers if all_regions or len(regions) > 1 else answers[0]
        session.screen.emit(output, lambda: facts, Text)
    if all_regions:
        _tell_of_others(session, view, rows)
    return int(any("error" in answer for answer in answers))


async def _answers(
    session: Session, asked: Sequence["_Asked"], *, titled: bool, output: Format
) -> list[dict[str, Any]]:
    """Ask all regions at once, and print their answers one after the other."""
    aloud = output is Format.TABLE
    asking = [asyncio.create_task(one.ask()) for one in asked]
    try:
        for one in asked:
            if aloud and titled:
                session.screen.show(Text(one.region, style="bold"))
            await _print(session, one, aloud=aloud)
        return list(await asyncio.gather(*asking))
    finally:
        for task in asking:
            task.cancel()


async def _print(session: Session, one: "_Asked", *, aloud: bool) -> None:
    any_piece = False
    async for piece in one.pieces():
        any_piece = True
        if aloud:
            session.screen.write(piece)
    if aloud and (any_piece or not one.error):
        session.screen.write("\n")
    if one.error:
        session.screen.say(f"error: {one.region}: {one.error}")


class _Asked:
    """One region that is asked: its answer as far as it is there."""

    def __init__(self, prompt: Prompt, row: RegionView) -> None:
        self._prompt = prompt
        self._pieces: asyncio.Queue[str | None] = asyncio.Queue()
        self.region = row.region
        self.error = ""

    async def ask(self) -> dict[str, Any]:
        """Take in the whole answer; return it as data."""
        began = asyncio.get_running_loop().time()
        pieces: list[str] = []
        told: dict[str, Any] = {"region": self.region, "url": self._prompt.url}
        try:
            async for piece in invoke(self._prompt):
                pieces.append(piece)
                self._pieces.put_nowait(piece)
        except InvokeError as error:
            self.error = str(error)
            return {**told, "error": self.error}
        finally:
            self._pieces.put_nowait(None)
        seconds = round(asyncio.get_running_loop().time() - began, 3)
        return {**told, "answer": "".join(pieces), "seconds": seconds}

    async def pieces(self) -> AsyncIterator[str]:
        """Yield the answer, as it comes."""
        while (piece := await self._pieces.get()) is not None:
            yield piece


def _tell_of_others(session: Session, view: EndpointView, asked: Sequence[RegionView]) -> None:
    """Say which regions were not asked, and why: nobody takes some for all."""
    for row in view.regions:
        if row not in asked and row.target is TargetState.RUNNING and row.replicas_desired:
            session.screen.say(f"not asked: {row.region} ({row.reason})")
