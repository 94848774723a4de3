"""One reason why something is not as it should be, and what it is judged by."""

import dataclasses
from collections.abc import Mapping

from gco.core.region.claims import Claim


@dataclasses.dataclass(frozen=True, slots=True)
class Cause:
    """One reason why something is not as it should be."""

    reason: str
    message: str
    final: bool = False
    """Waiting alone will not mend it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Ask:
    """What each pod asks for, and what is known of what there is."""

    replicas: int
    device: str
    """The accelerator's resource name; empty where none is asked for."""
    count: int
    startup_seconds: int
    largest: int | None = None
    """The most accelerators, in use or free, of one node that its pods may use; None: not known."""
    claims: Mapping[str, Claim] | None = None
    """Nodes that are being made, by the name of their NodeClaim; None where nobody makes any."""
    held: bool = False
    """A single pod serves on until its replacement finds room."""
