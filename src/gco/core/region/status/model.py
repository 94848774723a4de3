"""Whether the weights are in the region's cache, and why not."""

from gco.core.model.regional import RegionalStatus
from gco.core.model.sizes import readable
from gco.core.model.status import ConditionType
from gco.core.region.causes import worst
from gco.core.region.copying import Weights
from gco.core.region.stage import Stage
from gco.core.region.status.view import Said, View

_SHOWN = 12
"""Digits of a digest that are told."""


def model(view: View, previous: RegionalStatus | None) -> Said:
    """Return what ModelReady says of an endpoint that has a model."""
    weights = view.weights or Weights("", None)
    if weights.directory is not None:
        return Said("True", "ModelReady", _there(weights, weights.directory, previous))
    cause = worst(weights.causes)
    if view.stage is not Stage.SERVE or cause is None:
        return Said("False", "NotWanted", "no pods are wanted")
    return Said("False", cause.reason, cause.message)


def folders_in_use(view: View) -> tuple[str, ...]:
    """Return the folders of the cache that frozen templates mount: those of a rollback too."""
    records = (*view.observed.frozen.values(), *view.observed.canary.frozen.values())
    return tuple(sorted({record.model_folder for record in records if record.model_folder}))


def _there(weights: Weights, directory: str, previous: RegionalStatus | None) -> str:
    """Say where it is and how large; the size is known of a copy that was just made, then as told."""
    if not directory:
        return f"{weights.source} is where its pods were made to find it"
    name, _, digest = directory.partition("/")
    facts = f"{weights.source} is cached as {name}/{digest[:_SHOWN]}"
    if weights.size is not None:
        return f"{facts}, {readable(weights.size)}"
    told = previous.condition(ConditionType.MODEL_READY) if previous is not None else None
    return told.message if told is not None and told.message.startswith(f"{facts},") else facts
