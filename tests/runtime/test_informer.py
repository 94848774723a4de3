"""The informer under faults: what is listed, what is watched, and what the cache keeps meanwhile."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from gco.errors import AbsentError, ExpiredError, ForbiddenError, ThrottledError, TransientError
from gco.kinds.registry import DEPLOYMENT
from gco.runtime.informer import Informer
from tests.runtime.scripted import (
    SILENCE,
    ScriptedCluster,
    added,
    bookmark,
    deleted,
    manifest,
    modified,
    page,
)
from tests.virtual_time import until

pytestmark = pytest.mark.looptime


def informer_of(cluster: ScriptedCluster, namespace: str | None = "ns") -> Informer[str]:
    return Informer(
        cluster, DEPLOYMENT, namespace, project=lambda m: m["value"], index=lambda v: v or None
    )


@contextlib.asynccontextmanager
async def running(informer: Informer[str]) -> AsyncIterator[list[tuple]]:
    changes: list[tuple] = []
    informer.subscribe(lambda *change: changes.append(change))
    with capture_logs():
        task = asyncio.create_task(informer.run())
        yield changes
        task.cancel()
        await asyncio.wait([task])


async def test_the_cache_holds_every_page_and_then_follows_the_watch() -> None:
    cluster = ScriptedCluster(
        lists=[[page(9, manifest("a", 3, value="x")), page(9, manifest("b", 4, value="x"))]],
        watches=[[added("c", 10, value="y"), modified("a", 11, value="z"), deleted("b", 12), 1.0]],
    )
    informer = informer_of(cluster)
    async with running(informer) as changes:
        await informer.synced.wait()
        await asyncio.sleep(0.5)
        assert informer.items() == {"a": "z", "c": "y"}
        assert informer.get("a") == "z"
        assert informer.get("b") is None
        assert informer.indexed("y") == {"c": "y"}
        assert informer.indexed("x") == {}
        assert changes == [
            ("a", None, "x"),
            ("b", None, "x"),
            ("c", None, "y"),
            ("a", "x", "z"),
            ("b", "x", None),
        ]


async def test_nothing_is_told_of_a_change_that_the_record_does_not_show() -> None:
    cluster = ScriptedCluster(
        lists=[[page(9, manifest("a", 3, value="x"))]],
        watches=[[modified("a", 10, value="x"), 1.0]],
    )
    async with running(informer_of(cluster)) as changes:
        await asyncio.sleep(0.5)
        assert changes == [("a", None, "x")]


async def test_a_watch_that_the_server_ends_goes_on_from_the_last_version_seen() -> None:
    cluster = ScriptedCluster(
        lists=[[page(9)]],
        watches=[[400.0], [50.0, bookmark(20), 300.0], [added("a", 21), 60.0], [SILENCE]],
    )
    informer = Informer(cluster, DEPLOYMENT, "ns", project=str, idle=500)
    async with running(informer):
        await asyncio.sleep(900)
        assert cluster.requests == [
            "list",
            "watch after 9",
            "watch after 9",
            "watch after 20",
            "watch after 21",
        ]
        assert cluster.times == [0, 0, 400, 750, 810]


async def test_an_object_deleted_while_disconnected_is_told_as_deleted() -> None:
    cluster = ScriptedCluster(
        lists=[
            [page(9, manifest("a", 3, value="x"), manifest("b", 4, value="x"))],
            [page(30, manifest("b", 4, value="x"))],
        ],
        watches=[[ExpiredError("too old")]],
    )
    informer = informer_of(cluster)
    async with running(informer) as changes:
        await until(lambda: informer.get("a") is None and informer.items())
        assert changes[-1] == ("a", "x", None)
        assert cluster.requests == ["list", "watch after 9", "list", "watch after 30"]
        assert cluster.times == [0, 0, 0, 0], "a 410 is no failure: it lists at once"


async def test_a_server_that_answers_410_each_time_is_not_hammered() -> None:
    cluster = ScriptedCluster(lists=[[page(9)]], watches=[[ExpiredError("too old")]] * 50)
    async with running(informer_of(cluster)):
        await asyncio.sleep(60)
        assert len(cluster.requests) < 20


async def test_429_backs_off_and_watches_again_from_the_same_version_without_a_list() -> None:
    cluster = ScriptedCluster(
        lists=[[page(9, manifest("a", 3))]],
        watches=[[ThrottledError("busy", 5.0)], [ThrottledError("busy", 5.0)], [SILENCE]],
    )
    async with running(informer_of(cluster)):
        await asyncio.sleep(60)
        assert cluster.requests == ["list", "watch after 9", "watch after 9", "watch after 9"]
        first, second = cluster.times[2], cluster.times[3] - cluster.times[2]
        assert 5.8 <= first <= 6.6
        assert 6.6 <= second <= 8.2


async def test_a_black_holed_watch_is_noticed_and_listed_anew() -> None:
    cluster = ScriptedCluster(
        lists=[[page(9, manifest("a", 3))], [page(50)]], watches=[[10.0, bookmark(10), SILENCE]]
    )
    informer = informer_of(cluster)
    async with running(informer):
        await until(lambda: informer.get("a") is None and informer.synced.is_set() is False)
        await until(lambda: len(cluster.asked) == 4, within=300)
        assert cluster.requests == ["list", "watch after 9", "list", "watch after 50"]
        assert 160 <= cluster.times[2] <= 162
        assert informer.items() == {}
        assert cluster.open == 1, "the silent watch was closed"


async def test_a_listing_that_fails_midway_leaves_the_cache_as_it_was() -> None:
    whole = [page(9, manifest("a", 3, value="x")), page(9, manifest("b", 4, value="x"))]
    cluster = ScriptedCluster(
        lists=[
            whole,
            [page(30, manifest("b", 4, value="x")), TransientError("reset")],
            [],
            [TransientError("refused")],
            [page(40, manifest("b", 4, value="x"))],
        ],
        watches=[[ExpiredError("too old")]],
    )
    informer = informer_of(cluster)
    async with running(informer) as changes:
        await until(lambda: len(cluster.asked) == 5)
        assert informer.items() == {"a": "x", "b": "x"}
        assert informer.synced.is_set(), "an old picture is a picture"
        await until(lambda: informer.get("a") is None)
        assert changes[2:] == [("a", "x", None)]


async def test_a_complete_listing_of_nothing_empties_the_cache() -> None:
    cluster = ScriptedCluster(
        lists=[[page(9, manifest("a", 3))], [page(30)]], watches=[[ExpiredError("too old")]]
    )
    informer = informer_of(cluster)
    async with running(informer):
        await until(lambda: len(cluster.asked) == 4)
        assert informer.items() == {}


async def test_errors_back_off_from_800_milliseconds_to_30_seconds() -> None:
    cluster = ScriptedCluster(lists=[[TransientError("refused")]])
    async with running(informer_of(cluster)):
        await asyncio.sleep(600)
        gaps = [b - a for a, b in zip(cluster.times, cluster.times[1:], strict=False)]
        for gap, plain in zip(gaps, [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30], strict=False):
            assert plain <= gap <= 2 * plain + 0.01


async def test_one_broken_connection_costs_one_watch_and_no_list() -> None:
    cluster = ScriptedCluster(
        lists=[[page(9)]], watches=[[added("a", 10), 30.0, TransientError("reset")], [SILENCE]]
    )
    informer = informer_of(cluster)
    async with running(informer):
        await asyncio.sleep(60)
        assert cluster.requests == ["list", "watch after 9", "watch after 10"]
        assert informer.unreachable_since is None


async def test_a_server_that_was_away_is_listed_anew_and_the_outage_is_told() -> None:
    refused = TransientError("refused")
    cluster = ScriptedCluster(
        lists=[[page(9, manifest("a", 3))], [refused], [page(30, manifest("a", 3))]],
        watches=[[10.0, refused], [refused], [SILENCE]],
    )
    informer = informer_of(cluster)
    async with running(informer):
        await until(lambda: informer.unreachable_since is not None)
        assert informer.unreachable_since == 10
        assert informer.get("a") == "", "the last good state is kept"
        assert informer.synced.is_set()
        await until(lambda: informer.unreachable_since is None)
        assert cluster.requests[3:] == ["list", "list", "watch after 30"]


async def test_missing_permission_is_waited_for() -> None:
    cluster = ScriptedCluster(lists=[[ForbiddenError("no")], [ForbiddenError("no")], [page(9)]])
    informer = informer_of(cluster)
    async with running(informer):
        await until(informer.synced.is_set)
        assert asyncio.get_running_loop().time() < 6


async def test_a_refusal_after_an_outage_is_tried_again_soon() -> None:
    """An API server that has just started answers 403 until it has read its roles."""
    away, refused = TransientError("connection refused"), ForbiddenError("no")
    cluster = ScriptedCluster(lists=[*[[away]] * 8, [refused], [refused], [page(9)]])
    informer = informer_of(cluster)
    async with running(informer):
        await until(informer.synced.is_set, within=600)
    asked = [when for what, when in cluster.asked if what == "list"]
    assert asked[-1] - asked[8] < 1.6 + 3.2


async def test_a_permission_that_is_missing_is_told_as_that() -> None:
    cluster = ScriptedCluster(lists=[*[[ForbiddenError("cannot list nodes")]] * 3, [page(9)]])
    with capture_logs() as logs:
        reading = asyncio.create_task(informer_of(cluster).run())
        await asyncio.sleep(60)
        reading.cancel()
    assert [line["event"] for line in logs][:1] == ["not permitted to watch"]


async def test_a_kind_that_disappears_empties_nothing_and_is_found_soon_after_its_return() -> None:
    absent = AbsentError("404 page not found")
    cluster = ScriptedCluster(
        lists=[
            [page(9, manifest("a", 3, value="x"))],
            *[[absent]] * 30,
            [ThrottledError("storage is (re)initializing", 1.0)],
            [page(90, manifest("a", 80, uid="a2", value="y"))],
        ],
        watches=[[20.0, absent]],
    )
    informer = informer_of(cluster)
    async with running(informer) as changes:
        await until(lambda: cluster.requests.count("list") == 20, within=300)
        assert not informer.synced.is_set()
        assert informer.items() == {"a": "x"}
        await until(informer.synced.is_set, within=300)
        asked = [when for what, when in cluster.asked if what == "list"]
        assert asked[-1] - asked[-3] < 8, "one more look, one 429, and there it is"
        assert changes[1:] == [("a", "x", "y")]


async def test_a_kind_that_is_not_installed_at_first_is_found_when_it_is() -> None:
    cluster = ScriptedCluster(lists=[*[[AbsentError("no")]] * 10, [page(9, manifest("a", 3))]])
    informer = informer_of(cluster)
    async with running(informer):
        await until(informer.synced.is_set)
        assert cluster.times[-2] - cluster.times[-3] <= 5.5


async def test_an_own_write_is_read_back_at_once_and_an_older_event_does_not_undo_it() -> None:
    cluster = ScriptedCluster(
        lists=[[page(9, manifest("a", 3, value="old"))]],
        watches=[
            [5.0, modified("a", 10, value="theirs"), 1.0, modified("a", 12, value="ours"), 9.0]
        ],
    )
    informer = informer_of(cluster)
    async with running(informer) as changes:
        await informer.synced.wait()
        informer.record(manifest("a", 12, value="ours"))
        assert informer.get("a") == "ours"
        await asyncio.sleep(10)
        assert changes[1:] == [("a", "old", "ours")]


async def test_an_object_made_by_an_own_write_survives_a_listing_from_before_it() -> None:
    cluster = ScriptedCluster(
        lists=[[page(9)], [5.0, page(30)]],
        watches=[[ExpiredError("old")], [1.0, added("new", 31, value="n")]],
    )
    informer = informer_of(cluster)
    async with running(informer) as changes:
        await asyncio.sleep(1)
        informer.record(manifest("new", 31, value="n"))
        await asyncio.sleep(20)
        assert changes == [("new", None, "n")]


async def test_all_namespaces_are_told_apart_by_key() -> None:
    cluster = ScriptedCluster(lists=[[page(9, manifest("a", 3))]])
    informer = informer_of(cluster, namespace=None)
    async with running(informer):
        await informer.synced.wait()
        assert list(informer.items()) == ["ns/a"]


async def test_an_ended_subscription_hears_nothing_more() -> None:
    cluster = ScriptedCluster(
        lists=[[page(9)]], watches=[[added("a", 10), 5.0, added("b", 11), 5.0]]
    )
    informer = informer_of(cluster)
    heard = []
    end = informer.subscribe(lambda key, _old, _new: heard.append(key))
    async with running(informer):
        await asyncio.sleep(1)
        end()
        await asyncio.sleep(10)
        assert heard == ["a"]


async def test_progress_is_complained_of_only_when_nothing_happens_at_all() -> None:
    cluster = ScriptedCluster(lists=[[TransientError("refused")]])
    informer = informer_of(cluster)
    async with running(informer):
        await asyncio.sleep(7200)
        assert informer.complaint() is None, "an outage is not a stuck loop"
    stuck = informer_of(ScriptedCluster(lists=[[SILENCE]]))
    async with running(stuck):
        await asyncio.sleep(601)
        assert stuck.complaint() == "informer of deployments: nothing happened for 601 s"


async def test_stopping_closes_the_watch() -> None:
    cluster = ScriptedCluster(lists=[[page(9)]])
    async with running(informer_of(cluster)):
        await asyncio.sleep(1)
        assert cluster.open == 1
    assert cluster.open == 0
