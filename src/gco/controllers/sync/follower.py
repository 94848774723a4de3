"""Follows the store's change log, and keeps what it asks of this region about each endpoint."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence

import pydantic

from gco.core.fleet.regional import regional_spec
from gco.core.model.endpoint import Endpoint, RegionTarget, TargetState
from gco.core.model.ids import EndpointName, Seq
from gco.core.model.status import Region
from gco.core.sync.copies import Wanted
from gco.core.sync.report import Invalid
from gco.errors import (
    ConflictError,
    GapError,
    NotFoundError,
    StoreError,
    StoreIdentityError,
    StoreUnavailableError,
)
from gco.runtime.backoff import Backoff, Retries, spread
from gco.store.port import Store, Version
from gco.telemetry import get_logger

BACKOFF = Backoff(0.5, 30.0, jitter=0.5)
STANDBY_SECONDS = 10.0
"""How often a standby reads the change log: often enough to start from nearly everything."""
_READ_AT_ONCE = 100
"""Endpoints read together: the most that DynamoDB takes in one request."""

_log = get_logger(__name__)


class Follower:
    """What the store asks of `region`, current for as long as `run` runs and the store answers.

    `bind` is awaited before each listing, and returns the store's uid or raises: ConflictError ends
    `run`, as does what is no StoreError; any other is waited out.
    `changed` is called with the name of each endpoint whose wish may have changed. It keeps the
    last known wishes when the store is out of reach; `complete` is set once they are all known.

    It follows slowly, as a standby does, until `lead` asks it to follow closely; `caught_up` is set
    from the first read that began after that.
    """

    def __init__(
        self,
        store: Store,
        region: Region,
        bind: Callable[[], Awaitable[str]],
        changed: Callable[[EndpointName], None],
    ) -> None:
        self._store = store
        self._region = region
        self._bind = bind
        self._changed = changed
        self._wanted: dict[EndpointName, Wanted] = {}
        self._unread: set[EndpointName] = set()
        self._invalid: dict[EndpointName, Invalid] = {}
        self._cursor: Seq | None = None
        self._retries = Retries(BACKOFF)
        self.store_uid = ""
        self.complete = asyncio.Event()
        self.caught_up = asyncio.Event()
        self._leading = asyncio.Event()
        self._term = 0
        self.unreachable_since: float | None = None
        """Loop time at which the store stopped answering; None while it answers."""

    def get(self, name: EndpointName) -> Wanted | None:
        """Return what is asked about one endpoint, None where this region has no target."""
        return self._wanted.get(name)

    def unknown(self, name: EndpointName) -> bool:
        """Whether the store has a record of the endpoint that cannot be read, and no wish is known.

        Nothing is to be done about it then: that nothing is asked is not known.
        """
        return name in self._unread and name not in self._wanted

    def invalid(self, name: EndpointName) -> Invalid | None:
        """Return what the region cannot make of the endpoint's record; None where it can."""
        return self._invalid.get(name)

    def names(self) -> Sequence[EndpointName]:
        """Return the endpoints that have a target here."""
        return list(dict.fromkeys([*self._wanted, *self._invalid]))

    def lead(self) -> None:
        """Follow closely from now on, and read what a standby has not read yet at once."""
        self._term += 1
        self.caught_up.clear()
        self._leading.set()

    def stand_by(self) -> None:
        """Follow slowly from now on: nobody acts on what is read."""
        self._leading.clear()
        self.caught_up.clear()

    async def run(self) -> None:
        """Follow until cancelled; raises ConflictError where the region is another cluster's."""
        seen = Version(0)
        while True:
            try:
                seen = await self._due(seen)
                term = self._term
                await self._read()
                if term == self._term and self._leading.is_set():
                    self.caught_up.set()
            except GapError:
                self._cursor = None
                seen = Version(0)
            except ConflictError:
                raise
            except StoreError as error:  # away, another store, or a record that cannot be read
                await self._wait_out(error)
                seen = Version(0)

    async def _due(self, seen: Version) -> Version:
        """Return when the change log is to be read, with the version of the store to wait on next.

        A leader waits for the store; a standby for its own longer pause, or until it leads.
        """
        if self._cursor is None or self._leading.is_set():
            return await self._store.wait(seen)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(spread(STANDBY_SECONDS)):
                await self._leading.wait()
        return Version(0)

    async def _read(self) -> None:
        if self._cursor is None:
            self._cursor = await self._list()
        names: dict[EndpointName, None] = {}
        cursor = self._cursor
        async for change in self._store.changes(cursor):
            names.update(dict.fromkeys(change.names))
            cursor = change.seq
        await self._take(list(names))
        self._cursor = cursor  # only now: what failed midway is read again
        self._answered()

    async def _list(self) -> Seq:
        """Take a complete listing; return the change that it follows at the latest."""
        self.store_uid = await self._bind()
        head = await self._store.head()
        listed: dict[EndpointName, Wanted] = {}
        before, self._unread, self._invalid = self._wanted, set(), {}
        async for endpoint in self._store.list(unread=self._not_understood):
            resolved = await self._resolved(endpoint)
            listed |= {name: wanted for name, wanted in resolved.items() if wanted is not None}
        listed |= {name: wanted for name, wanted in before.items() if name in self._unread}
        self._wanted = listed
        first = not self.complete.is_set()
        self.complete.set()
        for name in dict.fromkeys([*before, *listed]):
            if first or before.get(name) != listed.get(name):
                self._changed(name)
        _log.info("store listed", endpoints=len(listed), at_change=head)
        return head

    def _not_understood(self, name: EndpointName, error: StoreError) -> None:
        """Note that the record of `name` cannot be read: its last known wish stands."""
        if name not in self._unread:
            _log.error("record not understood", endpoint=name, error=str(error))
        self._unread.add(name)

    async def _take(self, names: Sequence[EndpointName]) -> None:
        for start in range(0, len(names), _READ_AT_ONCE):
            found = await self._found(names[start : start + _READ_AT_ONCE])
            for name, endpoint in found.items():
                resolved = await self._resolved(endpoint) if endpoint else {name: None}
                for known, wanted in resolved.items():
                    self._put(known, wanted)

    async def _found(self, names: Sequence[EndpointName]) -> Mapping[EndpointName, Endpoint | None]:
        """Return what the store has now, None for nothing, without what cannot be read.

        The last known desired state of such an endpoint stands.
        """
        unread: set[EndpointName] = set()

        def not_understood(name: EndpointName, error: StoreError) -> None:
            unread.add(name)
            self._not_understood(name, error)

        found = await self._store.get_many(names, unread=not_understood)
        return {name: found.get(name) for name in names if name not in unread}

    async def _resolved(self, endpoint: Endpoint) -> Mapping[EndpointName, Wanted | None]:
        """What the endpoint asks of this region, by its name, None for nothing.

        Empty where that is out of bounds, or its revision's record cannot be read: the last known
        wish stands, as for a record that cannot be read.
        """
        name, target = endpoint.name, endpoint.targets.get(self._region.name)
        if target is None:
            return {name: None}
        try:
            return {name: await self._wanted_of(endpoint, target)}
        except pydantic.ValidationError as error:
            problems = StoreError(f"the record of {name} is out of bounds: {_brief(error)}")
        except (StoreUnavailableError, StoreIdentityError):
            raise
        except StoreError as error:
            problems = error
        self._not_understood(name, problems)
        self._invalid[name] = Invalid(name, target.uid, target.revision, str(problems))
        self._changed(name)
        return {}

    async def _wanted_of(self, endpoint: Endpoint, target: RegionTarget) -> Wanted:
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

    def _put(self, name: EndpointName, wanted: Wanted | None) -> None:
        known = name not in self._unread
        self._unread.discard(name)
        self._invalid.pop(name, None)
        if known and self._wanted.get(name) == wanted:
            return
        if wanted is None:
            self._wanted.pop(name, None)
        else:
            self._wanted[name] = wanted
        self._changed(name)

    async def _wait_out(self, error: StoreError) -> None:
        if self.unreachable_since is None:
            self.unreachable_since = asyncio.get_running_loop().time()
            _log.error("store not followed", cause=type(error).__name__, error=str(error))
        if isinstance(error, StoreIdentityError):
            self._cursor = None
        await asyncio.sleep(self._retries.failed())

    def _answered(self) -> None:
        self._retries.reset()
        if self.unreachable_since is not None:
            seconds = round(asyncio.get_running_loop().time() - self.unreachable_since, 1)
            _log.info("store followed again", after_seconds=seconds)
            self.unreachable_since = None


def _brief(error: pydantic.ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(map(str, (error.title, *first['loc'])))}: {first['msg']}"
