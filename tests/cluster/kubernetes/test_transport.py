"""One request against servers that misbehave: what it raises, and how soon."""

import asyncio
import socket

import pytest
from aiohttp import web

from gco.cluster.kubernetes.transport import Limits
from gco.cluster.port import LogOptions
from gco.errors import (
    AbsentError,
    ExpiredError,
    RejectedError,
    ThrottledError,
    TransientError,
)
from gco.kinds.registry import LEASE
from tests.cluster.observing import listed

SLOW = Limits(request=0.2, connect=0.2, idle=0.2)


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_refused_connection_is_transient_and_names_the_server(cluster_at):
    url = f"http://127.0.0.1:{unused_port()}"
    with pytest.raises(TransientError, match=f"get Lease gco/a: {url} could not be reached"):
        await cluster_at(url).get(LEASE, "gco", "a")


async def test_a_password_in_the_address_is_not_repeated(cluster_at):
    cluster = cluster_at(f"http://ann:secret@127.0.0.1:{unused_port()}")
    with pytest.raises(TransientError) as told:
        await cluster.get(LEASE, "gco", "a")
    assert "secret" not in str(told.value)


async def test_a_name_that_does_not_resolve_is_transient(cluster_at):
    with pytest.raises(TransientError, match="could not be reached"):
        await cluster_at("http://no-such-host.invalid:6443").get(LEASE, "gco", "a")


async def test_a_server_that_does_not_answer_is_given_up_in_time(serve_raw, cluster_at):
    url = await serve_raw(b"", hang=True)
    with pytest.raises(TransientError, match=r"no answer from .* within 0\.2 s"):
        await cluster_at(url, limits=SLOW).get(LEASE, "gco", "a")


async def test_a_server_that_stops_within_its_answer_is_given_up_in_time(serve_raw, cluster_at):
    url = await serve_raw(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"kind"', hang=True)
    with pytest.raises(TransientError, match="no answer"):
        await cluster_at(url, limits=SLOW).get(LEASE, "gco", "a")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", id="half-a-body"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="another-protocol"),
    ],
)
async def test_a_connection_that_breaks_off_is_transient(serve_raw, cluster_at, answer):
    url = await serve_raw(answer)
    with pytest.raises(TransientError, match="broke off"):
        await cluster_at(url).get(LEASE, "gco", "a")


async def test_an_answer_that_is_not_json_is_transient(serve, cluster_at):
    async def login_page(_):
        return web.Response(text="<html>please log in</html>", content_type="text/html")

    with pytest.raises(TransientError, match="not JSON: <html>please log in"):
        await cluster_at(await serve(login_page)).get(LEASE, "gco", "a")


async def test_the_beginning_of_a_refusal_is_read_however_long_it_is(serve, cluster_at):
    sent = 0

    async def endless(request):
        nonlocal sent
        response = web.StreamResponse(status=500)
        await response.prepare(request)
        while True:  # until the client hangs up
            await response.write(b"no " * 100_000)
            sent += 300_000

    with pytest.raises(TransientError) as told:
        await cluster_at(await serve(endless)).get(LEASE, "gco", "a")
    assert len(str(told.value)) < 2100
    assert sent < 20_000_000, "the rest stays where it is"


async def test_throttling_carries_the_servers_wish(serve, cluster_at):
    async def busy(_):
        return web.Response(status=429, headers={"Retry-After": "4"}, text="slow down")

    with pytest.raises(ThrottledError, match="slow down") as told:
        await cluster_at(await serve(busy)).get(LEASE, "gco", "a")
    assert told.value.retry_after == 4


async def test_a_failed_write_is_sent_once(serve, cluster_at):
    seen = []

    async def failing(request):
        seen.append(request.method)
        return web.Response(status=500)

    cluster = cluster_at(await serve(failing))
    with pytest.raises(TransientError):
        await cluster.apply(LEASE, {"metadata": {"name": "a"}}, manager="gco")
    assert seen == ["PATCH"]


async def test_a_redirect_is_not_followed(serve, cluster_at):
    async def elsewhere(_):
        return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"})

    with pytest.raises(RejectedError, match="HTTP 302"):
        await cluster_at(await serve(elsewhere)).get(LEASE, "gco", "a")


async def test_a_large_body_arrives_whole(serve, cluster_at):
    async def mirror(request):
        return web.Response(body=await request.read(), content_type="application/json")

    async def accept(request):
        request._client_max_size = 0  # no limit
        return await mirror(request)

    manifest = {"metadata": {"name": "a"}, "data": "é" * 1_000_000}
    assert await cluster_at(await serve(accept)).create(LEASE, manifest) == manifest


async def test_many_requests_at_once_share_no_fate(serve, cluster_at):
    async def picky(request):
        if request.path.endswith("/odd"):
            return web.Response(status=404)
        return web.json_response({"name": request.path.rpartition("/")[2]})

    cluster = cluster_at(await serve(picky))
    names = ["odd" if n % 10 == 0 else f"n{n}" for n in range(200)]
    answers = await asyncio.gather(
        *(cluster.get(LEASE, "gco", name) for name in names), return_exceptions=True
    )
    expected = [AbsentError if name == "odd" else {"name": name} for name in names]
    assert [type(a) if isinstance(a, Exception) else a for a in answers] == expected


async def test_closing_ends_requests_under_way_and_refuses_new_ones(serve, cluster_at):
    arrived = asyncio.Event()

    async def never(_):
        arrived.set()
        await asyncio.sleep(60)

    cluster = cluster_at(await serve(never))
    under_way = asyncio.ensure_future(cluster.get(LEASE, "gco", "a"))
    await arrived.wait()
    await cluster.close()
    with pytest.raises(TransientError):
        await under_way
    with pytest.raises(TransientError, match="closed"):
        await cluster.get(LEASE, "gco", "a")


async def test_sockets_notice_a_peer_that_is_gone(serve, cluster_at):
    async def fine(_):
        return web.json_response({})

    cluster = cluster_at(await serve(fine))
    await cluster.get(LEASE, "gco", "a")
    (held,) = [p for ps in cluster._transport._session.connector._conns.values() for p, _ in ps]
    options = held.transport.get_extra_info("socket")
    assert options.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        assert options.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000


def pages(*answers):
    """A server that answers a listing's requests with `answers`, one after another."""
    left = list(answers)
    seen = []

    async def handler(request):
        seen.append(dict(request.query))
        answer = left.pop(0)
        return answer if isinstance(answer, web.Response) else web.json_response(answer)

    return handler, seen


def page(names, following=""):
    items = [{"metadata": {"name": name}} for name in names]
    return {"metadata": {"resourceVersion": "7", "continue": following}, "items": items}


async def test_a_listing_follows_its_continue_tokens_and_gives_items_their_kind(serve, cluster_at):
    handler, seen = pages(page("ab", "t1"), page("cd", "t2"), page("e"))
    cluster = cluster_at(await serve(handler), page_size=2)
    found = [page async for page in cluster.list(LEASE, "gco", labels="app=web")]
    assert [[i["metadata"]["name"] for i in p.items] for p in found] == [
        ["a", "b"],
        ["c", "d"],
        ["e"],
    ]
    assert {p.resource_version for p in found} == {"7"}
    assert found[0].items[0]["kind"] == "Lease"
    assert seen == [
        {"labelSelector": "app=web", "limit": "2"},
        {"labelSelector": "app=web", "limit": "2", "continue": "t1"},
        {"labelSelector": "app=web", "limit": "2", "continue": "t2"},
    ]


async def test_a_page_is_asked_for_only_when_the_one_before_was_used(serve, cluster_at):
    handler, seen = pages(page("ab", "t1"))
    listing = cluster_at(await serve(handler)).list(LEASE, "gco")
    await anext(listing)
    await listing.aclose()
    assert len(seen) == 1


@pytest.mark.parametrize("items", [None, []], ids=["null", "empty"])
async def test_a_listing_of_nothing_is_one_empty_page(serve, cluster_at, items):
    handler, _ = pages({"metadata": {"resourceVersion": "7"}, "items": items})
    assert await listed(cluster_at(await serve(handler)), LEASE, "gco") == {}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(web.Response(status=410), ExpiredError, id="its-moment-is-forgotten"),
        pytest.param(web.Response(status=500), TransientError, id="the-server-failed"),
    ],
)
async def test_a_listing_that_cannot_go_on_raises_instead_of_ending(
    serve, cluster_at, answer, expected
):
    handler, _ = pages(page("ab", "t1"), answer)
    with pytest.raises(expected):
        await listed(cluster_at(await serve(handler)), LEASE, "gco")


@pytest.mark.parametrize(
    ("options", "query"),
    [
        pytest.param(LogOptions("inference"), {}, id="all of it"),
        pytest.param(LogOptions("inference", lines=0), {"tailLines": "0"}, id="what comes"),
        pytest.param(
            LogOptions("inference", 5, previous=True),
            {"tailLines": "5", "previous": "true"},
            id="the end of the run before",
        ),
        pytest.param(
            LogOptions("inference", follow=True, since="2026-01-01T00:00:00Z"),
            {"follow": "true", "sinceTime": "2026-01-01T00:00:00Z"},
            id="followed from a moment on",
        ),
    ],
)
async def test_lines_of_a_log_come_with_their_times(serve, cluster_at, options, query):
    async def handler(request):
        told = {"container": "inference", "timestamps": "true", **query}
        assert dict(request.query) == told
        answer = web.StreamResponse()
        await answer.prepare(request)
        for part in (b"2026-01-01T00:00:00.5Z one ", b"two\n2026-01-01T00:00:01Z \n2026-x a"):
            await answer.write(part)
        return answer

    cluster = cluster_at(await serve(handler))
    assert [line async for line in cluster.log_lines("gco", "web-1", options)] == [
        ("2026-01-01T00:00:00.5Z", "one two"),
        ("2026-01-01T00:00:01Z", ""),
        ("2026-x", "a"),
    ]


async def test_a_run_that_is_not_there_has_no_lines(serve, cluster_at):
    async def handler(_):
        return web.Response(status=400, text="previous terminated container not found")

    cluster = cluster_at(await serve(handler))
    with pytest.raises(AbsentError):
        await anext(cluster.log_lines("gco", "web-1", LogOptions("inference", previous=True)))


async def test_a_log_may_be_silent_for_longer_than_a_watch(serve, cluster_at):
    async def handler(request):
        answer = web.StreamResponse()
        await answer.prepare(request)
        await asyncio.sleep(0.3)
        await answer.write(b"2026-01-01T00:00:00Z late\n")
        return answer

    cluster = cluster_at(await serve(handler), limits=Limits(request=5, connect=5, idle=0.1))
    stream = cluster.log_lines("gco", "web-1", LogOptions("inference", follow=True))
    assert [line.text async for line in stream] == ["late"]
