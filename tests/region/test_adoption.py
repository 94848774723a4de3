"""When what the original monitor made may be taken over, and which fields that moves."""

import datetime as dt

import pytest

from gco.core.model.names import LEADER_LEASE, MANAGER
from gco.core.region.adoption import (
    CALM,
    LEASE_SECONDS,
    calm_in,
    moved_from_maker,
    old_holder,
    told_of_holder,
)
from gco.core.region.freeze import freeze, frozen_for, kept, live_template
from gco.core.region.observe import frozen, workload
from gco.core.region.render.revision import revision
from gco.runtime.lock import unique_identity
from tests import originals
from tests.builders import NOW, UID, a_regional


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(
            {"holderIdentity": "inference-monitor-6d4-abcde", "leaseDurationSeconds": 60},
            ("inference-monitor-6d4-abcde", 60.0),
            id="the-originals-pod",
        ),
        pytest.param(
            {"holderIdentity": "monitor_1"}, ("monitor_1", LEASE_SECONDS), id="no-duration-told"
        ),
        pytest.param({"holderIdentity": unique_identity("gco-monitor-x")}, None, id="ours"),
        pytest.param({"holderIdentity": ""}, None, id="released"),
        pytest.param({}, None, id="never-held"),
    ],
)
def test_an_old_client_is_known_by_how_it_signs_the_lease(spec, expected):
    assert old_holder({"metadata": {"name": LEADER_LEASE}, "spec": spec}) == expected


def test_a_standby_behind_an_old_client_says_what_to_do():
    assert "scale its Deployment to zero" in told_of_holder("inference-monitor-6d4-abcde")["next"]
    assert told_of_holder(unique_identity("gco-monitor-x")) == {}


def test_a_write_counts_until_it_is_old():
    written = "2026-01-01T11:59:50Z"

    assert calm_in(written, NOW) == CALM.total_seconds() - 10
    assert calm_in(written, NOW + dt.timedelta(minutes=5)) < 0


FIELDS = {
    "f:metadata": {
        "f:labels": {".": {}, "f:app": {}, "f:gco.io/type": {}},
        "f:annotations": {"f:example.com/left": {}},
    },
    "f:spec": {"f:replicas": {}, "f:paused": {}},
}
SOMEONE = {"f:metadata": {"f:annotations": {"f:mine": {}}}, "f:spec": {"f:minReadySeconds": {}}}


def entry(manager, fields, **told):
    return {
        "manager": manager,
        "operation": "Update",
        "apiVersion": "apps/v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        **told,
    }


def live(*entries):
    made = originals.deployment("web")
    made["metadata"] |= {"resourceVersion": "7", "managedFields": list(entries)}
    return made


def owners(operations):
    [entries] = [o["value"] for o in operations if o["path"] == "/metadata/managedFields"]
    return {e["manager"]: e["fieldsV1"] for e in entries}


def test_the_maker_loses_all_it_wrote_and_others_the_spec_alone():
    made = live(entry(originals.CLIENT, FIELDS), entry("kubectl-edit", SOMEONE))

    found = owners(moved_from_maker(made, {"spec": {"replicas": 3}}))

    assert found.keys() == {MANAGER, "kubectl-edit"}
    assert found["kubectl-edit"] == {"f:metadata": {"f:annotations": {"f:mine": {}}}}
    assert found[MANAGER]["f:spec"] == {"f:replicas": {}, "f:paused": {}, "f:minReadySeconds": {}}


def test_a_count_of_replicas_that_we_do_not_state_stays_with_whoever_holds_it():
    made = live(entry(originals.CLIENT, FIELDS))

    found = owners(moved_from_maker(made, {"spec": {}}))

    assert found[originals.CLIENT] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in found[MANAGER]["f:spec"]


def test_a_status_and_a_scale_are_nobodys_to_take():
    made = live(entry("kube-controller-manager", FIELDS, subresource="scale"))

    assert moved_from_maker(made, {"spec": {}}) is None


@pytest.mark.parametrize(
    ("change", "adoptable"),
    [
        pytest.param({}, True, id="as-the-original-makes-it"),
        pytest.param({"matchExpressions": [{"key": "x", "operator": "Exists"}]}, False, id="set"),
        pytest.param({"pod": {"app": "web"}}, False, id="pods-that-we-would-not-see"),
    ],
)
def test_a_deployment_that_could_not_become_ours_as_it_runs_is_not_taken(change, adoptable):
    made = originals.deployment("web")
    made["metadata"]["uid"] = "u"
    if "pod" in change:
        made["spec"]["template"]["metadata"]["labels"] = change["pod"]
    made["spec"]["selector"] |= {k: v for k, v in change.items() if k != "pod"}

    assert workload(made).labelled is adoptable


def record(template, created, uid):
    manifest = dict(revision(a_regional(), template).manifest)
    name = manifest["metadata"]["name"]
    meta = {**manifest["metadata"], "uid": uid, "creationTimestamp": created}
    stated = manifest["metadata"]["annotations"]
    fields = {"f:metadata": {"f:annotations": {f"f:{name}": {} for name in stated}}}
    meta["managedFields"] = [{**entry(MANAGER, fields), "operation": "Apply"}]
    return name, frozen({**manifest, "metadata": meta})


def test_the_last_adopted_template_counts_more_than_what_was_rendered_and_replaces_it():
    key = a_regional().spec.template_key
    bodies = [originals.deployment("web", image=image)["spec"]["template"] for image in "abc"]
    rendered = freeze("web", key, 1, bodies[0])
    stale = freeze("web", key, 1, bodies[1], adopted=True)
    last = freeze("web", key, 1, bodies[2], adopted=True)
    records = dict(
        record(template, f"2026-01-01T00:00:0{second}Z", f"u{second}")
        for second, template in enumerate([rendered, stale, last])
    )

    assert frozen_for(key, UID, records) == last
    assert kept(last, UID, records) == [last]


def test_a_live_template_is_taken_whole_but_for_what_cannot_be_applied():
    made = originals.deployment("web")
    made["spec"]["template"]["metadata"]["creationTimestamp"] = None
    made["spec"]["template"]["spec"]["securityContext"] = {}

    template = live_template(made)

    assert "creationTimestamp" not in template["metadata"]
    assert template["spec"]["securityContext"] == {}
