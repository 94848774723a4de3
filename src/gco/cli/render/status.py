"""One endpoint as it is now: the line over all regions, each region, what is odd, where it answers."""

import datetime as dt
from collections.abc import Iterator

from rich.text import Text

from gco.cli.render import words
from gco.cli.render.grid import Row, grid, wrapped
from gco.cli.render.regions_of import regions_grid
from gco.cli.render.times import ago, since
from gco.core.fleet.summary import RegionView
from gco.core.model.endpoint import TargetState
from gco.core.model.status import Condition, ConditionType
from gco.service.results import EndpointView

_DRIFT = {
    "Repaired": "repaired",
    "FoughtOver": "fought over",
    "MutatedOnAdmission": "changed on admission",
    "DeletedOutsideGCO": "deleted and made again",
}
_BAD_WHEN_TRUE = frozenset({ConditionType.DRIFTED, ConditionType.STALLED})


def status_text(
    view: EndpointView, now: dt.datetime, width: int, *, every_condition: bool = False
) -> Text:
    """Return everything about one endpoint; of the conditions those that want attention, or all."""
    blocks = [
        _head(view, now, width),
        regions_grid(view.regions, now, width),
        _canaries(view),
        _conditions(view, now, width, every=every_condition),
        _drift(view, now, width),
        _addresses(view),
    ]
    return Text("\n\n").join(block for block in blocks if block)


def _head(view: EndpointView, now: dt.datetime, width: int) -> Text:
    spec = view.effective
    style = words.GOOD if view.ready else words.BAD if view.failed else words.BUSY
    facts = [
        f"image {spec.image}",
        words.server(spec),
        words.accelerators(spec),
        _weights(view),
        f"revision {view.revision}, {ago(view.updated_at, now)}",
    ]
    told = view.summary
    if len(view.name) + len(told) + 2 > width:
        told = told.partition("; ")[0]  # the table below says the rest
    head = Text(f"{view.name}  ", style="bold") + Text(told, style=style)
    return Text("\n").join([head, *wrapped(" · ".join(filter(None, facts)), width)])


def _weights(view: EndpointView) -> str:
    """Which model, and in how many of its regions it is there."""
    if view.effective.model is None:
        return ""
    wanted = [region for region in view.regions if region.target is not TargetState.DELETED]
    there = [
        region
        for region in wanted
        for condition in region.conditions
        if condition.type is ConditionType.MODEL_READY and condition.status == "True"
    ]
    return f"model {view.effective.model.uri} (cached in {len(there)}/{len(wanted)})"


def _canaries(view: EndpointView) -> Text:
    """How many of the canary's pods answer in each region, and with which share of the requests."""
    widest = max((len(region.region) for region in view.regions), default=0)
    lines = [
        f"{region.region:{widest}}  canary {found.ready}/{found.desired} ready, "
        f"{found.weight} % of the requests"
        for region in view.regions
        if (found := region.canary) is not None
    ]
    return Text("\n").join(map(Text, lines))


def _conditions(view: EndpointView, now: dt.datetime, width: int, *, every: bool) -> Text:
    rows = [
        Row(
            (region.region, condition.type, _verdict(condition), since(_moment(condition), now)),
            (
                f"{condition.reason}: {condition.message}"
                if condition.message
                else condition.reason,
            ),
        )
        for region in view.regions
        for condition in region.conditions
        if every or _odd(region, condition)
    ]
    headings = ("REGION", "CONDITION", "STATUS", "SINCE")
    return grid(headings, rows, width, words="REASON") if rows else Text()


def _odd(region: RegionView, condition: Condition) -> bool:
    """Whether a condition says more than the region's row and the lines about drift do."""
    match condition.type:
        case ConditionType.DRIFTED | ConditionType.READY:
            return False
        case ConditionType.STALLED:
            return condition.status == "True" and condition.reason != region.reason
        case _:
            told = condition.reason in (region.reason, "NotWanted")
            # What scales may be in trouble though the region is done: its pods serve.
            shown = not region.done or condition.type is ConditionType.AUTOSCALER_READY
            return shown and condition.status != "True" and not told


def _verdict(condition: Condition) -> Text:
    good = "False" if condition.type in _BAD_WHEN_TRUE else "True"
    return Text(condition.status, style=words.GOOD if condition.status == good else words.BUSY)


def _moment(condition: Condition) -> dt.datetime:
    return condition.last_transition_time


def _drift(view: EndpointView, now: dt.datetime, width: int) -> Text:
    """What others changed of ours, and what became of it."""
    lines = [
        f"{region.region}  Drifted, {_DRIFT.get(found.reason, found.reason)} "
        f"{ago(_moment(found), now)}: {found.message}"
        for region in view.regions
        for found in region.conditions
        if found.type is ConditionType.DRIFTED and found.reason != "InSync"
    ]
    return Text("\n").join(line for told in lines for line in wrapped(told, width))


def _addresses(view: EndpointView) -> Text:
    return Text("\n").join(_answering(view))


def _answering(view: EndpointView) -> Iterator[Text]:
    widest = max((len(region.region) for region in view.regions), default=0)
    for region in view.regions:
        if region.url and region.done and region.replicas_desired:
            yield Text(f"{region.region:{widest}}  answers at {region.url}")
