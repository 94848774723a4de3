"""Which endpoint of the region has each route, over all of its namespaces.

`gco apply` refuses a route that another endpoint has. Two people who apply at the same moment pass that
check; then the endpoint that was created first keeps the route, and the other one says so.
"""

from collections.abc import Callable
from typing import TypeAlias

from gco.core.model.endpoint import TargetState
from gco.core.model.ids import EndpointName
from gco.core.model.regional import Regional
from gco.core.model.route_claims import Claimant, first_claimant, route_key
from gco.core.model.spec import Route

Owner: TypeAlias = tuple[str, EndpointName]


class Contest:
    """The claims of every custom resource; `changed` is called with who gains or loses a route."""

    def __init__(self, changed: Callable[[str, EndpointName], None]) -> None:
        self._changed = changed
        self._of: dict[Owner, Claimant] = {}
        self._by_place: dict[tuple[str, str], dict[Owner, Claimant]] = {}

    def update(self, namespace: str, name: str, resource: object) -> None:
        """Take in what a custom resource claims now; None for one that is gone."""
        owner = (namespace, EndpointName(name))
        before, after = self._of.get(owner), _claimant(resource)
        if before == after:
            return
        affected: set[Owner] = set()
        if before is not None:
            rest = self._by_place[before.place]
            del rest[owner], self._of[owner]
            affected |= rest.keys()
        if after is not None:
            self._of[owner] = after
            there = self._by_place.setdefault(after.place, {})
            affected |= there.keys()
            there[owner] = after
        if before is not None and not self._by_place[before.place]:
            del self._by_place[before.place]
        for other in affected - {owner}:
            self._changed(*other)

    def lost_to(self, regional: Regional) -> EndpointName | None:
        """Return the endpoint that has the route of `regional`; None where it has it itself."""
        mine = self._of.get((regional.namespace, regional.name))
        if mine is None:
            return None
        holder = first_claimant(mine, self._by_place[mine.place].values())
        return None if holder == mine else holder.name


def _claimant(resource: object) -> Claimant | None:
    if not isinstance(resource, Regional) or resource.spec.state is TargetState.DELETED:
        return None
    route = resource.spec.endpoint.route or Route()
    key = route_key(resource.name, resource.namespace, route)
    return Claimant(resource.created, resource.spec.uid, resource.name, resource.namespace, key)
