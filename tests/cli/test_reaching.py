"""logs, events and the events in status: over clusters that are bound, and told where one is away."""

import contextlib
import json
import subprocess
import sys
import threading

import pytest

from gco.kinds.registry import EVENT
from tests.cli.clusters import Clusters
from tests.cli.world import EAST, WEST, document, environment
from tests.reach.test_events import about


@pytest.fixture
def clusters(running):
    with contextlib.ExitStack() as stack:
        yield Clusters(running, stack)


@pytest.fixture
def east(clusters):
    """The cluster of us-east-1, in which a pod of `web` has written two lines."""
    site = clusters.site(EAST)
    clusters.do(site.pod("web-1-22222"))
    clusters.do(site.start("web-1-22222", "loading", "serving\tnow"))
    return site


def run(world, *arguments):
    return world.run(*arguments, store=False)


@pytest.mark.usefixtures("east")
def test_lines_stand_behind_their_region_and_pod(running):
    result = run(running, "logs", "web", "-r", EAST)

    assert result.exit_code == 0, result.stderr
    assert result.stdout == (f"{EAST}/web-1-22222  loading\n{EAST}/web-1-22222  serving\tnow\n")


@pytest.mark.usefixtures("east")
def test_lines_are_data_where_that_is_asked(running):
    result = run(running, "logs", "web", "-r", EAST, "--tail", "1", "-o", "json")

    [line] = map(json.loads, result.stdout.splitlines())
    assert line.pop("time").endswith("Z")
    assert line == {"region": EAST, "pod": "web-1-22222", "text": "serving\tnow"}


@pytest.mark.usefixtures("east")
def test_a_region_without_a_way_is_told_and_the_others_are_read(running):
    result = run(running, "logs", "web")

    assert result.exit_code == 1
    assert f"error: {WEST}: no way to its cluster is known; `gco context bind {WEST}" in (
        result.stderr
    )
    assert "loading" in result.stdout


@pytest.mark.usefixtures("east")
def test_another_cluster_than_the_regions_is_told_and_the_others_are_read(running, clusters):
    clusters.site(WEST)
    clusters.register(WEST, "another")

    result = run(running, "logs", "web")

    assert result.exit_code == 1
    assert f"error: {WEST}: {WEST} leads to another cluster" in result.stderr
    assert "loading" in result.stdout


def test_five_clusters_are_read_at_once_and_one_that_is_gone_stops_none(world):
    names = [f"region-{number}" for number in range(1, 6)]
    with contextlib.ExitStack() as stack:
        clusters = Clusters(world, stack)
        for name in names:
            site = clusters.site(name)
            clusters.do(site.pod("web-1-22222"))
            clusters.do(site.start("web-1-22222", f"of {name}"))
        world.applied(document(regions=names))
        clusters.end("region-3")

        result = run(world, "logs", "web")

    told = sorted(line.partition("  ")[2] for line in result.stdout.splitlines())
    assert told == [f"of {name}" for name in names if name != "region-3"]
    assert (result.exit_code, result.stderr.count("error: region-3: ")) == (1, 1)
    assert "could not be reached" in result.stderr


@pytest.mark.usefixtures("east")
@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        pytest.param(
            ["--pod", "web-1-x"], 3, "no region has a pod of web called", id="no such pod"
        ),
        pytest.param(["--region", "us-est-1"], 2, "did you mean", id="no such region"),
        pytest.param(["--previous"], 0, "no such run", id="no run before"),
        pytest.param(["--canary"], 0, "no pod of web-canary", id="no canary"),
        pytest.param(["--model-copy"], 4, "web has no spec.model", id="no model"),
        pytest.param(["--model-copy", "--canary"], 2, "copied for both", id="whose model"),
        pytest.param(["-f", "-p"], 2, "cannot be followed", id="a run that is over"),
    ],
)
def test_what_is_not_there_is_told(running, arguments, code, told):
    regions = [] if "--region" in arguments else ["-r", EAST]

    result = run(running, "logs", "web", *regions, *arguments)

    assert (result.exit_code, told in result.stderr) == (code, True), result.output


def test_logs_are_followed_until_someone_stops_it(running, clusters, east):
    command = [sys.executable, "-m", "gco", "logs", "web", "-r", EAST, "--follow", "--tail", "1"]
    process = subprocess.Popen(  # noqa: S603  (our own program)
        command, env=environment(running, GCO_STORE=""), stdout=subprocess.PIPE, text=True
    )
    stop = threading.Timer(60, process.kill)  # a test that fails must not hang
    stop.start()
    try:
        assert process.stdout.readline() == f"{EAST}/web-1-22222  serving\tnow\n"
        clusters.do(east.pod("web-1-33333"))
        clusters.do(east.start("web-1-33333", "another"))
        assert process.stdout.readline() == f"{EAST}/web-1-33333  another\n"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        stop.cancel()


@pytest.fixture
def noted(clusters, east):
    for kind, name, fields in (
        ("Deployment", "web", {"reason": "ScalingReplicaSet", "note": "Scaled up web-1 to 2"}),
        (
            "Pod",
            "web-1-22222",
            {
                "reason": "BackOff",
                "type": "Warning",
                "note": "again",
                "series": {"count": 7, "lastObservedTime": "2026-01-01T00:09:00Z"},
            },
        ),
        ("Pod", "chat-1-22222", {"reason": "Other"}),
    ):
        clusters.do(east.server.create(EVENT, about(kind, name, **fields)))


@pytest.mark.usefixtures("noted")
def test_events_are_told_in_their_order_with_how_often_they_happened(running):
    result = run(running, "events", "web", "-r", EAST)

    heading, *lines = result.stdout.splitlines()
    assert heading.split() == ["WHEN", "REGION", "REASON", "WHAT"]
    assert [line.split(EAST)[1].split(maxsplit=1) for line in lines] == [
        ["ScalingReplicaSet", "Deployment/web: Scaled up web-1 to 2"],
        ["BackOff", "Pod/web-1-22222: again (\u00d77)"],
    ]


@pytest.mark.usefixtures("noted")
def test_events_are_data_where_that_is_asked(running):
    _, event = json.loads(run(running, "events", "web", "-r", EAST, "-o", "json").stdout)

    assert event == {
        "time": "2026-01-01T00:09:00Z",
        "region": EAST,
        "warning": True,
        "reason": "BackOff",
        "note": "again",
        "count": 7,
        "object": {"kind": "Pod", "name": "web-1-22222"},
    }


@pytest.mark.usefixtures("noted")
def test_status_shows_the_last_events_and_which_region_could_not_be_asked(running):
    result = run(running, "status", "web")

    assert "BackOff" in result.stdout
    assert f"events of {WEST}: no way to its cluster is known" in result.stdout
    facts = json.loads(run(running, "status", "web", "-o", "json").stdout)
    assert [event["reason"] for event in facts["events"]] == ["ScalingReplicaSet", "BackOff"]
    assert facts["eventsMissing"].keys() == {WEST}


@pytest.mark.usefixtures("noted")
def test_status_waits_for_no_cluster_that_does_not_answer(running, clusters):
    clusters.site(WEST)
    clusters.clients[WEST].faults.latency = 60

    result = run(running, "status", "web")

    assert "BackOff" in result.stdout
    assert f"events of {WEST}: no answer within 2 s" in result.stdout


@pytest.mark.usefixtures("noted")
def test_status_asks_no_cluster_where_that_is_not_wanted(running):
    result = run(running, "status", "web", "--no-events")

    assert "BackOff" not in result.stdout
    assert "events" not in result.stdout


def test_status_says_that_no_region_can_be_asked_for_events(running):
    result = run(running, "status", "web")

    assert f"events of {WEST}, {EAST}: no way to its cluster is known" in result.stdout


@pytest.mark.usefixtures("noted")
def test_another_endpoint_has_no_events(running):
    running.applied(document("chat2", regions=[EAST]))

    assert "no events" in run(running, "events", "chat2").stdout
