"""Results: a number beside its target, as a table for people and as JSON for machines."""

import dataclasses
import enum
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table


class Sense(enum.Enum):
    """Which side of a target is the good one."""

    AT_MOST = "≤"
    AT_LEAST = "≥"


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """A number to design for."""

    sense: Sense
    value: float

    def met_by(self, measured: float) -> bool:
        """Return whether `measured` is on the good side."""
        if self.sense is Sense.AT_MOST:
            return measured <= self.value
        return measured >= self.value


def at_most(value: float) -> Target:
    """Return the target that `value` is not exceeded."""
    return Target(Sense.AT_MOST, value)


def at_least(value: float) -> Target:
    """Return the target that `value` is reached."""
    return Target(Sense.AT_LEAST, value)


@dataclasses.dataclass(frozen=True, slots=True)
class Measure:
    """One number that was measured, or why it was not."""

    name: str
    value: float | None
    """None where it could not be measured; `note` says why."""
    unit: str
    samples: int
    target: Target | None = None
    """None where the number only puts others into proportion."""
    note: str = ""
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """What the number is made of, for the JSON alone."""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.target is None:
            return None
        return self.value is not None and self.target.met_by(self.value)


def failed(name: str, error: Exception) -> Measure:
    """Return the row of what was to be measured and came to nothing."""
    return Measure(name, None, "", 0, note=f"not measured: {error}")


def table(measures: Sequence[Measure], title: str) -> Table:
    """Return the table that people read."""
    made = Table(title=title, title_justify="left")
    for heading in ("measure", "measured", "target", "met?"):
        made.add_column(heading, justify="left" if heading == "measure" else "right")
    for measure in measures:
        name = f"{measure.name}\n  [dim]{measure.note}[/dim]" if measure.note else measure.name
        made.add_row(name, _measured(measure), _target(measure), _met(measure.met))
    return made


def as_json(measures: Sequence[Measure], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the whole result as JSON."""
    return {"facts": dict(facts), "measures": [_plain(measure) for measure in measures]}


def _plain(measure: Measure) -> dict[str, Any]:
    target = measure.target
    return {
        "name": measure.name,
        "value": measure.value,
        "unit": measure.unit,
        "samples": measure.samples,
        "target": None if target is None else {"sense": target.sense.value, "value": target.value},
        "met": measure.met,
        "note": measure.note,
        "details": dict(measure.details),
    }


def _measured(measure: Measure) -> str:
    if measure.value is None:
        return "-"
    return f"{measure.value:.4g} {measure.unit}".rstrip()


def _target(measure: Measure) -> str:
    if measure.target is None:
        return ""
    return f"{measure.target.sense.value} {measure.target.value:g} {measure.unit}".rstrip()


def _met(met: bool | None) -> str:
    if met is None:
        return ""
    return "[green]yes[/green]" if met else "[red]no[/red]"
