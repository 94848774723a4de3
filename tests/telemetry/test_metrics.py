"""The metrics: their names, and that the engine's parts feed them."""

import asyncio

import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from gco.errors import TransientError
from gco.kinds.registry import DEPLOYMENT
from gco.runtime.controller import Controller
from gco.runtime.election import Elector
from gco.runtime.informer import Informer
from gco.runtime.metered import MeteredCluster
from gco.telemetry.metrics import Metrics
from tests.runtime.locks import Connection, SharedRecord
from tests.runtime.scripted import ScriptedCluster, added, manifest, page

pytestmark = pytest.mark.looptime


def samples(metrics: Metrics) -> dict[tuple, float]:
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


async def test_a_controllers_metrics_are_named_as_the_fields_tools_expect() -> None:
    metrics = Metrics(process=False)
    failing = asyncio.Event()

    async def reconcile(key: str) -> float | None:
        await asyncio.sleep(0.5)
        if key == "bad" and not failing.is_set():
            failing.set()
            raise TransientError("once")
        return 3600.0 if key == "again" else None

    controller = Controller("endpoint", reconcile, metrics=metrics.controller("endpoint"))
    running = asyncio.create_task(controller.run())
    with capture_logs():
        for key in ("good", "bad", "again"):
            controller.enqueue(key)
        await asyncio.sleep(0.25)
        assert samples(metrics)["gco_workqueue_unfinished_work_seconds", "endpoint"] == 0.75
        await asyncio.sleep(10)
    found = samples(metrics)
    assert found["gco_reconcile_total", "endpoint", "success"] == 2
    assert found["gco_reconcile_total", "endpoint", "error"] == 1
    assert found["gco_reconcile_total", "endpoint", "requeue_after"] == 1
    assert found["gco_reconcile_time_seconds_sum", "endpoint"] == 2
    assert found["gco_workqueue_adds_total", "endpoint"] == 4
    assert found["gco_workqueue_retries_total", "endpoint"] == 1
    assert found["gco_workqueue_depth", "endpoint"] == 0
    assert found["gco_workqueue_queue_duration_seconds_count", "endpoint"] == 4
    assert found["gco_workqueue_work_duration_seconds_sum", "endpoint"] == 2
    assert found["gco_workqueue_unfinished_work_seconds", "endpoint"] == 0
    running.cancel()


async def test_an_informer_its_requests_and_an_election_are_counted() -> None:
    metrics = Metrics(process=False)
    cluster = ScriptedCluster(
        lists=[[TransientError("refused")], [page(9, manifest("a", 3))]],
        watches=[[added("b", 10), 600.0], [1000.0]],
    )
    informer = Informer(
        MeteredCluster(cluster, metrics),
        DEPLOYMENT,
        "ns",
        project=str,
        idle=5000,
        metrics=metrics.controller("endpoint"),
    )
    elector = Elector(Connection(SharedRecord()), "me", metrics=metrics.election("leader"))
    with capture_logs():
        tasks = [
            asyncio.create_task(informer.run()),
            asyncio.create_task(elector.run(asyncio.Event().wait)),
        ]
        await asyncio.sleep(700)
        found = samples(metrics)
        informer_labels = ("endpoint", "Deployment", "ns")
        assert found["gco_informer_objects", *informer_labels] == 2
        assert found["gco_informer_failures_total", *informer_labels, "TransientError"] == 1
        assert found["gco_informer_events_total", *informer_labels, "ADDED"] == 1
        assert found["gco_informer_list_duration_seconds_count", *informer_labels] == 1
        requests = "gco_cluster_requests_total", "Deployment"
        assert found[*requests, "TransientError", "list"] == 1
        assert found[*requests, "success", "list"] == 1
        assert found[*requests, "success", "watch"] == 1
        seconds = found["gco_cluster_request_duration_seconds_sum", "Deployment", "watch"]
        assert 600 <= seconds < 601
        assert found["gco_leader", "leader"] == 1
        assert found["gco_lease_writes_total", "leader", "success"] > 300
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    assert samples(metrics)["gco_leader", "leader"] == 0


def test_the_process_is_measured_where_it_is_the_only_one() -> None:
    metrics = Metrics(version="1.2.3")
    metrics.store_requested("query", "success", 0.004)
    found = samples(metrics)
    assert found["process_resident_memory_bytes",] > 0
    assert found["gco_build_info", "1.2.3"] == 1
    assert found["gco_store_requests_total", "query", "success"] == 1


def test_two_regions_in_one_process_keep_theirs_apart() -> None:
    first, second = Metrics(process=False), Metrics(process=False)
    first.controller("endpoint").reconciled("success", 0.1)
    assert ("gco_reconcile_total", "endpoint", "success") not in samples(second)
