"""From a spec and the regions to targets."""

import pytest

from gco.core.fleet.regional import regional_spec
from gco.core.fleet.resolve import (
    allowed_namespaces,
    free_accelerators,
    resolve,
    wanted_regions,
)
from gco.core.fleet.targets import deleted_targets, same_targets
from gco.core.model.endpoint import TargetState
from tests.fleet.builders import EAST, SOUTH, WEST, endpoint, planned, region, spec, target

ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm:v1"


def test_every_wanted_region_gets_a_target_at_the_revision():
    targets = planned(spec(replicas=3), [region(EAST), region(WEST)], revision=4)

    assert {name: (t.state, t.revision, t.replicas) for name, t in targets.items()} == {
        EAST: (TargetState.RUNNING, 4, 3),
        WEST: (TargetState.RUNNING, 4, 3),
    }


def test_a_region_that_is_left_keeps_its_target_as_deleted_of_the_revision_that_left_it():
    before = planned(spec(), [region(EAST), region(WEST)], revision=1)

    after = planned(spec(), [region(EAST)], revision=2, previous=before)
    later = planned(spec(), [region(EAST)], revision=3, previous=after)

    assert after[WEST] == before[WEST].model_copy(
        update={"state": TargetState.DELETED, "revision": 2}
    )
    assert later[WEST] == after[WEST]


def test_a_region_that_is_joined_again_before_it_was_cleaned_runs_at_the_new_revision():
    left = {WEST: target(TargetState.DELETED, revision=2)}

    assert planned(spec(), [region(WEST)], revision=3, previous=left)[WEST].revision == 3


def test_stopped_is_every_regions_state():
    targets = planned(spec(state="stopped", replicas=2), [region(EAST)])

    assert (targets[EAST].state, targets[EAST].replicas) == (TargetState.STOPPED, 2)


def test_a_tombstone_asks_every_region_to_remove_what_it_has():
    before = {EAST: target(revision=3), WEST: target(TargetState.DELETED, revision=2)}

    after = deleted_targets(before)

    assert [(t.state, t.revision) for t in after.values()] == [
        (TargetState.DELETED, 3),
        (TargetState.DELETED, 2),
    ]


@pytest.mark.parametrize(
    ("change", "restarts"),
    [
        pytest.param({"replicas": 5}, False, id="scaling"),
        pytest.param({"state": "stopped"}, False, id="stopping"),
        pytest.param({"route": {"path": "/x"}}, False, id="another-route"),
        pytest.param({"regions": [{"name": EAST}]}, False, id="naming-its-regions"),
        pytest.param({"image": "vllm/vllm-openai:v0.8.5"}, True, id="another-image"),
        pytest.param({"args": ["--seed=1"]}, True, id="another-argument"),
    ],
)
def test_what_restarts_pods_is_told_by_the_template_key(change, restarts):
    before, after = (planned(spec(**c), [region(EAST)])[EAST] for c in ({}, change))

    assert (before.template_key != after.template_key) is restarts


def test_a_region_of_its_own_image_keeps_its_template_when_the_others_change():
    own = [{"name": EAST}, {"name": WEST, "image": "mirror/vllm:v1"}]
    before, after = (
        planned(spec(image=image, regions=own), [region(EAST), region(WEST)])
        for image in ("vllm:v1", "vllm:v2")
    )

    assert before[WEST].template_key == after[WEST].template_key
    assert before[EAST].template_key != after[EAST].template_key


def test_the_same_asked_at_another_revision_is_the_same():
    one, two = (planned(spec(), [region(EAST)], revision=n) for n in (1, 2))

    assert same_targets(one, two)
    assert not same_targets(one, planned(spec(replicas=2), [region(EAST)]))


@pytest.mark.parametrize(
    ("stated", "where", "image"),
    [
        pytest.param({"image": ECR}, region(WEST), ECR.replace("us-east-1", WEST), id="ecr"),
        pytest.param({"image": ECR, "imagePolicy": "as-is"}, region(WEST), ECR, id="as-is"),
        pytest.param({"image": ECR}, region(WEST, aws_region=""), ECR, id="not-on-aws"),
        pytest.param(
            {"image": ECR, "regions": [{"name": WEST, "image": ECR}]},
            region(WEST),
            ECR,
            id="an-image-that-the-region-names-is-taken-as-it-is",
        ),
    ],
)
def test_the_image_of_a_region(stated, where, image):
    assert resolve(spec(**stated), where).image == image


def test_what_a_region_states_wins_field_by_field():
    stated = spec(
        replicas=2,
        scheduling={"nodeSelector": {"a": "b"}, "capacity": "spot"},
        route={"path": "/web"},
        regions=[
            {
                "name": WEST,
                "replicas": 0,
                "scheduling": {"capacity": "on-demand"},
                "route": {"backend": "nginx"},
            }
        ],
    )

    west, east = resolve(stated, region(WEST)), resolve(stated, region(EAST))

    assert west.model_dump(mode="json", exclude_none=True, exclude={"image"}) == {
        "replicas": 0,
        "scheduling": {"nodeSelector": {"a": "b"}, "capacity": "on-demand"},
        "route": {"path": "/web", "backend": "nginx"},
    }
    assert (east.replicas, east.scheduling.capacity, east.route.backend) == (2, "spot", "alb")


def test_the_custom_resource_carries_the_target_and_the_resolved_spec():
    stated = spec(regions=[{"name": WEST, "replicas": 4}])
    asked = planned(stated, [region(WEST)])[WEST]

    made = regional_spec(endpoint(stated=stated, labels={"team": "a"}), asked, region(WEST))

    assert (made.replicas, made.template_key, made.labels) == (
        4,
        asked.template_key,
        {"team": "a"},
    )
    assert (made.endpoint.regions, made.endpoint.state) == (None, None)


@pytest.mark.parametrize(
    ("stated", "present", "wanted"),
    [
        pytest.param({}, None, (WEST, EAST), id="an-apply-joins-every-registered-region"),
        pytest.param({}, [EAST], (EAST,), id="another-edit-stays-where-it-is"),
        pytest.param({"regions": [{"name": SOUTH}]}, None, (SOUTH,), id="stated"),
    ],
)
def test_wanted_regions(stated, present, wanted):
    assert wanted_regions(spec(**stated), [EAST, WEST], present) == wanted


def test_a_namespace_must_be_allowed_in_every_region():
    here = region(EAST, namespaces=("a", "b"))
    there = region(WEST, namespaces=("b", "c"))

    assert allowed_namespaces([here, there, region(SOUTH, namespaces=())]) == {"b"}
    assert allowed_namespaces([region(SOUTH, namespaces=())]) is None


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        pytest.param(region(free=3), (3, 16), id="counted"),
        pytest.param(region(capacity={}), (0, 0), id="no-such-device"),
        pytest.param(region(), None, id="unknown"),
    ],
)
def test_free_accelerators(where, expected):
    assert free_accelerators(where, "nvidia.com/gpu") == expected
