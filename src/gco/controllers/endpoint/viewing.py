"""Puts together what a status is judged by, the last words of crashing containers included."""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from gco.clock import Clock
from gco.cluster.port import Cluster, LogOptions
from gco.controllers.endpoint.case import Case, Done, startup_of
from gco.controllers.endpoint.memory import Memory
from gco.controllers.endpoint.rooms import Supply, rolling_of
from gco.core.model.names import CONTAINER
from gco.core.model.regional import Regional
from gco.core.model.resources import devices
from gco.core.region.canary import Step, as_endpoint
from gco.core.region.causes import LOG_LINES, Ask, Cause, crashing, last_words
from gco.core.region.copying import Weights, weights_of
from gco.core.region.freeze import Template
from gco.core.region.observed import still_old
from gco.core.region.pods import Pods
from gco.core.region.room import Need
from gco.core.region.scaling import running_replicas
from gco.core.region.stage import Stage, wanted_replicas
from gco.core.region.status import CanaryView, View
from gco.core.region.unsettled import Problem, Unsettled
from gco.errors import AbsentError, ClusterError
from gco.redaction import redact_text
from gco.runtime.streams import closing
from gco.telemetry import get_logger

_log = get_logger(__name__)
_LOG_LINES: Final = 20
"""Lines that are asked for: of the last ones, some may be empty."""
_LOG_BYTES: Final = 64 * 1024
_CUT_BYTES: Final = 16
"""A log that is this near to the limit may have been cut within a character."""


class Viewer:
    """Sees how endpoints stand; `image` is what copies models, empty where none is set."""

    def __init__(self, cluster: Cluster, clock: Clock, supply: Supply, image: str) -> None:
        self._cluster = cluster
        self._clock = clock
        self._supply = supply
        self._image = image

    async def view(
        self, case: Case, done: Done, memory: Memory, *, silent_since: dt.datetime | None
    ) -> View:
        """Return everything that is known once the run has acted."""
        regional, observed = case.regional, case.observed
        serves = case.stage is Stage.SERVE
        weights = None if case.hindrance else self._weights(case)
        refused = case.policy.denied if serves else None
        denied = [] if refused is None else [Unsettled(None, Problem.REFUSED, refused)]
        return View(
            regional=regional,
            stage=case.stage,
            observed=still_old(observed) if weights and weights.awaited else observed,
            ask=self._own_ask(case),
            unsettled=[*denied, *done.own.unsettled, *(() if serves else done.canary.unsettled)],
            drift=memory.drift,
            mutated=bool(memory.accepted),
            silent_since=silent_since,
            weights=weights,
            log=await self._last_words(regional, observed.pods, memory),
            canary=await self._canary(case, done, memory),
            outlived=case.policy.outlived,
            lost_to=case.lost_to,
        )

    async def _canary(self, case: Case, done: Done, memory: Memory) -> CanaryView:
        serves = case.stage is Stage.SERVE
        return CanaryView(
            case.trial,
            ask=self._canary_ask(case),
            unsettled=done.canary.unsettled if serves else (),
            waits=self._canary_causes(case) if serves else (),
            log=await self._last_words(case.regional, case.observed.canary.pods, memory),
        )

    def _weights(self, case: Case) -> Weights | None:
        copying, now = case.observed.copying, self._clock.now()
        return weights_of(case.regional, copying, case.template, self._image, now)

    def _canary_causes(self, case: Case) -> Sequence[Cause]:
        """Return what keeps a canary from its pods: the pod policy, or a model it waits for."""
        if case.canary_policy.denied is not None:
            return (case.canary_policy.denied,)
        stated = case.regional.spec.canary
        if stated is None or case.canary is not None or case.trial.step is not Step.TRY:
            return ()
        own, now = as_endpoint(case.regional, stated), self._clock.now()
        weights = weights_of(own, case.observed.canary.copying, None, self._image, now)
        return weights.causes if weights is not None and not stated.promoting else ()

    def _own_ask(self, case: Case) -> Ask:
        regional, observed = case.regional, case.observed
        running = running_replicas(regional, observed.workload, observed.autoscalers)
        held = rolling_of(regional, observed, case.template).held
        return self._ask(regional, case.template, observed.pods, running, held=held)

    def _canary_ask(self, case: Case) -> Ask | None:
        stated = case.regional.spec.canary
        if stated is None or case.canary is None:
            return None
        own = as_endpoint(case.regional, stated)
        pods = case.observed.canary.pods
        return self._ask(own, case.canary, pods, wanted_replicas(own), held=False)

    def _ask(
        self,
        regional: Regional,
        template: Template | None,
        pods: Pods,
        replicas: int,
        *,
        held: bool,
    ) -> Ask:
        asked = devices(regional.spec.endpoint.resources)
        return Ask(
            replicas=replicas,
            device=asked.resource,
            count=asked.count,
            startup_seconds=startup_of(regional, template),
            largest=self._largest(template, pods, asked.resource),
            claims=self._supply.claims(),
            held=held,
        )

    def _largest(self, template: Template | None, pods: Pods, device: str) -> int | None:
        """Return what the largest node for these pods has; looked up only while a pod waits for one."""
        waits = any(record.unscheduled and not record.node for record in pods.wanted.values())
        room = self._supply.room() if waits and device and template is not None else None
        if room is None or template is None:
            return None
        return room.largest(Need.of(template.body), device)

    async def _last_words(self, regional: Regional, pods: Pods, memory: Memory) -> str:
        """Return the end of a crashing container's log, read once a pod."""
        found = crashing(pods)
        if found is None:
            return ""
        name, record = found
        if record.uid not in memory.logs:
            memory.logs = dict([*memory.logs.items()][-1:])  # that of the other pods at most
            # Of a container that waits for its next run, the last one has the words.
            memory.logs[record.uid] = await self._log_of(
                regional.namespace, name, previous=bool(record.waiting)
            )
        return memory.logs[record.uid]

    async def _log_of(self, namespace: str, pod: str, *, previous: bool) -> str:
        """Return the last words of a container; empty where they cannot be read.

        An API server cuts a log's end, not its beginning: where the last lines are too many bytes,
        fewer are asked for.
        """
        words = ""
        for lines in (_LOG_LINES, LOG_LINES):
            wanted = LogOptions(CONTAINER, lines, previous=previous, max_bytes=_LOG_BYTES)
            try:
                words, size = await self._read_log(namespace, pod, wanted)
            except AbsentError:
                return ""  # the pod or its log is gone; the status says to look at the log
            except ClusterError as error:
                _log.warning("log not readable", pod=pod, error=str(error))
                return ""
            if size < _LOG_BYTES - _CUT_BYTES:
                break
        return words

    async def _read_log(self, namespace: str, pod: str, wanted: LogOptions) -> tuple[str, int]:
        """Return the last words, and how many bytes the answer had."""
        texts: list[str] = []
        size = 0
        async with closing(self._cluster.log_lines(namespace, pod, wanted)) as lines:
            async for line in lines:
                size += len(line.time) + len(line.text.encode()) + 2  # a space and a newline
                texts.append(line.text)
        # Redacted while lines are whole: a message quotes 200 characters of one, and a key has many.
        return "\n".join(last_words(redact_text("\n".join(texts)))), size
