"""What every cluster keeps: reading. Get, list with selectors and pages, watch."""

import asyncio

import pytest

from gco.cluster.port import EventType
from gco.errors import AbsentError, ExpiredError
from gco.kinds.registry import LEASE, POD
from tests.cluster.manifests import UNINSTALLED, WIDGET, lease, pod, widget
from tests.cluster.observing import WITHIN, events, listed, version_of

pytestmark = pytest.mark.usefixtures("widgets")

ANCIENT = "1"
"""A resourceVersion from before anything that the server remembers."""


async def test_get_returns_what_was_created_with_its_kind_and_identity(cluster, namespace):
    created = await cluster.create(LEASE, lease("a", namespace))
    read = await cluster.get(LEASE, namespace, "a")
    assert read == created
    assert (read["apiVersion"], read["kind"]) == ("coordination.k8s.io/v1", "Lease")
    assert read["metadata"].keys() >= {"uid", "resourceVersion", "creationTimestamp"}


async def test_what_was_returned_is_the_callers_own(cluster, namespace):
    created = await cluster.create(LEASE, lease("a", namespace))
    created["spec"]["holderIdentity"] = "scribbled"
    assert (await cluster.get(LEASE, namespace, "a"))["spec"]["holderIdentity"] == "a"


@pytest.mark.parametrize("kind", [LEASE, UNINSTALLED], ids=["name", "kind"])
async def test_get_of_what_is_not_there_is_absent(cluster, namespace, kind):
    with pytest.raises(AbsentError):
        await cluster.get(kind, namespace, "a")


async def test_a_listing_has_all_objects_of_its_namespace_and_items_carry_their_kind(
    cluster, namespace
):
    for name in "abcde":
        await cluster.create(LEASE, lease(name, namespace))
    found = await listed(cluster, LEASE, namespace)
    assert sorted(found) == list("abcde")
    assert found["a"] == await cluster.get(LEASE, namespace, "a")


async def test_all_pages_of_a_listing_are_of_one_moment(cluster, namespace):
    for name in "abcde":
        await cluster.create(LEASE, lease(name, namespace))
    versions = set()
    seen = []
    async for page in cluster.list(LEASE, namespace):
        versions.add(page.resource_version)
        seen += [item["metadata"]["name"] for item in page.items]
        if len(seen) < 5:
            await cluster.create(LEASE, lease(f"late-{len(seen)}", namespace))
    assert len(versions) == 1
    assert seen == list("abcde")


async def test_a_listing_of_nothing_is_one_empty_page_to_watch_from(cluster, namespace):
    pages = [page async for page in cluster.list(LEASE, namespace)]
    assert [list(page.items) for page in pages] == [[]]
    assert int(pages[0].resource_version) > 0


async def test_a_listing_of_an_unknown_kind_is_absent_not_empty(cluster, namespace):
    with pytest.raises(AbsentError):
        await listed(cluster, UNINSTALLED, namespace)


async def test_a_listing_without_namespace_spans_all(cluster, namespace):
    await cluster.create(LEASE, lease(namespace, namespace))
    await cluster.create(LEASE, lease(f"{namespace}-other", "default"))
    assert {namespace, f"{namespace}-other"} <= (await listed(cluster, LEASE, None)).keys()


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("app=web", {"web", "both"}),
        ("app==web", {"web", "both"}),
        ("app!=web", {"other", "none"}),
        ("tier", {"both"}),
        ("!app", {"none"}),
        ("app in (web,other)", {"web", "both", "other"}),
        ("app notin (web)", {"other", "none"}),
        ("app=web,tier=front", {"both"}),
        ("app=web,!tier", {"web"}),
    ],
)
async def test_label_selectors(cluster, namespace, selector, expected):
    objects: dict[str, dict[str, str]] = {
        "web": {"app": "web"},
        "both": {"app": "web", "tier": "front"},
        "other": {"app": "other"},
        "none": {},
    }
    for name, labels in objects.items():
        await cluster.create(LEASE, lease(name, namespace, labels=labels))
    assert (await listed(cluster, LEASE, namespace, labels=selector)).keys() == expected


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("metadata.name=a", {"a"}),
        ("metadata.name!=a", {"b"}),
        ("spec.nodeName=", {"a", "b"}),
        ("spec.nodeName=node-1", set()),
        ("status.phase=Pending", {"a", "b"}),
        ("status.phase!=Pending,metadata.name=a", set()),
    ],
)
async def test_field_selectors_of_pods(cluster, namespace, selector, expected):
    for name in "ab":
        await cluster.create(POD, pod(name, namespace))
    assert (await listed(cluster, POD, namespace, fields=selector)).keys() == expected


async def test_a_watch_tells_in_order_all_that_followed_the_listing(cluster, namespace):
    await cluster.create(LEASE, lease("before", namespace))
    after = await version_of(cluster, LEASE, namespace)
    await cluster.create(LEASE, lease("a", namespace))
    await cluster.apply(LEASE, lease("a", namespace, holder="b"), manager="gco")
    last = await cluster.get(LEASE, namespace, "a")
    await cluster.delete(LEASE, namespace, "a")

    added, modified, deleted = await events(cluster, LEASE, namespace, after=after, count=3)

    assert [e.type for e in (added, modified, deleted)] == ["ADDED", "MODIFIED", "DELETED"]
    assert added.object["spec"]["holderIdentity"] == "a"
    assert modified.object == last
    versions = [int(e.object["metadata"]["resourceVersion"]) for e in (added, modified, deleted)]
    assert versions == sorted(set(versions)), "a deletion has a resourceVersion of its own"
    assert deleted.object["metadata"]["uid"] == last["metadata"]["uid"]


async def test_an_open_watch_tells_what_happens_while_it_is_open(cluster, namespace):
    after = await version_of(cluster, LEASE, namespace)
    watch = cluster.watch(LEASE, namespace, after=after)
    first = asyncio.ensure_future(anext(watch))
    await asyncio.sleep(0)
    await cluster.create(LEASE, lease("a", namespace))
    async with asyncio.timeout(WITHIN):
        event = await first
    await watch.aclose()
    assert (event.type, event.object["metadata"]["name"]) == (EventType.ADDED, "a")


async def test_a_watch_with_a_selector_sees_objects_come_into_it_and_leave_it(cluster, namespace):
    after = await version_of(cluster, LEASE, namespace)
    await cluster.create(LEASE, lease("other", namespace, labels={"app": "no"}))
    for label in ("no", "web", "web", "no"):
        await cluster.apply(
            LEASE,
            lease("a", namespace, holder=f"for-{label}", labels={"app": label, "n": label}),
            manager="gco",
        )
        await cluster.apply(
            LEASE,
            lease("a", namespace, holder=f"still-{label}", labels={"app": label, "n": label}),
            manager="gco",
        )
    await cluster.create(LEASE, lease("end", namespace, labels={"app": "web"}))
    seen = await events(cluster, LEASE, namespace, after=after, count=6, labels="app=web")
    assert [(e.type.value, e.object["spec"]["holderIdentity"]) for e in seen] == [
        ("ADDED", "for-web"),
        ("MODIFIED", "still-web"),
        ("MODIFIED", "for-web"),
        ("MODIFIED", "still-web"),
        ("DELETED", "still-web"),  # as it was when it last matched
        ("ADDED", "a"),
    ]


async def test_a_watch_from_a_forgotten_moment_is_expired(cluster, namespace):
    with pytest.raises(ExpiredError):
        await events(cluster, WIDGET, namespace, after=ANCIENT, count=1)


async def test_a_watch_of_an_unknown_kind_is_absent(cluster, namespace):
    with pytest.raises(AbsentError):
        await events(cluster, UNINSTALLED, namespace, after="0", count=1)


async def test_a_quiet_watch_gets_bookmarks_that_move_with_the_kind(hasty, namespace):
    """Nothing of the watched selection changes, but its place to go on from stays young."""
    watch = hasty.watch(LEASE, namespace, after=await version_of(hasty, LEASE, namespace))
    opened = asyncio.ensure_future(anext(watch))
    await hasty.create(LEASE, lease("here", namespace))
    async with asyncio.timeout(WITHIN):
        assert (await opened).object["metadata"]["name"] == "here"
        elsewhere = await hasty.create(LEASE, lease(namespace, "default"))
        told = await anext(watch)
    await watch.aclose()
    assert told.type is EventType.BOOKMARK
    assert told.object["kind"] == "Lease"
    version = int(told.object["metadata"]["resourceVersion"])
    assert version >= int(elsewhere["metadata"]["resourceVersion"])


async def test_a_watch_of_custom_resources_follows_their_listing(cluster, namespace):
    after = await version_of(cluster, WIDGET, namespace)
    made = await cluster.create(WIDGET, widget("a", namespace))
    (event,) = await events(cluster, WIDGET, namespace, after=after, count=1)
    assert event == (EventType.ADDED, made)
