"""Invariant: nothing that is read from an API server raises anything but the project's own errors.

Anyone who may edit a custom resource or a Lease can put any value there that its schema allows, and
an older definition allows more. What cannot be read counts as not stated.
"""

from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from gco.clock import SystemClock
from gco.cluster.memory import MemoryCluster
from gco.controllers.sync.findings import Findings
from gco.core.model.names import LEADER_LEASE
from gco.core.region.adoption import old_holder, told_of_holder
from gco.core.sync.copies import kept_back, read_copy
from gco.core.sync.plan import decide
from gco.core.sync.report import Trouble, news
from gco.kinds.registry import INFERENCE_ENDPOINT, LEASE, NAMESPACE
from gco.runtime.informer import Informer
from gco.runtime.lease import KubernetesLeaseLock
from gco.runtime.lock import LONGEST_SECONDS, LeaseRecord, Sighting
from tests.builders import NOW
from tests.fleet.builders import EAST, WEB
from tests.region.test_projections import JSON, is_content
from tests.region.watched import places, put
from tests.sync.copies import STORE, wanted

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
INT32 = st.integers(-(2**31), 2**31 - 1)
NS = "ns"
STATED = wanted().manifest(store=STORE, resource_uid="resource-1")
RESOURCE = {
    **STATED,
    "metadata": {
        **STATED["metadata"],
        "creationTimestamp": "2026-01-01T12:00:00Z",
        "deletionTimestamp": "2026-01-01T12:00:00Z",
        "generation": 1,
        "resourceVersion": "7",
    },
    "status": {"uid": "u", "state": "running", "observedRevision": 1, "conditions": []},
}
PLACES = [path for path in places(RESOURCE) if is_content(path)]


def test_the_resource_of_the_fuzz_is_read_whole():
    assert read_copy(RESOURCE).uid == wanted().uid
    assert ("metadata", "annotations") in PLACES
    assert ("spec", "uid") in PLACES


@settings(deadline=None)
@given(data=st.data())
def test_the_sync_loop_decides_on_any_custom_resource_and_reports_it(data):
    odd = put(RESOURCE, data.draw(st.sampled_from(PLACES)), data.draw(JSON | TEXT))
    informer = Informer(
        MemoryCluster(clock=SystemClock()), INFERENCE_ENDPOINT, None, project=read_copy
    )

    with capture_logs():
        informer.record(odd)
        [copy] = informer.items().values()
        findings = Findings(SystemClock())
        findings.orphans_of(WEB, [copy], STORE)

    assert findings.lost().keys() <= {f"{NS}/web"}
    trouble = Trouble("Rejected", "so", NOW)
    for asked in (None, wanted(), wanted(revision=2)):
        decide(asked, copy, None, STORE)
        if asked is not None:
            news(asked, copy, None, None, EAST)
            news(asked, copy, None, trouble, EAST)
    assert isinstance(kept_back(copy), str)


@settings(deadline=None)
@given(
    holder=st.none() | TEXT,
    seconds=st.none() | INT32,
    transitions=st.none() | INT32 | st.just(2**31 - 1),
)
async def test_a_lease_with_any_fields_is_read_and_soon_taken(holder, seconds, transitions):
    """No value that somebody puts into a Lease keeps every monitor from leading."""
    cluster = MemoryCluster(clock=SystemClock())
    await cluster.create(NAMESPACE, {"metadata": {"name": NS}})
    spec = {
        "holderIdentity": holder,
        "leaseDurationSeconds": seconds,
        "leaseTransitions": transitions,
    }
    lease = {"metadata": {"name": LEADER_LEASE, "namespace": NS}, "spec": spec}
    await cluster.create(LEASE, lease)
    lock, sighting = (
        KubernetesLeaseLock(cluster, NS, LEADER_LEASE, SystemClock()),
        Sighting("me", 15),
    )

    seen = await lock.read()
    sighting.observe(seen, now=0.0)
    told_of_holder(seen.holder)
    held = old_holder(lease)
    stored = await lock.write(LeaseRecord("me", 15.0, seen.transitions + 1), seen=seen)

    assert sighting.free_at <= LONGEST_SECONDS
    assert held is None or held[1] <= LONGEST_SECONDS
    assert 0 <= stored.transitions < 2**31
