"""What a rule is given, and what it says."""

import dataclasses
from collections.abc import Collection, Sequence

from gco.core.model.allowed import Path
from gco.core.model.route_claims import OtherRoutes
from gco.core.model.spec import EndpointSpec
from gco.core.model.status import Region


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """What is known beside the document itself; None where nothing is."""

    regions: Sequence[Region] | None = None
    """Every registered region."""
    namespaces: Collection[str] | None = None
    """The namespaces in which endpoints are allowed."""
    whole: bool = True
    """Whether what the document leaves out has its default, rather than a value that is stored."""
    routes: OtherRoutes | None = None
    """The routes of other endpoints."""
    stored: EndpointSpec | None = None
    """The spec that the endpoint has now, where it exists."""


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule found, refused unless it is but a warning."""

    path: Path
    given: object
    allowed: str
    """What would be right; of a warning, what to do."""
    warning: bool = False
