"""Records of the Jobs that copy models into a region's cache, and of their pods."""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pydantic

from gco.core.model.model_sync import SyncOutcome, SyncProgress
from gco.core.model.names import (
    HASH_ANNOTATION,
    JOB_LABEL,
    MANAGER,
    MODEL_CONTAINER,
    TYPE_LABEL,
    TYPE_MODEL,
)
from gco.core.region.actions import Manifest
from gco.core.region.observe import Child
from gco.core.region.pods import unscheduled_words
from gco.kinds.ownership import owned_hash
from gco.kinds.reading import LONGEST_NAME, clip, clip_start, quote

_LONGEST_OUTCOME: Final = 4096
"""Bytes of a termination message, which kubelet itself keeps to that."""


@dataclasses.dataclass(frozen=True, slots=True)
class ModelJob(Child):
    """A Job; it is nobody's alone, so that no annotation names an endpoint."""

    copies: bool
    """It is one of those that copy a model."""
    complete: bool
    failed: bool
    """It has given up, and makes no further pod."""

    @property
    def ours(self) -> bool:
        """Whether GCO applied it."""
        return self.owned_hash is not None


@dataclasses.dataclass(frozen=True, slots=True)
class ModelPod:
    """One try of a copy."""

    uid: str
    job: str
    created: str
    phase: str
    node: str
    unscheduled: str
    """The scheduler's words on why no node takes it."""
    waiting: str
    waiting_message: str
    running: bool
    exit_code: int | None
    """None until it has ended."""
    message: str
    """What it left behind at its end."""
    unready_since: dt.datetime | None = None
    """Since when it is on its node, where that is known."""

    @property
    def outcome(self) -> SyncOutcome | None:
        """How the copy ended, in its own words; None where it left none that can be read."""
        return next(_outcomes(self.message), None)


@dataclasses.dataclass(frozen=True, slots=True)
class Copying:
    """What there is of the copy that an endpoint asks for."""

    name: str = ""
    """Of the Job that would copy it; empty where no model is wanted."""
    job: ModelJob | None = None
    pods: Mapping[str, ModelPod] = dataclasses.field(default_factory=dict)
    progress: SyncProgress | None = None
    """Of the pod that runs; None while nothing is known of it."""
    abandoned: Mapping[str, ModelJob] = dataclasses.field(default_factory=dict)
    """Jobs of models that no endpoint of this namespace wants any more."""

    @property
    def pod(self) -> ModelPod | None:
        """The latest try."""
        return max(self.pods.values(), key=lambda pod: (pod.created, pod.uid), default=None)

    @property
    def outcome(self) -> SyncOutcome | None:
        """How the copy ended where it is complete; None where nobody can tell, or it is not."""
        if self.job is None or not (self.job.complete and self.job.ours):
            return None
        told = (pod.outcome for pod in self.pods.values() if pod.exit_code == 0)
        return next((found for found in told if found is not None and found.directory), None)


def model_job(manifest: Manifest) -> ModelJob:
    """Return the record of a Job."""
    meta = manifest["metadata"]
    annotations = meta.get("annotations") or {}
    status = manifest.get("status") or {}
    return ModelJob(
        uid=meta["uid"],
        app="",
        endpoint_uid=None,
        labelled=False,
        deleting=meta.get("deletionTimestamp") is not None,
        applied_hash=clip(annotations.get(HASH_ANNOTATION), LONGEST_NAME) or None,
        owned_hash=owned_hash(manifest, MANAGER),
        copies=(meta.get("labels") or {}).get(TYPE_LABEL) == TYPE_MODEL,
        complete=_is(status, "Complete"),
        failed=_is(status, "Failed"),
    )


def model_pod(manifest: Manifest) -> ModelPod:
    """Return the record of a pod of such a Job."""
    meta, status = manifest["metadata"], manifest.get("status") or {}
    container = _container(status)
    state = container.get("state") or {}
    waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
    return ModelPod(
        uid=meta["uid"],
        job=(meta.get("labels") or {}).get(JOB_LABEL, ""),
        created=meta.get("creationTimestamp") or "",
        phase=status.get("phase") or "Pending",
        node=manifest["spec"].get("nodeName") or "",
        unscheduled=unscheduled_words(status),
        waiting=clip(waiting.get("reason")),
        waiting_message=quote(waiting.get("message")),
        running="running" in state,
        exit_code=ended.get("exitCode"),
        message=clip_start(ended.get("message"), _LONGEST_OUTCOME),
        unready_since=_started(status),
    )


def read_progress(line: str) -> SyncProgress | None:
    """Return what a line of a copy's log says of its progress; None for any other line."""
    try:
        return SyncProgress.model_validate_json(line)
    except pydantic.ValidationError:
        return None


def _outcomes(message: str) -> Iterator[SyncOutcome]:
    """Yield the outcome in a termination message, which may be the end of a log."""
    for line in reversed(message.splitlines()):
        try:
            yield SyncOutcome.model_validate_json(line)
        except pydantic.ValidationError:
            continue


def _container(status: Mapping[str, Any]) -> dict[str, Any]:
    statuses = status.get("containerStatuses") or ()
    return next((each for each in statuses if each["name"] == MODEL_CONTAINER), {})


def _is(status: Mapping[str, Any], kind: str) -> bool:
    conditions = status.get("conditions") or ()
    return any(each["type"] == kind and each["status"] == "True" for each in conditions)


def _started(status: Mapping[str, Any]) -> dt.datetime | None:
    begun = status.get("startTime")
    return dt.datetime.fromisoformat(begun) if begun else None
