"""The monitor's HTTP port: /healthz, /readyz and /metrics."""

import errno
from collections.abc import Callable, Sequence
from typing import Final

from aiohttp import web

from gco.errors import SettingsError

Complaint = Callable[[], str | None]
"""Says what is wrong with one part of the process, or None."""

_SHUTDOWN_SECONDS: Final = 0.2
"""What requests in flight get at the end; a probe or a scrape takes milliseconds."""


class MonitorServer:
    """Serves the process's health on one port.

    * /healthz is the loops' progress alone, by `health`: an outage of the store or of the cluster never has the
      process restarted, for a restart would not heal it and would lose the caches.
    * /readyz is filled caches, by `ready`: the parts that are not, by name.
    * /metrics is what `metrics` renders, of the content type `metrics_type`.

    Answers are `ok`, or 503 with one line for each complaint.
    """

    def __init__(
        self,
        *,
        health: Sequence[Complaint],
        ready: Callable[[], Sequence[str]],
        metrics: Callable[[], bytes],
        metrics_type: str,
        host: str = "0.0.0.0",  # noqa: S104  (the kubelet probes the pod's own address)
        port: int = 8080,
    ) -> None:
        self._health = health
        self._ready = ready
        self._metrics = metrics
        self._metrics_type = metrics_type
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    async def start(self) -> int:
        """Listen; return the port (of use where 0 was asked for).

        Raises SettingsError where the address is taken or not this machine's.
        """
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._serve_metrics)
        runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as error:
            await runner.cleanup()
            raise SettingsError(self._told(error)) from error
        self._runner = runner
        port: int = runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Stop listening and end what is being answered; may be called again."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _healthz(self, _: web.Request) -> web.Response:
        complaints = (complaint() for complaint in self._health)
        return _answer([told for told in complaints if told is not None])

    async def _readyz(self, _: web.Request) -> web.Response:
        return _answer([f"not ready: {name}" for name in self._ready()])

    async def _serve_metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics(), headers={"Content-Type": self._metrics_type})

    def _told(self, error: OSError) -> str:
        address = f"{self._host}:{self._port}"
        if error.errno == errno.EADDRINUSE:
            return f"cannot serve health and metrics on {address}: something else listens there"
        return f"cannot serve health and metrics on {address}: {error.strerror or error}"


def _answer(complaints: Sequence[str]) -> web.Response:
    if not complaints:
        return web.Response(text="ok\n")
    return web.Response(status=503, text="\n".join(complaints) + "\n")
