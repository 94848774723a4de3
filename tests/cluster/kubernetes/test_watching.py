"""A watch against servers that misbehave: nothing is lost in silence, and nothing hangs for ever."""

import asyncio

import orjson
import pytest
from aiohttp import web

from gco.cluster.kubernetes.transport import Limits
from gco.errors import (
    AbsentError,
    ExpiredError,
    ForbiddenError,
    ThrottledError,
    TransientError,
)
from gco.kinds.registry import LEASE


def line(kind="ADDED", name="a", **more):
    return orjson.dumps({"type": kind, "object": {"metadata": {"name": name}, **more}}) + b"\n"


def error_line(code):
    told = {"kind": "Status", "code": code, "message": "no"}
    return orjson.dumps({"type": "ERROR", "object": told}) + b"\n"


def sending(*chunks, then=None):
    """A watch that sends `chunks`, waits for `then` if it is given, and ends in good order."""

    async def handler(request):
        response = web.StreamResponse()
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
            await asyncio.sleep(0)
        if then is not None:
            await then.wait()
        return response

    return handler


async def names(cluster):
    return [e.object["metadata"]["name"] async for e in cluster.watch(LEASE, "gco", after="1")]


async def test_a_watch_that_the_server_ends_just_ends(serve, cluster_at):
    url = await serve(sending(line(name="a"), line(name="b")))
    assert await names(cluster_at(url)) == ["a", "b"]


async def test_chunks_may_end_anywhere_even_within_a_character(serve, cluster_at):
    whole = line(name="läma-🦙") + line(name="b")
    url = await serve(sending(*(whole[n : n + 1] for n in range(len(whole)))))
    assert await names(cluster_at(url)) == ["läma-🦙", "b"]


async def test_a_line_of_megabytes_is_one_event(serve, cluster_at):
    url = await serve(sending(line(data="x" * 3_000_000), line(name="b")))
    assert await names(cluster_at(url)) == ["a", "b"]


async def test_a_watch_that_ends_within_a_line_is_broken_off(serve, cluster_at):
    watch = cluster_at(await serve(sending(line(), line()[:20]))).watch(LEASE, "gco", after="1")
    assert (await anext(watch)).object["metadata"]["name"] == "a"
    with pytest.raises(TransientError, match="within a line"):
        await anext(watch)


async def test_a_connection_that_dies_within_a_chunk_is_broken_off(serve_raw, cluster_at):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    url = await serve_raw(head + b"ff\r\n" + line())
    watch = cluster_at(url).watch(LEASE, "gco", after="1")
    assert (await anext(watch)).object["metadata"]["name"] == "a"
    with pytest.raises(TransientError, match="broke off"):
        await anext(watch)


async def test_a_line_that_is_not_json_is_broken_off(serve, cluster_at):
    with pytest.raises(TransientError, match="not JSON"):
        await names(cluster_at(await serve(sending(b"upstream timed out\n"))))


async def test_a_watch_that_falls_silent_is_noticed(serve, cluster_at):
    """The network swallows everything and closes nothing: only the idle watchdog can tell."""
    release = asyncio.Event()
    url = await serve(sending(line(), then=release))
    cluster = cluster_at(url, limits=Limits(request=5, idle=0.2))
    watch = cluster.watch(LEASE, "gco", after="1")
    await anext(watch)
    with pytest.raises(TransientError, match=r"no answer .* within 0\.2 s"):
        await anext(watch)
    release.set()


async def test_a_watch_outlives_the_time_out_of_requests(serve, cluster_at):
    async def handler(request):
        response = web.StreamResponse()
        await response.prepare(request)
        for n in range(6):
            await response.write(line(name=str(n)))
            await asyncio.sleep(0.05)
        return response

    cluster = cluster_at(await serve(handler), limits=Limits(request=0.15, idle=5))
    assert await names(cluster) == list("012345")


async def test_a_watch_that_never_begins_is_given_up_in_time(serve_raw, cluster_at):
    url = await serve_raw(b"", hang=True)
    cluster = cluster_at(url, limits=Limits(request=0.2, idle=60))
    with pytest.raises(TransientError, match=r"within 0\.2 s"):
        await names(cluster)


ENDS = [
    pytest.param(410, ExpiredError, id="expired"),
    pytest.param(429, ThrottledError, id="throttled"),
    pytest.param(500, TransientError, id="failed"),
    pytest.param(504, TransientError, id="timed-out"),
]


@pytest.mark.parametrize(("code", "expected"), ENDS)
async def test_an_error_in_the_stream_follows_the_events_before_it(
    serve, cluster_at, code, expected
):
    watch = cluster_at(await serve(sending(line(), error_line(code)))).watch(
        LEASE, "gco", after="1"
    )
    assert (await anext(watch)).object["metadata"]["name"] == "a"
    with pytest.raises(expected):
        await anext(watch)


@pytest.mark.parametrize(
    ("code", "expected"),
    [*ENDS, pytest.param(404, AbsentError, id="no-such-kind"), (401, ForbiddenError)],
)
async def test_an_error_in_place_of_a_stream(serve, cluster_at, code, expected):
    async def refuse(_):
        return web.Response(status=code, text="no")

    with pytest.raises(expected):
        await names(cluster_at(await serve(refuse)))


async def test_a_watch_asks_for_bookmarks_and_an_end_of_its_own(serve, cluster_at):
    asked = []

    async def handler(request):
        asked.append(dict(request.query))
        return web.Response()

    cluster = cluster_at(await serve(handler))
    for _ in range(20):
        assert await names(cluster) == []
    assert {(each["allowWatchBookmarks"], each["resourceVersion"]) for each in asked} == {
        ("true", "1")
    }
    lengths = {int(each["timeoutSeconds"]) for each in asked}
    assert lengths <= set(range(300, 601))
    assert len(lengths) > 1, "drawn anew each time"


async def test_closing_the_cluster_ends_an_open_watch(serve, cluster_at):
    release = asyncio.Event()
    cluster = cluster_at(await serve(sending(line(), then=release)))
    watch = cluster.watch(LEASE, "gco", after="1")
    await anext(watch)
    following = asyncio.ensure_future(anext(watch))
    await asyncio.sleep(0)
    await cluster.close()
    with pytest.raises(TransientError):
        await following
    release.set()


async def test_leaving_a_watch_releases_its_connection(serve, cluster_at):
    release = asyncio.Event()
    cluster = cluster_at(await serve(sending(line(), then=release)))
    for _ in range(3):
        watch = cluster.watch(LEASE, "gco", after="1")
        await anext(watch)
        await watch.aclose()
    assert not cluster._transport._session.connector._acquired
    release.set()
