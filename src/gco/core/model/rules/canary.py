"""A canary: an image or a revision, and one that the endpoint could run as its own."""

from collections.abc import Iterator
from typing import Final

from gco.core.model.allowed import Path
from gco.core.model.canary import promoted
from gco.core.model.images import is_image, parse_image
from gco.core.model.problems import path_text
from gco.core.model.rules import placement, server
from gco.core.model.rules.finding import Finding, Known
from gco.core.model.spec import InferenceEndpoint

_PATH: Final[Path] = ("spec", "canary")
_SERVING: Final = (
    server.server,
    server.arguments,
    server.listening,
    server.port,
    placement.region_images,
)
"""Rules that go by the image."""


def canary(document: InferenceEndpoint, known: Known) -> Iterator[Finding]:
    """A canary runs one thing, and its promotion would be accepted."""
    stated = document.spec.canary
    if stated is None:
        return
    if (stated.image is None) is (stated.revision is None):
        given = "neither" if stated.image is None else "both"
        yield Finding(_PATH, given, "image or revision, and one of them alone")
    elif stated.image is not None:
        yield from _image(stated.image, document, known)


def _image(image: str, document: InferenceEndpoint, known: Known) -> Iterator[Finding]:
    path: Path = (*_PATH, "image")
    try:
        reference = parse_image(image)
    except ValueError as error:
        yield Finding(path, image, str(error))
        return
    if reference.floating:
        allowed = "may be another image tomorrow: name a version or a digest"
        yield Finding(path, image, allowed, warning=True)
    if is_image(document.spec.image) and all(
        is_image(region.image) for region in document.spec.regions or () if region.image is not None
    ):
        yield from _unfit(path, image, document, known)


def _unfit(path: Path, image: str, document: InferenceEndpoint, known: Known) -> Iterator[Finding]:
    """Yield what would be refused of the endpoint with this image, and is not as it stands."""
    after = document.model_copy(update={"spec": promoted(document.spec, None)})
    for rule in _SERVING:
        before = {(found.path, found.allowed) for found in rule(document, known)}
        for found in rule(after, known):
            if not found.warning and (found.path, found.allowed) not in before:
                where = path_text(found.path)
                allowed = f"an image with which {where} {found.given} is right: {found.allowed}"
                yield Finding(path, image, allowed)
