"""Taking over what other managers hold of a path, and nothing beside it."""

from gco.core.model.names import SYNC_MANAGER
from gco.kinds.takeover import take_over

SPEC = [("f:spec",)]


def applied(manager, fields, operation="Apply", **more):
    return {"manager": manager, "operation": operation, "fieldsV1": fields, **more}


def live(*entries):
    meta = {"resourceVersion": "7", "managedFields": list(entries)}
    return {"apiVersion": "gco.io/v1alpha1", "metadata": meta}


OURS = applied(SYNC_MANAGER, {"f:spec": {"f:revision": {}}})


def test_what_an_editor_holds_of_the_spec_becomes_ours_and_nothing_else():
    edited = applied(
        "kubectl-edit", {"f:spec": {"f:x": {}}, "f:metadata": {"f:labels": {}}}, "Update"
    )
    reported = applied("gco-status", {"f:status": {}}, subresource="status")

    guard, replace = take_over(live(OURS, edited, reported), SYNC_MANAGER, SPEC)

    assert guard["value"] == "7"
    assert replace["value"] == [
        applied(SYNC_MANAGER, {"f:spec": {"f:revision": {}, "f:x": {}}}),
        {**edited, "fieldsV1": {"f:metadata": {"f:labels": {}}}},
        reported,
    ]


def test_there_is_nothing_to_take_over_where_the_spec_is_ours():
    assert take_over(live(OURS, applied("gco", {"f:metadata": {}})), SYNC_MANAGER, SPEC) is None


def test_an_object_that_was_never_applied_by_us_is_taken_over():
    theirs = applied("kubectl", {"f:spec": {"f:x": {}}}, "Update")

    [_, replace] = take_over(live(theirs), SYNC_MANAGER, SPEC)

    assert [(e["manager"], e["fieldsV1"]) for e in replace["value"]] == [
        (SYNC_MANAGER, {"f:spec": {"f:x": {}}})
    ]


def test_a_path_below_what_they_hold_is_taken_and_the_rest_left():
    theirs = applied("kubectl", {"f:spec": {"f:ports": {"k:1": {}}, "f:type": {}}}, "Update")

    [_, replace] = take_over(live(OURS, theirs), SYNC_MANAGER, [("f:spec", "f:ports")])

    assert [entry["fieldsV1"] for entry in replace["value"]] == [
        {"f:spec": {"f:revision": {}, "f:ports": {"k:1": {}}}},
        {"f:spec": {"f:type": {}}},
    ]


def test_what_a_subresource_wrote_is_left_to_it():
    scaled = applied("hpa", {"f:spec": {"f:replicas": {}}}, "Update", subresource="scale")

    assert take_over(live(OURS, scaled), SYNC_MANAGER, SPEC) is None
