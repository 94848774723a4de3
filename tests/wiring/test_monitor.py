"""What a monitor does before its loops run."""

import pytest

from gco.cluster.memory import MemoryCluster
from gco.errors import ForbiddenError, SettingsError, TransientError
from gco.settings import read_settings
from gco.wiring.monitor import _identity, run_monitor


@pytest.fixture
def cluster():
    return MemoryCluster()


@pytest.mark.looptime
@pytest.mark.parametrize(
    "error",
    [
        pytest.param(TransientError("connection refused"), id="unreachable"),
        pytest.param(ForbiddenError("roles are not read yet"), id="refusing"),
    ],
)
async def test_a_cluster_that_is_starting_is_asked_again(cluster, error):
    cluster.faults.fail("get", times=3, error=lambda: error)

    assert await _identity(cluster)


@pytest.mark.looptime
async def test_a_refusal_that_lasts_is_raised(cluster):
    cluster.faults.fail("get", times=1000, error=lambda: ForbiddenError("no such role"))

    with pytest.raises(ForbiddenError):
        await _identity(cluster)


async def test_a_monitor_that_is_not_told_its_region_says_so():
    with pytest.raises(SettingsError, match="REGION is not set"):
        await run_monitor(read_settings({}), port=0, host="127.0.0.1")
