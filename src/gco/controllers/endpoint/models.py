"""What is known of the copies of models in one namespace: Jobs, their pods, and how far each is.

How far a copy is stands in the log of its pod, which is followed as it grows: nothing is polled,
and what copies needs neither a token nor a permission.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, Final

from gco.cluster.port import Cluster, LogOptions
from gco.core.model.ids import EndpointName
from gco.core.model.model_sync import SyncProgress
from gco.core.model.names import MODEL_CONTAINER, SELECT_MODELS
from gco.core.region.model_jobs import (
    Copying,
    ModelJob,
    ModelPod,
    model_job,
    model_pod,
    read_progress,
)
from gco.errors import AbsentError, ClusterError
from gco.kinds.registry import JOB, POD
from gco.runtime.backoff import Backoff, Retries
from gco.runtime.informer import Informer
from gco.runtime.metrics import SILENT, ControllerMetrics
from gco.runtime.streams import closing
from gco.telemetry import get_logger

_log = get_logger(__name__)

ANY_JOB: Final = "*"
"""What an endpoint asks for whose models, if any, cannot be read off its spec now."""
REPORT_SECONDS: Final = 10.0
"""At least this long between two reports of progress, in which the copy also took a step. Each costs
a write of the status, and one of the store, for every endpoint that waits for the model."""
REPORT_SHARE: Final = 0.05
"""The step, as a share of all bytes."""
REPORT_ANYWAY_SECONDS: Final = 60.0
"""After this long a report needs no step: a slow copy is seen to move."""
_BACKOFF: Final = Backoff(1.0, 30.0)


class Models:
    """The informers of one namespace's model Jobs, and the logs of those that run."""

    def __init__(
        self, cluster: Cluster, namespace: str, metrics: ControllerMetrics = SILENT
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self.jobs: Informer[ModelJob] = Informer(
            cluster, JOB, namespace, project=model_job, metrics=metrics
        )
        self.pods: Informer[ModelPod] = Informer(
            cluster,
            POD,
            namespace,
            project=model_pod,
            labels=SELECT_MODELS,
            index=lambda record: record.job,
            metrics=metrics,
        )
        self._enqueue: Callable[[EndpointName], None] = _nobody
        self._progress: dict[str, SyncProgress] = {}
        self._reported: dict[str, tuple[float, SyncProgress]] = {}
        self._asked: dict[str, frozenset[str]] = {}
        """By endpoint, the Jobs of the models that it asks for."""
        self._askers: dict[str, set[str]] = {}

    def informers(self) -> Iterator[Informer[Any]]:
        """Yield every informer."""
        yield self.jobs
        yield self.pods

    def ask(self, endpoint: str, jobs: frozenset[str]) -> None:
        """Take note of the Jobs of the models that an endpoint asks for, in place of those before."""
        for job in self._asked.pop(endpoint, frozenset()):
            self._askers[job].discard(endpoint)
        for job in jobs:
            self._askers.setdefault(job, set()).add(endpoint)
        if jobs:
            self._asked[endpoint] = jobs

    def subscribe(self, enqueue: Callable[[EndpointName], None]) -> None:
        """Have `enqueue` called with each endpoint whose model there is news of."""
        self._enqueue = enqueue
        self.jobs.subscribe(lambda name, _old, _new: self._tell(name))
        self.pods.subscribe(lambda _, old, new: self._tell(_job(old, new)))

    def copying(self, job: str) -> Copying:
        """Return what there is of the copy by `job`, and the Jobs that nobody asks for any more."""
        others = self.jobs.items()
        abandoned = {n: r for n, r in others.items() if r.copies and r.ours and self._is_free(n)}
        if not job:
            return Copying(abandoned=abandoned)
        pods = self.pods.indexed(job)
        told = (self._progress.get(name) for name, pod in pods.items() if pod.running)
        progress = next((found for found in told if found is not None), None)
        return Copying(job, self.jobs.get(job), pods, progress, abandoned)

    async def follow(self) -> None:
        """Follow the log of each pod that copies, until cancelled."""
        wake = asyncio.Event()
        unsubscribe = self.pods.subscribe(lambda *_: wake.set())
        followed: dict[str, asyncio.Task[None]] = {}
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    running = {n: pod for n, pod in self.pods.items().items() if pod.running}
                    for name in followed.keys() - running.keys():
                        followed.pop(name).cancel()
                    for name in running.keys() - followed.keys():
                        job = running[name].job
                        followed[name] = tasks.create_task(self._follow(name, job))
                    await wake.wait()
                    wake.clear()
        finally:
            unsubscribe()

    async def _follow(self, pod: str, job: str) -> None:
        retries = Retries(_BACKOFF)
        try:
            while True:
                try:
                    await self._read(pod, job, retries)
                except AbsentError:
                    pass  # it has not begun, or is gone: its pod's next event tells which
                except ClusterError as error:
                    _log.warning("progress not readable", pod=pod, error=str(error))
                await asyncio.sleep(retries.failed())
        finally:
            self._progress.pop(pod, None)
            self._reported.pop(pod, None)

    async def _read(self, pod: str, job: str, retries: Retries) -> None:
        wanted = LogOptions(MODEL_CONTAINER, lines=1, follow=True)
        stream = self._cluster.log_lines(self._namespace, pod, wanted)
        async with closing(stream) as lines:
            async for line in lines:
                retries.reset()
                progress = read_progress(line.text)
                if progress is not None:
                    self._take(pod, job, progress)

    def _take(self, pod: str, job: str, progress: SyncProgress) -> None:
        self._progress[pod] = progress
        now = asyncio.get_running_loop().time()
        if progress.bytes_total and _is_due(progress, now, self._reported.get(pod)):
            self._reported[pod] = (now, progress)
            self._tell(job)

    def _tell(self, job: str) -> None:
        for endpoint in self._askers.get(job, ()):
            self._enqueue(EndpointName(endpoint))

    def _is_free(self, job: str) -> bool:
        """Whether no endpoint asks for that Job, nor may: some cannot be understood."""
        return not (self._askers.get(job) or self._askers.get(ANY_JOB))


def _is_due(
    progress: SyncProgress, now: float, reported: tuple[float, SyncProgress] | None
) -> bool:
    if reported is None:
        return True
    at, before = reported
    step = abs(progress.bytes_done - before.bytes_done) >= REPORT_SHARE * progress.bytes_total
    step = step or progress.phase is not before.phase
    return now - at >= (REPORT_SECONDS if step else REPORT_ANYWAY_SECONDS)


def _nobody(_: EndpointName) -> None:
    return None


def _job(old: ModelPod | None, new: ModelPod | None) -> str:
    record = new or old
    return record.job if record is not None else ""
