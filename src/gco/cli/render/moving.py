"""What becomes of the original monitor's rows, and the cut-over of each region, in order."""

import dataclasses
from collections.abc import Collection, Iterator, Sequence

from rich.text import Text

from gco.cli.render import words
from gco.cli.render.grid import Row, grid, hanging
from gco.core.model.ids import RegionName
from gco.service import Fate, Moved

_STYLES = {
    Fate.CREATED: words.GOOD,
    Fate.CHANGED: words.GOOD,
    Fate.UNCHANGED: words.QUIET,
    Fate.WAITING: words.BUSY,
    Fate.LEFT: words.QUIET,
    Fate.REFUSED: words.BAD,
}
WARNING = (
    "Never take a region out of a row of the original's table, nor delete the row, while an original "
    "monitor runs there: it would delete the workload."
)
_STOP = (
    "stop the original monitor: `kubectl scale deployment inference-monitor --namespace gco-system "
    "--replicas 0` in that cluster, and wait until its pod is gone"
)
_START = "apply deploy/kubernetes with REGION={region} there; `gco regions list` shows the region"
_IMPORT = "gco import {table} --region {region} --write"
_LOOK = "`gco status`: AdoptionWaiting, if it is told, says what is waited for; Ready is the end"


@dataclasses.dataclass(frozen=True, slots=True)
class CutOver:
    """What is left to do in one region, in order."""

    region: RegionName
    registered: bool
    """A monitor of GCO's leads there or has led there."""
    steps: tuple[str, ...]


def cut_over(
    moved: Sequence[Moved], registered: Collection[RegionName], table: str
) -> tuple[CutOver, ...]:
    """Return the steps for every region where the original runs something."""
    places = sorted({region for one in moved for region in (*one.regions, *one.waiting)})
    pending = {r for one in moved if _to_write(one) for r in (*one.regions, *one.waiting)}
    return tuple(
        _steps(region, table, registered=region in registered, pending=region in pending)
        for region in places
    )


def _to_write(one: Moved) -> bool:
    undone = one.fate in (Fate.CREATED, Fate.CHANGED) and not one.written
    return undone or bool(one.waiting)


def _steps(region: RegionName, table: str, *, registered: bool, pending: bool) -> CutOver:
    steps = [_STOP]
    if not registered:
        steps.append(_START.format(region=region))
    if pending or not registered:
        steps.append(_IMPORT.format(table=table, region=region))
    return CutOver(region, registered, (*steps, _LOOK))


def moved_text(
    moved: Sequence[Moved], places: Sequence[CutOver], width: int, *, write: bool
) -> Text:
    """Return the rows, what each loses, and the cut-over."""
    rows = [Row(_cells(one), tuple(_words(one))) for one in moved]
    lines = [grid(("NAME", "IMPORT", "REGIONS"), rows, width, words="WHAT"), Text()]
    lines.append(_summary(moved, write=write))
    lines += [Text(), Text("Cut-over, region by region", style="bold")]
    lines += hanging([Text(WARNING, style=words.BAD)], 0, width)
    for place in places:
        lines.append(Text(place.region, style="bold"))
        lines += hanging([f"{n}. {step}" for n, step in enumerate(place.steps, 1)], 2, width)
    return Text("\n").join(lines)


def _cells(one: Moved) -> tuple[str, Text, str]:
    return one.name, Text(one.fate.value, style=_STYLES[one.fate]), ", ".join(one.regions)


def _words(one: Moved) -> Iterator[Text]:
    if one.why:
        yield Text(one.why)
    for change in one.changes:
        yield Text(f"{change.path} {change.values}", style=words.QUIET)
    if one.waiting:
        yield Text(f"waits for a monitor in {', '.join(one.waiting)}", style=words.BUSY)
    for problem in one.lost:
        yield Text(f"{problem.path} {problem.given}: {problem.allowed}", style=words.BUSY)
    for problem in one.problems:
        yield Text(problem.text, style=words.BAD)
    for problem in one.warnings:
        yield Text(f"warning: {problem.text}", style=words.BUSY)


def _summary(moved: Sequence[Moved], *, write: bool) -> Text:
    counts = {fate: sum(one.fate is fate for one in moved) for fate in Fate}
    told = ", ".join(f"{count} {fate.value}" for fate, count in counts.items() if count)
    if write:
        return Text(f"written: {told}")
    return Text(f"nothing was written ({told}); --write writes it", style=words.BUSY)
