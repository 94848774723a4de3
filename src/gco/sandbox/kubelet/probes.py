"""Health checks of a container, as a pod's spec states them."""

import asyncio
import dataclasses
from collections.abc import Mapping
from typing import Any

import aiohttp

_HTTP_OK = range(200, 400)


@dataclasses.dataclass(frozen=True, slots=True)
class Probe:
    """A check over HTTP, or of an open port where `path` is None."""

    path: str | None
    port: int
    delay: float
    period: float
    timeout: float
    failures: int
    """So many in a row count as failed."""

    async def passes(self, session: aiohttp.ClientSession, address: str) -> bool:
        """Ask once."""
        try:
            async with asyncio.timeout(self.timeout):
                if self.path is None:
                    _, writer = await asyncio.open_connection(address, self.port)
                    writer.close()
                    return True
                url = f"http://{address}:{self.port}{self.path}"
                async with session.get(url, allow_redirects=False) as answer:
                    return answer.status in _HTTP_OK
        except (TimeoutError, OSError, aiohttp.ClientError):
            return False


def read_probe(container: Mapping[str, Any], field: str) -> Probe | None:
    """Return the probe of that field (`readinessProbe`), None where there is none that we can run."""
    stated = container.get(field)
    if not stated:
        return None
    action = stated.get("httpGet") or stated.get("tcpSocket")
    if action is None:
        return None
    return Probe(
        path=action.get("path", "/") if "httpGet" in stated else None,
        port=_port(container, action["port"]),
        delay=stated.get("initialDelaySeconds", 0),
        period=stated.get("periodSeconds", 10),
        timeout=stated.get("timeoutSeconds", 1),
        failures=stated.get("failureThreshold", 3),
    )


def container_ports(container: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the ports that the container says it listens on."""
    return tuple(port["containerPort"] for port in container.get("ports", ()))


def _port(container: Mapping[str, Any], told: int | str) -> int:
    if isinstance(told, int):
        return told
    named = {p.get("name"): p["containerPort"] for p in container.get("ports", ())}
    return int(named.get(told, told))
