"""What regions say is read by processes of other versions: a field that is new stops nobody."""

import pytest

from gco.core.model.status import Region, RegionStatus
from tests.fleet.builders import region, status

NEW = {"fieldOfTheNextRelease": 1}


@pytest.mark.parametrize(
    ("model", "record"),
    [
        pytest.param(Region, region(), id="region"),
        pytest.param(RegionStatus, status(), id="status"),
    ],
)
def test_a_field_of_a_newer_version_is_passed_over(model, record):
    wire = record.model_dump(mode="json") | NEW

    assert model.model_validate(wire) == record
