"""Invariant: the record of a region fits the store, however many custom resources are orphans.

DynamoDB refuses an item above 400 KB. A region that has more to say than fits could write neither a
heartbeat nor its leadership, exactly when a table was lost and everything is an orphan.
"""

import pytest

from gco.clock import SystemClock
from gco.controllers.sync.findings import Findings
from gco.core.model.bounds import MOST_LOST, MOST_ORPHANS
from gco.core.model.ids import EndpointName
from gco.core.sync.copies import Copy
from tests.store.builders import a_region
from tests.sync.copies import STORE

LIMIT = 400 * 1024
LONGEST_NAME, LONGEST_NAMESPACE = 253, 63


def an_orphan(number: int, uid: str) -> Copy:
    name = f"{number:05}".ljust(LONGEST_NAME, "x")
    return Copy(
        name=EndpointName(name),
        namespace="n" * LONGEST_NAMESPACE,
        resource_uid="",
        uid=uid,
        revision=2**31,
        state="running",
        spec_hash="same",
        stated_hash="same",
        store=None,
        labels=(),
        held=True,
        deleting=False,
        recreated_at=None,
        status=None,
    )


@pytest.mark.parametrize("length_of_uid", [0, 36, 64, 65, 262_144])
@pytest.mark.parametrize("count", [0, 1, 100, 101, 500, 501, 4000])
def test_a_region_with_any_number_of_orphans_fits_its_record(count, length_of_uid):
    findings = Findings(SystemClock())
    for number in range(count):
        copy = an_orphan(number, "u" * length_of_uid)
        findings.orphans_of(copy.name, [copy], STORE)

    region = findings.on(a_region())

    assert region.orphan_count == count
    assert len(region.orphans) == min(count, MOST_ORPHANS)
    assert len(region.lost) <= MOST_LOST
    assert len(region.model_dump_json()) < LIMIT


def test_an_orphan_beyond_the_cap_is_known_once_those_before_it_are_none():
    findings = Findings(SystemClock())
    copies = [an_orphan(number, "uid-1") for number in range(MOST_LOST + 1)]
    for copy in copies:
        findings.orphans_of(copy.name, [copy], STORE)
    last = f"{copies[-1].namespace}/{copies[-1].name}"
    assert last not in findings.lost()

    findings.orphans_of(copies[0].name, [], STORE)

    assert last in findings.lost()
