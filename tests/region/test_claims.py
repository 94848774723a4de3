"""What a NodeClaim says of a node that is being made, and what is told of a pod that waits for it."""

import dataclasses

import pytest

from gco.core.region.causes import Ask, workload_causes, worst
from gco.core.region.claims import Claim, read_claim
from tests.builders import NOW
from tests.region.test_causes import NO_GPU, pods, unscheduled
from tests.region.test_notes import NEW_NODE


def launched(status, reason="", message=""):
    told = {"type": "Launched", "status": status, "reason": reason, "message": message}
    return {"status": {"conditions": [told]}}


@pytest.mark.parametrize(
    ("manifest", "claim"),
    [
        pytest.param({}, Claim(launched=False, problem=""), id="just-made"),
        pytest.param(
            launched("Unknown", "AwaitingReconciliation", "object is awaiting reconciliation"),
            Claim(launched=False, problem=""),
            id="awaited",
        ),
        pytest.param(
            launched("Unknown", "LaunchFailed", "no subnets"),
            Claim(launched=False, problem="no subnets"),
            id="failed",
        ),
        pytest.param(launched("True", "Launched"), Claim(launched=True, problem=""), id="launched"),
    ],
)
def test_what_is_kept(manifest, claim):
    assert read_claim(manifest) == claim


@pytest.mark.parametrize(
    ("claims", "reason", "words"),
    [
        pytest.param(None, "ProvisioningNode", "a node is being made", id="not-known"),
        pytest.param(
            {"gpu-1": Claim(launched=False, problem="")},
            "ProvisioningNode",
            "a node is being made",
            id="on-its-way",
        ),
        pytest.param(
            {"gpu-1": Claim(launched=True, problem="")},
            "ProvisioningNode",
            "has its machine and joins",
            id="launched",
        ),
        pytest.param(
            {"gpu-1": Claim(launched=False, problem="no subnets")},
            "InsufficientCapacity",
            "no node for NodeClaim gpu-1: no subnets",
            id="failed",
        ),
        pytest.param(
            {}, "InsufficientCapacity", "the cloud has no such machine", id="given-up-and-deleted"
        ),
    ],
)
def test_what_is_told_of_a_pod_that_waits_for_it(claims, reason, words):
    ask = Ask(replicas=1, device="nvidia.com/gpu", count=2, startup_seconds=60, claims=claims)
    found = dataclasses.replace(pods(unscheduled(NO_GPU)), notes={"web-0": [NEW_NODE]})

    cause = worst(workload_causes(found, ask, "", NOW))

    assert cause is not None
    assert cause.reason == reason
    assert words in cause.message


def test_a_single_pod_that_is_held_is_told_how_to_let_it_go():
    ask = Ask(replicas=1, device="nvidia.com/gpu", count=2, startup_seconds=60, held=True)

    cause = worst(workload_causes(pods(unscheduled(NO_GPU)), ask, "", NOW))

    assert cause is not None
    assert "allow a gap with rollout.allowDowntime" in cause.message
