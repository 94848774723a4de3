"""The roles of deploy/ hold what the monitor uses, no more and no less; run after everything else."""

import pytest
import yaml

from gco.core.model.ids import EndpointName
from gco.service import Until
from testbed.world import MANIFESTS
from tests.real.driving import apply, endpoint, settled

pytestmark = pytest.mark.real

MONITOR = "system:serviceaccount:gco-system:gco-monitor"
SPARED = {
    ("get", "controllerrevisions"),
}
"""Verbs that only a rare repair uses, and that a run of these tests need not come by."""


def granted():
    """Return verb and resource of every rule that the manifests give the monitor."""
    found = set()
    for name in ("roles.yaml", "capacity.yaml"):
        for document in yaml.safe_load_all((MANIFESTS / name).read_text()):
            for rule in document.get("rules", ()):
                found |= {(verb, r) for verb in rule["verbs"] for r in rule["resources"]}
    return found


def used(installation):
    """Return verb and resource of every request that the monitors made, and those refused."""
    requests = [
        request
        for region in installation.regions
        for request in region.plane.audit_log.requests()
        if request.user == MONITOR
    ]
    refused = [request for request in requests if request.code == 403]
    return {(request.verb, request.resource) for request in requests}, refused


async def test_every_permission_is_used_and_none_is_missing(installation):
    async with installation.service() as service:
        name = EndpointName("permissions")
        await apply(service, endpoint(name))
        assert (await settled(service, name)).ready
        await service.delete([name], confirmed=True)
        await settled(service, name, until=Until.DELETED)

    verbs, refused = used(installation)

    assert refused == []
    assert granted() - verbs - SPARED == set()
