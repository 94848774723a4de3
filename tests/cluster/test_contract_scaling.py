"""How ReplicaSets share the count of a Deployment that is scaled during a rollout, on every cluster.

No node takes the pods, so that none becomes ready, and a rollout stays where it is between the steps.
"""

import dataclasses

import pytest

from gco.kinds.registry import DEPLOYMENT, REPLICA_SET
from tests.cluster.manifests import deployment
from tests.cluster.observing import listed
from tests.waiting import eventually

NEW = "model:v2"
IN_PLACE, SURGE = (0, 1), (1, 0)


def a_deployment(namespace, replicas, limits, image="model:v1"):
    manifest = deployment("web", namespace, replicas=replicas, image=image)
    surge, unavailable = limits
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    manifest["spec"]["strategy"] = {"type": "RollingUpdate", "rollingUpdate": rolling}
    manifest["spec"]["template"]["spec"]["nodeSelector"] = {"there": "is-none"}
    return manifest


@pytest.fixture
def shared(cluster, namespace):
    """Wait until the old and the new ReplicaSet have so many pods each."""

    async def counts():
        found = {"model:v1": 0, NEW: 0}
        for each in (await listed(cluster, REPLICA_SET, namespace)).values():
            image = each["spec"]["template"]["spec"]["containers"][0]["image"]
            found[image] = each["spec"]["replicas"]
        return tuple(found.values())

    async def settled():
        live = await cluster.get(DEPLOYMENT, namespace, "web")
        return live.get("status", {}).get("observedGeneration") == live["metadata"]["generation"]

    async def wait(*expected):
        async def met():
            return await settled() and await counts() == expected

        try:
            await eventually(met, within=20, what=f"{expected} pods")
        except TimeoutError:
            assert await counts() == expected
            raise

    return wait


@dataclasses.dataclass(frozen=True)
class Scaling:
    """A rollout that stands at `begun` (old, new), and what becomes of it once the count changes."""

    count: int
    limits: tuple[int, int | str]
    begun: tuple[int, int]
    scaled: int
    then: tuple[int, int | str]
    shares: tuple[int, int]


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Scaling(4, IN_PLACE, (3, 1), 8, IN_PLACE, (6, 2)), id="up"),
        pytest.param(Scaling(4, IN_PLACE, (3, 1), 2, IN_PLACE, (1, 1)), id="down-to-two"),
        pytest.param(Scaling(4, IN_PLACE, (3, 1), 1, SURGE, (1, 1)), id="down-to-one-with-a-surge"),
        pytest.param(
            Scaling(4, IN_PLACE, (3, 1), 1, (0, "99%"), (0, 1)), id="zero-of-both-is-one-missing"
        ),
        pytest.param(
            Scaling(4, (1, "25%"), (3, 2), 1, (1, "25%"), (1, 1)), id="down-to-one-by-a-share"
        ),
        pytest.param(
            Scaling(8, (0, 7), (1, 7), 2, (0, "99%"), (0, 2)), id="a-small-share-is-rounded-away"
        ),
        pytest.param(Scaling(8, (0, 7), (1, 7), 4, (0, "99%"), (1, 3)), id="half-keeps-one"),
    ],
)
async def test_a_count_that_changes_during_a_rollout_is_shared_in_proportion(
    cluster, namespace, shared, case
):
    first = a_deployment(namespace, case.count, case.limits)
    await cluster.apply(DEPLOYMENT, first, manager="gco")
    await shared(case.count, 0)
    second = a_deployment(namespace, case.count, case.limits, NEW)
    await cluster.apply(DEPLOYMENT, second, manager="gco")
    await shared(*case.begun)

    third = a_deployment(namespace, case.scaled, case.then, NEW)
    await cluster.apply(DEPLOYMENT, third, manager="gco")
    await shared(*case.shares)


async def test_a_count_and_a_template_that_change_at_once_are_scaled_first(
    cluster, namespace, shared
):
    await cluster.apply(DEPLOYMENT, a_deployment(namespace, 4, IN_PLACE), manager="gco")
    await shared(4, 0)
    await cluster.apply(DEPLOYMENT, a_deployment(namespace, 1, SURGE, NEW), manager="gco")
    await shared(1, 1)
