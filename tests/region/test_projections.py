"""Invariant: nothing that an object contains ends an informer, and so a monitor.

A namespace holds objects of others, and of ours what people have made of them. What a projection
cannot read becomes the record of an object that belongs to nobody that we know: its name stays
taken, and every other object is seen.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from gco.core.model.ids import EndpointName, EndpointUid
from gco.core.region.actions import Owner
from gco.core.region.autoscalers import autoscaler
from gco.core.region.claims import read_claim
from gco.core.region.observe import Child, frozen, route
from gco.core.region.owner import owner_of
from gco.kinds.registry import (
    CONTROLLER_REVISION,
    EVENT,
    HTTP_ROUTE,
    NODE_CLAIM,
    SCALED_OBJECT,
    Kind,
)
from tests.region.watched import CONTENT, IDENTITY, an_object, informers, places, put

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["spec", "containers", "name", "conditions", "type", "status", "parents", "message"]
        )
        | st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
        inner,
        max_size=3,
    ),
    max_leaves=8,
)  # fmt: skip


def is_content(path: tuple[Any, ...]) -> bool:
    """Whether a path is not of what the API server itself guarantees."""
    head = path[0]
    if head in ("apiVersion", "kind"):
        return False
    return head != "metadata" or (len(path) > 1 and path[1] not in IDENTITY)


@pytest.mark.parametrize("kind", CONTENT, ids=lambda kind: kind.name)
@settings(deadline=None)
@given(data=st.data())
def test_an_informer_takes_an_object_with_any_content(kind: Kind, data: st.DataObject) -> None:
    manifest = an_object(kind, CONTENT[kind])
    path = data.draw(st.sampled_from([p for p in places(manifest) if is_content(p)]))
    odd = put(manifest, path, data.draw(JSON))

    with capture_logs():
        for informer in informers():
            if informer.kind == kind:
                informer.record(odd)

                assert kind is EVENT or len(informer.items()) == 1, "its name stays taken"


@pytest.mark.parametrize(
    ("kind", "project", "field"),
    [
        pytest.param(CONTROLLER_REVISION, frozen, "data", id="a-ControllerRevision's-data"),
        pytest.param(HTTP_ROUTE, route, "status", id="an-HTTPRoute's-status"),
        pytest.param(SCALED_OBJECT, autoscaler, "spec", id="a-ScaledObject's-spec"),
        pytest.param(SCALED_OBJECT, autoscaler, "status", id="a-ScaledObject's-status"),
        pytest.param(NODE_CLAIM, read_claim, "status", id="a-NodeClaim's-status"),
    ],
)
@settings(deadline=None)
@given(data=st.data())
def test_where_a_schema_is_not_ours_the_rest_of_the_object_is_still_read(
    kind: Kind, project: Callable[[Any], Any], field: str, data: st.DataObject
) -> None:
    """An object of ours stays ours, whatever stands in the part that anyone may shape."""
    manifest = an_object(kind, CONTENT[kind])
    below = [path for path in places(manifest) if path[0] == field]
    path = data.draw(st.sampled_from(below))

    record = project(put(manifest, path, data.draw(JSON)))

    name, uid = EndpointName("web"), EndpointUid("uid-web")
    assert not isinstance(record, Child) or owner_of(record, name, uid) is Owner.OURS


ODD_DATA = [
    pytest.param({"spec": {"terminationGracePeriodSeconds": "soon"}}, id="a-grace-in-words"),
    pytest.param({"spec": {"containers": [{"volumeMounts": [{}]}]}}, id="a-mount-without-a-name"),
    pytest.param({"spec": {"containers": ["a"]}}, id="a-container-that-is-text"),
    pytest.param({"spec": {"$patch": "replace", "template": {}}}, id="a-StatefulSet's-patch"),
    pytest.param({"spec": "any"}, id="a-spec-that-is-text"),
    pytest.param(["any"], id="a-list"),
    pytest.param(None, id="nothing"),
]


@pytest.mark.parametrize("data", ODD_DATA)
def test_any_data_of_a_controller_revision_leaves_a_record(data: Any) -> None:
    record = frozen(an_object(CONTROLLER_REVISION, {"revision": 1, "data": data}))

    assert dataclasses.replace(record, data=b"").grace == 30
    assert (record.model_folder, record.unnamed_port) == ("", 0)
