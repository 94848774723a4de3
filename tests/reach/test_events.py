"""Events of an endpoint: told from those of others by the names of its objects, in order, once each."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco.kinds.registry import EVENT
from gco.reach.events import Event, Owner, event_of, in_order, is_of
from gco.reach.noted import follow, read
from gco.reach.place import Trouble
from tests.reach.world import SPACE, Site
from tests.virtual_time import until
from tests.waiting import background

BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def about(kind, name, **fields):
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {
            "name": f"{name}.{abs(hash((kind, name, str(fields)))):x}".lower(),
            "namespace": SPACE,
        },
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingController": "test",
        "reportingInstance": "test",
        "action": "Test",
        "type": "Normal",
        "reason": "Noted",
        "note": "well",
        "regarding": {"kind": kind, "name": name, "namespace": SPACE},
        **fields,
    }


@pytest.mark.parametrize(
    ("kind", "name", "of"),
    [
        pytest.param("Deployment", "web", "web", id="Deployment"),
        pytest.param("Deployment", "web-canary", "web", id="the canary's Deployment"),
        pytest.param("Deployment", "web-chat", "web-chat", id="of a longer name"),
        pytest.param("ReplicaSet", "web-7c9d4b8f6d", "web", id="ReplicaSet"),
        pytest.param("ReplicaSet", "web-canary-7c9d4b8f6d", "web", id="the canary's ReplicaSet"),
        pytest.param("ReplicaSet", "web-chat-7c9d4b8f6d", "web-chat", id="a longer one's"),
        pytest.param("Pod", "web-7c9d4b8f6d-x2x9z", "web", id="Pod"),
        pytest.param("Pod", "web-canary-7c9d4b8f6d-x2x9z", "web", id="the canary's Pod"),
        pytest.param("Pod", "web-chat-7c9d4b8f6d-x2x9z", "web-chat", id="a longer one's Pod"),
        pytest.param("Ingress", "inference-web", "web", id="Ingress"),
        pytest.param("Ingress", "nginx-inference-web", "web", id="Ingress for nginx"),
        pytest.param("HTTPRoute", "inference-web", "web", id="HTTPRoute"),
        pytest.param("HorizontalPodAutoscaler", "web", "web", id="autoscaler"),
        pytest.param("HorizontalPodAutoscaler", "keda-hpa-web", "web", id="KEDA's autoscaler"),
        pytest.param("InferenceEndpoint", "web", "web", id="our own resource"),
        pytest.param("Node", "web", None, id="a node of that name"),
        pytest.param("ConfigMap", "web", None, id="something else of that name"),
    ],
)
@pytest.mark.parametrize("asked", ["web", "web-chat", "we", "chat"])
def test_an_event_is_of_the_endpoint_whose_object_it_is_about(kind, name, of, asked):
    assert is_of(Owner(asked), about(kind, name)) is (of == asked)


@pytest.mark.parametrize(
    ("kind", "name", "of"),
    [
        pytest.param("Job", "model-llama-3-0a1b2c3d4e", True, id="the Job"),
        pytest.param("Pod", "model-llama-3-0a1b2c3d4e-x2x9z", True, id="its pod"),
        pytest.param("Job", "model-llama-3-ffffffffff", False, id="of another source"),
        pytest.param("Pod", "model-llama-3-ffffffffff-x2x9z", False, id="its pod, of another"),
    ],
)
def test_events_of_the_copy_of_its_model_are_the_endpoints(kind, name, of):
    assert is_of(Owner("web", "model-llama-3-0a1b2c3d4e"), about(kind, name)) is of
    assert not is_of(Owner("web"), about(kind, name))


@pytest.mark.parametrize(
    ("fields", "second", "count"),
    [
        pytest.param({}, 0, 1, id="once, by a new controller"),
        pytest.param(
            {"series": {"count": 4, "lastObservedTime": "2026-01-01T00:00:09.5Z"}},
            9,
            4,
            id="series",
        ),
        pytest.param(
            {
                "eventTime": None,
                "deprecatedFirstTimestamp": "2026-01-01T00:00:01Z",
                "deprecatedLastTimestamp": "2026-01-01T00:00:07Z",
                "deprecatedCount": 3,
            },
            7,
            3,
            id="by an old controller",
        ),
    ],
)
def test_when_and_how_often_is_read_as_controllers_of_any_age_write_it(fields, second, count):
    event = event_of("us-east-1", about("Pod", "web-1-22222", **fields))

    assert (int((event.time - BEGIN).total_seconds()), event.count) == (second, count)


EVENTS = st.builds(
    Event,
    region=st.sampled_from(["a", "b"]),
    time=st.integers(0, 5).map(lambda s: BEGIN + dt.timedelta(seconds=s)),
    warning=st.just(value=False),
    kind=st.just("Pod"),
    name=st.sampled_from(["p", "q"]),
    reason=st.just("Noted"),
    note=st.sampled_from(["x", "y"]),
    count=st.integers(1, 3),
)


@given(st.lists(EVENTS, max_size=12))
def test_what_is_the_same_is_told_once_with_its_count_and_its_last_time(events):
    told = in_order(events)

    assert [event.time for event in told] == sorted(event.time for event in told)
    assert len({event.key for event in told}) == len(told)
    for event in told:
        alike = [each for each in events if each.key == event.key]
        assert event.count == sum(each.count for each in alike)
        assert event.time == max(each.time for each in alike)


@pytest.fixture
def site(tmp_path, clock):
    def make(name="us-east-1"):
        return Site(name, tmp_path, clock).made()

    return make


@pytest.mark.looptime
async def test_a_region_tells_its_own_of_the_endpoint_and_no_others(site):
    east = await site()
    for noted in (about("Pod", "web-1-22222"), about("Pod", "chat-1-22222")):
        await east.server.create(EVENT, noted)

    [event] = [each async for each in read(east.place(), Owner("web"), SPACE)]

    assert (event.region, event.kind, event.name) == ("us-east-1", "Pod", "web-1-22222")


@pytest.mark.looptime
async def test_a_region_that_cannot_be_reached_is_told(site):
    east = await site()
    with east.person.faults.unreachable():
        [trouble] = [each async for each in read(east.place(), Owner("web"), SPACE)]

    assert isinstance(trouble, Trouble)


@pytest.mark.looptime
async def test_further_events_come_as_they_are_noted_and_again_when_they_repeat(site):
    east = await site()
    await east.server.create(EVENT, about("Pod", "web-1-22222"))
    found = []

    async def take():
        async for event in follow(east.place(), Owner("web"), SPACE):
            found.append(event)  # noqa: PERF401 - looked at while it grows

    async with background(take()):
        await until(lambda: len(found) == 1)
        noted = await east.server.create(EVENT, about("Deployment", "web", reason="Scaled"))
        await until(lambda: len(found) == 2)
        series = {"count": 2, "lastObservedTime": "2026-01-01T00:01:00.000000Z"}
        await east.server.replace(EVENT, {**noted, "series": series})
        await until(lambda: len(found) == 3)

    assert [(event.reason, event.count) for event in found] == [
        ("Noted", 1),
        ("Scaled", 1),
        ("Scaled", 2),
    ]
