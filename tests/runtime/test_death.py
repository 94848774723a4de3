"""A standby takes over from a holder whose process is proved to have ended, and from no other.

The invariant: what a pod's status says of one process never ends the term of another. Only a terminated
container that left the holder's own identity as its termination message is proof; a pod that is gone,
a restart, a failure and silence are none.
"""

import asyncio
import datetime as dt

import pytest

from gco.clock import LoopClock
from gco.cluster.memory import MemoryCluster
from gco.errors import ForbiddenError
from gco.kinds.registry import NAMESPACE, POD
from gco.runtime.death import HolderPods, leave_identity
from gco.runtime.election import Elector
from tests.runtime.locks import Connection, SharedRecord
from tests.virtual_time import until

pytestmark = pytest.mark.looptime(noop_cycles=0)

SYSTEM, POD_NAME = "gco-system", "monitor-a"
HOLDER, SUCCESSOR = f"{POD_NAME}_1111", f"{POD_NAME}_2222"
LEASE_SECONDS = 15.0


def terminated(message):
    return {"terminated": {"exitCode": 137, "message": message}}


RUNNING = {"running": {}}
PROOFS = {
    "ended, not started again": {"state": terminated(HOLDER)},
    "ended, with a line break": {"state": terminated(f"{HOLDER}\n")},
    "started again": {"state": RUNNING, "lastState": terminated(HOLDER)},
    "waits to be started again": {"state": {"waiting": {}}, "lastState": terminated(HOLDER)},
}
NO_PROOFS = {
    "runs": {"state": RUNNING},
    "an earlier process ended": {"state": RUNNING, "lastState": terminated("monitor-a_0000")},
    "ended without a message": {"state": terminated("")},
    "the message names more than the holder": {"state": terminated(f"{HOLDER} is fine")},
    "nothing is known": {},
}


async def cluster_with_pod():
    cluster = MemoryCluster(clock=LoopClock(dt.datetime(2026, 1, 1, tzinfo=dt.UTC)))
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM}}
    await cluster.create(NAMESPACE, made)
    containers = [{"name": "monitor", "image": "gco"}]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": POD_NAME, "namespace": SYSTEM},
        "spec": {"containers": containers},
    }
    await cluster.create(POD, pod)
    return cluster


async def report(cluster, status):
    """Write the status of the pod's one container, as kubelet does."""
    pod = await cluster.get(POD, SYSTEM, POD_NAME)
    pod["status"] = {"containerStatuses": [{"name": "monitor", **status}]}
    await cluster.replace(POD, pod, subresource="status")


class Standby:
    """A process that waits for the Lease that `HOLDER` renews no more, and when it led."""

    def __init__(self, cluster, shared):
        self.led_after = None
        pods = HolderPods(cluster, SYSTEM)
        self._elector = Elector(Connection(shared), "monitor-b_3333", ended=pods.ended)
        self.task = asyncio.create_task(self._elector.run(self._lead))

    async def _lead(self):
        self.led_after = asyncio.get_running_loop().time()
        await asyncio.Event().wait()

    async def stop(self):
        self.task.cancel()
        await asyncio.wait([self.task])


async def held(shared, identity=HOLDER):
    """Have `identity` take the Lease, and die without releasing it."""
    dying = asyncio.create_task(Elector(Connection(shared), identity).run(asyncio.Event().wait))
    await until(lambda: shared.record is not None and shared.record.holder == identity)
    lease = shared.record
    dying.cancel()
    await asyncio.wait([dying])
    shared.store(lease)


async def waited(cluster, change):
    """Return after how many seconds a standby leads, once `change` happened to the holder's pod."""
    shared = SharedRecord()
    await held(shared)
    standby = Standby(cluster, shared)
    await asyncio.sleep(1.0)
    began = asyncio.get_running_loop().time()
    await change()
    await until(lambda: standby.led_after is not None, within=60)
    await standby.stop()
    return standby.led_after - began


@pytest.mark.parametrize("status", PROOFS.values(), ids=PROOFS)
async def test_a_standby_leads_within_two_seconds_of_the_proof(status):
    cluster = await cluster_with_pod()
    assert await waited(cluster, lambda: report(cluster, status)) < 2


@pytest.mark.parametrize("status", NO_PROOFS.values(), ids=NO_PROOFS)
async def test_without_proof_the_lease_decides(status):
    cluster = await cluster_with_pod()
    assert await waited(cluster, lambda: report(cluster, status)) > LEASE_SECONDS - 2


@pytest.mark.parametrize("watched", [True, False], ids=["while-watched", "before-it-is-watched"])
async def test_a_pod_that_is_gone_proves_nothing(watched):
    cluster = await cluster_with_pod()

    async def remove():
        await cluster.delete(POD, SYSTEM, POD_NAME, grace_seconds=0)

    if watched:
        gone = await waited(cluster, remove)
    else:
        await remove()
        gone = await waited(cluster, lambda: asyncio.sleep(0))
    assert gone > LEASE_SECONDS - 2


async def test_where_pods_may_not_be_watched_the_lease_decides():
    cluster, shared = await cluster_with_pod(), SharedRecord()
    await report(cluster, PROOFS["started again"])
    await held(shared)
    cluster.faults.fail("list", POD, times=1000, error=lambda: ForbiddenError("pods"))
    standby = Standby(cluster, shared)
    await until(lambda: standby.led_after is not None, within=60)
    assert standby.led_after > LEASE_SECONDS - 2
    await standby.stop()


async def test_the_proof_of_one_term_does_not_end_the_next():
    """The pod's status keeps naming the ended process; its successor in the same pod leads on."""
    cluster, shared = await cluster_with_pod(), SharedRecord()
    await report(cluster, PROOFS["started again"])
    await held(shared, SUCCESSOR)
    standby = Standby(cluster, shared)
    await asyncio.sleep(LEASE_SECONDS - 3)
    assert standby.led_after is None
    await standby.stop()


def test_an_identity_is_left_where_kubelet_made_a_file_for_it(tmp_path):
    log = tmp_path / "termination-log"
    assert not leave_identity(log, HOLDER)
    assert not log.exists()
    log.touch()
    assert leave_identity(log, HOLDER)
    assert log.read_text() == HOLDER
