"""The Gateway API in a cluster of memory: its definition, and a controller that takes up HTTPRoutes."""

import asyncio
import contextlib

from gco.errors import AbsentError
from gco.kinds.registry import HTTP_ROUTE
from gco.runtime.informer import Informer
from tests.scenario.region_world import NS, World

DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"{HTTP_ROUTE.plural}.{HTTP_ROUTE.group}"},
    "spec": {
        "group": HTTP_ROUTE.group,
        "scope": "Namespaced",
        "names": {"kind": HTTP_ROUTE.name, "plural": HTTP_ROUTE.plural},
        "versions": [
            {
                "name": HTTP_ROUTE.version,
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "x-kubernetes-preserve-unknown-fields": True,
                            },
                            "status": {
                                "type": "object",
                                "x-kubernetes-preserve-unknown-fields": True,
                            },
                        },
                    }
                },
            }
        ],
    },
}


class Gateway:
    """Stands in for the controller of a Gateway: it says of each HTTPRoute what it is told to."""

    def __init__(self, world: World) -> None:
        self._client = world.server.client("gateway")
        self.verdict: dict[str, str] | None = {"Accepted": "True", "ResolvedRefs": "True"}
        """None: there is no such controller."""
        self.reason = "Accepted"
        self._routes = Informer(
            self._client, HTTP_ROUTE, NS, project=lambda m: m["metadata"]["generation"]
        )

    async def run(self) -> None:
        """Answer for ever."""
        news: asyncio.Queue[tuple[str, int | None]] = asyncio.Queue()
        self._routes.subscribe(lambda name, _old, new: news.put_nowait((name, new)))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._routes.run())
            while True:
                name, generation = await news.get()
                if generation is not None and self.verdict is not None:
                    await self._say(name, generation)

    async def decide(self, verdict: dict[str, str]) -> None:
        """Change its mind about every route."""
        self.verdict = verdict
        for name, generation in self._routes.items().items():
            await self._say(name, generation)

    async def _say(self, name: str, generation: int) -> None:
        conditions = [
            {
                "type": kind,
                "status": status,
                "reason": self.reason,
                "message": "so it is",
                "observedGeneration": generation,
                "lastTransitionTime": "2026-01-01T00:00:00Z",
            }
            for kind, status in (self.verdict or {}).items()
        ]
        parent = {
            "parentRef": {"name": "public", "namespace": "gateways"},
            "controllerName": "example.com/gateway",
            "conditions": conditions,
        }
        body = {
            "apiVersion": HTTP_ROUTE.api_version,
            "kind": HTTP_ROUTE.name,
            "metadata": {"name": name, "namespace": NS},
            "status": {"parents": [parent]},
        }
        with contextlib.suppress(AbsentError):
            await self._client.apply(HTTP_ROUTE, body, manager="gateway", subresource="status")
