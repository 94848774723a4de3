"""How a change would replace the pods of a region, told before it begins."""

import pytest

from gco.core.model.ids import RegionName
from gco.core.model.status import AcceleratorCapacity
from gco.service.effects import effects_of
from gco.service.results import Effect, Restart
from tests.builders import a_spec
from tests.fleet.builders import region as a_region
from tests.fleet.builders import target as a_target

EAST = RegionName("us-east-1")
GPU = "nvidia.com/gpu"


def free(count, largest=None):
    return {GPU: AcceleratorCapacity(total=16, free=count, nodes=2, largest=largest)}


@pytest.mark.parametrize(
    ("spec", "replicas", "region", "restart"),
    [
        pytest.param({}, 2, {"capacity": free(1, 1)}, Restart.SURGE, id="one-more-fits"),
        pytest.param({}, 2, {"capacity": free(0, 0)}, Restart.IN_PLACE, id="nothing-free"),
        pytest.param({}, 2, {"capacity": {}}, Restart.IN_PLACE, id="no-such-node"),
        pytest.param(
            {"resources": {"count": 4}},
            2,
            {"capacity": free(6, 3)},
            Restart.IN_PLACE,
            id="free-on-several-nodes",
        ),
        pytest.param(
            {"resources": {"count": 4}},
            2,
            {"capacity": free(6)},
            Restart.SURGE,
            id="counted-by-an-older-monitor",
        ),
        pytest.param({}, 1, {"capacity": free(0, 0)}, Restart.WAITS, id="a-single-one-waits"),
        pytest.param(
            {"rollout": {"allowDowntime": True}},
            1,
            {"capacity": free(0, 0)},
            Restart.IN_PLACE,
            id="a-single-one-may-go",
        ),
        pytest.param(
            {}, 2, {"capacity": free(0, 0), "elastic": True}, Restart.SURGE, id="nodes-are-made"
        ),
        pytest.param({}, 2, {"capacity": None}, Restart.ROLLING, id="not-counted"),
        pytest.param({}, 1, {"capacity": None}, Restart.SURGE, id="a-single-one-not-counted"),
        pytest.param(
            {"resources": {"accelerator": "none"}},
            2,
            {"capacity": free(0, 0)},
            Restart.ROLLING,
            id="no-accelerator",
        ),
        pytest.param(
            {"rollout": {"strategy": "recreate", "allowDowntime": True}},
            2,
            {"capacity": free(6, 6)},
            Restart.RECREATE,
            id="stated",
        ),
    ],
)
def test_how_pods_are_replaced(spec, replicas, region, restart):
    before, after = a_target(key="old", replicas=replicas), a_target(key="new", replicas=replicas)

    [effect] = effects_of(
        a_spec(**spec), {EAST: before}, {EAST: after}, {EAST: a_region(**region)}, changed=True
    )

    assert effect.effect is Effect.RESTARTS
    assert effect.restart is restart


def test_where_no_pod_is_replaced_nothing_is_told_of_how():
    same = a_target(key="same")

    [effect] = effects_of(
        a_spec(), {EAST: same}, {EAST: same}, {EAST: a_region(capacity=free(1))}, changed=True
    )

    assert effect.restart is None
