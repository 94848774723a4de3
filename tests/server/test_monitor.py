"""The monitor's port: health is progress, readiness is caches, and a taken port is told."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from gco.errors import SettingsError
from gco.server.monitor import MonitorServer
from gco.telemetry.metrics import CONTENT_TYPE, Metrics


class Parts:
    """What the server asks: as healthy and as ready as a test says."""

    def __init__(self) -> None:
        self.stuck: str | None = None
        self.waiting_for: list[str] = []
        self.metrics = Metrics(process=False)
        self.server = MonitorServer(
            health=[lambda: None, lambda: self.stuck],
            ready=lambda: self.waiting_for,
            metrics=self.metrics.render,
            metrics_type=CONTENT_TYPE,
            host="127.0.0.1",
            port=0,
        )


@pytest.fixture
async def parts() -> AsyncIterator[Parts]:
    made = Parts()
    yield made
    await made.server.stop()


async def get(port: int, path: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}{path}") as answer,
    ):
        return answer.status, await answer.text()


async def test_health_tells_which_loop_is_stuck(parts: Parts) -> None:
    port = await parts.server.start()
    assert await get(port, "/healthz") == (200, "ok\n")
    parts.stuck = "endpoint: a run has taken 130 s of 60 s"
    assert await get(port, "/healthz") == (503, "endpoint: a run has taken 130 s of 60 s\n")


async def test_readiness_tells_which_caches_are_not_filled(parts: Parts) -> None:
    port = await parts.server.start()
    parts.waiting_for = ["deployments", "pods"]
    assert await get(port, "/readyz") == (503, "not ready: deployments\nnot ready: pods\n")
    assert await get(port, "/healthz") == (200, "ok\n")
    parts.waiting_for = []
    assert await get(port, "/readyz") == (200, "ok\n")


async def test_metrics_are_served_in_prometheus_format(parts: Parts) -> None:
    port = await parts.server.start()
    parts.metrics.controller("endpoint").reconciled("success", 0.1)
    status, text = await get(port, "/metrics")
    assert status == 200
    assert 'gco_reconcile_total{controller="endpoint",result="success"} 1.0' in text


async def test_other_paths_are_not_found(parts: Parts) -> None:
    assert (await get(await parts.server.start(), "/debug"))[0] == 404


async def test_a_taken_port_is_told_as_that(parts: Parts) -> None:
    port = await parts.server.start()
    second = MonitorServer(
        health=[], ready=list, metrics=bytes, metrics_type=CONTENT_TYPE, host="127.0.0.1", port=port
    )
    with pytest.raises(SettingsError, match=f"127.0.0.1:{port}: something else listens there"):
        await second.start()
    await second.stop()


async def test_an_address_of_another_machine_is_told_as_that() -> None:
    server = MonitorServer(
        health=[], ready=list, metrics=bytes, metrics_type=CONTENT_TYPE, host="192.0.2.1", port=0
    )
    with pytest.raises(SettingsError, match=r"cannot serve health and metrics on 192\.0\.2\.1:0"):
        await server.start()


async def test_stopping_frees_the_port_at_once_though_a_client_holds_on(parts: Parts) -> None:
    port = await parts.server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await reader.readline()).endswith(b"200 OK\r\n")
    async with asyncio.timeout(2):
        await parts.server.stop()
        await parts.server.stop()
    writer.close()
    again = MonitorServer(
        health=[], ready=list, metrics=bytes, metrics_type=CONTENT_TYPE, host="127.0.0.1", port=port
    )
    assert await again.start() == port
    await again.stop()
