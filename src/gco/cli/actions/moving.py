"""import: the original's table is read, its rows are moved, and the cut-over is told."""

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from gco.cli import data
from gco.cli.options import Format
from gco.cli.render.moving import CutOver, cut_over, moved_text
from gco.cli.session import Session, half_done_as_data
from gco.core.model.ids import RegionName
from gco.service import Fate, Moved
from gco.wiring.stores import read_original, table_name


async def move(
    session: Session, *, table: str, regions: Sequence[str], write: bool, output: Format
) -> int:
    """Show what the table's rows become, or make them that; return 1 where one is refused."""
    rows = await read_original(session.settings, table)
    source = table_name(table)
    with half_done_as_data(session, output):
        moved = await session.service.move(
            rows, source=source, regions=[RegionName(region) for region in regions], write=write
        )
    registered = {info.region.name for info in await session.service.regions()}
    steps = cut_over(moved, registered, table)
    session.screen.emit(
        output,
        lambda: _facts(source, moved, steps, write=write),
        lambda: _text(session, moved, steps, write=write),
    )
    return int(any(one.fate is Fate.REFUSED for one in moved))


def _facts(
    source: str, moved: Sequence[Moved], steps: Sequence[CutOver], *, write: bool
) -> dict[str, Any]:
    places = [
        {"region": one.region, "registered": one.registered, "steps": list(one.steps)}
        for one in steps
    ]
    return {
        "table": source,
        "written": write,
        "endpoints": data.plain_all(moved),
        "cutOver": places,
    }


def _text(
    session: Session, moved: Sequence[Moved], steps: Sequence[CutOver], *, write: bool
) -> Text:
    if not moved:
        return Text("the table has no rows: there is nothing to import")
    return moved_text(moved, steps, session.screen.width, write=write)
