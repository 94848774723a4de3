"""Proof that the process that holds a lease has ended, from the API server: no lease has to run out.

A process writes its own identity as its container's termination message when it starts. Kubelet reads that
message when the container has terminated, and reports it in the pod's status with the terminated
state. So a pod's status that carries an identity in a terminated state is kubelet's word that this very
process has ended: a container's restart, a late status or a clock that steps cannot pair it with
another process. A pod that is gone proves nothing: it may have been deleted by force while its node,
out of reach, still runs it.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from gco.cluster.port import Cluster, EventType, Manifest
from gco.errors import ClusterError
from gco.kinds.registry import POD
from gco.runtime.backoff import Backoff, Retries
from gco.runtime.streams import closing
from gco.telemetry import get_logger

_BACKOFF: Final = Backoff(1.0, 30.0)
_log = get_logger(__name__)


def leave_identity(path: Path, identity: str) -> bool:
    """Write `identity` as this container's termination message; return whether there is a file for it.

    Kubelet makes the file (`terminationMessagePath`); outside a container there is none.
    """
    if not path.is_file():
        return False
    try:
        path.write_text(identity, encoding="utf-8")
    except OSError as error:
        _log.warning("termination message not written", path=str(path), error=str(error))
        return False
    return True


class HolderPods:
    """Watches the pod of a lease's holder, among the pods of `namespace`."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace

    async def ended(self, identity: str) -> None:
        """Return once the process of `identity` (`POD_UUID`) is proved to have ended.

        Waits for ever where that is never proved: the lease decides then, as it does without this.
        """
        pod = identity.rpartition("_")[0]
        if not pod:
            await asyncio.Event().wait()
        retries = Retries(_BACKOFF)
        while True:
            try:
                if await self._seen_ended(pod, identity):
                    return
                retries.reset()
            except ClusterError as error:
                _log.debug("holder's pod not watched", pod=pod, error=str(error))
            await asyncio.sleep(retries.failed())

    async def _seen_ended(self, pod: str, identity: str) -> bool:
        """Follow the pod until the proof is there (True) or the watch ends (False)."""
        only_it, position = f"metadata.name={pod}", ""
        async with closing(self._cluster.list(POD, self._namespace, fields=only_it)) as pages:
            async for page in pages:
                position = page.resource_version
                if any(identity in _last_messages(found) for found in page.items):
                    return True
        stream = self._cluster.watch(POD, self._namespace, after=position, fields=only_it)
        async with closing(stream) as events:
            async for event in events:
                if event.type is EventType.BOOKMARK:
                    continue
                if identity in _last_messages(event.object):
                    return True
        return False


def _last_messages(pod: Manifest) -> Iterator[str]:
    """Yield what the pod's terminated containers left as their termination messages."""
    status: dict[str, Any] = pod.get("status") or {}
    for container in status.get("containerStatuses") or ():
        for state in ("state", "lastState"):
            terminated = (container.get(state) or {}).get("terminated") or {}
            yield (terminated.get("message") or "").strip()
