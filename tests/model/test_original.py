"""A row of the original's table as a document: what is carried over, and what is named as lost."""

import contextlib

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gco.core.model.original import _BOOKKEEPING, _SPEC, read_row
from gco.core.model.validation import parse_documents
from gco.errors import InvalidSpecError

ECR = "111122223333.dkr.ecr.us-east-1.amazonaws.com/vllm:v1"
ECR_WEST = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/vllm:v1"


def row(**spec):
    """A row as the original writes it, with its spec as a map."""
    return {
        "endpoint_name": "web",
        "desired_state": "running",
        "namespace": "gco-inference",
        "target_regions": ["us-east-1", "eu-west-1"],
        "ingress_path": "/inference/web",
        "region_status": {"us-east-1": {"state": "running"}},
        "created_at": "2025-01-01T00:00:00+00:00",
        "updated_at": "2025-01-01T00:00:00+00:00",
        "spec": {"image": "vllm/vllm-openai:v1", **spec},
    }


@pytest.mark.parametrize(
    ("told", "field", "expected"),
    [
        pytest.param({"port": 8000}, "port", 8000, id="port"),
        pytest.param({"replicas": 3}, "replicas", 3, id="replicas"),
        pytest.param({"command": ["serve"]}, "command", ["serve"], id="command"),
        pytest.param({"args": ["--x"]}, "args", ["--x"], id="args"),
        pytest.param({"env": {"A": 1}}, "env", [{"name": "A", "value": "1"}], id="env"),
        pytest.param(
            {"health_check_path": "/ok"}, "probes", {"readyPath": "/ok"}, id="health-check-path"
        ),
        pytest.param({"gpu_count": 2}, "resources", {"count": 2}, id="gpu-count"),
        pytest.param(
            {"accelerator": "neuron", "resources": {"limits": {"cpu": 2}}},
            "resources",
            {"accelerator": "neuron", "limits": {"cpu": "2"}},
            id="accelerator-and-resources",
        ),
        pytest.param(
            {"node_selector": {"a": "b"}, "capacity_type": "spot"},
            "scheduling",
            {"nodeSelector": {"a": "b"}, "capacity": "spot"},
            id="scheduling",
        ),
        pytest.param({"model_source": "s3://b/m"}, "model", {"uri": "s3://b/m"}, id="model-source"),
        pytest.param(
            {
                "autoscaling": {
                    "enabled": True,
                    "min_replicas": 1,
                    "max_replicas": 4,
                    "metrics": [{"type": "memory", "target": 60}],
                }
            },
            "autoscaling",
            {"min": 1, "max": 4, "metrics": [{"type": "memory", "target": 60}]},
            id="autoscaling",
        ),
        pytest.param({"autoscaling": {"enabled": False}}, "autoscaling", None, id="no-autoscaling"),
        pytest.param({"image": ECR}, "imagePolicy", "as-is", id="an-ecr-image-not-rewritten"),
        pytest.param(
            {"image": ECR, "region_image_uris": {"eu-west-1": ECR_WEST}},
            "imagePolicy",
            None,
            id="an-ecr-image-rewritten",
        ),
    ],
)
def test_a_field_of_the_row_is_a_field_of_the_document(told, field, expected):
    assert read_row(row(**told)).document["spec"].get(field) == expected


def test_a_flat_row_says_the_same_as_one_with_a_map():
    nested = row(port=9000, env={"A": "b"}, gpu_type="g5")
    flat = {k: v for k, v in nested.items() if k != "spec"} | nested["spec"]

    assert read_row(flat) == read_row(nested)


def test_a_path_and_a_state_of_its_own_are_carried_over_and_the_usual_are_not_stated():
    own = read_row(row() | {"ingress_path": "/chat", "desired_state": "stopped"}).document["spec"]

    assert (own["route"], own["state"]) == ({"path": "/chat"}, "stopped")
    assert not {"route", "state"} & read_row(row()).document["spec"].keys()


def test_regions_have_images_of_their_own_where_no_rewriting_gives_them():
    other = "example.com/mirror/vllm:v1"
    uris = {"us-east-1": ECR, "eu-west-1": other}
    found = read_row(row(image=ECR, region_image_uris=uris))

    document = found.for_regions(["us-east-1", "eu-west-1"])

    assert document["spec"]["regions"] == ["us-east-1", {"name": "eu-west-1", "image": other}]


def test_weights_on_the_regions_volume_stay_mounted_where_they_were():
    overrides = read_row(row(model_path="/models/web")).document["spec"]["podOverrides"]["spec"]

    assert overrides["volumes"][0]["persistentVolumeClaim"] == {"claimName": "efs-claim"}
    assert overrides["containers"][0]["volumeMounts"][0]["mountPath"] == "/models"


@pytest.mark.parametrize(
    ("told", "lost"),
    [
        pytest.param({"gpu_type": "g5.xlarge"}, "gpu_type", id="no-field-for-it"),
        pytest.param({"capacity_type": "reserved"}, "capacity_type", id="no-such-value"),
        pytest.param(
            {"model_source": "s3://b/m", "model_path": "/models/elsewhere"},
            "model_path",
            id="another-place",
        ),
        pytest.param(
            {"autoscaling": {"enabled": True, "cooldown": 9}}, "autoscaling.cooldown", id="below"
        ),
    ],
)
def test_what_cannot_be_kept_is_named(told, lost):
    assert [problem.path for problem in read_row(row(**told)).lost] == [lost]


def test_what_the_original_notes_for_itself_is_no_loss():
    noted = row() | {"lifecycle_id": "x", "cleanup_regions": ["us-east-1"], "created_by": "ann"}

    assert read_row(noted).lost == ()


@pytest.mark.parametrize(
    ("told", "path"),
    [
        pytest.param({"canary": {"image": "x:2"}}, "canary", id="a-canary-under-way"),
        pytest.param({"mooncake": {"mode": "store"}}, "mooncake", id="roles"),
        pytest.param({"env": ["A=b"]}, "env", id="misshapen"),
    ],
)
def test_what_keeps_a_row_from_being_taken_over_is_told(told, path):
    assert [problem.path for problem in read_row(row(**told)).hindrances] == [path]


def test_a_row_that_is_being_deleted_is_known():
    assert read_row(row() | {"desired_state": "deleted"}).deleted


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3)
    ),
    max_leaves=8,
)
ATTRIBUTES = st.sampled_from(sorted(_BOOKKEEPING | _SPEC))


@settings(deadline=None)  # the first parse builds the models
@given(st.dictionaries(ATTRIBUTES | st.text(max_size=8), JSON, max_size=8))
def test_any_row_becomes_a_document_or_is_refused_with_problems(anything):
    found = read_row(anything)

    with contextlib.suppress(InvalidSpecError):
        parse_documents(orjson.dumps(found.for_regions(found.regions)), "row")
