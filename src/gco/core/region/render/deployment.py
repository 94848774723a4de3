"""The Deployment: how many pods of the frozen template, and how a new template replaces an old."""

from collections.abc import Mapping
from typing import Any

from gco.core.model.names import (
    APP_LABEL,
    ROLLOUT_ANNOTATION,
    TEMPLATE_KEY_ANNOTATION,
    UNAVAILABLE_ANNOTATION,
    deployment_name,
)
from gco.core.model.regional import Regional
from gco.core.model.scaling import fewest_stated
from gco.core.model.spec import Rollout, RolloutStrategy
from gco.core.region.actions import Rendered
from gco.core.region.freeze import Template
from gco.core.region.render.container import startup_seconds
from gco.core.region.render.objects import envelope, rendered
from gco.core.region.replacing import Replacing, may_gap
from gco.kinds.registry import DEPLOYMENT

_HISTORY = 2
"""Old ReplicaSets that Kubernetes keeps; rollbacks go by our own revisions."""
_STARTUP_MARGIN = 300
"""Seconds beyond the start-up budget for scheduling a pod and pulling its image."""
_ALL = 100
"""Per cent of the replicas: all of them."""


def deployment(
    regional: Regional,
    template: Template,
    replicas: int | None,
    selector: Mapping[str, str] | None = None,
    *,
    covered: bool = False,
    replacing: Replacing | None = None,
    fewest: int | None = None,
    running: int | None = None,
    unavailable: int = 0,
) -> Rendered:
    """Return the Deployment with `replicas` pods of `template`; None leaves their number to others.

    `selector` is that of a Deployment which someone else made: it can never change. `covered`: a
    canary answers every request meanwhile, or these are a canary's pods and have no share, so that
    pods may go before others are ready. `replacing`
    is how pods are replaced, where that was chosen by what is free. `fewest` is the smallest number
    of replicas that may run while this stands; None: what the spec alone allows. `running` is how many
    are to run now, whoever says so; None: `replicas`. `unavailable` is the
    per cent of replicas that may be missing, where pods without room raised it; 0: one pod.
    """
    how = strategy(
        regional.spec.endpoint.rollout,
        _fewest(regional) if fewest is None else fewest,
        running=(replicas or 0) if running is None else running,
        covered=covered,
        replacing=replacing,
        unavailable=unavailable,
    )
    spec = {
        **({} if replicas is None else {"replicas": replicas}),
        "selector": {"matchLabels": dict(selector or {APP_LABEL: regional.name})},
        "template": template.body,
        "strategy": how,
        "paused": False,
        "minReadySeconds": 0,
        "revisionHistoryLimit": _HISTORY,
        "progressDeadlineSeconds": startup_seconds(template.body) + _STARTUP_MARGIN,
    }
    name = deployment_name(regional.name)
    notes: dict[str, str] = {TEMPLATE_KEY_ANNOTATION: template.key}
    if replacing is not None:
        notes[ROLLOUT_ANNOTATION] = replacing.value
    if unavailable and how.get("rollingUpdate", {}).get("maxUnavailable"):
        notes[UNAVAILABLE_ANNOTATION] = str(unavailable)
    head = envelope(DEPLOYMENT, name, regional, notes)
    return rendered({**head, "spec": spec})


def _fewest(regional: Regional) -> int:
    return fewest_stated(regional.spec.endpoint.autoscaling, regional.spec.replicas)


def strategy(
    rollout: Rollout | None,
    fewest: int,
    *,
    running: int = 0,
    covered: bool = False,
    replacing: Replacing | None = None,
    unavailable: int = 0,
) -> dict[str, Any]:
    """Return the Deployment's strategy; `replacing` is what was chosen for `auto`.

    Where nothing was, for want of a count, `auto` never waits for an accelerator that does not exist
    while several replicas run: one may leave before its replacement is ready. That one is a share of
    those that are `running`, since a share of a single pod is none: nothing is missing once someone
    else scales to 1. With `fewest` at 1, no pod leaves first, also where in place is stated or was
    chosen earlier, unless downtime is allowed or a canary answers. Where a pod may leave first,
    `unavailable` per cent of them may be missing, or one if that is 0.
    """
    stated = (rollout and rollout.strategy) or RolloutStrategy.AUTO
    chosen = Replacing.IN_PLACE if covered else replacing
    may_be_all = covered or bool(rollout and rollout.allow_downtime)
    match stated, chosen:
        case RolloutStrategy.RECREATE, _:
            return {"type": "Recreate"}
        case (RolloutStrategy.IN_PLACE, _) | (RolloutStrategy.AUTO, Replacing.IN_PLACE):
            gap = covered or may_gap(rollout, fewest)
            missing = _share(unavailable, may_be_all=may_be_all) if unavailable else 1
            return _rolling(surge=int(not gap), unavailable=missing if gap else 0)
        case (RolloutStrategy.SURGE, _) | (RolloutStrategy.AUTO, Replacing.SURGE):
            return _rolling(surge=1, unavailable=0)
        case _:
            one = -(-_ALL // max(1, fewest, running))
            missing = _share(max(one, unavailable), may_be_all=may_be_all)
            return _rolling(surge=1, unavailable=missing if fewest > 1 else 0)


def _share(per_cent: int, *, may_be_all: bool) -> str:
    """Return how many of the pods may be missing at once: never all, unless that is allowed."""
    return f"{min(per_cent, _ALL if may_be_all else _ALL - 1)}%"


def _rolling(*, surge: int, unavailable: int | str) -> dict[str, Any]:
    numbers = {"maxSurge": surge, "maxUnavailable": unavailable}
    return {"type": "RollingUpdate", "rollingUpdate": numbers}
