"""What a request did to an endpoint, or would do: fields, regions, restarts and what to heed."""

from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text

from gco.cli.render import words
from gco.cli.render.grid import Row, grid, hanging
from gco.core.fleet.changes import FieldChange
from gco.errors import Problem
from gco.service.results import Applied, Deleted, Effect, Kept, Outcome, RegionEffect, Restart

INDENT = 2
_SAID = {
    Effect.JOINS: "joins",
    Effect.LEAVES: "leaves",
    Effect.STARTS: "starts in",
    Effect.STOPS: "stops in",
    Effect.TRIES: "starts a canary in",
    Effect.UNREADABLE: "changes nothing in",
}

_HOW = {
    Restart.IN_PLACE: "in place",
    Restart.SURGE: "with surge",
    Restart.WAITS: "once there is room, or with rollout.allowDowntime",
    Restart.ROLLING: "one out, one in",
    Restart.RECREATE: "all at once",
}
"""How pods are replaced, in the order in which it is told."""

_TAKES_ROOM = frozenset({Effect.JOINS, Effect.STARTS, Effect.TRIES})
"""Effects that take accelerators: how many are free is told with them."""


def applied_text(applied: Applied, me: str, width: int, *, fields: bool = True) -> Text:
    """Return what became of one request; `me` is who reads it, and shown as `you`."""
    lines = [_head(applied, me)]
    if applied.dry_run and applied.error is None:
        lines.append(Text("  dry run: nothing was stored", style=words.BUSY))
    if fields and (applied.outcome is Outcome.CHANGED or applied.dry_run):
        lines += _fields(applied.changes, width)
    lines += hanging([*_effects(applied), *map(_kept, applied.kept)], INDENT, width)
    if _rereads(applied):
        lines += hanging([_warning(w) for w in applied.warnings], INDENT, width)
    return Text("\n").join(lines)


def deleted_text(deleted: Deleted) -> Text:
    """Return what became of one request to delete."""
    if deleted.discarded:
        how = "apply it again once its regions report it as an orphan, then delete it"
        after = f"  record discarded; to remove what runs, {how}"
        return Text(deleted.name, style="bold") + Text(after)
    where = ", ".join(deleted.regions) or "no region"
    verb = "is being deleted already" if deleted.already else "is being deleted"
    return Text(deleted.name, style="bold") + Text(f"  {verb}; objects are to go from {where}")


def _head(applied: Applied, me: str) -> Text:
    name = Text(applied.name, style="bold")
    if applied.error is not None:
        return name + Text(f"  not applied: {applied.error}", style=words.BAD)
    if applied.outcome is Outcome.UNCHANGED:
        return name + Text(f"  unchanged, at revision {applied.revision}", style=words.QUIET)
    created = "created, " if applied.outcome is Outcome.CREATED else ""
    who = "you" if applied.actor == me else applied.actor
    return name + Text(f"  {created}revision {applied.revision} ({who}, {applied.reason})")


def _fields(changes: Sequence[FieldChange], width: int) -> Iterator[Text]:
    rows = [Row((f"{' ' * INDENT}{change.path}",), (_values(change),)) for change in changes]
    if rows:
        yield grid((), rows, width)


def _values(change: FieldChange) -> Text:
    if change.before is None:
        return Text(change.values, style=words.GOOD)
    if change.after is None:
        return Text(change.values, style=words.BAD)
    return Text(change.values)


def _kept(kept: Kept) -> Text:
    told = f"keeps {kept.path} {kept.value}: the file does not state it"
    return Text(told, style=words.QUIET)


def _rereads(applied: Applied) -> bool:
    """Whether the request was about more than a count or a state: old warnings are not repeated."""
    return any(not change.path.endswith(("replicas", "state")) for change in applied.changes)


def _warning(problem: Problem) -> Text:
    told = f"warning: {problem.path}: {problem.given}; {problem.allowed}"
    return Text(told, style=words.BUSY)


def _effects(applied: Applied) -> Iterator[Text]:
    for effect, verb in _SAID.items():
        there = [r for r in applied.regions if r.effect is effect]
        if there:
            yield Text(f"{verb} {_places(there, room=effect in _TAKES_ROOM)}")
    if applied.outcome is not Outcome.CHANGED:
        return
    if applied.restarts:
        yield Text(f"restarts pods: yes, {_restarts(applied.restarts)}")
    elif any(r.effect in (Effect.UPDATES, Effect.TRIES) for r in applied.regions):
        yield Text("restarts no pod")


def _restarts(effects: Sequence[RegionEffect]) -> str:
    """Return how pods are replaced, and where: `in place (us-east-1: 0 of 16 GPUs free)`."""
    groups = ((how, [e for e in effects if e.restart is how]) for how in _HOW)
    return ", ".join(
        f"{_HOW[how]} ({', '.join(_with_room(effect) for effect in there)})"
        for how, there in groups
        if there
    )


def _with_room(effect: RegionEffect) -> str:
    told = words.room(effect.resource, effect.free, effect.total)
    if not told and effect.resource is not None:
        told = f"free {words.device(effect.resource, 2)} unknown"
    return f"{effect.region}: {told}" if told else str(effect.region)


def _places(effects: Iterable[RegionEffect], *, room: bool) -> str:
    return ", ".join(_place(effect, room=room) for effect in effects)


def _place(effect: RegionEffect, *, room: bool) -> str:
    told = words.room(effect.resource, effect.free, effect.total) if room else ""
    return f"{effect.region} ({told})" if told else effect.region
