"""Invariant: whatever grows, every record that the store writes fits a DynamoDB item of 400 KB.

What a region observes is cut and counted, so that its heartbeat, its leadership and its statuses are
never refused. What a person asks for is refused before it is written, with room left for what the control
plane adds to it later: a tombstone, a state, a higher generation.
"""

import datetime as dt
import functools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gco.core.fleet.targets import deleted_targets
from gco.core.model.bounds import MOST, MOST_FOLDERS, bounded_region, bounded_status
from gco.core.model.endpoint import CanaryTarget, EndpointState, RegionTarget, TargetState, Write
from gco.core.model.ids import Actor, EndpointName, Epoch, Generation, RegionName, RevisionNumber
from gco.core.model.status import AcceleratorCapacity, CanaryReport, Condition, Lost
from gco.errors import SettingsError, TooLargeError, UnsupportedStateError
from gco.settings import read_settings
from gco.store import rules
from gco.store.dynamodb import keys
from gco.store.dynamodb.attributes import key_item, to_item
from gco.store.dynamodb.leases import _fields
from gco.store.dynamodb.transactions import entry
from gco.store.memory import MemoryStore
from gco.store.port import MAX_WRITES, FleetLease
from gco.store.records import encode
from tests.fleet.builders import EAST
from tests.service.world import World, document
from tests.store.builders import a_region, a_revision, a_spec, a_status, an_endpoint

ITEM = 400 * 1024
TRANSACTION = 4 * 1024 * 1024
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LONGEST_LABEL = "n" * 63

SIZES = st.tuples(
    st.sampled_from([0, 1, 99, 100, 101, 501, 2000]),
    st.sampled_from([0, 1, 40, 63, 256, 1000, 100_000]),
    st.sampled_from(["a", '"', "\n", "\x00", "é", "好", "😀"]),
).map(lambda size: (size[0] if size[1] <= 1000 else min(size[0], 3), size[1], size[2]))
"""How many there are of something, how long each is, and of which letter."""
NUMBERS = st.sampled_from([0, 1, 2**31, 2**53, 10**60])


def attribute_size(attribute):
    """Return the bytes of a value, as AWS documents them for the limit of an item."""
    ((kind, value),) = attribute.items()
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            return len(value) // 2 + 2
        case "BOOL" | "NULL":
            return 1
        case "L":
            return 3 + sum(1 + attribute_size(part) for part in value)
        case "M":
            return 3 + sum(1 + len(name.encode()) + attribute_size(v) for name, v in value.items())


def item_size(item):
    """Return the bytes of an item: names and values of its attributes."""
    return sum(len(name.encode()) + attribute_size(value) for name, value in item.items())


def numbers_of(attribute):
    """Return every number in an attribute."""
    ((kind, value),) = attribute.items()
    match kind:
        case "N":
            return [int(value)]
        case "L":
            return [number for part in value for number in numbers_of(part)]
        case "M":
            return [number for part in value.values() for number in numbers_of(part)]
    return []


def texts(size):
    """Return texts that differ, as many and as long as `size` says."""
    count, length, letter = size
    return [f"{number:05}{letter * length}" for number in range(count)]


REGION = {
    "orphans": lambda size, _: {"orphans": tuple(texts(size)), "orphan_count": size[0]},
    "lost": lambda size, n: {"lost": {k: Lost(uid=k[5:], revision=n) for k in texts(size)}},
    "namespaces": lambda size, _: {"namespaces": tuple(texts(size))},
    "rules": lambda size, _: {"pod_overrides_allow": tuple(texts(size))},
    "capacity": lambda size, n: {
        "capacity": {
            k: AcceleratorCapacity(total=n, free=n, nodes=n, largest=n) for k in texts(size)
        }
    },
    "address": lambda size, _: {"address": size[2] * size[1]},
    "version": lambda size, _: {"version": size[2] * size[1], "aws_region": size[2] * size[1]},
    "cluster": lambda size, _: {
        "cluster_uid": size[2] * size[1],
        "cluster_name": size[2] * size[1],
    },
    "period": lambda _, n: {"heartbeat_seconds": max(n, 1)},
}
STATUS = {
    "conditions": lambda size, n: {
        "conditions": tuple(
            Condition(
                type=f"T{number:05}",
                status="False",
                reason=text,
                message=text,
                last_transition_time=NOW,
                observed_generation=n,
            )
            for number, text in enumerate(texts(size))
        )
    },
    "models": lambda size, _: {"models": tuple(texts(size))},
    "error": lambda size, _: {"error": size[2] * size[1]},
    "counts": lambda _, n: {
        "replicas_ready": n,
        "replicas_desired": n,
        "canary": CanaryReport(ready=n, desired=n, weight=n),
    },
    "revision": lambda _, n: {"observed_revision": n},
}
OBSERVED = {
    "region": (REGION, lambda **f: bounded_region(a_region(epoch=MOST, **f)), keys.region(EAST)),
    "status": (
        STATUS,
        lambda **f: bounded_status(a_status(LONGEST_LABEL).model_copy(update=f)),
        keys.status(RegionName(LONGEST_LABEL), EndpointName(LONGEST_LABEL)),
    ),
}


def grown(dimensions, sizes, number):
    """Return the fields of a record that has grown in each dimension by one of `sizes`."""
    parts = (grow(size, number) for grow, size in zip(dimensions.values(), sizes, strict=True))
    return functools.reduce(dict.__or__, parts, {})


@pytest.mark.parametrize("kind", OBSERVED)
@settings(max_examples=60)
@given(data=st.data())
def test_what_a_region_observes_fits_its_record_however_much_it_is(kind, data):
    dimensions, make, key = OBSERVED[kind]
    one = data.draw(st.booleans(), label="the same size in every dimension")
    size = data.draw(SIZES)
    sizes = [size if one else data.draw(SIZES) for _ in dimensions]

    record = make(**grown(dimensions, sizes, data.draw(NUMBERS)))
    item = to_item(key, record)

    assert item_size(item) <= (ITEM if kind == "region" else (TRANSACTION - 100_000) // MAX_WRITES)
    assert all(abs(number) <= MOST for value in item.values() for number in numbers_of(value))
    again = bounded_region(record) if kind == "region" else bounded_status(record)
    assert again == record  # or a monitor would write it again at each start


@pytest.mark.parametrize("name", [*REGION, *STATUS])
@pytest.mark.parametrize("size", [(2000, 1000, "\x00"), (2000, 60, "a")], ids=["long", "many"])
def test_each_dimension_alone_is_bounded(name, size):
    kind = "region" if name in REGION else "status"
    dimensions, make, key = OBSERVED[kind]

    assert item_size(to_item(key, make(**dimensions[name](size, 10**60)))) < ITEM / 2


def test_what_is_left_out_is_counted():
    namespaces = tuple(f"team-{number}" for number in range(600))
    region = bounded_region(a_region(namespaces=namespaces, orphans=tuple(map(str, range(101)))))
    status = bounded_status(a_status(models=tuple(map(str, range(MOST_FOLDERS + 5)))))

    assert (len(region.namespaces), region.omitted, region.orphan_count) == (500, 100, 101)
    assert (len(status.models), status.models_omitted) == (MOST_FOLDERS, 5)


def full(regions, letter):
    """Return an endpoint in so many regions, as large as a person may make it."""
    canary = CanaryTarget(template_key="k" * 40, weight=10, replicas=1)
    target = RegionTarget(
        uid="u" * 36, revision=1, template_key="k" * 40, state="running", replicas=9, canary=canary
    )
    targets = {RegionName(f"region-{number:04}"): target for number in range(regions)}
    empty = an_endpoint(LONGEST_LABEL, uid="u" * 36, targets=targets, spec=a_spec(args=[""]))
    room = rules.MAX_ASKED_BYTES - len(encode(empty))
    filled = letter * (
        room
        // (
            len(encode(empty.model_copy(update={"namespace": letter})))
            - len(encode(empty.model_copy(update={"namespace": ""})))
        )
    )
    return empty.model_copy(update={"spec": a_spec(args=[filled])})


LATER = {
    "deployed": lambda _: {"state": EndpointState.RUNNING},
    "deleted": lambda e: {
        "state": EndpointState.DELETED,
        "targets": deleted_targets(e.targets, 10**9),
        "deleted_at": NOW,
        "deleted_by": Actor("好" * 128),
    },
    "years": lambda _: {"revision": RevisionNumber(10**9)},
    "stopped": lambda e: {
        "targets": {
            name: target.model_copy(update={"state": TargetState.STOPPED, "revision": 10**9})
            for name, target in e.targets.items()
        }
    },
}


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize("letter", ["a", "\x00", "好"], ids=["ascii", "control", "chinese"])
@pytest.mark.parametrize("regions", [1, 40, 800])
def test_the_largest_endpoint_that_a_person_may_make_can_be_deleted(regions, letter, later):
    endpoint = full(regions, letter)
    assert rules.MAX_ASKED_BYTES - 10 < len(encode(endpoint)) <= rules.MAX_ASKED_BYTES
    changed = endpoint.model_copy(
        update={"generation": Generation(10**9), **LATER[later](endpoint)}
    )
    write = Write(changed.name, Generation(10**9 - 1), changed, a_revision(changed, reason="r"))

    rules.check_writes([write])

    assert item_size(to_item(keys.endpoint(changed.name), changed)) <= ITEM
    number = keys.revision(changed.name, changed.uid, changed.revision)
    assert item_size(to_item(number, write.revision)) <= ITEM


async def test_what_a_person_says_of_a_change_is_kept_in_part():
    """`gco apply -f` of thousands of files names them all in the history's reason."""
    world = World()
    await world.register(EAST)
    await world.service().apply([document()], source=", ".join(f"{n}.yaml" for n in range(99_999)))

    [entry] = await world.service().history(EndpointName("web"))

    assert entry.reason.startswith("from 0.yaml, 1.yaml")
    assert len(entry.reason) <= 1000


@given(st.integers(1, MAX_WRITES), st.sampled_from([1, 2**53]))
@example(MAX_WRITES, 2**53)
def test_an_entry_of_a_change_log_fits(count, seq):
    names = [EndpointName(f"{number:02}" + "n" * 61) for number in range(count)]

    actions = entry(keys.status_log(RegionName(LONGEST_LABEL)), seq, names, NOW)

    assert all(item_size(action["Put"]["Item"]) < 10_000 for action in actions)


@pytest.mark.parametrize("length", [1, 512, 513, 500_000])
async def test_the_fleets_lease_fits_or_is_refused(length):
    lease = FleetLease("h" * length, Epoch(MOST), MOST, 15.0)
    store = MemoryStore()
    if length > rules.LONGEST_HOLDER:
        with pytest.raises(ValueError, match="holder"):
            await store.write_fleet_lease(lease, seen=None)
        return

    await store.write_fleet_lease(lease, seen=None)

    assert item_size(key_item(keys.FLEET_LEASE) | _fields(lease)) < 1000


@pytest.mark.parametrize(
    "environment",
    [
        {"USER": "u" * 129},
        {"HOSTNAME": "h" * 254},
        {"REGION": "r" * 64},
        {"CLUSTER_NAME": "c" * 257},
        {"GCO_NAMESPACES": ",".join(f"team-{number}" for number in range(500))},
    ],
    ids=lambda environment: next(iter(environment)),
)
def test_a_setting_that_a_record_has_no_room_for_is_refused(environment):
    with pytest.raises(SettingsError, match=next(iter(environment))):
        read_settings(environment)


async def test_no_folder_counts_as_free_where_a_status_leaves_some_out():
    world = World()
    await world.register(EAST)
    await world.service().apply([document(regions=[{"name": EAST}])], source="x")
    await world.say(EAST)
    [said] = await world.store.statuses(EAST)
    models = tuple(f"llama/{n}" for n in range(MOST_FOLDERS + 1))
    said = said.model_copy(update={"models": models})
    await world.store.write_statuses(EAST, world.epochs[EAST], [said])

    with pytest.raises(UnsupportedStateError, match="more folders in use by web"):
        await world.service().models_in_use(EAST)


async def test_a_record_beyond_the_limit_is_refused_before_it_is_sent():
    endpoint = an_endpoint(spec=a_spec(args=["x" * rules.MAX_RECORD_BYTES]))

    with pytest.raises(TooLargeError, match="fit a record"):
        await MemoryStore().write([Write(endpoint.name, None, endpoint)])
