"""What a replica asks of a node, free of contradictions."""

from collections.abc import Iterator
from typing import Final

from gco.core.model.allowed import Path, did_you_mean
from gco.core.model.resources import DEVICES, stated_devices
from gco.core.model.rules.finding import Finding, Known
from gco.core.model.spec import MOST_DEVICES, Accelerator, InferenceEndpoint, Resources
from gco.kinds.canonical import parse_quantity

_PATH: Final[Path] = ("spec", "resources")
_NATIVE: Final = ("cpu", "memory", "ephemeral-storage")


def resource_names(document: InferenceEndpoint, _: Known) -> Iterator[Finding]:
    """A resource is one of Kubernetes' own, or has a domain before it."""
    resources = document.spec.resources or Resources()
    for part in ("requests", "limits"):
        for name in getattr(resources, part) or {}:
            if "/" not in name and name not in _NATIVE and not name.startswith("hugepages-"):
                allowed = f"cpu, memory, or a device such as nvidia.com/gpu{_meant(name)}"
                yield Finding((*_PATH, part, name), name, allowed)


def _meant(name: str) -> str:
    devices = {device.rpartition("/")[2] for device in DEVICES.values()}
    return "; accelerator and count say it best" if name in devices else did_you_mean(name, _NATIVE)


def requests_within_limits(document: InferenceEndpoint, _: Known) -> Iterator[Finding]:
    """A request is at most the limit; of a device both are the same whole number."""
    resources = document.spec.resources or Resources()
    limits = resources.limits or {}
    for name, amount in (resources.requests or {}).items():
        limit, path = limits.get(name), (*_PATH, "requests", name)
        if _extended(name) and name not in DEVICES.values() and limit is None:
            yield Finding(path, amount, "the same in limits, as devices cannot be shared")
        elif limit is None:
            continue
        elif _extended(name) and parse_quantity(amount) != parse_quantity(limit):
            yield Finding(path, amount, f"{limit}, the same as the limit")
        elif parse_quantity(amount) > parse_quantity(limit):
            yield Finding(path, amount, f"at most the limit, {limit}")


def _extended(name: str) -> bool:
    return "/" in name and not name.startswith("kubernetes.io/")


def accelerators(document: InferenceEndpoint, _: Known) -> Iterator[Finding]:
    """`accelerator` and `count` say the same as the devices in requests and limits."""
    resources = document.spec.resources or Resources()
    if resources.accelerator is Accelerator.NONE and resources.count:
        yield Finding((*_PATH, "count"), resources.count, "0, or another accelerator than none")
    stated = sorted(stated_devices(resources))
    kinds = {accelerator for *_, accelerator, _ in stated}
    for part, name, accelerator, amount in stated:
        path = (*_PATH, part, name)
        wanted = parse_quantity(amount)
        if wanted % 1 or wanted > MOST_DEVICES:
            yield Finding(path, amount, f"a whole number, 0 to {MOST_DEVICES}")
        elif len(kinds) > 1:
            yield Finding(path, amount, "one kind of accelerator")
        elif wanted and resources.accelerator not in {None, accelerator}:
            yield Finding(path, amount, f"no {name}, as accelerator is {resources.accelerator}")
        elif resources.count is not None and wanted != resources.count:
            yield Finding(path, amount, f"{resources.count}, as count says; one of them is enough")
