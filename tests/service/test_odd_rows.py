"""Invariant: one row that cannot be read fails only the command about that very record.

A newer version wrote it, or a hand damaged it. Every use case of the service is in the table: about
another endpoint it succeeds; about the record itself it raises an error that names the record, the field
and what helps. What decides by the absence of a record still ends, and says which record it is.
"""

import contextlib
import dataclasses
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gco.core.model.ids import EndpointName
from gco.core.model.model_uri import S3Uri
from gco.errors import TimedOutError, UnreadableError
from gco.service import DeployFlags, Outcome, Service
from gco.service.results import Effect
from tests.fleet.builders import EAST, SOUTH, WEST
from tests.service.world import a_world, document

WEB, CHAT = EndpointName("web"), EndpointName("chat")
NORTH = "eu-north-1"
DAMAGE = b'{"warp": 9}'


async def _waited(service, name):
    """Follow an endpoint until the time is over: every region is silent."""
    with contextlib.suppress(TimedOutError):
        return [view async for view in service.wait(name, timeout=0)]


CALLS: dict[str, Callable[[Service, str], Awaitable[Any]]] = {
    "apply": lambda s, name: s.apply([document(name, image="b:2")], source="x"),
    "diff": lambda s, name: s.diff([document(name, image="b:2")], source="x"),
    "get": lambda s, name: s.get(name),
    "status": lambda s, name: s.status([name]),
    "history": lambda s, name: s.history(name),
    "scale": lambda s, name: s.scale(name, 4),
    "start": lambda s, name: s.start(name),
    "stop": lambda s, name: s.stop(name),
    "update_image": lambda s, name: s.update_image(name, "b:2"),
    "add_region": lambda s, name: s.add_region(name, NORTH),
    "remove_region": lambda s, name: s.remove_region(name, EAST),
    "rollback": lambda s, name: s.rollback(name, to=1),
    "canary": lambda s, name: s.canary(name, weight=20),
    "abort_canary": lambda s, name: s.abort_canary(name),
    "promote": lambda s, name: s.promote(name, force=True),
    "delete": lambda s, name: s.delete([name], confirmed=True),
    "wait": _waited,
}
"""Use cases about one endpoint."""
OTHERS: dict[str, Callable[[Service], Awaitable[Any]]] = {
    "list": lambda s: s.list(),
    "regions": lambda s: s.regions(),
    "known_regions": lambda s: s.known_regions(),
    "deploy": lambda s: s.deploy(DeployFlags(name="new", image="b:2", regions=(EAST,))),
    "move": lambda s: s.move([], source="x"),
}
"""Use cases about none of the records that are damaged."""
ABSENCE: dict[str, Callable[[Service], Awaitable[Any]]] = {
    "users_of_models": lambda s: s.users_of_models([S3Uri("bucket", "llama")]),
    "models_in_use": lambda s: s.models_in_use(EAST),
    "forget_region": lambda s: s.forget_region(NORTH),
}
"""Use cases that decide by the absence of an endpoint: a model may be deleted, a region forgotten."""


@dataclasses.dataclass
class Damaged:
    service: Service
    store: Any
    warnings: list[str]


async def _world(kind: str) -> Damaged:
    """Two endpoints with a canary each, and one damaged row."""
    world = await a_world()
    await world.register(NORTH)
    where = {WEB: (EAST, WEST), CHAT: (EAST, SOUTH)}
    for name, regions in where.items():
        stated = [{"name": region} for region in regions]
        await world.service().apply([document(name, regions=stated)], source="x")
        await world.service().update_image(name, "b:1")
        await world.service().canary(name, image="c:1", weight=10)
        for region in regions:
            await world.say(region, name)
    world.clock.forward(seconds=100)  # every region is silent: one can be forgotten
    store = world.store
    match kind:
        case "endpoint":
            store._endpoints[WEB] = dataclasses.replace(store._endpoints[WEB], data=DAMAGE)
        case "revision":
            [revisions] = [kept for key, kept in store._revisions.items() if key[0] == WEB]
            revisions[1] = DAMAGE
        case "region":
            store._regions[WEST] = DAMAGE
        case "status":
            store._statuses[EAST][WEB] = b'{"uid": "x", "observedRevision": 1, "state": 7}'
    warnings: list[str] = []
    service = Service(
        store, world.clock, "ann", on_unread=lambda error: warnings.append(str(error))
    )
    return Damaged(service, store, warnings)


ABOUT = {
    "endpoint": (set(CALLS), "the record of endpoint web cannot be read (name: "),
    "revision": ({"rollback"}, "the record of revision 1 of web cannot be read (name: "),
    "region": (
        set(CALLS) - {"apply", "diff", "get", "status", "history", "delete", "wait"},
        f"the record of region {WEST} cannot be read (name: ",
    ),
    "status": (set(), ""),
}
"""By the damaged row: the use cases about `web` that fail by it, and what the error says."""


def test_the_table_has_every_use_case():
    public = {name for name, _ in inspect.getmembers(Service) if not name.startswith("_")}

    assert public == CALLS.keys() | OTHERS.keys() | ABSENCE.keys()


@pytest.mark.parametrize("kind", ABOUT)
@pytest.mark.parametrize("case", CALLS)
async def test_a_use_case_fails_by_the_row_that_it_is_about_alone(case, kind):
    fails, error = ABOUT[kind]
    world = await _world(kind)

    await CALLS[case](world.service, CHAT)
    if case not in fails:
        await CALLS[case](world.service, WEB)
        return
    with pytest.raises(UnreadableError) as raised:
        await CALLS[case](world.service, WEB)

    assert error in str(raised.value)
    assert "upgrade gco" in str(raised.value)


@pytest.mark.parametrize("kind", ABOUT)
@pytest.mark.parametrize("case", OTHERS)
async def test_a_use_case_about_other_records_succeeds(case, kind):
    world = await _world(kind)

    await OTHERS[case](world.service)


@pytest.mark.parametrize("case", ABSENCE)
async def test_what_decides_by_the_absence_of_an_endpoint_names_the_one_that_it_cannot_read(case):
    world = await _world("endpoint")

    with pytest.raises(UnreadableError, match="the record of endpoint web cannot be read"):
        await ABSENCE[case](world.service)


@pytest.mark.parametrize("kind", ["region", "revision", "status"])
@pytest.mark.parametrize("case", ABSENCE)
async def test_what_decides_by_the_absence_of_an_endpoint_needs_no_other_record(case, kind):
    world = await _world(kind)
    strict = case == "models_in_use" and kind == "status"  # its folders are in use

    if strict:
        with pytest.raises(UnreadableError, match=f"of web in {EAST}"):
            await ABSENCE[case](world.service)
    else:
        await ABSENCE[case](world.service)


async def test_in_a_region_that_cannot_be_read_an_apply_changes_nothing_until_it_can():
    """Its target keeps the earlier revision, so that nothing there is removed or half known."""
    world = await _world("region")
    before = await world.store.get(WEB)
    record = document(WEB, image="b:2", regions=[{"name": EAST}, {"name": WEST}])

    [applied] = await world.service.apply([record], source="x")

    after = await world.store.get(WEB)
    assert after.targets[WEST] == before.targets[WEST]
    assert after.targets[EAST].revision == after.revision == before.revision + 1
    effects = {one.region: one.effect for one in applied.regions}
    assert effects[WEST] is Effect.UNREADABLE
    assert any(f"of region {WEST} cannot be read" in warning for warning in world.warnings)
    [again] = await world.service.apply([record], source="x")
    assert again.outcome is Outcome.UNCHANGED

    world.store._regions[WEST] = world.store._regions[EAST].replace(b"us-east-1", WEST.encode())
    [joined] = await world.service.apply([record], source="x")

    last = await world.store.get(WEB)
    assert joined.outcome is Outcome.CHANGED
    assert {target.revision for target in last.targets.values()} == {last.revision}


async def test_an_endpoint_for_every_region_joins_one_that_cannot_be_read_by_a_later_apply():
    world = await _world("region")

    [applied] = await world.service.apply([document("new")], source="x")

    assert WEST not in (await world.store.get(EndpointName("new"))).targets
    assert WEST in {r.region for r in applied.regions if r.effect is Effect.UNREADABLE}


async def test_an_endpoint_is_not_placed_in_a_region_that_cannot_be_read():
    world = await _world("region")
    named = document("new", regions=[{"name": EAST}, {"name": WEST}])

    with pytest.raises(UnreadableError, match=f"of region {WEST} cannot be read"):
        await world.service.apply([named], source="x")
    applied = await world.service.apply([named, document(CHAT, image="b:2")], source="x")

    assert [one.outcome for one in applied] == [Outcome.UNREADABLE, Outcome.CHANGED]


async def test_a_region_whose_record_cannot_be_read_can_be_forgotten_by_force():
    world = await _world("region")

    with pytest.raises(UnreadableError, match=f"of region {WEST} cannot be read"):
        await world.service.forget_region(WEST)
    assert await world.service.forget_region(WEST, force=True) == [WEB]

    assert WEST not in (await world.store.get(WEB)).targets
