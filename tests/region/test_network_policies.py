"""deploy/kubernetes/network-policy.yaml selects the pods that GCO makes, and opens no more than it says."""

from pathlib import Path

import pytest
import yaml

from gco.core.model.names import TYPE_INFERENCE, TYPE_LABEL, TYPE_MODEL

DEPLOY = Path(__file__).parents[2] / "deploy" / "kubernetes"
GOLDEN = Path(__file__).parent / "golden"


def documents(path):
    return [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if one]


POLICIES = {one["metadata"]["name"]: one for one in documents(DEPLOY / "network-policy.yaml")}


def selected(name):
    policy = POLICIES[name]
    return policy["metadata"]["namespace"], policy["spec"]["podSelector"]["matchLabels"]


def pods_of_golden():
    """Return the labels of each pod template that the reviewed objects have, by their kind."""
    found = {}
    for path in GOLDEN.glob("*.yaml"):
        for one in documents(path):
            for each in one if isinstance(one, list) else [one]:
                template = each.get("spec", {}).get("template", {}).get("metadata")
                if template:
                    found.setdefault(each["kind"], []).append(template["labels"])
    return found


@pytest.mark.parametrize(
    ("policy", "kind", "type_"),
    [("gco-model-pods", "Deployment", TYPE_INFERENCE), ("gco-model-copies", "Job", TYPE_MODEL)],
)
def test_a_policy_selects_each_pod_of_its_kind_and_no_other(policy, kind, type_):
    namespace, labels = selected(policy)
    assert (namespace, labels) == ("gco-inference", {TYPE_LABEL: type_})
    pods = pods_of_golden()
    assert pods[kind]
    for found, templates in pods.items():
        for template in templates:
            assert (labels.items() <= template.items()) is (found == kind)


def test_the_monitors_policy_selects_monitors_and_lets_in_who_asks_for_metrics():
    namespace, labels = selected("gco-monitor")
    (monitor,) = (d for d in documents(DEPLOY / "monitor.yaml") if d["kind"] == "Deployment")
    template = monitor["spec"]["template"]
    assert namespace == monitor["metadata"]["namespace"]
    assert labels.items() <= template["metadata"]["labels"].items()
    (rule,) = POLICIES["gco-monitor"]["spec"]["ingress"]
    assert [port["port"] for port in rule["ports"]] == [
        port["name"] for port in template["spec"]["containers"][0]["ports"]
    ]
    assert all(peer["namespaceSelector"]["matchLabels"] for peer in rule["from"])


def test_nobody_connects_to_a_copy_and_no_policy_leaves_a_direction_out():
    assert not POLICIES["gco-model-copies"]["spec"].get("ingress")
    for policy in POLICIES.values():
        assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
        assert all(rule.get("ports") for rule in policy["spec"]["egress"])
