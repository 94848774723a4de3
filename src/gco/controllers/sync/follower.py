"""Follows the store's change log, and keeps what it asks of this region about each endpoint."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from gco.controllers.sync.desired import READ_AT_ONCE, DesiredState, Reader
from gco.core.model.ids import EndpointName, Seq
from gco.core.model.status import Region
from gco.core.sync.copies import Wanted
from gco.core.sync.report import Invalid
from gco.errors import ConflictError, GapError, StoreError, StoreIdentityError
from gco.runtime.backoff import Backoff, Retries, spread
from gco.store.listing import Listing
from gco.store.port import Store, Version
from gco.telemetry import get_logger

BACKOFF = Backoff(0.5, 30.0, jitter=0.5)
STANDBY_SECONDS = 10.0
"""How often a standby reads the change log: often enough to start from nearly everything."""

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
        self._reader = Reader(store, region)
        self._bind = bind
        self._changed = changed
        self._state = DesiredState()
        self._cursor: Seq | None = None
        self._listing: _Attempted | None = None
        """A listing that was interrupted: it continues where it stopped."""
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
        return self._state.wanted.get(name)

    def unknown(self, name: EndpointName) -> bool:
        """Whether the store has a record of the endpoint that cannot be read, and no wish is known.

        Nothing is to be done about it then: that nothing is asked is not known.
        """
        return name in self._state.unread and name not in self._state.wanted

    def invalid(self, name: EndpointName) -> Invalid | None:
        """Return what the region cannot make of the endpoint's record; None where it can."""
        return self._state.invalid.get(name)

    def names(self) -> Sequence[EndpointName]:
        """Return the endpoints that have a target here."""
        return self._state.names()

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
                self._cursor = self._listing = None
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
        async for names, seq in self._log_after(self._cursor):
            await self._reader.read(names, self._state, self._changed)
            self._cursor = seq  # only now: what failed midway is read again
        self._answered()

    async def _list(self) -> Seq:
        """Take a complete listing; return the change up to which it is current.

        What an attempt has read is kept for the next one. Nothing of it shows before all of it is
        there and the change log was read from before the listing began: an endpoint that was listed
        an hour ago, and deleted since, is never acted on.
        """
        uid = await self._bind()
        if self._listing is None or self._listing.uid != uid:
            self._listing = _Attempted(uid, await self._store.head())
        listing, state = self._listing, self._listing.state
        async for endpoint in listing.rest(self._store, state.skip):
            await self._reader.resolve(endpoint, state)
            self._retries.reset()  # the store answers: a listing that gets on is retried soon
        async for names, seq in self._log_after(listing.cursor):
            await self._reader.read(names, state, lambda _: None)
            listing.cursor = seq
        self._listing = None
        self._publish(uid, state)
        _log.info("store listed", endpoints=len(state.wanted), at_change=listing.cursor)
        return listing.cursor

    def _publish(self, uid: str, state: DesiredState) -> None:
        """Replace all that is known by a complete listing of the store `uid`."""
        before, self._state = self._state, state.after(self._state)
        self.store_uid = uid
        first = not self.complete.is_set()
        self.complete.set()
        for name in dict.fromkeys([*before.names(), *self._state.names()]):
            if first or self._state.differs(before, name):
                self._changed(name)

    async def _log_after(self, cursor: Seq) -> AsyncIterator[tuple[Sequence[EndpointName], Seq]]:
        """Yield the names in the changes that follow `cursor`, each with the last of its changes."""
        names: dict[EndpointName, None] = {}
        seq = cursor
        async for change in self._store.changes(cursor):
            names.update(dict.fromkeys(change.names))
            seq = change.seq
            if len(names) >= READ_AT_ONCE:
                yield list(names), seq
                names = {}
        if names:
            yield list(names), seq

    async def _wait_out(self, error: StoreError) -> None:
        if self.unreachable_since is None:
            self.unreachable_since = asyncio.get_running_loop().time()
            _log.error("store not followed", cause=type(error).__name__, error=str(error))
        if isinstance(error, StoreIdentityError):
            self._cursor = None
        await asyncio.sleep(self._retries.failed(at_least=error.retry_after))

    def _answered(self) -> None:
        self._retries.reset()
        if self.unreachable_since is not None:
            seconds = round(asyncio.get_running_loop().time() - self.unreachable_since, 1)
            _log.info("store followed again", after_seconds=seconds)
            self.unreachable_since = None


class _Attempted(Listing):
    """A listing, with what was read of it."""

    def __init__(self, uid: str, head: Seq) -> None:
        super().__init__(uid, head)
        self.state = DesiredState()
