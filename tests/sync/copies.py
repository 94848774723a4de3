"""Wishes of the store, and custom resources as the sync loop sees them."""

import dataclasses

from gco.core.fleet.regional import regional_spec
from gco.core.model.endpoint import TargetState
from gco.core.model.regional import RegionalStatus
from gco.core.sync.copies import Copy, Wanted, read_copy
from tests.fleet.builders import EAST, UID, WEB, endpoint, planned, region, spec

STORE = "store-1"


def wanted(state=TargetState.RUNNING, *, revision=1, uid=UID, replicas=1, created=None):
    stated = spec(replicas=replicas)
    target = planned(stated, [region()], revision=revision)[EAST]
    target = target.model_copy(update={"state": state, "uid": uid})
    resolved = regional_spec(endpoint(stated=stated), target, region())
    return Wanted.of(WEB, "ns", resolved, created=created)


def copy(of=None, *, said=None, **odd) -> Copy:
    manifest = (of or wanted()).manifest(store=STORE, resource_uid="resource-1")
    if said is not None:
        manifest["status"] = RegionalStatus.of(said).to_wire()
    return dataclasses.replace(read_copy(manifest), **odd)
