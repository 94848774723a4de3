"""What a document asks of a pod is denied by name, at the door where the regions publish a policy.

The invariant: no field of an overlay, by adding or by taking away, gives a model's pod more of its node,
its namespace or other endpoints' models than the rendered template has, unless the region allows it.
"""

import re
from pathlib import Path

import pytest

from gco.core.model.pod_policy import RULES, violations
from gco.core.model.validation import examine
from gco.core.region.render.template import pod_template
from tests.builders import a_regional
from tests.documents import documents
from tests.model.specs import a_document
from tests.model.test_validation import a_region


def volume(**source):
    return {"volumes": [{"name": "v", **source}]}


def context(name="inference", **fields):
    return {"containers": [{"name": name, "securityContext": fields}]}


MODELS = {"persistentVolumeClaim": {"claimName": "efs-claim"}}
DENIED = [
    pytest.param("hostPath", volume(hostPath={"path": "/"}), id="host-path"),
    pytest.param("hostNetwork", {"hostNetwork": True}, id="host-network"),
    pytest.param("hostPID", {"hostPID": True}, id="host-pid"),
    pytest.param("hostIPC", {"hostIPC": True}, id="host-ipc"),
    pytest.param("hostPort", {"containers": [{"name": "s", "ports": [{"containerPort": 1, "hostPort": 1}]}]}, id="host-port"),
    pytest.param("privileged", context(privileged=True), id="privileged"),
    pytest.param("privileged", {"initContainers": [{"name": "i", "securityContext": {"privileged": True}}]}, id="privileged-init"),
    pytest.param("privileged", {"securityContext": {"windowsOptions": {"hostProcess": True}}}, id="host-process"),
    pytest.param("allowPrivilegeEscalation", context(allowPrivilegeEscalation=True), id="escalation"),
    pytest.param("allowPrivilegeEscalation", {"containers": [{"name": "inference", "securityContext": {"$patch": "delete"}}]}, id="escalation-by-leaving-out"),
    pytest.param("capabilities", context(capabilities={"add": ["SYS_ADMIN"]}), id="capability"),
    pytest.param("capabilities", context("sidecar", capabilities={"add": ["NET_RAW"]}), id="capability-of-a-sidecar"),
    pytest.param("seccompProfile", context(seccompProfile={"type": "Unconfined"}), id="seccomp"),
    pytest.param("seccompProfile", {"securityContext": {"$patch": "delete"}}, id="seccomp-by-leaving-out"),
    pytest.param("appArmorProfile", context(appArmorProfile={"type": "Unconfined"}), id="app-armor"),
    pytest.param("procMount", context(procMount="Unmasked"), id="proc-mount"),
    pytest.param("sysctls", {"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}}, id="sysctl"),
    pytest.param("serviceAccountName", {"serviceAccountName": "admin"}, id="service-account"),
    pytest.param("serviceAccountToken", {"automountServiceAccountToken": True}, id="token"),
    pytest.param("serviceAccountToken", {"automountServiceAccountToken": None}, id="token-by-leaving-out"),
    pytest.param("serviceAccountToken", volume(projected={"sources": [{"serviceAccountToken": {"path": "t"}}]}), id="projected-token"),
    pytest.param("priorityClassName", {"priorityClassName": "system-node-critical"}, id="priority"),
    pytest.param("nodeName", {"nodeName": "n1"}, id="node-name"),
    pytest.param("modelCacheWrite", {**volume(**MODELS), "containers": [{"name": "s", "volumeMounts": [{"name": "v", "mountPath": "/m"}]}]}, id="writable-models"),
    pytest.param("modelCacheWrite", {"volumes": [{"name": "models", "persistentVolumeClaim": {"claimName": "efs-claim", "readOnly": False}}], "containers": [{"name": "s", "volumeMounts": [{"name": "models", "mountPath": "/m"}]}]}, id="models-made-writable"),
]  # fmt: skip


def checked(overlay, allow=(), **spec):
    given = {"podOverrides": {"spec": overlay}, "regions": ["strict"], **spec}
    [document] = documents(a_document(given))
    regions = (a_region("strict", pod_overrides_allow=allow),)
    return examine(document, regions=regions, namespaces=None)


@pytest.mark.parametrize(("rule", "overlay"), DENIED)
def test_what_the_policy_denies_is_refused_with_the_setting_and_allowed_by_its_name(rule, overlay):
    [problem] = checked(overlay).problems

    assert problem.path.startswith("spec.podOverrides.spec.")
    assert "strict denies it" in problem.allowed
    assert problem.allowed.endswith(f"by the name {rule})")
    assert not checked(overlay, allow=(rule,)).problems


def test_every_rule_has_a_case():
    assert {param.values[0] for param in DENIED} == set(RULES)


HARMLESS = [
    pytest.param({"terminationGracePeriodSeconds": 300}, id="grace"),
    pytest.param({"securityContext": {"fsGroup": 1000, "runAsUser": 0}}, id="user"),
    pytest.param({"containers": [{"name": "proxy", "image": "envoy:v1"}]}, id="sidecar"),
    pytest.param(context(capabilities={"add": ["CHOWN"]}), id="baseline-capability"),
    pytest.param(volume(emptyDir={}), id="empty-dir"),
    pytest.param({**volume(**MODELS), "containers": [{"name": "s", "volumeMounts": [{"name": "v", "mountPath": "/m", "readOnly": True}]}]}, id="read-only-models"),
    pytest.param({"priorityClassName": "serving"}, id="own-priority"),
]  # fmt: skip


@pytest.mark.parametrize("overlay", HARMLESS)
def test_other_overrides_pass(overlay):
    assert not checked(overlay).problems


def test_a_system_priority_class_of_scheduling_is_refused_where_it_is_stated():
    [problem] = checked({}, scheduling={"priorityClass": "system-cluster-critical"}).problems

    assert problem.path == "spec.scheduling.priorityClass"


def test_a_region_that_publishes_no_policy_is_no_reason_to_refuse():
    assert not checked({"hostNetwork": True}, allow=None).problems


def test_what_gco_renders_by_itself_passes():
    rendered = pod_template(a_regional(resources={"count": 2}))

    assert violations(rendered, ()) == ()


def test_the_page_on_pods_lists_every_rule():
    text = (Path(__file__).parents[2] / "docs/pods.md").read_text(encoding="utf-8")
    section = text.partition("## What a region allows")[2].partition("\n## ")[0]
    listed = {
        name
        for line in section.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    }

    assert listed == set(RULES)
