"""Which pods answer for which rule, kept up to date by watching routes, Services and Pods."""

import asyncio
import itertools
from collections.abc import Mapping
from typing import Any, NamedTuple

from gco.cluster.port import Cluster, Manifest
from gco.kinds.registry import HTTP_ROUTE, INGRESS, POD, SERVICE
from gco.runtime.informer import Informer
from gco.runtime.optional import OptionalInformer
from gco.sandbox.router.http_routes import http_route
from gco.sandbox.router.ingresses import rules_of
from gco.sandbox.router.rules import Rule, Share, choose
from gco.sandbox.router.turns import Turns


class Backend(NamedTuple):
    """A pod's address that may be sent requests."""

    address: str
    port: int


class _Service(NamedTuple):
    namespace: str
    selector: Mapping[str, str]
    ports: Mapping[int, int | str]
    """Service port to target port."""


class _Pod(NamedTuple):
    namespace: str
    labels: Mapping[str, str]
    address: str
    ready: bool
    ports: Mapping[str, int]


class Table:
    """Answers where a request goes, in one namespace."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.ingresses = Informer(cluster, INGRESS, namespace, project=rules_of)
        self.http_routes = OptionalInformer(cluster, HTTP_ROUTE, namespace, project=http_route)
        self._services = Informer(cluster, SERVICE, namespace, project=_service)
        self._pods = Informer(cluster, POD, namespace, project=_pod)
        self._turn = itertools.count()
        self._turns = Turns()

    async def run(self) -> None:
        """Keep the table true until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for informer in (self.ingresses, self.http_routes, self._services, self._pods):
                tasks.create_task(informer.run())

    def rule(self, host: str, path: str) -> Rule | None:
        """Return the rule that takes a request, None where no route does."""
        ingresses = itertools.chain.from_iterable(self.ingresses.items().values())
        routes = (rule for r in self.http_routes.items().values() for rule in r.rules)
        return choose((*ingresses, *routes), host, path)

    def share(self, rule: Rule) -> Share | None:
        """Return the Service whose turn it is, by the weights of `rule`; None where it has none."""
        key = (rule.host, rule.path, *(share.service for share in rule.shares))
        turn = self._turns.take(key, [share.weight for share in rule.shares])
        return None if turn is None else rule.shares[turn]

    def backends(self, share: Share) -> list[Backend]:
        """Return the ready pods of a Service, another one first each time."""
        service = self._services.get(share.service)
        if service is None or share.port not in service.ports:
            return []
        target = service.ports[share.port]
        pods = [
            pod
            for _, pod in sorted(self._pods.items().items())
            if pod.ready and service.selector.items() <= pod.labels.items()
        ]
        # A pod whose port has not the name that the Service goes by is reached by nobody.
        ports = [target if isinstance(target, int) else pod.ports.get(target) for pod in pods]
        found = [Backend(p.address, n) for p, n in zip(pods, ports, strict=True) if n is not None]
        first = next(self._turn) % len(found) if found else 0
        return found[first:] + found[:first]


def _service(service: Manifest) -> _Service:
    spec = service["spec"]
    ports = {p["port"]: p.get("targetPort", p["port"]) for p in spec.get("ports") or ()}
    return _Service(service["metadata"]["namespace"], spec.get("selector") or {}, ports)


def _pod(pod: Manifest) -> _Pod:
    metadata, status = pod["metadata"], pod.get("status") or {}
    ready = any(
        c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", ())
    )
    return _Pod(
        namespace=metadata["namespace"],
        labels=metadata.get("labels") or {},
        address=status.get("podIP", ""),
        ready=ready and "deletionTimestamp" not in metadata,
        ports=_named_ports(pod),
    )


def _named_ports(pod: Mapping[str, Any]) -> dict[str, int]:
    return {
        port["name"]: port["containerPort"]
        for container in pod["spec"]["containers"]
        for port in container.get("ports") or ()
        if "name" in port
    }
