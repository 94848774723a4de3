"""Every metric that is served is fed by a region's loops as they are put together for real."""

import pytest
from structlog.testing import capture_logs

from gco.clock import LoopClock
from gco.cluster.memory import MemoryCluster
from gco.controllers.sync import identify_cluster
from gco.core.model.crd import crd
from gco.core.model.ids import Actor, Epoch, RegionName
from gco.core.model.status import Region
from gco.kinds.registry import CUSTOM_RESOURCE_DEFINITION, DEPLOYMENT, NAMESPACE
from gco.runtime.metered import MeteredCluster
from gco.service import Service
from gco.store.memory import MemoryStore
from gco.telemetry.metrics import Metrics
from gco.wiring.region import RegionLoops, RegionOptions
from tests.service.world import document
from tests.virtual_time import until
from tests.waiting import background, eventually

pytestmark = pytest.mark.looptime

NS = "gco-inference"
OF_DYNAMODB = {"gco_store_requests", "gco_store_request_duration_seconds"}
"""Fed by that store alone: tests/store/test_dynamodb.py."""


async def test_every_metric_has_samples_once_an_endpoint_runs(clock: LoopClock) -> None:
    server, store, metrics = MemoryCluster(clock=clock), MemoryStore(clock=clock), Metrics()
    await server.create(NAMESPACE, {"metadata": {"name": NS}})
    region = Region(
        name=RegionName("us-east-1"),
        cluster_uid=await identify_cluster(server),
        namespaces=(NS,),
        heartbeat=clock.now(),
        epoch=Epoch(0),
    )
    loops = RegionLoops(
        MeteredCluster(server, metrics),
        store,
        clock,
        region=region,
        options=RegionOptions(hostname="monitor-0", resync_seconds=15),
        metrics=metrics,
    )
    with capture_logs():
        async with background(*(loop() for _, _, loop in loops.loops())):
            await until(lambda: "gco_informer_failures" in with_samples(metrics))  # no CRD yet
            await server.create(CUSTOM_RESOURCE_DEFINITION, crd())
            await eventually(store.regions)
            await Service(store, clock, Actor("ann")).apply([document()], source="web.yaml")
            await until(lambda: server.server.storage.table(DEPLOYMENT).objects)

    assert with_samples(metrics) >= all_of(metrics) - OF_DYNAMODB


def all_of(metrics: Metrics) -> set[str]:
    return {family.name for family in metrics.registry.collect()} - {"gco_build"}


def with_samples(metrics: Metrics) -> set[str]:
    return {family.name for family in metrics.registry.collect() if family.samples}
