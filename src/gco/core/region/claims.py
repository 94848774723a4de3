"""Records of Karpenter's NodeClaims: nodes that are being made, and what stands in their way."""

import dataclasses
from typing import Any, Final

from gco.core.region.actions import Manifest

_WAITS: Final = frozenset({"AwaitingReconciliation", ""})
"""Reasons of a launch that nothing stands in the way of."""


@dataclasses.dataclass(frozen=True, slots=True)
class Claim:
    """A node that is being made, or was."""

    launched: bool
    """The cloud has given a machine for it."""
    problem: str
    """Why there is none yet, in Karpenter's words; empty where nothing is wrong."""


def read_claim(manifest: Manifest) -> Claim:
    """Return the record of a NodeClaim."""
    conditions = (manifest.get("status") or {}).get("conditions") or ()
    found: dict[str, Any] = next((c for c in conditions if c["type"] == "Launched"), {})
    if found.get("status") == "True":
        return Claim(launched=True, problem="")
    waits = found.get("reason", "") in _WAITS
    return Claim(launched=False, problem="" if waits else found.get("message") or found["reason"])
