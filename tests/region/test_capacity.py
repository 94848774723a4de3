"""Accelerators of a region: nodes less the requests of their pods."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gco.core.region.capacity import PodCounts, PodDevices, count_capacity, read_node, read_pod

GPU = "nvidia.com/gpu"


def node(count=8, *, ready="True", cordoned=False, resource=GPU):
    return {
        "spec": {"unschedulable": cordoned},
        "status": {
            "allocatable": {"cpu": "96", resource: str(count)},
            "conditions": [{"type": "Ready", "status": ready}],
        },
    }


def pod(*counts, on="a", phase="Running", init=()):
    return {
        "spec": {
            "nodeName": on,
            "containers": [{"resources": {"requests": {GPU: str(c)}}} for c in counts],
            "initContainers": [{"resources": {"requests": {GPU: str(c)}}} for c in init],
        },
        "status": {"phase": phase},
    }


def counted(nodes, pods):
    capacity = count_capacity(
        {n: read_node(m) for n, m in nodes.items()}, PodCounts(map(read_pod, pods))
    )
    return {name: (c.total, c.free, c.nodes) for name, c in capacity.items()}


@pytest.mark.parametrize(
    ("nodes", "pods", "expected"),
    [
        pytest.param({}, [], {}, id="no-nodes"),
        pytest.param({"a": node(), "b": node(4)}, [], {GPU: (12, 12, 2)}, id="all-free"),
        pytest.param({"a": node()}, [pod(2, 1)], {GPU: (8, 5, 1)}, id="containers-add-up"),
        pytest.param({"a": node()}, [pod(1, init=(4,))], {GPU: (8, 4, 1)}, id="init-counts-most"),
        pytest.param({"a": node()}, [pod(2, phase="Succeeded")], {GPU: (8, 8, 1)}, id="finished"),
        pytest.param({"a": node()}, [pod(2, on="")], {GPU: (8, 8, 1)}, id="on-no-node-yet"),
        pytest.param({"a": node()}, [pod(2, on="b")], {GPU: (8, 8, 1)}, id="on-an-unknown-node"),
        pytest.param({"a": node(2)}, [pod(4)], {GPU: (2, 0, 1)}, id="over-committed"),
        pytest.param({"a": node(cordoned=True)}, [], {}, id="cordoned"),
        pytest.param({"a": node(ready="Unknown")}, [], {}, id="not-ready"),
        pytest.param(
            {"a": node(), "b": node(16, resource="aws.amazon.com/neuron")},
            [pod(1)],
            {"aws.amazon.com/neuron": (16, 16, 1), GPU: (8, 7, 1)},
            id="several-kinds",
        ),
        pytest.param({"a": {}}, [{}], {}, id="empty-objects"),
    ],
)
def test_capacity(nodes, pods, expected):
    assert counted(nodes, pods) == expected


PODS = st.none() | st.builds(
    PodDevices,
    node=st.sampled_from(["", "a", "b"]),
    devices=st.sampled_from([(), ((GPU, 1),), ((GPU, 2), ("aws.amazon.com/neuron", 1))]),
    owner=st.sampled_from(["", "ns/web"]),
)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("pqr"), PODS), max_size=12))
def test_counting_each_change_is_counting_the_pods_that_there_are(changes):
    """Invariant: a count that is kept is the count that would be taken now."""
    counts, there = PodCounts(), {}
    for name, new in changes:
        old = there.pop(name, None)
        if new is not None:
            there[name] = new
        before = (dict(counts.held), dict(counts.bound))
        changed = counts.change(old, new)

        afresh = PodCounts(there.values())
        assert (counts.held, counts.bound) == (afresh.held, afresh.bound)
        assert changed or before == (counts.held, counts.bound)
