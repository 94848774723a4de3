"""Where faults happen: in namespaces and tables of their own, on parts that can be broken."""

import pytest

from testbed.controlplane import ControlPlane
from testbed.skipping import skipping
from tests.chaos.world import chaos_world


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    """Set what AWS's own chain of credentials reads."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
async def world(control_plane, dynamodb, tmp_path):
    """A region in which `web` serves by two pods, and nothing is wrong yet."""
    async with chaos_world(control_plane, dynamodb, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def own_plane():
    """A control plane that no other test uses, so that it can be broken as a whole."""
    with skipping(), ControlPlane("chaos") as plane:
        yield plane
