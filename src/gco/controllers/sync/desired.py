"""What the store asks of one region, read from the records of its endpoints."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import pydantic

from gco.core.fleet.regional import regional_spec
from gco.core.model.endpoint import Endpoint, RegionTarget, TargetState
from gco.core.model.ids import EndpointName
from gco.core.model.status import Region
from gco.core.sync.copies import Wanted
from gco.core.sync.report import Invalid
from gco.errors import NotFoundError, StoreError, StoreIdentityError, StoreUnavailableError
from gco.store.port import Store
from gco.telemetry import get_logger

READ_AT_ONCE = 100
"""Endpoints read together: the most that DynamoDB takes in one request."""

_log = get_logger(__name__)


@dataclasses.dataclass(slots=True)
class DesiredState:
    """What the store asks of a region about each endpoint, as far as it was read."""

    wanted: dict[EndpointName, Wanted] = dataclasses.field(default_factory=dict)
    unread: set[EndpointName] = dataclasses.field(default_factory=set)
    """Endpoints whose records cannot be read: what was last known about them stands."""
    invalid: dict[EndpointName, Invalid] = dataclasses.field(default_factory=dict)
    """Why the region cannot resolve a record, where it can read it otherwise."""

    def put(self, name: EndpointName, wanted: Wanted | None) -> bool:
        """Store what is asked about `name`, None for nothing; return whether that is a change."""
        readable = name not in self.unread
        self.unread.discard(name)
        self.invalid.pop(name, None)
        if readable and self.wanted.get(name) == wanted:
            return False
        if wanted is None:
            self.wanted.pop(name, None)
        else:
            self.wanted[name] = wanted
        return True

    def skip(self, name: EndpointName, error: StoreError) -> None:
        """Note that the record of `name` cannot be read."""
        if name not in self.unread:
            _log.error("record not understood", endpoint=name, error=str(error))
        self.unread.add(name)

    def after(self, before: "DesiredState") -> "DesiredState":
        """Return this state, completed by what `before` knows of records that cannot be read."""
        last_known = {n: wanted for n, wanted in before.wanted.items() if n in self.unread}
        return dataclasses.replace(self, wanted={**last_known, **self.wanted})

    def differs(self, other: "DesiredState", name: EndpointName) -> bool:
        """Whether the two states ask different things about `name`."""
        mine = self.wanted.get(name), self.invalid.get(name)
        return mine != (other.wanted.get(name), other.invalid.get(name))

    def names(self) -> Sequence[EndpointName]:
        """Return the endpoints that have a target in the region."""
        return list(dict.fromkeys([*self.wanted, *self.invalid]))


class Reader:
    """Reads records of `store` for `region`."""

    def __init__(self, store: Store, region: Region) -> None:
        self._store = store
        self._region = region

    async def read(
        self,
        names: Sequence[EndpointName],
        state: DesiredState,
        changed: Callable[[EndpointName], object],
    ) -> None:
        """Read the endpoints into `state`, and call `changed` with each about which that changes."""
        for start in range(0, len(names), READ_AT_ONCE):
            found = await self._found(names[start : start + READ_AT_ONCE], state)
            for name, endpoint in found.items():
                if endpoint is not None:
                    is_change = await self.resolve(endpoint, state)
                else:
                    is_change = state.put(name, None)
                if is_change:
                    changed(name)

    async def resolve(self, endpoint: Endpoint, state: DesiredState) -> bool:
        """Store in `state` what the endpoint asks of this region; return whether it is a change.

        The last known desired state stands where that is out of bounds, or the revision's record
        cannot be read, as for a record that cannot be read.
        """
        name, target = endpoint.name, endpoint.targets.get(self._region.name)
        if target is None:
            return state.put(name, None)
        try:
            return state.put(name, await self._wanted(endpoint, target))
        except pydantic.ValidationError as error:
            problem = StoreError(f"the record of {name} is out of bounds: {_brief(error)}")
        except (StoreUnavailableError, StoreIdentityError):
            raise
        except StoreError as error:
            problem = error
        state.skip(name, problem)
        state.invalid[name] = Invalid(name, target.uid, target.revision, str(problem))
        return True

    async def _found(
        self, names: Sequence[EndpointName], state: DesiredState
    ) -> Mapping[EndpointName, Endpoint | None]:
        """Return what the store has now, None for nothing, without what cannot be read.

        The last known desired state of such an endpoint stands.
        """
        unread: set[EndpointName] = set()

        def not_understood(name: EndpointName, error: StoreError) -> None:
            unread.add(name)
            state.skip(name, error)

        found = await self._store.get_many(names, unread=not_understood)
        return {name: found.get(name) for name in names if name not in unread}

    async def _wanted(self, endpoint: Endpoint, target: RegionTarget) -> Wanted:
        edition = await self._edition(endpoint, target)
        spec = regional_spec(edition, target, self._region)
        return Wanted.of(endpoint.name, endpoint.namespace, spec, created=endpoint.created_at)

    async def _edition(self, endpoint: Endpoint, target: RegionTarget) -> Endpoint:
        """The endpoint as of the target's revision, where regions are not all at the same one.

        What a region is to remove is the same in every revision.
        """
        if target.revision == endpoint.revision or target.state is TargetState.DELETED:
            return endpoint
        try:
            found = await self._store.revision(endpoint.name, endpoint.uid, target.revision)
        except NotFoundError:
            _log.warning("revision not kept", endpoint=endpoint.name, revision=target.revision)
            return endpoint
        return endpoint.model_copy(update={"spec": found.spec, "labels": found.labels})


def _brief(error: pydantic.ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(map(str, (error.title, *first['loc'])))}: {first['msg']}"
