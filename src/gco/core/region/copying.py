"""The copy of an endpoint's model: whether it is whole, which Job it needs, what stands in its way.

The frozen pod template names the folder that was mounted, and so is what says for good that the
model was whole; the Job is there to get it so far, and goes by itself some minutes after its end.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gco.core.model.model_source import job_name, model_name, mount_path
from gco.core.model.model_sync import FINAL, ExitCode, SyncPhase, SyncProgress
from gco.core.model.names import COPY_ACCOUNT, MODEL_CLAIM
from gco.core.model.regional import Regional
from gco.core.model.sizes import readable
from gco.core.region.actions import Rendered
from gco.core.region.cause import Cause
from gco.core.region.causes import IMAGE_WAITS, PATIENCE
from gco.core.region.freeze import Template, thaw
from gco.core.region.model_jobs import Copying, ModelPod
from gco.core.region.observed import Observed
from gco.core.region.render.container import server_container
from gco.core.region.render.model_job import KEPT_SECONDS, model_job
from gco.core.region.unplaced import scheduling_cause, steady


@dataclasses.dataclass(frozen=True, slots=True)
class Weights:
    """How an endpoint stands with its model."""

    source: str
    directory: str | None
    """Below the cache's root, as it is mounted; None while its pods have to wait for it."""
    size: int | None = None
    """Bytes, where it is known."""
    causes: tuple[Cause, ...] = ()
    """Why it is not there."""

    @property
    def awaited(self) -> bool:
        """Whether the pods that are wanted wait for the model."""
        return self.directory is None


def mounted(regional: Regional, template: Mapping[str, Any]) -> str | None:
    """Return the folder of the cache that a pod template mounts as the endpoint's model."""
    model = regional.spec.endpoint.model
    if model is None:
        return None
    path = mount_path(model_name(model))
    mounts = server_container(template).get("volumeMounts") or ()
    return next((each.get("subPath") for each in mounts if each["mountPath"] == path), None)


def directory_of(regional: Regional, observed: Observed) -> str | None:
    """Return the folder of the cache with the model of an endpoint, or of the canary in its guise.

    None where it is to be copied first. Where a frozen template has the model already, its folder
    is taken: another argument of the server is no reason to ask the source again, nor to take what
    it has become.
    """
    model = regional.spec.endpoint.model
    if model is None:
        return None
    job, uid = job_name(model), regional.spec.uid
    records = {**observed.frozen, **observed.canary.frozen}
    known = [
        (record.created, name)
        for name, record in records.items()
        if record.model_job == job and record.endpoint_uid == uid and not record.deleting
    ]
    if known:
        name = max(known)[1]
        return mounted(regional, thaw(name, records[name]).body)
    same = observed.copying.name == job
    outcome = (observed.copying if same else observed.canary.copying).outcome
    return outcome.directory if outcome is not None else None


def wanted_job(regional: Regional, copying: Copying, image: str) -> tuple[Rendered | None, bool]:
    """Return the Job to have, if it is to be applied, and whether the present one is to stay.

    One that is there is never applied anew with another content, since a Job's pods cannot be
    changed: while it copies it stays as it is; once it has failed, or nobody can tell any more what
    it left, another takes its place.
    """
    model = regional.spec.endpoint.model
    if model is None:
        return None, True
    job = copying.job
    told = model_job(model, regional.namespace, image) if image else None
    if job is None or not job.ours:
        return told, True
    if job.complete and not copying.pods:
        return None, False
    if told is not None and job.applied_hash == told.hash:
        return told, True
    return None, not job.failed


def weights_of(
    regional: Regional, copying: Copying, template: Template | None, image: str, now: dt.datetime
) -> Weights | None:
    """Return how an endpoint stands with its model; None where it has none."""
    model = regional.spec.endpoint.model
    if model is None:
        return None
    wanted = template is not None and template.key == regional.spec.template_key
    if template is None or not wanted:
        return Weights(model.uri, None, causes=tuple(_causes(copying, image, now)))
    directory = mounted(regional, template.body) or ""
    outcome = copying.outcome
    same = outcome is not None and outcome.directory == directory
    return Weights(model.uri, directory, outcome.bytes if outcome and same else None)


def _causes(copying: Copying, image: str, now: dt.datetime) -> Iterator[Cause]:
    if not image and copying.job is None:
        told = "GCO_IMAGE is not set on this region's monitor; set it to the image that it runs"
        yield Cause("ModelDownloadFailed", told, final=True)
        return
    pod = copying.pod
    if copying.job is None or (pod is None and not copying.job.failed):
        yield Cause("ModelDownloading", "its copy is about to begin")
    elif pod is None:
        told = f"its Job's pods are gone; see `kubectl describe job {copying.name}`"
        yield Cause("ModelDownloadFailed", told)
    elif copying.job.failed or (copying.job.complete and pod.exit_code is not None):
        yield _failed(pod)
    else:
        yield _under_way(pod, copying.progress, now)


def _under_way(pod: ModelPod, progress: SyncProgress | None, now: dt.datetime) -> Cause:
    if pod.unscheduled and not pod.node:
        return _without_node(pod.unscheduled)
    if pod.waiting in IMAGE_WAITS:
        words = pod.waiting_message or pod.waiting
        told = f"the image that copies it cannot be pulled; {words}; check GCO_IMAGE of the monitor"
        return Cause("ImagePullFailed", told, final=_persists(pod, now))
    if pod.waiting == "CreateContainerConfigError":
        told = f"its copy cannot begin; {pod.waiting_message}; make what is missing"
        return Cause("ModelDownloadFailed", told, final=_persists(pod, now))
    if pod.exit_code:
        return Cause("ModelDownloading", f"its copy broke off ({_why(pod)}); it is gone on with")
    return Cause("ModelDownloading", _how_far(progress) if pod.running else _BEGINS)


_BEGINS: Final = "the pod that copies it is starting"


def _persists(pod: ModelPod, now: dt.datetime) -> bool:
    return pod.unready_since is not None and now - pod.unready_since >= PATIENCE


def judged_again(copying: Copying, now: dt.datetime) -> float | None:
    """Return after how many seconds time alone changes what is said of a copy, or None."""
    pod = copying.pod
    if pod is None or not pod.waiting or pod.unready_since is None or _persists(pod, now):
        return None
    return (pod.unready_since + PATIENCE - now).total_seconds()


def _without_node(words: str) -> Cause:
    words = steady(words)
    reason = scheduling_cause(words).reason
    volume = reason == "VolumeNotFound"
    step = f"create the volume claim {MODEL_CLAIM}" if volume else "add a node, or free some"
    return Cause(reason, f"the pod that copies the model has no node: {words}; {step}")


def _how_far(progress: SyncProgress | None) -> str:
    if progress is None or not progress.bytes_total:
        return "its source is being read"
    if progress.phase is SyncPhase.WAITING:
        return "another Job copies the same model; it is waited for"
    done, total = readable(progress.bytes_done), readable(progress.bytes_total)
    left = f", {_duration(progress.seconds_left)} left" if progress.seconds_left else ""
    return f"{done} of {total}, {readable(progress.bytes_per_second)}/s{left}"


def _duration(seconds: int) -> str:
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds} s"
    minutes = -(-seconds // 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004


def _failed(pod: ModelPod) -> Cause:
    code = pod.exit_code
    step = _STEPS.get(code or 0, "see the log of its Job's pod")
    final = code in FINAL or not code
    again = f"it is tried again {KEPT_SECONDS // 60} minutes after it failed"
    return Cause("ModelDownloadFailed", f"{_why(pod)}; {step}; {again}", final)


def _why(pod: ModelPod) -> str:
    outcome = pod.outcome
    if outcome is not None and outcome.reason != "Complete":
        return f"{outcome.reason}: {outcome.message}"
    if pod.exit_code == 0:
        return "its Job did not say where the model is"
    if pod.exit_code is None:
        return "its pod is gone"
    return f"its Job's pod ended with exit code {pod.exit_code}"


_STEPS: Final[Mapping[int, str]] = {
    0: "check that GCO_IMAGE of the monitor is GCO's own image",
    ExitCode.INVALID: "correct spec.model, or the variables in gco-models",
    ExitCode.MISSING: "upload it, or correct spec.model.uri and path",
    ExitCode.DENIED: f"let {COPY_ACCOUNT} read the bucket, or state spec.model.tokenFrom",
    ExitCode.CORRUPT: "upload it anew, or correct spec.model.digest",
    ExitCode.FULL: f"make room on {MODEL_CLAIM}: `gco models prune`",
    ExitCode.UNAVAILABLE: "check that the source can be reached from this cluster",
    ExitCode.UNUSABLE: f"check that {MODEL_CLAIM} has locks and that user 10001 may write to it",
}
"""What to do about each exit code."""
