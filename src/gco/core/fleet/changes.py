"""A change of one field, as people are told of it."""

import re
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from gco.core.model.base import Model

JSON: TypeAlias = Any
"""A dict, list, string, number, bool or None."""
MASK: Final = "***"
"""What is told in place of a secret."""
_EDGE: Final = re.compile(r"^.*[=:@/]", re.DOTALL)


class FieldChange(Model):
    """One field that an edit adds, changes or takes away."""

    path: str
    """As a person writes it: `spec.args[2]`, `spec.env[HF_HOME].value`."""
    before: str | None
    """None where the field was not stated."""
    after: str | None
    """None where the field is no longer stated."""

    @property
    def text(self) -> str:
        """The change on one line, what both values begin with said once: `web:v1 → v2`."""
        return f"{self.path}  {self.values}"

    @property
    def values(self) -> str:
        """The values alone: `--max-model-len=8192 → 16384`."""
        if self.before is None:
            return f"+ {self.after}"
        if self.after is None:
            return f"- {self.before}"
        return f"{self.before} → {self.after[_common_edge(self.before, self.after) :]}"


def describe(changes: Sequence[FieldChange], *, limit: int = 3) -> str:
    """Return the changes in a few words, for a history: `image v0.8.4 → v0.8.5, args[2]`."""
    told = [_brief(change) for change in changes[:limit]]
    more = len(changes) - limit
    return ", ".join([*told, f"{more} more"] if more > 0 else told)


def _brief(change: FieldChange) -> str:
    path = change.path.removeprefix("spec.").removeprefix("metadata.")
    if path not in {"image", "replicas", "state"} and not path.endswith((".image", ".replicas")):
        return path
    if change.before is None or change.after is None:
        return f"{path} {change.values}"
    edge = _common_edge(change.before, change.after)
    return f"{path} {change.before[edge:]} → {change.after[edge:]}"


def _common_edge(before: str, after: str) -> int:
    """Return how much both begin with, up to a separator that a person would break at."""
    found = _EDGE.match(before)
    while found:
        edge = found.group()
        if after.startswith(edge):
            return len(edge)
        found = _EDGE.match(edge[:-1])
    return 0
