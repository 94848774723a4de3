"""A kubelet as far as an API server needs one to hand on logs: a node's HTTPS port."""

import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import web

from gco.clock import SystemClock
from gco.cluster.port import LogOptions
from gco.errors import AbsentError
from gco.sandbox.kubelet.logs import ContainerLog, Logs


class FakeKubelet:
    """Serves the logs that a test writes, as the kubelet's `/containerLogs` does."""

    def __init__(self, folder: Path) -> None:
        self._logs = Logs(folder, SystemClock())
        self.port = 0

    def log(self, namespace: str, pod: str) -> ContainerLog:
        """Return the log of a pod's container `inference`, to write to."""
        return self._logs.of(namespace, pod, "inference")

    @contextlib.asynccontextmanager
    async def serving(self, certificate: Path, key: Path) -> AsyncIterator[None]:
        """Serve while the block runs."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        app = web.Application()
        app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", self._handle)
        runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1
        )
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        self.port = runner.addresses[0][1]
        try:
            yield
        finally:
            await runner.cleanup()

    def node(self, name: str) -> dict[str, Any]:
        """Return the node whose kubelet this is, and its status."""
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name},
            "status": {
                "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
                "daemonEndpoints": {"kubeletEndpoint": {"Port": self.port}},
                "conditions": [{"type": "Ready", "status": "True", "reason": "Test"}],
            },
        }

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        where, query = request.match_info, request.query
        options = LogOptions(
            where["container"],
            lines=int(query["tailLines"]) if "tailLines" in query else None,
            previous=query.get("previous") == "true",
            follow=query.get("follow") == "true",
            since=query.get("sinceTime", ""),
        )
        try:
            log = self._logs.find(where["namespace"], where["pod"], where["container"])
            first = [line async for line in log.lines(options._replace(follow=False))]
        except AbsentError as error:
            return web.Response(status=400, text=str(error))  # as the kubelet does
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        if not options.follow:
            for line in first:
                await response.write(f"{line.time} {line.text}\n".encode())
            return response
        async with contextlib.aclosing(log.lines(options)) as lines:
            async for line in lines:
                await response.write(f"{line.time} {line.text}\n".encode())
        return response
