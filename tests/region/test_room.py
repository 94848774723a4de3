"""Which node has room for one more pod, and lets it in."""

import pytest

from gco.core.region.capacity import PodCounts, read_node, read_pod
from gco.core.region.room import Need, room_of

GPU = "nvidia.com/gpu"
TAINT = {"key": GPU, "value": "present", "effect": "NoSchedule"}
TEAM = {"key": "team", "value": "ml", "effect": "NoExecute"}
TOLERATES = {"key": GPU, "operator": "Exists", "effect": "NoSchedule"}


def node(gpus=8, *, labels=None, taints=()):
    return read_node(
        {
            "metadata": {"labels": labels or {}},
            "spec": {"taints": list(taints)},
            "status": {"allocatable": {GPU: str(gpus)}},
        }
    )


def pod(gpus, on, app="other"):
    requests = {"requests": {GPU: str(gpus)}}
    return read_pod(
        {
            "metadata": {"namespace": "ns", "labels": {"app": app}},
            "spec": {"nodeName": on, "containers": [{"resources": requests}]},
        }
    )


def need(gpus, *, selector=None, tolerations=()):
    container = {"resources": {"requests": {GPU: str(gpus)}}}
    return Need.of(
        {
            "spec": {
                "containers": [container],
                "nodeSelector": selector or {},
                "tolerations": list(tolerations),
            }
        }
    )


@pytest.mark.parametrize(
    ("nodes", "pods", "asked", "fits"),
    [
        pytest.param({"a": node(8)}, [], need(8), True, id="all-of-a-node"),
        pytest.param({"a": node(8)}, [pod(1, "a")], need(8), False, id="one-is-taken"),
        pytest.param(
            {"a": node(8), "b": node(8)},
            [pod(6, "a"), pod(6, "b")],
            need(4),
            False,
            id="four-free-and-two-on-each-node",
        ),
        pytest.param(
            {"a": node(8), "b": node(8)}, [pod(8, "a")], need(8), True, id="the-other-node"
        ),
        pytest.param({"a": node()}, [], need(1, selector={"zone": "x"}), False, id="no-label"),
        pytest.param(
            {"a": node(labels={"zone": "x", "y": "z"})},
            [],
            need(1, selector={"zone": "x"}),
            True,
            id="label",
        ),
        pytest.param({"a": node(taints=[TAINT])}, [], need(1), False, id="tainted"),
        pytest.param(
            {"a": node(taints=[TAINT])}, [], need(1, tolerations=[TOLERATES]), True, id="tolerated"
        ),
        pytest.param(
            {"a": node(taints=[TAINT, TEAM])},
            [],
            need(1, tolerations=[TOLERATES]),
            False,
            id="one-of-two-tolerated",
        ),
        pytest.param(
            {"a": node(taints=[TEAM])},
            [],
            need(1, tolerations=[{"key": "team", "value": "ml"}]),
            True,
            id="tolerated-by-its-value",
        ),
        pytest.param(
            {"a": node(taints=[TEAM])},
            [],
            need(1, tolerations=[{"key": "team", "value": "web"}]),
            False,
            id="another-value",
        ),
        pytest.param(
            {"a": node(taints=[TEAM])},
            [],
            need(1, tolerations=[{"operator": "Exists"}]),
            True,
            id="everything-tolerated",
        ),
        pytest.param(
            {"a": node(taints=[{**TEAM, "effect": "PreferNoSchedule"}])},
            [],
            need(1),
            True,
            id="a-taint-that-keeps-nobody-away",
        ),
        pytest.param({}, [], need(1), False, id="no-node"),
    ],
)
def test_whether_one_more_fits(nodes, pods, asked, fits):
    assert (room_of(nodes, PodCounts(pods), elastic=False).take(asked) is not None) is fits


def test_what_is_taken_leaves_the_largest_room_whole():
    room = room_of({"a": node(8), "b": node(8)}, PodCounts([pod(6, "b")]), elastic=False)

    left = room.take(need(2))

    assert left is not None
    assert left.free == {("a", GPU): 8, ("b", GPU): 0}
    assert left.take(need(8)) is not None
    assert room.free["b", GPU] == 2


def test_pods_on_nodes_are_counted_for_their_endpoint():
    pods = [pod(1, "a", "web"), pod(1, "a", "web"), pod(1, "", "web"), pod(1, "a", "")]

    assert room_of({"a": node()}, PodCounts(pods), elastic=False).bound == {"ns/web": 2}


@pytest.mark.parametrize(
    ("nodes", "asked", "expected"),
    [
        pytest.param({"a": node(4), "b": node(8)}, need(1), 8, id="in-use-or-free"),
        pytest.param(
            {"a": node(4, labels={"pool": "ml"}), "b": node(8)},
            need(1, selector={"pool": "ml"}),
            4,
            id="a-larger-one-that-the-selector-excludes",
        ),
        pytest.param({"a": node(8, taints=[TAINT])}, need(1), 0, id="tainted"),
        pytest.param({}, need(1), 0, id="no-node"),
    ],
)
def test_the_largest_node_that_a_pod_may_enter(nodes, asked, expected):
    room = room_of(nodes, PodCounts([pod(2, "a"), pod(8, "b")]), elastic=False)

    assert room.largest(asked, GPU) == expected
