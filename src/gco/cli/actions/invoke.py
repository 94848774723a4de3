"""invoke: one prompt to an endpoint, through the entrance of a region or of all."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from gco.cli.options import Format
from gco.cli.session import Session
from gco.client.invoke import InvokeError, Prompt, invoke
from gco.core.fleet.resolve import region_spec
from gco.core.fleet.summary import RegionView
from gco.core.model.allowed import did_you_mean
from gco.core.model.ids import EndpointName, RegionName
from gco.errors import InvalidSpecError, Problem, UnsupportedStateError
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
    places = _places(view, regions, every=all_regions)
    prompt = sys.stdin.read() if text == "-" else text
    answers = [
        await _answer(
            session,
            place,
            Prompt(
                url=place.url,
                text=prompt,
                stream=stream,
                max_tokens=max_tokens,
                host=_host(view, place.region),
            ),
            titled=len(places) > 1,
            output=output,
        )
        for place in places
    ]
    if output is not Format.TABLE:
        facts = answers if all_regions or len(regions) > 1 else answers[0]
        session.screen.emit(output, lambda: facts, Text)
    return int(any("error" in answer for answer in answers))


def _places(view: EndpointView, wanted: Sequence[str], *, every: bool) -> list[RegionView]:
    """The regions to ask: those named, every one, or the first that is ready."""
    known = {region.region: region for region in view.regions}
    for name in wanted:
        if name not in known:
            told = f"one of {', '.join(known)}{did_you_mean(name, known)}"
            raise InvalidSpecError([Problem("--region", name, told)])
    asked = [known[RegionName(name)] for name in wanted] or list(view.regions)
    answering = [region for region in asked if region.url and (wanted or region.replicas_ready)]
    if not answering:
        raise UnsupportedStateError(_nobody(view, asked))
    return answering if wanted or every else answering[:1]


def _nobody(view: EndpointView, asked: Sequence[RegionView]) -> str:
    if any(region.replicas_ready for region in asked):
        return f"no address is known of {', '.join(r.region for r in asked)}; see `gco regions`"
    return f"no region answers yet ({view.summary}); `gco wait {view.name}`, then ask again"


async def _answer(
    session: Session, place: RegionView, prompt: Prompt, *, titled: bool, output: Format
) -> dict[str, Any]:
    """Ask one region; print the answer as it comes unless it is wanted as data."""
    began = asyncio.get_running_loop().time()
    aloud = output is Format.TABLE
    if aloud and titled:
        session.screen.show(Text(place.region, style="bold"))
    pieces: list[str] = []
    try:
        async for piece in invoke(prompt):
            pieces.append(piece)
            if aloud:
                session.screen.write(piece)
    except InvokeError as error:
        if aloud and pieces:
            session.screen.write("\n")
        session.screen.say(f"error: {place.region}: {error}")
        return {"region": place.region, "url": prompt.url, "error": str(error)}
    if aloud:
        session.screen.write("\n")
    seconds = round(asyncio.get_running_loop().time() - began, 3)
    answer = "".join(pieces)
    return {"region": place.region, "url": prompt.url, "answer": answer, "seconds": seconds}


def _host(view: EndpointView, region: RegionName) -> str | None:
    own = region_spec(view.spec, region).route
    return (own.host if own else None) or (view.spec.route.host if view.spec.route else None)
