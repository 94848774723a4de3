"""Fields that are known but do nothing yet: refused, so that nothing is ignored in silence."""

from collections.abc import Iterator
from typing import Final

from gco.core.model.allowed import Path
from gco.core.model.base import Model
from gco.core.model.rules.finding import Finding, Known
from gco.core.model.spec import InferenceEndpoint

NOT_YET: Final = (("EndpointSpec", "model"),)
"""The class and the field of each, as written."""
_ALLOWED: Final = "not supported yet; leave it out"


def not_supported_yet(document: InferenceEndpoint, _: Known) -> Iterator[Finding]:
    """Refuse what a later version brings."""
    spec = document.spec
    yield from _fields(("spec",), spec)
    for number, region in enumerate(spec.regions or ()):
        yield from _fields(("spec", "regions", number), region)


def _fields(path: Path, stated: Model) -> Iterator[Finding]:
    written = stated.model_dump(mode="json", exclude_none=True)
    for owner, field in NOT_YET:
        if owner == type(stated).__name__ and field in written:
            yield Finding((*path, field), written[field], _ALLOWED)
