"""What a replica asks of a node: accelerators by their resource names, requests and limits."""

import dataclasses
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from gco.core.model.spec import MOST_DEVICES, Accelerator, Resources
from gco.kinds.canonical import parse_quantity

DEVICES: Final[Mapping[Accelerator, str]] = {
    Accelerator.NVIDIA: "nvidia.com/gpu",
    Accelerator.NEURON: "aws.amazon.com/neuron",
    Accelerator.AMD: "amd.com/gpu",
}
"""The extended resource that a node offers for each accelerator."""

DEFAULT_ACCELERATOR: Final = Accelerator.NVIDIA
DEFAULT_COUNT: Final = 1
"""Devices a replica."""
DEFAULT_REQUESTS: Final[Mapping[str, str]] = {"cpu": "1", "memory": "4Gi"}
"""Lowered to a stated limit that is below."""
DEFAULT_LIMITS: Final[Mapping[str, str]] = {"cpu": "4", "memory": "16Gi"}
"""Raised to a stated request that is above."""

_ACCELERATORS: Final = {device: accelerator for accelerator, device in DEVICES.items()}


@dataclasses.dataclass(frozen=True, slots=True)
class Devices:
    """The accelerators of each replica."""

    accelerator: Accelerator
    count: int
    """0 exactly where the accelerator is none."""

    @property
    def resource(self) -> str:
        """The resource name, or empty where there is none."""
        return DEVICES.get(self.accelerator, "")


def stated_devices(resources: Resources | None) -> Iterator[tuple[str, str, Accelerator, str]]:
    """Yield (`requests` or `limits`, resource name, accelerator, amount) of each device named there."""
    for part in ("requests", "limits"):
        amounts = (getattr(resources, part) if resources else None) or {}
        for name in amounts.keys() & _ACCELERATORS:
            yield part, name, _ACCELERATORS[name], amounts[name]


def devices(resources: Resources | None) -> Devices:
    """Return the accelerators: those stated, else those named in limits or requests, else one GPU.

    A count of 0 is accelerator none. Contradictions are refused by :mod:`gco.core.model.rules`.
    """
    stated = resources or Resources()
    named = next(
        (
            (accelerator, min(int(parse_quantity(amount)), MOST_DEVICES))
            for *_, accelerator, amount in stated_devices(resources)
        ),
        (DEFAULT_ACCELERATOR, DEFAULT_COUNT),
    )
    accelerator = named[0] if stated.accelerator is None else stated.accelerator
    count = named[1] if stated.count is None else stated.count
    if accelerator is Accelerator.NONE or count == 0:
        return Devices(Accelerator.NONE, 0)
    return Devices(accelerator, count)


def requests_and_limits(resources: Resources | None) -> tuple[dict[str, str], dict[str, str]]:
    """Return both with their defaults, none of which contradicts what was stated."""
    requests = dict((resources and resources.requests) or {})
    limits = dict((resources and resources.limits) or {})
    for name, amount in DEFAULT_REQUESTS.items():
        requests.setdefault(name, min(amount, limits.get(name, amount), key=_number))
    for name, amount in DEFAULT_LIMITS.items():
        limits.setdefault(name, max(amount, requests[name], key=_number))
    return requests, limits


def without_devices(amounts: Mapping[str, str]) -> dict[str, str]:
    """Return `amounts` less the accelerators, which `accelerator` and `count` stand for."""
    return {name: amount for name, amount in amounts.items() if name not in _ACCELERATORS}


def _number(amount: str) -> Decimal:
    return parse_quantity(amount)
