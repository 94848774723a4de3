"""A whole installation on real parts: control planes, DynamoDB, machines, two monitors a region.

The monitors get the very manifests of deploy/kubernetes and run under their own service account's
token, so that a permission that is missing there is missing here.
"""

import contextlib
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path

from gco.clock import SystemClock
from gco.core.model.ids import Actor
from gco.service import Service
from gco.settings import read_settings
from gco.wiring.stores import init_store, open_store
from testbed.controlplane import ControlPlane
from testbed.dynamodb import DynamoDBLocal
from testbed.machines import Machines
from testbed.monitors import Monitor, MonitorSettings

MANIFESTS = Path(__file__).resolve().parent.parent / "deploy" / "kubernetes"
INSTALLED = ("namespaces.yaml", "crd.yaml", "service-accounts.yaml", "roles.yaml", "capacity.yaml")
"""What a region needs before a monitor starts there, in the order in which it is applied."""
_FIRST_NETWORK = 160


def install(plane: ControlPlane) -> Path:
    """Apply the manifests; return a kubeconfig of the monitor's own service account."""
    for name in INSTALLED:
        plane.kubectl("apply", "-f", str(MANIFESTS / name))
    token = plane.service_account_token("gco-monitor", namespace="gco-system")
    return plane.write_kubeconfig(
        plane.kubeconfig_path.with_name("monitor.kubeconfig"), token=token
    )


def store_variables(dynamodb: DynamoDBLocal, table: str, *, url: str = "") -> Mapping[str, str]:
    """Return the environment in which `gco` finds a table of that name.

    `url` is where to find DynamoDB Local by another way than directly.
    """
    endpoint = url or dynamodb.endpoint_url
    return {
        "GCO_STORE": f"dynamodb://{table}?region=us-east-1&endpoint={endpoint}",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class RegionOfWorld:
    """One region: its control plane, its machines and its monitors."""

    def __init__(
        self, plane: ControlPlane, machines: Machines, monitors: Sequence[Monitor]
    ) -> None:
        self.name = plane.name
        self.plane = plane
        self.machines = machines
        self.monitors = tuple(monitors)

    def leader(self) -> Monitor | None:
        """Return the monitor that holds the region's Lease, None where none of ours does."""
        holder = self.plane.kubectl(
            "get",
            "lease",
            "inference-monitor-leader",
            "--namespace=gco-inference",
            "--ignore-not-found",
            "--output=jsonpath={.spec.holderIdentity}",
        )
        return next((m for m in self.monitors if holder.startswith(f"{m.name}_")), None)


class World:
    """Everything, and a service to change it by."""

    def __init__(
        self,
        regions: Sequence[RegionOfWorld],
        dynamodb: DynamoDBLocal,
        variables: Mapping[str, str],
    ) -> None:
        self.regions = tuple(regions)
        self.dynamodb = dynamodb
        self.variables = variables

    @contextlib.asynccontextmanager
    async def service(self, actor: str = "test") -> AsyncIterator[Service]:
        """Yield a service on the world's store."""
        store = await open_store(read_settings({**os.environ, **self.variables}))
        try:
            yield Service(store, SystemClock(), Actor(actor))
        finally:
            await store.close()


@contextlib.contextmanager
def world(
    planes: Sequence[ControlPlane],
    dynamodb: DynamoDBLocal,
    table: str,
    folder: Path,
    *,
    monitors: int = 2,
) -> Iterator[World]:
    """Yield a world whose monitors are ready; the planes and DynamoDB are the caller's."""
    variables = store_variables(dynamodb, table)
    with contextlib.ExitStack() as stack:
        regions = []
        for number, plane in enumerate(planes):
            kubeconfig = install(plane)
            machines = stack.enter_context(
                Machines(plane, folder / plane.name, network=_FIRST_NETWORK + number)
            )
            settings = MonitorSettings(plane.name, kubeconfig, variables)
            own = [
                Monitor(settings, f"{plane.name}-{letter}", folder) for letter in "ab"[:monitors]
            ]
            regions.append(RegionOfWorld(plane, machines, own))
        started = [monitor for region in regions for monitor in region.monitors]
        for monitor in started:
            stack.callback(monitor.close)
            monitor.start()
        for monitor in started:
            monitor.wait_until_ready()
        yield World(regions, dynamodb, variables)


async def make_table(variables: Mapping[str, str]) -> None:
    """Do what `gco store init` does."""
    await init_store(read_settings({**os.environ, **variables}), dry_run=False)
