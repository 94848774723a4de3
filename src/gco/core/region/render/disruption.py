"""The PodDisruptionBudget: a drained node takes one pod of an endpoint at a time."""

from gco.core.model.names import APP_LABEL, disruption_budget_name
from gco.core.model.regional import Regional
from gco.core.region.actions import Rendered
from gco.core.region.render.objects import envelope, rendered
from gco.kinds.registry import POD_DISRUPTION_BUDGET


def disruption_budget(regional: Regional) -> Rendered:
    """Return the PodDisruptionBudget, which holds up no node for a pod that does not answer anyway.

    A single replica may go too: a budget of none would keep its node from ever being drained.
    """
    spec = {
        "maxUnavailable": 1,
        "selector": {"matchLabels": {APP_LABEL: regional.name}},
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }
    head = envelope(POD_DISRUPTION_BUDGET, disruption_budget_name(regional.name), regional)
    return rendered({**head, "spec": spec})
