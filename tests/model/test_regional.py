"""The custom resource: written, read back, and known when a hand has edited it."""

import datetime as dt

import pytest
from hypothesis import given

from gco.core.model.endpoint import TargetState
from gco.core.model.regional import Regional, RegionalSpec, RegionalStatus, spec_hash
from gco.core.model.status import Condition, ConditionType, RegionState
from gco.errors import InvalidSpecError
from tests.model.specs import SPECS, a_spec

NOW = dt.datetime(2026, 1, 1, 12, 0, 0, 250_000, tzinfo=dt.UTC)


def a_regional_spec(endpoint=None):
    return RegionalSpec(
        uid="u1",
        revision=3,
        template_key="k",
        state=TargetState.RUNNING,
        replicas=2,
        labels={"team": "a"},
        endpoint=endpoint or a_spec(),
    )


def a_manifest(spec, **metadata):
    annotations = {"gco.io/spec-hash": spec_hash(spec)}
    return {
        "apiVersion": "gco.io/v1alpha1",
        "kind": "InferenceEndpoint",
        "metadata": {
            "name": "llama",
            "namespace": "gco-inference",
            "uid": "r1",
            "generation": 4,
            "annotations": annotations,
            **metadata,
        },
        "spec": spec.to_wire(),
    }


def a_status(*conditions):
    return RegionalStatus(
        uid="u1",
        state=RegionState.UPDATING,
        replicas_ready=1,
        replicas_desired=2,
        observed_revision=3,
        last_transition=NOW,
        conditions=conditions,
    )


READY = Condition(
    type=ConditionType.READY,
    status="False",
    reason="WaitingForGPU",
    message="free a GPU",
    last_transition_time=NOW,
)


@given(SPECS)
def test_a_resource_is_read_as_it_was_written(spec):
    written = a_regional_spec(spec)

    read = Regional.from_manifest(a_manifest(written))

    assert read.spec == written
    assert not read.edited


def test_a_spec_that_was_edited_by_hand_is_known():
    manifest = a_manifest(a_regional_spec())
    manifest["spec"]["replicas"] = 7

    assert Regional.from_manifest(manifest).edited


def test_a_resource_without_our_annotation_is_not_to_be_trusted():
    assert Regional.from_manifest(a_manifest(a_regional_spec(), annotations=None)).edited


def test_what_its_metadata_says():
    manifest = a_manifest(
        a_regional_spec(),
        finalizers=["gco.io/cleanup"],
        deletionTimestamp="2026-01-01T00:00:00Z",
        annotations={"gco.io/recreated-at": "2026-01-01T00:00:00Z"},
    )

    read = Regional.from_manifest(manifest)

    assert (read.name, read.namespace, read.resource_uid) == ("llama", "gco-inference", "r1")
    assert (read.generation, read.deleting, read.finalizers) == (4, True, ("gco.io/cleanup",))
    assert read.recreated_at == "2026-01-01T00:00:00Z"


def test_a_spec_that_this_version_does_not_know_is_refused_with_the_path():
    manifest = a_manifest(a_regional_spec())
    manifest["spec"]["endpoint"]["wings"] = 2
    del manifest["spec"]["uid"]

    with pytest.raises(InvalidSpecError) as error:
        Regional.from_manifest(manifest)

    assert {p.path for p in error.value.problems} == {"spec.uid", "spec.endpoint.wings"}


def test_a_resource_without_a_spec_is_refused():
    with pytest.raises(InvalidSpecError, match="spec: null given; a mapping"):
        Regional.from_manifest({"metadata": {"name": "a", "namespace": "b"}})


def test_a_status_is_read_as_it_was_written():
    manifest = {**a_manifest(a_regional_spec()), "status": a_status(READY).to_wire()}

    assert Regional.from_manifest(manifest).status == a_status(READY)


def test_a_status_that_cannot_be_read_counts_as_none():
    manifest = {**a_manifest(a_regional_spec()), "status": {"state": "dancing"}}

    assert Regional.from_manifest(manifest).status is None


def test_what_kubectl_shows_follows_from_the_rest():
    wire = a_status(READY).to_wire()

    assert (wire["ready"], wire["reason"], wire["message"]) == (
        "1/2",
        "WaitingForGPU",
        "free a GPU",
    )
    assert a_status().to_wire()["reason"] == ""


def test_the_store_is_told_the_same():
    told = a_status(READY).to_region_status("llama", "eu-west-1")

    assert (told.name, told.region, told.uid, told.conditions) == (
        "llama",
        "eu-west-1",
        "u1",
        (READY,),
    )
    assert RegionalStatus.of(told) == a_status(READY)
