"""The control plane that other tests stand on is real, complete and leaves nothing behind."""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed import ports, probe
from testbed.controlplane import ControlPlane
from testbed.errors import CommandFailed, StartFailed
from testbed.nodes import add_node
from testbed.skipping import skipping
from testbed.waiting import until

pytestmark = pytest.mark.real

LISTING_CONFIG_MAPS = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: monitor}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: monitor}
"""

TWO_PODS_WITH_A_GPU = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: llama}
spec:
  replicas: 2
  selector: {matchLabels: {app: llama}}
  template:
    metadata: {labels: {app: llama}}
    spec:
      nodeSelector: {kubernetes.io/hostname: only-one-gpu}
      containers:
        - name: server
          image: example.com/llama:1
          resources: {limits: {nvidia.com/gpu: "1"}}
"""


@pytest.fixture
def namespace(control_plane: ControlPlane, request: pytest.FixtureRequest) -> Iterator[str]:
    name = request.node.name.replace("_", "-")
    control_plane.kubectl("create", "namespace", name)
    yield name
    control_plane.kubectl("delete", "namespace", name, "--wait=false")


def test_kubectl_reads_back_what_it_applied(control_plane: ControlPlane, namespace: str) -> None:
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": namespace},
        "data": {"greeting": "hello"},
    }
    control_plane.kubectl(
        "apply", "--server-side", "--field-manager=test", "-f-", input=json.dumps(config_map)
    )
    read = control_plane.kubectl(
        "get", "configmap", "settings", "-n", namespace, "-o=json", "--show-managed-fields"
    )
    assert json.loads(read)["data"] == {"greeting": "hello"}
    assert [it["manager"] for it in json.loads(read)["metadata"]["managedFields"]] == ["test"]


def test_clients_read_the_release_that_is_pinned(control_plane: ControlPlane) -> None:
    version = json.loads(control_plane.kubectl("version", "-o=json"))
    assert version["serverVersion"]["gitVersion"] == version["clientVersion"]["gitVersion"]
    assert version["serverVersion"]["minor"] == "34"


def test_a_refused_command_says_why(control_plane: ControlPlane) -> None:
    with pytest.raises(CommandFailed) as refused:
        control_plane.kubectl("get", "configmap", "absent")
    assert "NotFound" in refused.value.stderr


def test_pods_are_made_and_placed_until_the_gpus_run_out(
    control_plane: ControlPlane, namespace: str
) -> None:
    add_node(control_plane, "only-one-gpu", gpus=1)
    try:
        control_plane.kubectl("apply", "-n", namespace, "-f-", input=TWO_PODS_WITH_A_GPU)
        reasons = until(
            lambda: _settled(control_plane, namespace), what="one pod bound and one refused"
        )
    finally:
        control_plane.kubectl("delete", "node", "only-one-gpu")
    assert any("Insufficient nvidia.com/gpu" in reason for reason in reasons)


def _settled(plane: ControlPlane, namespace: str) -> list[str]:
    """Why the other pod is pending, once one of the two has the node; nothing before."""
    pods = json.loads(plane.kubectl("get", "pods", "-n", namespace, "-o=json"))["items"]
    nodes = [pod["spec"]["nodeName"] for pod in pods if "nodeName" in pod["spec"]]
    conditions = [it for pod in pods for it in pod["status"].get("conditions", ())]
    refused = [it["message"] for it in conditions if it["status"] == "False"]
    return refused if nodes == ["only-one-gpu"] else []


def test_a_service_account_may_do_what_its_role_says(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    control_plane.kubectl("apply", "-n", namespace, "-f-", input=LISTING_CONFIG_MAPS)
    token = control_plane.service_account_token("monitor", namespace=namespace)
    kubeconfig = control_plane.write_kubeconfig(
        tmp_path / "monitor", token=token, namespace=namespace
    )
    listed = control_plane.kubectl("get", "configmaps", "-o=name", kubeconfig=kubeconfig)
    with pytest.raises(CommandFailed, match="Forbidden"):
        control_plane.kubectl("get", "secrets", kubeconfig=kubeconfig)
    assert isinstance(listed, str)


def test_the_audit_log_counts_each_request_once(
    control_plane: ControlPlane, namespace: str
) -> None:
    begun = control_plane.audit_log.mark()
    for number in range(3):
        control_plane.kubectl("create", "configmap", f"it-{number}", "-n", namespace)
    created = [
        it
        for it in control_plane.audit_log.requests(since=begun)
        if (it.verb, it.resource, it.namespace) == ("create", "configmaps", namespace)
        and it.user == "admin"
    ]
    assert [it.code for it in created] == [201, 201, 201]
    agents = control_plane.audit_log.by_user_agent(since=begun)
    assert sum(count for agent, count in agents.items() if agent.startswith("kubectl/")) >= 3


def test_two_regions_are_two_clusters(two_regions: tuple[ControlPlane, ControlPlane]) -> None:
    east, west = two_regions
    east.kubectl("create", "configmap", "only-east")
    with pytest.raises(CommandFailed, match="NotFound"):
        west.kubectl("get", "configmap", "only-east")


def test_each_region_is_trusted_by_its_own_authority_only(
    two_regions: tuple[ControlPlane, ControlPlane],
) -> None:
    east, west = two_regions
    assert probe.answers(f"{west.url}/readyz", token=west.admin_token, ca=west.ca_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        probe.request("GET", f"{west.url}/readyz", ca=east.ca_path)


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_an_outage_keeps_the_address_and_the_data(kill: bool) -> None:
    with skipping(), ControlPlane("outage", controllers=False, scheduler=False) as plane:
        plane.kubectl("create", "configmap", "kept")
        url = plane.url
        plane.stop_apiserver(kill=kill)
        with pytest.raises(CommandFailed, match="refused"):
            plane.kubectl("get", "configmap", "kept")
        plane.start_apiserver()
        assert plane.url == url
        assert plane.kubectl("get", "configmap", "kept", "-o=name") == "configmap/kept\n"


def test_controllers_and_scheduler_work_on_after_a_restart() -> None:
    with skipping(), ControlPlane("restarted") as plane:
        plane.restart_apiserver()
        add_node(plane, "only-one-gpu", gpus=1)
        plane.kubectl("apply", "-f-", input=TWO_PODS_WITH_A_GPU)
        assert until(lambda: _settled(plane, "default"), what="one pod bound and one refused")


def test_a_plane_starts_once_at_a_time() -> None:
    with skipping(), ControlPlane("once", controllers=False, scheduler=False) as plane:
        with pytest.raises(StartFailed, match="started already"):
            plane.start()
        assert plane.kubectl("get", "namespace", "default", "-o=name") == "namespace/default\n"


def test_a_frozen_api_server_answers_again_later() -> None:
    with skipping(), ControlPlane("frozen", controllers=False, scheduler=False) as plane:
        headers = {"Authorization": f"Bearer {plane.admin_token}"}
        plane.pause_apiserver()
        with pytest.raises(TimeoutError):
            probe.request("GET", f"{plane.url}/readyz", ca=plane.ca_path, seconds=0.2)
        plane.resume_apiserver()
        answer = probe.request("GET", f"{plane.url}/readyz", ca=plane.ca_path, headers=headers)
        assert answer.body == b"ok"


def test_after_a_stop_nothing_is_left() -> None:
    plane = ControlPlane("short-lived")
    with skipping():
        plane.start()
    pids, layout = plane.pids, plane.layout
    assert set(pids) == {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"}
    plane.stop()
    plane.stop()
    assert [pid for pid in pids.values() if Path(f"/proc/{pid}").exists()] == []
    assert ports.is_free(layout.apiserver_port)
    assert ports.is_free(layout.etcd_port)
    assert not layout.folder.exists()


def test_a_plane_that_does_not_come_up_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    plane = ControlPlane("broken", apiserver_flags=["--no-such-flag"], logs=tmp_path)
    with skipping(), pytest.raises(StartFailed, match="unknown flag: --no-such-flag"):
        plane.start()
    assert plane.pids == {}
    assert "unknown flag" in (tmp_path / "broken-kube-apiserver.log").read_text()
