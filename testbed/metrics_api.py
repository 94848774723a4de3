"""A metrics API that really answers: `metrics.k8s.io`, as a metrics server adds it to a cluster.

Registered by an APIService, so that the API server's aggregator passes requests on to it, and asked
by kube-controller-manager's autoscaler. How busy pods are is what a test says. It lists the pods of
the cluster at each question, as the load is spread over those that run.
"""

import datetime as dt
import json
import ssl
import threading
import urllib.parse
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self

from typing_extensions import override

from testbed import ports, probe, waiting
from testbed.controlplane import ControlPlane

VERSION: Final = "metrics.k8s.io/v1beta1"
_NAME: Final = "v1beta1.metrics.k8s.io"
_RESOURCES: Final = {
    "kind": "APIResourceList",
    "apiVersion": "v1",
    "groupVersion": VERSION,
    "resources": [
        {
            "name": "pods",
            "singularName": "",
            "namespaced": True,
            "kind": "PodMetrics",
            "verbs": ["get", "list"],
        }
    ],
}


class MetricsApi:
    """The metrics API of one control plane, answering inside a `with` block."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._loads: dict[tuple[str, str], int] = {}
        [self._port] = ports.reserve(1)
        certificates = plane.layout.certificates
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.server, certificates.server_key)
        self._server = ThreadingHTTPServer((ports.LOOPBACK, self._port.number), self._handler())
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics API")

    def load(self, namespace: str, app: str, *, millicores: int) -> None:
        """Say how much cpu the pods labelled `app` use, all of them together."""
        self._loads[namespace, app] = millicores

    def __enter__(self) -> Self:
        """Serve, and return once the API server passes requests on."""
        self._thread.start()
        for manifest in _registration(self._port.number):
            self._plane.kubectl("apply", "-f", "-", input=json.dumps(manifest))
        waiting.until(self._answers, seconds=60, what="the aggregated metrics API")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the API out of the cluster, and end."""
        self._plane.kubectl("delete", "apiservice", _NAME, "--ignore-not-found")
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._port.close()

    def answer(self, path: str) -> dict[str, Any] | None:
        """Return what is at `path`, None for nothing."""
        parts = urllib.parse.urlsplit(path)
        steps = parts.path.strip("/").split("/")
        if parts.path.rstrip("/") == f"/apis/{VERSION}":
            return _RESOURCES
        if len(steps) == len(("apis", "group", "version", "namespaces", "name", "pods")):
            wanted = dict(urllib.parse.parse_qsl(parts.query)).get("labelSelector", "")
            return self._pods(steps[4], wanted)
        return None

    def _pods(self, namespace: str, selector: str) -> dict[str, Any]:
        query = urllib.parse.urlencode({"labelSelector": selector})
        path = f"/api/v1/namespaces/{namespace}/pods?{query}"
        found = [pod for pod in self._ask(path)["items"] if _runs(pod)]
        told = [self._metrics(pod, len(found)) for pod in found if self._known(pod)]
        return {"kind": "PodMetricsList", "apiVersion": VERSION, "metadata": {}, "items": told}

    def _known(self, pod: dict[str, Any]) -> bool:
        return _key(pod) in self._loads

    def _metrics(self, pod: dict[str, Any], pods: int) -> dict[str, Any]:
        share = self._loads[_key(pod)] // pods
        usage = {"cpu": f"{share}m", "memory": "1Gi"}
        containers = [{"name": c["name"], "usage": usage} for c in pod["spec"]["containers"]]
        meta = pod["metadata"]
        return {
            "metadata": {key: meta[key] for key in ("name", "namespace", "labels")},
            "timestamp": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "window": "1s",
            "containers": containers,
        }

    def _ask(self, path: str) -> dict[str, Any]:
        url, headers = (
            f"{self._plane.url}{path}",
            {"Authorization": f"Bearer {self._plane.admin_token}"},
        )
        answer = probe.request("GET", url, headers=headers, ca=self._plane.ca_path)
        content: dict[str, Any] = json.loads(answer.body)
        return content

    def _answers(self) -> bool:
        told = self._plane.kubectl(
            "get",
            "apiservice",
            _NAME,
            "--output=jsonpath={.status.conditions[?(@.type=='Available')].status}",
        )
        return told == "True"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = api.answer(self.path)
                body = json.dumps(found).encode()
                self.send_response(HTTPStatus.NOT_FOUND if found is None else HTTPStatus.OK)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            @override
            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: the test's own output is what counts."""

        return Handler


def _registration(port: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a Service by name, as nothing routes to a cluster's addresses here, and the APIService."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "metrics", "namespace": "kube-system"},
        "spec": {"type": "ExternalName", "externalName": "localhost"},
    }
    registered = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": _NAME},
        "spec": {
            "service": {"name": "metrics", "namespace": "kube-system", "port": port},
            "group": "metrics.k8s.io",
            "version": "v1beta1",
            "insecureSkipTLSVerify": True,  # as the metrics server's own manifest has it
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
        },
    }
    return service, registered


def _runs(pod: dict[str, Any]) -> bool:
    return "deletionTimestamp" not in pod["metadata"] and pod["status"].get("phase") == "Running"


def _key(pod: dict[str, Any]) -> tuple[str, str]:
    return pod["metadata"]["namespace"], pod["metadata"]["labels"].get("app", "")
