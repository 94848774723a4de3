"""`gco monitor`: one region's loops in a process of their own."""

import asyncio
import contextlib
import gc
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from gco import __version__
from gco.clock import SystemClock
from gco.cluster.kubernetes import connect
from gco.cluster.kubernetes.transport import Limits
from gco.cluster.port import Cluster
from gco.controllers.sync import identify_cluster
from gco.core.model.ids import Epoch, RegionName
from gco.core.model.pod_policy import RULES, SETTING
from gco.core.model.routes import gateway_named
from gco.core.model.spec import RouteBackend
from gco.core.model.status import Region
from gco.errors import ForbiddenError, SettingsError, TransientError
from gco.runtime.backoff import Backoff, Retries
from gco.runtime.death import leave_identity
from gco.runtime.metered import MeteredCluster
from gco.runtime.supervise import Stage, Supervisor, stop_on_signals
from gco.server.monitor import MonitorServer
from gco.settings import Settings
from gco.telemetry import configure, get_logger
from gco.telemetry.metrics import CONTENT_TYPE, Metrics
from gco.wiring.region import RegionLoops, RegionOptions
from gco.wiring.stores import open_store

_REFUSAL_SECONDS = 30.0
_YOUNG_OBJECTS: Final = 10_000
"""Objects made before the collector looks at them; most live for one request."""
_log = get_logger(__name__)


async def run_monitor(
    settings: Settings,
    *,
    port: int,
    host: str,
    kubeconfig: Path | None = None,
    context: str | None = None,
    accept_store: bool = False,
    replace_cluster: bool = False,
) -> None:
    """Run until SIGTERM or SIGINT, or until a loop dies; raises what it died of.

    Raises SettingsError where the settings do not say which region this is, or where there are no
    credentials for its cluster.
    """
    if not settings.region:
        raise SettingsError("REGION is not set: the name under which this cluster is registered")
    configure(
        service="gco-monitor",
        cluster_id=settings.cluster_name,
        region=settings.region,
        level=settings.log_level,
        format=settings.log_format,
    )
    gc.set_threshold(_YOUNG_OBJECTS)
    gc.freeze()  # modules are no garbage
    stop = asyncio.Event()
    metrics = Metrics(version=__version__)
    options = RegionOptions(
        hostname=settings.hostname,
        image=settings.image,
        resync_seconds=settings.resync_seconds,
        unhealthy_seconds=settings.unhealthy_seconds,
        address=settings.address,
        pod_namespace=settings.pod_namespace,
        accept_store=accept_store,
        replace_cluster=replace_cluster,
    )
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(stop_on_signals(stop))
        cluster = MeteredCluster(_connect(settings, kubeconfig, context), metrics)
        stack.push_async_callback(cluster.close)
        store = await open_store(settings, create=True, metrics=metrics)
        stack.push_async_callback(store.close)
        region = await _describe(cluster, settings)
        loops = RegionLoops(
            cluster, store, SystemClock(), region=region, options=options, metrics=metrics
        )
        leave_identity(Path(settings.termination_log), loops.elector.identity)
        server = MonitorServer(
            health=loops.complaints(),
            ready=loops.waiting,
            metrics=metrics.render,
            metrics_type=CONTENT_TYPE,
            host=host,
            port=port,
        )
        stack.push_async_callback(server.stop)
        _tell(region, settings, await server.start())
        await _supervised(loops, server).run(stop)


def _connect(settings: Settings, kubeconfig: Path | None, context: str | None) -> Cluster:
    return connect(
        kubeconfig or settings.kubeconfig,
        context,
        in_cluster=settings.in_cluster is not None and kubeconfig is None,
        limits=Limits(request=settings.api_timeout),
        user_agent=f"gco-monitor/{__version__}",
    )


def _supervised(loops: RegionLoops, server: MonitorServer) -> Supervisor:
    supervisor = Supervisor()
    for stage, name, loop in loops.loops():
        supervisor.add(stage, name, loop)
    supervisor.add(Stage.CACHES, "announcement", _announce(loops))
    supervisor.at(Stage.INTAKE, "queues", loops.shut_down)
    supervisor.at(Stage.HTTP, "health and metrics", server.stop)
    return supervisor


def _tell(region: Region, settings: Settings, port: int) -> None:
    _log.info(
        "monitor started",
        version=__version__,
        cluster=region.cluster_uid,
        namespaces=region.namespaces,
        store=settings.store_url,
        port=port,
    )


def _announce(loops: RegionLoops) -> Callable[[], Awaitable[None]]:
    """Return a loop that says when the caches were filled, and then nothing any more."""

    async def announce() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await loops.endpoint.synced()
        _log.info("caches filled", seconds=round(loop.time() - began, 3))
        # The caches' records stay, and refer to nothing that refers to them: to look at all of them
        # again and again would be most of what the collector does.
        gc.collect()
        gc.freeze()
        await asyncio.Event().wait()

    return announce


async def _describe(cluster: Cluster, settings: Settings) -> Region:
    """Return the region's record as far as it is known before anything runs."""
    return Region(
        name=RegionName(settings.region),
        cluster_uid=await _identity(cluster),
        cluster_name=settings.cluster_name,
        aws_region=settings.region,
        namespaces=settings.allowed_namespaces,
        version=__version__,
        route_backend=RouteBackend(settings.route_backend),
        gateway=gateway_named(settings.gateway),
        alb_rewrites=settings.alb_rewrites,
        pod_overrides_allow=_allowed_overrides(settings.pod_overrides_allow),
        heartbeat=SystemClock().now(),
        heartbeat_seconds=settings.heartbeat_seconds,
        epoch=Epoch(0),
    )


def _allowed_overrides(listed: str) -> tuple[str, ...]:
    """Return the rules that are listed; a rule that does not exist would allow nothing, unnoticed."""
    names = tuple(name for name in listed.split(",") if name)
    wrong = sorted(set(names) - set(RULES))
    if wrong:
        raise SettingsError(f"{SETTING} names {', '.join(wrong)}; the rules are {', '.join(RULES)}")
    return names


async def _identity(cluster: Cluster) -> str:
    """Ask for the cluster's uid until it answers.

    A refusal is raised once it has lasted: an API server that has just started refuses everybody
    until it has read its roles.
    """
    loop = asyncio.get_running_loop()
    retries = Retries(Backoff(0.5, 15.0))
    patience = loop.time() + _REFUSAL_SECONDS
    while True:
        try:
            return await identify_cluster(cluster)
        except TransientError as error:
            _log.warning("cluster not reached", error=str(error))
        except ForbiddenError as error:
            if loop.time() > patience:
                raise
            _log.warning("cluster refuses", error=str(error))
        await asyncio.sleep(retries.failed())
