"""podOverrides: a person's overlay on the pod template, the last word; what it may say is a rule's.

See :mod:`gco.core.model.rules.overrides` for what is refused at the door.
"""

from collections.abc import Mapping
from typing import Any

from gco.kinds.schema import type_named
from gco.kinds.strategic import normal, strategic_merge


def overridden(template: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return `template` with `overrides` merged over it, in the form in which it is applied.

    Tolerations, which a strategic merge would replace, come beside those that the accelerator's
    nodes need: without them no pod could run.
    """
    of = type_named("PodTemplateSpec")
    merged = normal(strategic_merge(template, overrides, of), of)
    ours, all_of_them = template["spec"]["tolerations"], merged["spec"].get("tolerations", [])
    added = [each for each in all_of_them if each not in ours]
    return {**merged, "spec": {**merged["spec"], "tolerations": [*ours, *added]}}
