"""Invariant: a word that a newer version added to an enum costs no report, and carries no desired state out.

The table is every enum and every choice of texts in the records of a store. A new one has to be decided:
a report keeps what it does not know, desired state is unreadable as a whole.
"""

import copy
import datetime as dt
import enum
import json
import typing

import pytest
from pydantic import BaseModel

from gco.core.fleet.progress import region_done
from gco.core.fleet.summary import view_region
from gco.core.model.endpoint import Endpoint, RegionTarget, Revision, TargetState
from gco.core.model.regional import RegionalStatus
from gco.core.model.routes import route_in
from gco.core.model.spec import Route
from gco.core.model.status import Region, RegionState, RegionStatus
from gco.core.model.unknown import LONGEST, is_known
from gco.errors import StoreError
from gco.store.records import attempt, decode, encode
from tests.store.builders import a_region

NOW = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
NEW = "warp"

REPORTED = {
    "RegionStatus.state",
    "RegionStatus.conditions.type",
    "RegionStatus.conditions.status",
    "Region.route_backend",
}
STRICT_PARENTS = ("Endpoint.", "Revision.")


def choices(kind, path, seen=()):
    """Yield the path of each field below `kind` that takes one of a list of words."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if kind not in seen:
            hints = typing.get_type_hints(kind)
            for name in kind.model_fields:
                yield from choices(hints[name], f"{path}.{name}", (*seen, kind))
    elif (isinstance(kind, type) and issubclass(kind, enum.Enum)) or (
        typing.get_origin(kind) is typing.Literal
    ):
        yield path
    else:
        for part in typing.get_args(kind):
            if part is not type(None) and not isinstance(part, str):
                yield from choices(part, path, seen)


def test_every_choice_in_a_stored_record_is_decided():
    found = {
        path
        for kind in (Endpoint, Revision, RegionStatus, Region)
        for path in choices(kind, kind.__name__)
    }
    reported = {path for path in found if not path.startswith(STRICT_PARENTS)}
    assert reported == REPORTED
    assert {"Endpoint.state", "Endpoint.targets.state", "Endpoint.spec.state"} <= found


STATUS = {
    "name": "web",
    "region": "east",
    "uid": "uid-1",
    "state": "running",
    "replicasReady": 1,
    "observedRevision": 3,
    "lastTransition": "2026-01-01T00:00:00Z",
    "conditions": [
        {
            "type": kind,
            "status": "True",
            "reason": kind,
            "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
            "observedGeneration": 1,
        }
        for kind in ("Ready", "Drifted")
    ],
}
REGION = json.loads(encode(a_region("east", heartbeat=NOW)))


def changed(data, path, value):
    """Return a copy of `data` with `value` at `path`."""
    whole = copy.deepcopy(data)
    part = whole
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return whole


@pytest.mark.parametrize(
    ("kind", "record", "path", "edit"),
    [
        pytest.param(RegionStatus, STATUS, ["state"], {"replicas_ready": 9}, id="status-state"),
        pytest.param(
            RegionStatus, STATUS, ["conditions", 1, "type"], {"error": "e"}, id="condition-type"
        ),
        pytest.param(
            RegionStatus, STATUS, ["conditions", 0, "status"], {"error": "e"}, id="condition-status"
        ),
        pytest.param(RegionalStatus, STATUS, ["state"], {"error": "e"}, id="resource-state"),
        pytest.param(
            RegionalStatus,
            STATUS,
            ["conditions", 1, "type"],
            {"error": "e"},
            id="resource-condition",
        ),
        pytest.param(
            Region, REGION, ["routeBackend"], {"address": "http://a"}, id="region-backend"
        ),
    ],
)
def test_a_reported_word_of_a_newer_version_is_kept_shown_and_written_back(
    kind, record, path, edit
):
    read = decode(kind, json.dumps(changed(record, path, NEW)), where="here")
    written = json.loads(encode(read.model_copy(update=edit)))
    again = decode(kind, json.dumps(written), where="here")
    for key in path:
        written = written[key]
    assert written == NEW
    assert again == read.model_copy(update=edit)
    assert copy.deepcopy(read) == read
    assert kind.model_validate(read.model_dump(by_alias=False)) == read


@pytest.mark.parametrize(
    "value", [pytest.param(v, id=repr(v)[:9]) for v in ("", 7, None, [], {}, "x" * (LONGEST + 1))]
)
@pytest.mark.parametrize(
    ("kind", "record", "path"),
    [
        pytest.param(RegionStatus, STATUS, ["state"], id="state"),
        pytest.param(RegionStatus, STATUS, ["conditions", 0, "type"], id="type"),
        pytest.param(RegionStatus, STATUS, ["conditions", 0, "status"], id="status"),
        pytest.param(Region, REGION, ["routeBackend"], id="backend"),
    ],
)
def test_what_is_no_word_is_damage(kind, record, path, value):
    assert isinstance(
        attempt(kind, json.dumps(changed(record, path, value)), where="x"), StoreError
    )


def test_an_unknown_word_equals_none_that_this_version_acts_on():
    read = RegionStatus.model_validate(changed(STATUS, ["state"], NEW))
    assert isinstance(read.state, RegionState)
    assert not is_known(read.state)
    assert all(is_known(state) and read.state != state for state in RegionState)
    assert (str(read.state), read.state.value, f"{read.state}") == (NEW, NEW, NEW)


TARGET = RegionTarget(uid="uid-1", revision=3, template_key="k", state="running", replicas=1)


@pytest.mark.parametrize(
    ("path", "target", "done"),
    [
        pytest.param(["state"], "running", True, id="an-unknown-state-that-says-ready-serves"),
        pytest.param(["state"], "deleted", False, id="an-unknown-state-is-not-deleted"),
        pytest.param(
            ["conditions", 0, "type"], "running", False, id="an-unknown-type-is-not-ready"
        ),
        pytest.param(["conditions", 0, "status"], "running", False, id="neither-true-nor-false"),
        pytest.param(["conditions", 1, "type"], "running", True, id="another-type-hides-nothing"),
    ],
)
def test_a_region_is_done_by_what_is_known_and_shown_as_it_reports(path, target, done):
    status = RegionStatus.model_validate(changed(STATUS, path, NEW))
    wanted = TARGET.model_copy(update={"state": TargetState(target)})
    view = view_region("east", wanted, status, a_region("east", heartbeat=NOW), NOW, path="/")
    assert view.done is region_done(wanted, status) is done
    assert NEW in view.model_dump_json()


def test_a_route_of_an_unknown_backend_is_resolved_and_gets_no_rule_of_another():
    region = Region.model_validate(changed(REGION, ["routeBackend"], NEW))
    route = route_in(Route(path="/x"), region)
    assert (route.backend, route.strip_prefix, route.gateway) == (NEW, None, None)
