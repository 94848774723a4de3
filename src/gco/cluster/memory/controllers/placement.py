"""Which node a pod fits on, and in the scheduler's own words why none does; decisions only."""

import collections
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from gco.cluster.memory.selectors import labels_match
from gco.kinds.canonical import parse_quantity

Manifest: TypeAlias = Mapping[str, Any]
Amounts: TypeAlias = dict[str, int]
"""Thousandths, by resource name."""


class Node(NamedTuple):
    """A node and what its pods hold of it."""

    manifest: Manifest
    used: Amounts


def requests_of(pod: Manifest) -> Amounts:
    """Return what a pod asks of its node: the sum of its containers, or the largest init one."""
    spec = pod["spec"]
    total: Amounts = collections.Counter()
    for container in spec["containers"]:
        total.update(_requests(container))
    for container in spec.get("initContainers") or ():
        for name, amount in _requests(container).items():
            total[name] = max(total[name], amount)
    return {**total, "pods": 1000}


def _requests(container: Manifest) -> Amounts:
    stated = (container.get("resources") or {}).get("requests") or {}
    return {name: thousandths(amount) for name, amount in stated.items()}


def thousandths(quantity: str | float) -> int:
    """Return a quantity in thousandths, as whole numbers add up without error."""
    return int(parse_quantity(quantity) * 1000)


def place(pod: Manifest, nodes: Mapping[str, Node]) -> tuple[str | None, str]:
    """Return the node for `pod`, or None with the message of its PodScheduled condition."""
    wanted = requests_of(pod)
    fitting: list[tuple[int, str]] = []
    reasons: collections.Counter[str] = collections.Counter()
    for name, node in nodes.items():
        found = list(_reasons(pod, wanted, node))
        reasons.update(found)
        if not found:
            fitting.append((node.used.get("pods", 0), name))
    if fitting:
        return min(fitting)[1], ""
    if not nodes:
        return None, "no nodes available to schedule pods"
    told = ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
    return None, f"0/{len(nodes)} nodes are available: {told}. {_preemption(nodes, reasons)}"


def _preemption(nodes: Mapping[str, Node], reasons: Mapping[str, int]) -> str:
    lacking = any(reason.startswith("Insufficient") for reason in reasons)
    why = (
        "No preemption victims found for incoming pod"
        if lacking
        else "Preemption is not helpful for scheduling"
    )
    return f"preemption: 0/{len(nodes)} nodes are available: {len(nodes)} {why}."


def _reasons(pod: Manifest, wanted: Amounts, node: Node) -> Iterator[str]:
    """Yield why the pod cannot go to the node: the first filter that says no, like the scheduler's."""
    spec = node.manifest.get("spec", {})
    if spec.get("unschedulable"):
        yield "node(s) were unschedulable"
        return
    taint = _untolerated(pod, spec.get("taints") or ())
    if taint is not None:
        yield f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}"
        return
    if not _selected(pod, node.manifest):
        yield "node(s) didn't match Pod's node affinity/selector"
        return
    allocatable = node.manifest.get("status", {}).get("allocatable") or {}
    for name, amount in wanted.items():
        free = thousandths(allocatable.get(name, 0)) - node.used.get(name, 0)
        if amount > free and amount:
            yield "Too many pods" if name == "pods" else f"Insufficient {name}"


def _untolerated(pod: Manifest, taints: Any) -> Manifest | None:  # noqa: ANN401 - JSON
    tolerations = pod["spec"].get("tolerations") or ()
    hard = (taint for taint in taints if taint.get("effect") in ("NoSchedule", "NoExecute"))
    return next((t for t in hard if not any(_tolerates(each, t) for each in tolerations)), None)


def _tolerates(toleration: Manifest, taint: Manifest) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint["key"])
    same_key = toleration.get("key") == taint["key"]
    return bool(same_key and toleration.get("value", "") == taint.get("value", ""))


def _selected(pod: Manifest, node: Manifest) -> bool:
    labels = node["metadata"].get("labels") or {}
    spec = pod["spec"]
    if not labels_match({"matchLabels": spec.get("nodeSelector") or {}}, labels):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    terms = required.get("nodeSelectorTerms") or ()
    return not terms or any(_term(term, labels) for term in terms)


def _term(term: Manifest, labels: Mapping[str, str]) -> bool:
    return all(_expression(each, labels) for each in term.get("matchExpressions") or ())


def _expression(expression: Manifest, labels: Mapping[str, str]) -> bool:
    value, values = labels.get(expression["key"]), expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case _:
            return False
