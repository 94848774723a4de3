"""regions: what there is, and what is forgotten."""

from rich.text import Text

from gco.cli import data
from gco.cli.exhibit import Exhibit, show
from gco.cli.options import Format
from gco.cli.render.regions import regions_table
from gco.cli.session import Session
from gco.core.model.ids import RegionName
from gco.service import RegionInfo

NO_REGIONS = "no region is registered yet; `gco sandbox up`, or `gco monitor` in a cluster"


async def list_regions(session: Session, *, free: int | None, output: Format, watch: bool) -> None:
    """Show registered regions, or those with at least `free` accelerators of one kind free."""

    async def read() -> list[RegionInfo]:
        return [info for info in await session.service.regions() if _has_free(info, free)]

    def table(infos: list[RegionInfo]) -> Text:
        if not infos:
            return Text(NO_REGIONS if free is None else f"no region has {free} free accelerators")
        return regions_table(infos, session.clock.now(), session.screen.width)

    await show(session, Exhibit(read, data.plain_all, table), output, watch=watch)


async def forget(session: Session, region: str, *, force: bool, output: Format) -> None:
    """Forget a registered region."""
    there = await session.service.forget_region(RegionName(region), force=force)
    left = f"; left alone there: {', '.join(there)}" if there else ""
    session.screen.emit(
        output,
        lambda: {"region": region, "endpoints": list(there)},
        lambda: Text(f"{region} is forgotten{left}"),
    )


def _has_free(info: RegionInfo, least: int | None) -> bool:
    if least is None:
        return True
    capacity = info.region.capacity or {}
    return any(counted.free >= least for counted in capacity.values())
