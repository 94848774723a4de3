"""Installs the custom resource definitions of others: Gateway API, KEDA, Karpenter, Prometheus.

A control plane with them validates such objects as a cluster with the real controllers would; the
controllers themselves do not run here.
"""

from http import HTTPStatus
from pathlib import Path

from testbed import probe, waiting
from testbed.controlplane import ControlPlane
from testbed.definitions import GATEWAY_API, KARPENTER, KEDA, PROMETHEUS, Definitions

__all__ = ["GATEWAY_API", "KARPENTER", "KEDA", "PROMETHEUS", "install", "remove"]


def install(plane: ControlPlane, *names: str) -> None:
    """Install definitions in a control plane, and return once it serves and describes them."""
    paths = [path for name in names for path in Definitions.named(name).paths()]
    for path in paths:
        # Server-side: a client-side apply would keep them whole in an annotation, too large.
        plane.kubectl("apply", "--server-side", "-f", str(path))
    for path in paths:
        plane.kubectl("wait", "--for=condition=Established", "-f", str(path))
        _described(plane, path)


def _described(plane: ControlPlane, path: Path) -> None:
    """Wait for the kinds in the API server's OpenAPI, which trails what it serves by a second."""
    place = "jsonpath={.spec.group}/{.spec.versions[0].name}"
    served = plane.kubectl("get", "-f", str(path), f"--output={place}")
    url, token = f"{plane.url}/openapi/v3/apis/{served}", f"Bearer {plane.admin_token}"

    def answers() -> bool:
        answer = probe.request("GET", url, headers={"Authorization": token}, ca=plane.ca_path)
        return answer.status == HTTPStatus.OK

    waiting.until(answers, what=f"the description of {served}")


def remove(plane: ControlPlane, *names: str) -> None:
    """Take definitions out of a control plane again, with every object of their kinds."""
    for name in names:
        for path in Definitions.named(name).paths():
            plane.kubectl("delete", "--ignore-not-found", "-f", str(path))
