"""Whose object it is, from what is written on it and who wrote it."""

import pytest

from gco.core.model.names import MANAGER, UID_ANNOTATION
from gco.core.region.actions import Owner
from gco.core.region.observe import child
from gco.core.region.owner import owner_of
from tests.builders import UID, WEB

LABELS = {"app": WEB, "project": "gco", "gco.io/type": "inference"}
HELD = {f"f:{UID_ANNOTATION}": {}}


def an_object(*, labels=None, uid=None, ours=True, held=True):
    meta = {"name": WEB, "namespace": "n", "uid": "u", "labels": labels or {}}
    if uid is not None:
        meta["annotations"] = {UID_ANNOTATION: uid}
    fields = {"f:metadata": {"f:annotations": HELD if held else {}}}
    if ours:
        meta["managedFields"] = [
            {"manager": MANAGER, "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": fields}
        ]
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {}}


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        pytest.param(an_object(labels=LABELS, uid=UID), Owner.OURS, id="ours"),
        pytest.param(an_object(uid=UID), Owner.OURS, id="labels-edited-away"),
        pytest.param(an_object(labels=LABELS, held=False), Owner.OURS, id="annotation-edited-away"),
        pytest.param(
            an_object(labels=LABELS, uid="other", held=False), Owner.OURS, id="annotation-edited"
        ),
        pytest.param(
            an_object(labels=LABELS, uid="other"), Owner.FOREIGN, id="another-endpoint-of-that-name"
        ),
        pytest.param(
            an_object(labels=LABELS, ours=False), Owner.ADOPTABLE, id="the-original-monitors"
        ),
        pytest.param(
            an_object(labels={**LABELS, "app": "web-canary"}, ours=False),
            Owner.FOREIGN,
            id="another-endpoints-by-its-label",
        ),
        pytest.param(an_object(ours=False), Owner.FOREIGN, id="someone-elses"),
    ],
)
def test_owner(manifest, expected):
    assert owner_of(child(manifest), WEB, UID) is expected
