"""How a change reaches the pods: at once, or on a share of the requests first."""

import enum
from typing import Annotated

from pydantic import Field

from gco.core.model.base import Model
from gco.core.model.spec.values import Flag, Image, Weight


class Canary(Model):
    """A second version that takes a share of the traffic."""

    image: Image | None = None
    """The image that the canary runs, where it is not a revision; rewritten for each region as
    spec.image is, and all else as the endpoint has it."""
    revision: Annotated[int, Field(ge=1, strict=True)] | None = None
    """The revision whose pods the canary runs: image, arguments, resources and all."""
    weight: Weight = 10
    """Its share of the requests in per cent, 1 to 99."""
    replicas: Annotated[int, Field(ge=1, le=1000, strict=True)] = 1
    """Its pods in each region."""


class RolloutStrategy(enum.StrEnum):
    """How pods of a new template replace those of the old one."""

    AUTO = "auto"
    """A new pod first where its accelerators are free, or nodes are made; else one at a time in place."""
    SURGE = "surge"
    """A new pod first, always: needs an accelerator more."""
    IN_PLACE = "in-place"
    """An old pod goes first, one at a time: needs no accelerator more."""
    RECREATE = "recreate"
    """Every old pod goes before the first new one comes."""


class Rollout(Model):
    """How a change of the pod template reaches the pods."""

    strategy: RolloutStrategy | None = None
    """auto unless said."""
    allow_downtime: Flag | None = None
    """May the last pod go before its replacement is ready; no unless said."""
