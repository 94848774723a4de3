"""The Deployment: how many pods of the frozen template, and how a new template replaces an old."""

from collections.abc import Mapping
from typing import Any

from gco.core.model.names import APP_LABEL, TEMPLATE_KEY_ANNOTATION, deployment_name
from gco.core.model.regional import Regional
from gco.core.model.spec import Rollout, RolloutStrategy
from gco.core.region.actions import Rendered
from gco.core.region.freeze import Template
from gco.core.region.render.container import startup_seconds
from gco.core.region.render.objects import envelope, rendered
from gco.kinds import DEPLOYMENT

_HISTORY = 2
"""Old ReplicaSets that Kubernetes keeps; rollbacks go by our own revisions."""
_STARTUP_MARGIN = 300
"""Seconds beyond the start-up budget for scheduling a pod and pulling its image."""


def deployment(
    regional: Regional,
    template: Template,
    replicas: int | None,
    selector: Mapping[str, str] | None = None,
    *,
    covered: bool = False,
) -> Rendered:
    """Return the Deployment with `replicas` pods of `template`; None leaves their number to others.

    `selector` is that of a Deployment which someone else made: it can never change. `covered`: a
    canary answers every request meanwhile, so that pods may go before others are ready.
    """
    spec = {
        **({} if replicas is None else {"replicas": replicas}),
        "selector": {"matchLabels": dict(selector or {APP_LABEL: regional.name})},
        "template": template.body,
        "strategy": strategy(
            regional.spec.endpoint.rollout, regional.spec.replicas, covered=covered
        ),
        "paused": False,
        "minReadySeconds": 0,
        "revisionHistoryLimit": _HISTORY,
        "progressDeadlineSeconds": startup_seconds(template.body) + _STARTUP_MARGIN,
    }
    name = deployment_name(regional.name)
    head = envelope(DEPLOYMENT, name, regional, {TEMPLATE_KEY_ANNOTATION: template.key})
    return rendered({**head, "spec": spec})


def strategy(rollout: Rollout | None, replicas: int, *, covered: bool = False) -> dict[str, Any]:
    """Return the Deployment's strategy.

    `auto` never waits for an accelerator that does not exist while several replicas run: one may
    leave before its replacement is ready. A single one may not, so that nothing goes dark.
    """
    stated = (rollout and rollout.strategy) or RolloutStrategy.AUTO
    match stated:
        case RolloutStrategy.RECREATE:
            return {"type": "Recreate"}
        case RolloutStrategy.IN_PLACE:
            return _rolling(surge=0, unavailable=1)
        case RolloutStrategy.SURGE:
            return _rolling(surge=1, unavailable=0)
        case RolloutStrategy.AUTO if covered:
            return _rolling(surge=0, unavailable=1)
        case RolloutStrategy.AUTO:
            return _rolling(surge=1, unavailable=int(replicas > 1))


def _rolling(*, surge: int, unavailable: int) -> dict[str, Any]:
    numbers = {"maxSurge": surge, "maxUnavailable": unavailable}
    return {"type": "RollingUpdate", "rollingUpdate": numbers}
