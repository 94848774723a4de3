"""What deploy/ has for the Prometheus Operator is what its own definitions accept."""

import asyncio
import re

import pytest

from testbed import crds
from testbed.world import MANIFESTS

pytestmark = pytest.mark.real

NAMESPACE = "pod-monitors"


@pytest.fixture(scope="module")
def plane(control_plane):
    crds.install(control_plane, crds.PROMETHEUS)
    control_plane.kubectl("create", "namespace", NAMESPACE)
    yield control_plane
    control_plane.kubectl("delete", "namespace", NAMESPACE, "--wait=false")
    crds.remove(control_plane, crds.PROMETHEUS)


async def test_the_pod_monitors_are_accepted_under_strict_validation(plane):
    text = (MANIFESTS / "prometheus" / "pod-monitors.yaml").read_text(encoding="utf-8")
    moved = re.sub(r"namespace: gco-\S+", f"namespace: {NAMESPACE}", text)
    arguments = ("apply", "--dry-run=server", "--validate=strict", "-f", "-")

    told = await asyncio.to_thread(plane.kubectl, *arguments, input=moved)

    assert told.count("(server dry run)") == 2
