"""The bare client's side of a comparison: its own namespace, its own kind, its own process."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from bench.bare import GROUP, RESOURCE, Plan
from bench.observer import Observer
from bench.place import Place, running
from gco.cluster.port import Manifest
from gco.core.model.regional import Regional
from gco.core.region.freeze import freeze
from gco.core.region.render.deployment import deployment
from gco.core.region.render.disruption import disruption_budget
from gco.core.region.render.revision import revision
from gco.core.region.render.route import routes
from gco.core.region.render.service import service
from gco.core.region.render.template import pod_template
from gco.kinds.registry import DEPLOYMENT, INFERENCE_ENDPOINT
from testbed.processes import Process
from testbed.world import MANIFESTS

NAMESPACE = "bare"
_ROOT = Path(__file__).resolve().parent.parent


class Yardstick:
    """Runs the bare client, once started, for as long as it is open."""

    def __init__(self, place: Place, observer: Observer) -> None:
        self._place = place
        self.observer = observer
        self.names: Sequence[str] = [f"plain-{number:04}" for number in range(len(place.names))]
        self._process = Process(
            "bare-client",
            [sys.executable, "-m", "bench.bare", str(self._plan_path)],
            log=place.folder / "bare-client.log",
            variables={"PYTHONPATH": os.pathsep.join((str(_ROOT), str(_ROOT / "src")))},
        )

    async def start(self) -> asyncio.Future[float]:
        """Start the client; return when its first custom resource is seen."""
        self._plan().write(self._plan_path)
        began = self.observer.when(RESOURCE, self.names[0], lambda seen: seen is not None)
        await asyncio.to_thread(self._process.start)
        return began

    async def stop(self) -> None:
        """End the client."""
        await asyncio.to_thread(self._process.stop)

    @property
    def _plan_path(self) -> Path:
        return self._place.folder / "bare-plan.json"

    def _plan(self) -> Plan:
        """Return what GCO made for its first endpoint, rendered for the bare client's namespace."""
        name = self._place.names[0]
        live = self._place.observer.get(INFERENCE_ENDPOINT, name)
        if live is None:
            raise TimeoutError(f"{name} was not made")
        regional = Regional.from_manifest(live)
        key, number = regional.spec.template_key, regional.spec.revision
        template = freeze(regional.name, key, number, pod_template(regional))
        children = [
            revision(regional, template),
            deployment(regional, template, regional.spec.replicas),
            service(regional, template),
            disruption_budget(regional),
        ]
        (route,) = routes(regional, template).values()
        return Plan(
            kubeconfig=str(self._place.plane.kubeconfig_path),
            namespace=NAMESPACE,
            like=name,
            names=list(self.names),
            resource=_moved(_resource(live)),
            children=[_moved(child.manifest) for child in children],
            route=_moved(route.manifest),
            status=live["status"],
        )


@contextlib.asynccontextmanager
async def yardstick(place: Place) -> AsyncIterator[Yardstick]:
    """Yield a yardstick that is ready to start; what it made is gone afterwards."""
    await asyncio.to_thread(_prepare, place)
    observer = Observer(place.cluster, NAMESPACE, (RESOURCE, DEPLOYMENT))
    async with running(observer):
        await observer.synced()
        found = Yardstick(place, observer)
        try:
            yield found
        finally:
            await found.stop()
    await asyncio.to_thread(_clear, place)


def _prepare(place: Place) -> None:
    kubectl = place.plane.kubectl
    definition = yaml.safe_load((MANIFESTS / "crd.yaml").read_text(encoding="utf-8"))
    definition["metadata"]["name"] = f"inferenceendpoints.{GROUP}"
    definition["spec"]["group"] = GROUP
    definition["spec"]["names"]["shortNames"] = []
    path = place.folder / "bare-crd.yaml"
    path.write_text(yaml.safe_dump(definition), encoding="utf-8")
    kubectl("apply", "--filename", str(path))
    kubectl("wait", "--for=condition=Established", "--filename", str(path))
    kubectl("create", "namespace", NAMESPACE)
    kubectl("create", "serviceaccount", "gco-service-account", f"--namespace={NAMESPACE}")


def _clear(place: Place) -> None:
    place.plane.kubectl("delete", "namespace", NAMESPACE, "--timeout=180s", seconds=200)
    place.plane.kubectl("delete", "crd", f"inferenceendpoints.{GROUP}", "--timeout=60s", seconds=90)


def _resource(live: Manifest) -> Manifest:
    """Return GCO's custom resource as it was applied, in the bare client's group."""
    meta = live["metadata"]
    return {
        "apiVersion": RESOURCE.api_version,
        "kind": RESOURCE.name,
        "metadata": {key: meta[key] for key in ("name", "namespace", "labels", "annotations")},
        "spec": live["spec"],
    }


def _moved(manifest: Mapping[str, Any]) -> Manifest:
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": NAMESPACE}}
