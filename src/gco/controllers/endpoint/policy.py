"""Holds pod templates to the region's policy before they are frozen."""

import dataclasses
from collections.abc import Collection, Mapping
from typing import Final

from gco.core.model.ids import EndpointUid
from gco.core.model.pod_policy import SETTING, Violation, violations
from gco.core.region.causes import Cause
from gco.core.region.freeze import Template, frozen_in, runs
from gco.core.region.observe import Frozen, Workload

_SHOWN: Final = 3


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What the policy makes of a template."""

    denied: Cause | None = None
    """Why a new template is not used; pods of an earlier one stay."""
    outlived: str = ""
    """What pods that run already ask for although new ones may not; empty: nothing."""


PASSED: Final = Verdict()


def admitted(
    template: Template | None,
    uid: EndpointUid,
    records: Mapping[str, Frozen],
    workload: Workload | None,
    allow: Collection[str] | None,
) -> tuple[Template | None, Verdict]:
    """Return the template to use under the policy, and what to say of it.

    A template that is frozen already, runs, or was adopted stays: a policy restarts no pod. In
    place of a new one that is denied, the one that runs stays, or none.
    """
    found = () if template is None or allow is None else violations(template.body, allow)
    if template is None or not found:
        return template, PASSED
    if template.adopted or template.name in records or runs(workload, template.key, uid):
        message = (
            f"its pods ask for {_listed(found)}, which this region no longer allows to new pods; "
            f"change spec.podOverrides, or allow it in {SETTING} of the monitor"
        )
        return template, Verdict(outlived=message)
    message = (
        f"this region does not allow {_listed(found)}; change spec.podOverrides, or allow "
        f"{', '.join(dict.fromkeys(one.rule for one in found))} in {SETTING} of the monitor"
    )
    return frozen_in(workload, uid, records), Verdict(Cause("PolicyDenied", message, final=True))


def _listed(found: Collection[Violation]) -> str:
    shown = ", ".join(f"{one.path} ({one.given})" for one in [*found][:_SHOWN])
    return shown if len(found) <= _SHOWN else f"{shown} and {len(found) - _SHOWN} more"
