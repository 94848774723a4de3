"""What an operator does to etcd, by its JSON gateway: compact its history, fill it up.

Calls block; from an event loop use `asyncio.to_thread`.
"""

import http.client
import json
from typing import Any

from testbed import probe
from testbed.controlplane import ControlPlane
from testbed.errors import CommandFailed


def compact(plane: ControlPlane) -> int:
    """Forget all versions but the newest of each object; return the revision kept.

    A watch from an older version is answered with 410 by an API server that has restarted.
    """
    status = _call(plane, "/v3/maintenance/status", {})
    revision = int(status["header"]["revision"])
    _call(plane, "/v3/kv/compaction", {"revision": str(revision), "physical": True})
    return revision


def set_full(plane: ControlPlane, full: bool) -> None:
    """Raise or clear the alarm that etcd raises when its quota is used up: all writes are refused."""
    action = "ACTIVATE" if full else "DEACTIVATE"
    _call(plane, "/v3/maintenance/alarm", {"action": action, "memberID": "0", "alarm": "NOSPACE"})


def _call(plane: ControlPlane, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    answer = probe.request(
        "POST",
        plane.layout.etcd_url + path,
        headers={"Content-Type": "application/json"},
        body=json.dumps(body).encode(),
        seconds=10.0,
    )
    if answer.status != http.client.OK:
        raise CommandFailed(path, answer.status, answer.body.decode(errors="replace"))
    return json.loads(answer.body)
