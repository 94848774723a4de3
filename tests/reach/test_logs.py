"""Logs over regions: in order, followed over restarts and broken connections, never held up by one."""

import asyncio
import contextlib

import pytest

from gco.kinds.registry import POD
from gco.reach.logs import LogRequest, PodLine, follow, read
from gco.reach.merging import merged
from gco.reach.place import Place, Trouble
from tests.reach.world import SPACE, Site
from tests.virtual_time import until

pytestmark = pytest.mark.looptime
WEB = LogRequest("web", SPACE)


@pytest.fixture
def site(tmp_path, clock):
    def make(name="us-east-1"):
        return Site(name, tmp_path, clock).made()

    return make


async def found(stream):
    return [finding async for finding in stream]


def texts(findings):
    return [f"{each.pod} {each.text}" for each in findings if isinstance(each, PodLine)]


@contextlib.asynccontextmanager
async def following(*streams):
    """What the streams yield, as it comes."""
    findings = []

    async def take():
        async for finding in merged(streams):
            findings.append(finding)  # noqa: PERF401 - looked at while it grows

    task = asyncio.create_task(take())
    try:
        yield findings
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_lines_of_several_pods_come_in_the_order_of_their_times(site):
    east = await site()
    for name in ("web-a", "web-b"):
        await east.pod(name)
    await east.start("web-a", "one")
    await asyncio.sleep(1)
    await east.start("web-b", "two")
    await asyncio.sleep(1)
    east.write("web-a", "three")

    assert texts(await found(read(east.place(), WEB))) == ["web-a one", "web-b two", "web-a three"]


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        pytest.param(LogRequest("web", SPACE, lines=1), ["web-a 3", "web-b 3"], id="the last line"),
        pytest.param(LogRequest("web", SPACE, pod="web-b", lines=1), ["web-b 3"], id="one pod"),
        pytest.param(LogRequest("web", SPACE, canary=True), ["web-canary-a c"], id="the canary"),
        pytest.param(
            LogRequest("web", SPACE, previous=True),
            ["web-b old"],
            id="the run before, where one was",
        ),
        pytest.param(LogRequest("chat", SPACE), [], id="another endpoint"),
        pytest.param(
            LogRequest("web", SPACE, copy="model-llama"), ["copy-a 9 GiB"], id="its model's copy"
        ),
    ],
)
async def test_the_wanted_part_is_read_and_no_other(site, request_, told):
    east = await site()
    for name in ("web-a", "web-b"):
        await east.pod(name)
    await east.pod("web-canary-a", app="web-canary")
    await east.start("web-canary-a", "c")
    await east.pod("copy-a", copies="model-llama")
    await east.start("copy-a", "9 GiB")
    await east.start("web-b", "old")
    await east.end("web-b")
    await east.start("web-b", "1", "2", "3")
    await east.start("web-a", "1", "2", "3")

    assert texts(await found(read(east.place(), request_))) == told


async def test_a_pod_that_has_not_started_is_told_and_holds_up_nobody(site):
    east = await site()
    await east.pod("web-a")
    await east.pod("web-b")
    await east.start("web-b", "one")

    trouble, line = await found(read(east.place(), WEB))

    assert (trouble.pod, trouble.passing) == ("web-a", True)
    assert line.text == "one"


async def test_a_region_that_cannot_be_reached_is_told_and_does_not_stop_the_others(site):
    east, west = await site(), await site("eu-west-1")
    await east.pod("web-a")
    await east.start("web-a", "one")

    with west.person.faults.unreachable():
        findings = await found(merged([read(west.place(), WEB), read(east.place(), WEB)]))

    assert texts(findings) == ["web-a one"]
    [trouble] = [each for each in findings if isinstance(each, Trouble)]
    assert (trouble.region, trouble.passing) == ("eu-west-1", False)


@pytest.mark.parametrize("reading", [read, follow], ids=["read", "follow"])
async def test_another_cluster_than_the_regions_is_never_read(site, reading):
    east = await site()
    await east.pod("web-a")
    await east.start("web-a", "of another cluster")

    [trouble] = await found(reading(east.place(uid="the-right-one"), WEB))

    assert "leads to another cluster" in trouble.message


@pytest.mark.parametrize("reading", [read, follow], ids=["read", "follow"])
async def test_a_region_without_a_way_says_what_to_do(reading):
    place = Place.unknown("us-east-1", "no way is known; `gco context bind …`")

    assert await found(reading(place, WEB)) == [
        Trouble("us-east-1", "no way is known; `gco context bind …`")
    ]


async def test_a_pod_that_comes_later_is_followed_from_its_first_line(site):
    east = await site()
    await east.pod("web-a")
    await east.start("web-a", "old", "one")
    async with following(follow(east.place(), LogRequest("web", SPACE, lines=1))) as findings:
        await until(lambda: texts(findings) == ["web-a one"])

        await east.pod("web-b")
        await east.start("web-b", "1", "2")
        east.write("web-a", "two")

        await until(lambda: sorted(texts(findings)[1:]) == ["web-a two", "web-b 1", "web-b 2"])


async def test_a_container_that_restarts_is_followed_into_its_next_run(site):
    east = await site()
    await east.pod("web-a")
    await east.start("web-a", "one")
    async with following(follow(east.place(), WEB)) as findings:
        await until(lambda: texts(findings) == ["web-a one"])

        await east.end("web-a", "last words")
        await asyncio.sleep(30)
        await east.start("web-a", "again")
        await east.end("web-a", "last words again")
        await asyncio.sleep(30)

        assert texts(findings) == [
            "web-a one",
            "web-a last words",
            "web-a again",
            "web-a last words again",
        ]


async def test_a_broken_connection_loses_no_line_and_repeats_none(site):
    east = await site()
    await east.pod("web-a")
    await east.start("web-a", "one", "two")
    async with following(follow(east.place(), WEB)) as findings:
        await until(lambda: len(texts(findings)) == 2)

        with east.person.faults.unreachable():
            east.write("web-a", "three")
            await asyncio.sleep(20)
            east.write("web-a", "four")
        await asyncio.sleep(60)

        assert texts(findings) == ["web-a one", "web-a two", "web-a three", "web-a four"]
        [trouble] = [each for each in findings if isinstance(each, Trouble)]
        assert (trouble.pod, trouble.passing) == ("web-a", True)


async def test_a_region_that_was_away_at_first_is_followed_once_it_is_there(site):
    east = await site()
    await east.pod("web-a")
    await east.start("web-a", "one")
    with east.person.faults.unreachable():
        stream = follow(east.place(), WEB)
        first = await anext(stream)
        rest = asyncio.create_task(anext(stream))
        await asyncio.sleep(120)
        assert not rest.done()  # said once, tried on
    assert (first.region, first.passing) == ("us-east-1", True)
    assert (await rest).text == "one"
    await stream.aclose()


async def test_nothing_is_asked_while_nothing_happens(site):
    east = await site()
    await east.pod("web-a")
    await east.start("web-a", "one")
    async with following(follow(east.place(), WEB)) as findings:
        await until(lambda: texts(findings) == ["web-a one"])
        before = east.person.requests.total()

        await asyncio.sleep(250)

        assert east.person.requests.total() == before


async def test_a_pod_that_is_deleted_ends_its_stream_alone(site):
    east = await site()
    for name in ("web-a", "web-b"):
        await east.pod(name)
        await east.start(name, "one")
    async with following(follow(east.place(), WEB)) as findings:
        await until(lambda: len(texts(findings)) == 2)
        await east.server.delete(POD, SPACE, "web-a", grace_seconds=0)
        await east.end("web-b", "two")
        await until(lambda: texts(findings)[2:] == ["web-b two"])
