"""Who uses a model: what may be deleted from a bucket, and pruned from a region's cache."""

import pytest

from gco.core.fleet.models import folders_in_use, users_of
from gco.core.model.endpoint import EndpointState, TargetState
from gco.core.model.model_uri import S3Uri
from gco.core.model.status import Condition, ConditionType
from tests.builders import NOW, WEB
from tests.builders import a_spec as spec
from tests.fleet.builders import EAST, UID, WEST, endpoint, status, target

LLAMA = {"uri": "s3://weights/llama", "path": "int4", "name": "llama"}
OLD, NEW = "llama/6f3a", "llama/0b0b"


@pytest.mark.parametrize(
    ("uri", "used"),
    [
        pytest.param(S3Uri("weights", "llama/int4"), True, id="the-same"),
        pytest.param(S3Uri("weights", "llama"), True, id="what-it-is-below"),
        pytest.param(S3Uri("weights", ""), True, id="the-bucket"),
        pytest.param(S3Uri("weights", "llama/int4/shards"), True, id="a-part"),
        pytest.param(S3Uri("weights", "llama/int4-v2"), False, id="a-name-that-begins-so"),
        pytest.param(S3Uri("weights", "other"), False, id="another"),
        pytest.param(S3Uri("elsewhere", "llama/int4"), False, id="another-bucket"),
    ],
)
def test_a_model_in_a_bucket_is_used_by_endpoints_that_name_it_or_its_parts(uri, used):
    endpoints = [endpoint(stated=spec(model=LLAMA)), endpoint(name="other")]

    assert users_of(uri, endpoints) == ((WEB,) if used else ())


def test_an_endpoint_that_is_deleted_uses_nothing():
    gone = endpoint(EndpointState.DELETED, stated=spec(model=LLAMA))

    assert users_of(S3Uri("weights", "llama"), [gone]) == ()


def said(*models, ready="True", revision=1, uid=UID):
    condition = {
        "type": ConditionType.MODEL_READY,
        "status": ready,
        "reason": "ModelReady",
        "lastTransitionTime": NOW,
    }
    return status(uid=uid, revision=revision).model_copy(
        update={"conditions": (Condition.model_validate(condition),), "models": models or None}
    )


USES = [
    pytest.param(said(NEW, OLD), (NEW, OLD), id="what-pods-and-rollbacks-mount"),
    pytest.param(None, ("llama",), id="nothing-said-yet"),
    pytest.param(said(OLD, ready="False"), ("llama", OLD), id="a-copy-is-under-way"),
    pytest.param(said(OLD, revision=0), ("llama", OLD), id="said-of-an-earlier-revision"),
    pytest.param(said(OLD, uid="other"), ("llama", OLD), id="said-of-an-earlier-endpoint"),
    pytest.param(said(), ("llama",), id="said-by-an-older-monitor"),
]


@pytest.mark.parametrize(("told", "used"), USES)
def test_what_of_a_cache_is_in_use(told, used):
    statuses = {} if told is None else {WEB: told}

    assert folders_in_use(EAST, [endpoint(stated=spec(model=LLAMA))], statuses) == used


def test_a_region_that_an_endpoint_has_left_or_never_had_is_not_in_use_by_it():
    left = endpoint(stated=spec(model=LLAMA), targets={EAST: target(TargetState.DELETED)})

    assert folders_in_use(EAST, [left], {}) == ()
    assert folders_in_use(WEST, [endpoint(stated=spec(model=LLAMA))], {}) == ()
