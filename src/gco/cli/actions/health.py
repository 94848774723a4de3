"""health: asks the ready path of an endpoint through the route of each region."""

import asyncio
from collections.abc import Sequence
from typing import Any

from gco.cli.actions.answering import caller
from gco.cli.actions.places import chosen_regions, told_when_slow
from gco.cli.options import Format
from gco.cli.render.health import health_table
from gco.cli.session import Session
from gco.client.health import Answer, ask
from gco.core.fleet.summary import RegionView
from gco.core.model.endpoint import TargetState
from gco.core.model.ids import EndpointName
from gco.errors import UnsupportedStateError
from gco.service.results import EndpointView


async def health(
    session: Session, name: str, *, regions: Sequence[str], patience: float, output: Format
) -> int:
    """Print which regions answer, and how fast; return 1 where one does not.

    Regions in which nothing shall run are not asked, unless they are named. Raises
    UnsupportedStateError where no region is left.
    """
    view = await session.service.get(EndpointName(name))
    chosen = chosen_regions(view, regions)
    rows = [row for row in view.regions if row.region in chosen and (regions or _runs(row))]
    if not rows:
        raise UnsupportedStateError(f"{name} is to run in no region: {view.summary}")
    async with told_when_slow(session.screen, f"asking {', '.join(r.region for r in rows)} …"):
        answers = await asyncio.gather(*(_ask(session, view, row, patience) for row in rows))
    found = {str(row.region): answer for row, answer in zip(rows, answers, strict=True)}
    session.screen.emit(
        output,
        lambda: [_facts(region, answer) for region, answer in found.items()],
        lambda: health_table(found, session.screen.width),
    )
    return int(not all(answer.ok for answer in answers))


def _runs(row: RegionView) -> bool:
    return row.target is TargetState.RUNNING and row.replicas_desired > 0


async def _ask(session: Session, view: EndpointView, row: RegionView, patience: float) -> Answer:
    if not row.url:
        return Answer("", None, 0.0, "its address is not known; see `gco regions list`")
    probes = view.effective.probes
    path = (probes.ready_path if probes else None) or "/health"
    return await ask(f"{row.url}{path}", caller(session, view, row.region), patience=patience)


def _facts(region: str, answer: Answer) -> dict[str, Any]:
    told = {
        "region": region,
        "ok": answer.ok,
        "status": answer.status,
        "seconds": round(answer.seconds, 3),
        "url": answer.url,
        "error": answer.error,
    }
    return {key: value for key, value in told.items() if value not in (None, "")}
