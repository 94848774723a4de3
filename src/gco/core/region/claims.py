"""Records of Karpenter's NodeClaims: nodes that are being made, and what stands in their way."""

import dataclasses
from typing import Final

from gco.core.region.actions import Manifest
from gco.kinds.reading import as_mapping, as_mappings, quote

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
    conditions = as_mappings(as_mapping(manifest.get("status")).get("conditions"))
    found = next((c for c in conditions if c.get("type") == "Launched"), {})
    if found.get("status") == "True":
        return Claim(launched=True, problem="")
    reason, message = quote(found.get("reason")), quote(found.get("message"))
    return Claim(launched=False, problem="" if reason in _WAITS else message or reason)
