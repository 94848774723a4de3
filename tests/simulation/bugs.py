"""The planted bugs: one for each rule that matters, as the smallest change that somebody could make.

:mod:`tests.simulation.planted` plants and runs them.
"""

import dataclasses
from typing import Final


@dataclasses.dataclass(frozen=True)
class Planted:
    """One deliberate bug, and what must notice it: a test, the simulator within some seeds, or both."""

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
        simulated = f"seeds {self.seeds.start}..{self.seeds.stop}" if self.seeds else ""
        return " and ".join(filter(None, (self.test, simulated)))


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
        seeds=range(40),
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
        seeds=range(40),
    ),
    Planted(
        "a lower revision is refused by the endpoint loop",
        "core/region/held.py",
        "previous.observed_revision <= regional.spec.revision",
        "previous.observed_revision >= 0",
        test="scenario/test_endpoint_life.py",
    ),
    Planted(
        "a namespace that is not allowed is reported",
        "controllers/sync/namespaces.py",
        "return namespace in self._allowed",
        "return bool(namespace)",
        test="scenario/test_leading_synced.py",
    ),
    Planted(
        "a custom resource of another store is not changed",
        "core/sync/copies.py",
        "return self.store not in (None, store)",
        "return self.store == ''",
        test="sync/test_plan.py",
    ),
    Planted(
        "an older endpoint is not applied over a newer one of its name",
        "core/sync/copies.py",
        "fromisoformat(wanted.created) < self.created",
        "fromisoformat(wanted.created) > self.created",
        test="sync/test_plan.py",
    ),
    Planted(
        "the last ready pod stays until its replacement is ready",
        "core/region/replacing.py",
        "return fewest > 1 or",
        "return fewest > 0 or",
        test="region/test_rollout.py",
    ),
    Planted(
        "two rollouts do not count on the same device",
        "controllers/endpoint/rooms.py",
        "            if other != owner:",
        "            if other == owner:",
        test="scenario/test_endpoint_rollout.py",
    ),
    Planted(
        "an autoscaler's count is left alone",
        "core/region/desired.py",
        "None if count.hold is Hold.HANDED else count.replicas",
        "count.replicas",
        test="scenario/test_endpoint_autoscaling.py",
    ),
    Planted(
        "the route comes with the first ready pod",
        "core/region/desired.py",
        "or observed.pods.answering)",
        "or observed.pods.count)",
        test="scenario/test_endpoint_life.py",
    ),
    Planted(
        "a route leaves when nothing answers",
        "core/region/watchdog.py",
        "return end is not None and now >= end",
        "return end is not None and now < end",
        test="scenario/test_endpoint_watchdog.py",
    ),
    Planted(
        "a canary has its share once its pods are ready",
        "core/region/canary.py",
        "else found.pods.ready >= canary.replicas",
        "else found.pods.count >= canary.replicas",
        test="region/test_canary.py",
    ),
    Planted(
        "a canary's share goes before its pods",
        "core/region/canary.py",
        "Step.REMOVE if idle else Step.WITHDRAW",
        "Step.REMOVE",
        test="scenario/test_canary_life.py",
    ),
    Planted(
        "messages contain nothing that other pods change",
        "core/region/unplaced.py",
        '{_COUNT.sub("", reason) for reason in listed}',
        "set(listed)",
        test="region/test_causes.py",
    ),
    Planted(
        "text of others is redacted before it is cut",
        "kinds/reading.py",
        "return clip(redact_text(as_text(value)), limit)",
        "return redact_text(clip(value, limit))",
        test="region/test_bounds.py",
    ),
    Planted(
        "a header's token is redacted",
        "redaction.py",
        "(?i:bearer|basic)\\s+",
        "(?i:bearer)\\s+",
        test="telemetry/test_redaction.py",
    ),
    Planted(
        "no terminal obeys text of others",
        "escaping.py",
        '"\\x7f-\\x9f"',
        '"\\x7f"',
        test="cli/test_visible.py",
    ),
    Planted(
        "a pod policy reads every container",
        "core/model/pod_policy.py",
        '("containers", "initContainers", "ephemeralContainers")',
        '("containers",)',
        test="model/test_pod_policy.py",
    ),
    Planted(
        "a region holds templates to its policy",
        "controllers/endpoint/policy.py",
        "template is None or allow is None else",
        "template is None or allow is not None else",
        test="scenario/test_endpoint_policy.py",
    ),
    Planted(
        "of two endpoints with one route the earlier one keeps it",
        "core/model/route_claims.py",
        "return min((other for other in others",
        "return max((other for other in others",
        test="scenario/test_endpoint_conflicts.py",
    ),
    Planted(
        "gco apply refuses a route inside another one",
        "core/model/route_claims.py",
        "    return nested and _share_entrance",
        "    return one.path == other.path and _share_entrance",
        test="service/test_route_conflicts.py",
    ),
    Planted(
        "a status of a newer version is kept",
        "core/model/unknown.py",
        "        if not isinstance(value, str) or not 0",
        "        if isinstance(value, str) or not 0",
        test="model/test_unknown_values.py",
    ),
    Planted(
        "a former leader's report is refused by the store",
        "store/sqlite/regional.py",
        "if row is None or row[0] != epoch:",
        "if row is None:",
        test="store/test_contract.py",
    ),
    Planted(
        "of two writers SQLite refuses the second",
        "store/sqlite/endpoints.py",
        "    if stored != item.expected:",
        "    if stored is None and item.expected:",
        test="store/test_contract.py",
    ),
    Planted(
        "a report of a lower revision replaces none",
        "store/rules.py",
        "uid != status.uid or revision <= status.observed_revision",
        "uid != status.uid or revision > 0",
        test="store/test_contract.py",
    ),
    Planted(
        "a gap in the change log is noticed",
        "store/rules.py",
        "if numbers[-1] != head or any(",
        "if any(",
        test="store/test_contract.py",
    ),
    Planted(
        "deleting many endpoints wants a confirmation",
        "service/lifecycle.py",
        "total > CONFIRM_SHARE * len(every)",
        "count > CONFIRM_SHARE * len(every)",
        test="service/test_lifecycle.py",
    ),
    Planted(
        "another person's deletions do not count",
        "service/lifecycle.py",
        "endpoint.deleted_by == actor\n        and ",
        "",
        test="service/test_lifecycle.py",
    ),
    Planted(
        "a region in use is forgotten by force alone",
        "service/regions.py",
        "    if there:\n",
        "    if there and silent_for(region, now) is None:\n",
        test="service/test_lifecycle.py",
    ),
    Planted(
        "an upgrade restarts no pod",
        "core/region/freeze.py",
        "    return thaw(names[0], records[names[0]]) if names else None",
        "    return None",
        test="scenario/test_endpoint_upgrade.py",
    ),
    Planted(
        "what does not affect serving does not affect Ready",
        "core/region/unsettled.py",
        "    if kind not in _ANSWERS_BY or (",
        "    if (",
        test="region/test_status.py",
    ),
    Planted(
        "a region is Ready when its canary has its share",
        "core/fleet/progress.py",
        "    return status.ready and _canary_done(target, status)",
        "    return status.ready",
        test="fleet/test_progress.py",
    ),
    Planted(
        "Ready tells of the wanted revision",
        "core/region/pods.py",
        "return sum(record.ready for record in self.wanted.values())",
        "return sum(r.ready for r in (*self.wanted.values(), *self.old.values()))",
        seeds=range(40),
    ),
    Planted(
        "no route leads to a Service that does not exist",
        "core/region/desired.py",
        "    number = _bridge(template, observed)\n",
        "    if stage is Stage.SERVE:\n        yield from led.items()\n    number = _bridge(template, observed)\n",
        seeds=range(40),
    ),
    Planted(
        "a region that is left removes what it has",
        "core/fleet/targets.py",
        "            targets[name] = _leave(target, revision)",
        "            targets.pop(name, None)",
        seeds=range(40),
    ),
    Planted(
        "a record that cannot be read keeps its last known state",
        "controllers/sync/desired.py",
        "if n in self.unread}",
        "if n in self.invalid}",
        test="scenario/test_listing.py",
    ),
    Planted(
        "changes that were read in part are read again",
        "controllers/sync/follower.py",
        "            await self._reader.read(names, self._state, self._changed)",
        "            self._cursor = seq\n            await self._reader.read(names, self._state, self._changed)",
        test="scenario/test_listing.py",
    ),
)
