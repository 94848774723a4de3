"""Where an endpoint runs: regions that exist, each once, and what is said of their pods."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from gco.core.model.allowed import Path, did_you_mean
from gco.core.model.images import is_image
from gco.core.model.profiles import infer_server
from gco.core.model.rules.finding import Finding, Known
from gco.core.model.spec import InferenceEndpoint, Scheduling

_CAPACITY_TYPE: Final = "karpenter.sh/capacity-type"
_TOLERATION: Final = frozenset({"key", "operator", "value", "effect", "tolerationSeconds"})


def regions(document: InferenceEndpoint, known: Known) -> Iterator[Finding]:
    """Every region is registered, and named once."""
    stated = document.spec.regions
    if stated == ():
        yield Finding(("spec", "regions"), [], "at least one; leave it out for every region")
    times = Counter(region.name for region in stated or ())
    registered = None if known.regions is None else sorted(r.name for r in known.regions)
    for number, region in enumerate(stated or ()):
        path = ("spec", "regions", number, "name")
        if times[region.name] > 1:
            yield Finding(path, region.name, "each region once")
            times[region.name] = 0  # said of the first
        if registered is not None and region.name not in registered:
            yield Finding(path, region.name, _unknown(region.name, registered))


def _unknown(name: str, registered: Sequence[str]) -> str:
    near = did_you_mean(name, registered)
    listed = ", ".join(registered) if registered else "none yet: start `gco monitor` in a cluster"
    return f"not a region here{near} (known: {listed})"


def region_images(document: InferenceEndpoint, _: Known) -> Iterator[Finding]:
    """The server is the same everywhere, as port and probes go by it."""
    spec = document.spec
    if spec.server is not None:
        return
    server = infer_server(spec.image)
    for number, region in enumerate(spec.regions or ()):
        if region.image is None or not is_image(region.image):
            continue
        if infer_server(region.image) is not server:
            allowed = (
                f"an image that is known as {server}'s, as spec.image is; else say spec.server"
            )
            yield Finding(("spec", "regions", number, "image"), region.image, allowed)


def scheduling(document: InferenceEndpoint, _: Known) -> Iterator[Finding]:
    """Capacity and node selector agree; tolerations are tolerations."""
    spec = document.spec
    yield from _scheduling(("spec", "scheduling"), spec.scheduling)
    for number, region in enumerate(spec.regions or ()):
        yield from _scheduling(("spec", "regions", number, "scheduling"), region.scheduling)


def _scheduling(path: Path, stated: Scheduling | None) -> Iterator[Finding]:
    if stated is None:
        return
    selected = (stated.node_selector or {}).get(_CAPACITY_TYPE)
    if selected is not None and stated.capacity not in {None, selected}:
        allowed = f"{stated.capacity}, as scheduling.capacity says; one of them is enough"
        yield Finding((*path, "nodeSelector", _CAPACITY_TYPE), selected, allowed)
    for number, toleration in enumerate(stated.tolerations or ()):
        for key in sorted(toleration.keys() - _TOLERATION):
            allowed = f"no such field{did_you_mean(key, _TOLERATION)}"
            yield Finding((*path, "tolerations", number, key), toleration[key], allowed)
