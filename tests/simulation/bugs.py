"""The planted bugs: one for each rule that matters, as the smallest change that somebody could make.

:mod:`tests.simulation.planted` plants and runs them.
"""

import dataclasses
from typing import Final


@dataclasses.dataclass(frozen=True)
class Planted:
    """One deliberate bug, and what must notice it: a test, or the simulator within these seeds."""

    rule: str
    """What the bug breaks."""
    path: str
    """The file, below src/gco."""
    old: str
    new: str
    test: str = ""
    """The test that catches it, below tests: a file, or `file::test`."""
    seeds: range | None = None
    """The schedules of which one breaks an invariant."""

    @property
    def catcher(self) -> str:
        """What catches it, for people."""
        if self.seeds is None:
            return self.test
        return f"simulator, seeds {self.seeds.start}..{self.seeds.stop}"


PLANTED: Final = (
    Planted(
        "a region refuses a lower revision",
        "core/sync/plan.py",
        "copy.revision > wanted.revision",
        "copy.revision > wanted.revision + 1000",
        test="sync/test_plan.py",
    ),
    Planted(
        "absence deletes nothing",
        "core/sync/plan.py",
        "    if copy.state != TargetState.DELETED:\n        return Orphan()",
        '    if copy.state != TargetState.DELETED:\n        return Remove("unknown")',
        test="sync/test_plan.py",
    ),
    Planted(
        "a custom resource goes only once the store knows that its objects are gone",
        "core/sync/plan.py",
        "copy.gone(wanted.uid) and _is_gone(wanted, said)",
        "copy.gone(wanted.uid)",
        test="sync/test_plan.py",
    ),
    Planted(
        "a region is done at this revision, and not at an earlier one",
        "core/fleet/progress.py",
        " or status.observed_revision != target.revision",
        "",
        test="fleet/test_progress.py",
    ),
    Planted(
        "a region is done with this uid, and not with that of an earlier endpoint",
        "core/fleet/progress.py",
        "status.uid != target.uid or ",
        "",
        test="fleet/test_progress.py",
    ),
    Planted(
        "an endpoint is purged once every region reported its objects gone",
        "core/fleet/progress.py",
        "return Advance((Step.PURGE,), None, gone) if not left else None",
        "return Advance((Step.PURGE,), None, gone)",
        test="fleet/test_progress.py",
    ),
    Planted(
        "pods drain before the rest is removed",
        "core/region/stage.py",
        "if held and not _overdue(regional, drain_wait(observed), now):",
        "if not held and not _overdue(regional, drain_wait(observed), now):",
        test="region/test_stage.py",
    ),
    Planted(
        "the route leaves before the pods",
        "core/region/stage.py",
        "if ours & leaving and not _overdue(regional, ROUTE_WAIT, now):",
        "if leaving and _overdue(regional, ROUTE_WAIT, now):",
        test="region/test_stage.py",
    ),
    Planted(
        "a former leader sends nothing",
        "runtime/election.py",
        "return self._until is not None and self._now() < self._until",
        "return self._until is not None",
        test="runtime/test_lease.py",
    ),
    Planted(
        "a write of a leader passes the fence",
        "runtime/fenced.py",
        "if verb not in _WRITES:",
        "if verb not in _WRITES or verb:",
        test="runtime/test_lease.py",
    ),
    Planted(
        "a former leader of a region writes no report",
        "store/memory.py",
        "if region not in self._regions or self._epochs[region] != epoch:",
        "if region not in self._regions:",
        test="store/test_contract.py",
    ),
    Planted(
        "of two writers the second is refused",
        "store/memory.py",
        "        if stored != write.expected:",
        "        if stored is None and write.expected:",
        test="store/test_contract.py",
    ),
    Planted(
        "a listing deletes what it lacks",
        "runtime/cache.py",
        "self._entries.keys() - current.keys()",
        "listed.keys() - current.keys()",
        test="runtime/test_informer.py",
    ),
    Planted(
        "an older event does not undo a newer record",
        "runtime/cache.py",
        "held is None or held.version < entry.version",
        "held is None or held.version != entry.version",
        test="runtime/test_informer.py",
    ),
    Planted(
        "a compacted history is listed again",
        "runtime/informer.py",
        "case ExpiredError():\n                self._position = None",
        "case ExpiredError():\n                self._alive = _now()",
        test="runtime/test_informer.py",
    ),
    Planted(
        "a silent watch is listed again",
        "runtime/informer.py",
        "except TimeoutError:\n            self._position = None",
        "except TimeoutError:\n            self._alive = _now()",
        test="runtime/test_informer.py",
    ),
    Planted(
        "a throttled watch waits as long as the server asks",
        "runtime/informer.py",
        "error.retry_after + self._retries.failed()",
        "self._retries.failed()",
        test="runtime/test_informer.py",
    ),
    Planted(
        "an object that cannot be read ends no informer",
        "runtime/projecting.py",
        "        return project(manifest), None\n    except Exception as error:",
        "        return project(manifest), None\n    except KeyError as error:",
        test="region/test_projections.py",
    ),
    Planted(
        "a key that is added during its run runs once more",
        "runtime/queue.py",
        "            self._put(key, routine=waiting.routine)",
        "            self._dirty.pop(key)",
        test="runtime/test_queue.py",
    ),
    Planted(
        "changes run before routine work",
        "runtime/queue.py",
        "if self._routine and (not self._changed or",
        "if self._routine and (self._changed or",
        test="runtime/test_queue.py",
    ),
    Planted(
        "routine work does not starve",
        "runtime/queue.py",
        "self._turns >= _ROUTINE_SHARE",
        "self._turns < 0",
        test="runtime/test_queue.py",
    ),
    Planted(
        "a wait that a server asks for is a minimum",
        "runtime/queue.py",
        "        if at_least > 0:\n",
        "        if at_least > 3600:\n",
        test="runtime/test_queue.py",
    ),
    Planted(
        "a change is applied within a minute of the end of a fault",
        "runtime/queue.py",
        "Backoff(0.005, 45.0)",
        "Backoff(0.005, 1000.0)",
        test="runtime/test_queue.py",
    ),
    Planted(
        "what a person fixes is retried within five minutes",
        "runtime/backoff.py",
        "Backoff(0.5, 300.0)",
        "Backoff(0.5, 3600.0)",
        test="runtime/test_controller.py",
    ),
    Planted(
        "a monitor with empty caches does not stand for election",
        "runtime/election.py",
        "if wait <= 0 and self._unfit():",
        "if wait > 0 and self._unfit():",
        test="scenario/test_leading_synced.py",
    ),
    Planted(
        "a write is given up when leadership lapses",
        "runtime/fenced.py",
        "            self._task.cancel()",
        "            self._timer.cancel()",
        test="runtime/test_lease.py",
    ),
    Planted(
        "a repair names the object that it means",
        "core/region/plan.py",
        "Why.DRIFTED, uid=seen.uid,",
        "Why.DRIFTED,",
        test="scenario/test_writes_name_their_object.py",
    ),
    Planted(
        "an object of somebody else is not applied over",
        "core/region/plan.py",
        "case Seen(owner=Owner.FOREIGN):\n                yield Refuse(ref, Why.TAKEN)",
        "case Seen(owner=Owner.FOREIGN) as seen:\n                yield Apply(ref, rendered, Why.CHANGED, uid=seen.uid)",
        test="region/test_plan.py",
    ),
    Planted(
        "an object of somebody else is not deleted",
        "core/region/plan.py",
        "if seen.owner in claimed and ref not in keep",
        "if ref not in keep",
        test="region/test_plan.py",
    ),
    Planted(
        "while an object cannot be applied, deletes still happen",
        "controllers/endpoint/actor.py",
        "and not isinstance(action, Delete):\n                continue",
        "and action:\n                continue",
        test="scenario/test_endpoint_patience.py",
    ),
    Planted(
        "a custom resource that was edited by hand decides nothing",
        "controllers/endpoint/reconcile.py",
        "        if resource.edited:",
        "        if resource.edited and resource.deleting:",
        test="scenario/test_endpoint_life.py",
    ),
    Planted(
        "a lower revision is refused by the endpoint loop",
        "core/region/held.py",
        "previous.observed_revision <= regional.spec.revision",
        "previous.observed_revision >= 0",
        test="scenario/test_endpoint_life.py",
    ),
)
