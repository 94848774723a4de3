"""A listing of the store that continues after an interruption where it stopped."""

from collections.abc import AsyncIterator

from gco.core.model.endpoint import Endpoint
from gco.core.model.ids import EndpointName, Seq
from gco.errors import UnreadableError
from gco.store.port import Store, Unread


class Listing:
    """One listing of the endpoints of the store `uid`, over as many attempts as it takes.

    `head` is the head of the change log from before the first record was read: everything that is
    written while the listing lasts, and that it may therefore miss, is in the log after `head`.
    """

    def __init__(self, uid: str, head: Seq) -> None:
        self.uid = uid
        self.cursor = head
        """The reader has the listed records as of this change, or of a later one."""
        self.last: EndpointName | None = None
        """The last name that the reader has taken, None before the first."""

    async def rest(self, store: Store, unread: Unread) -> AsyncIterator[Endpoint]:
        """Every endpoint by name that no attempt has yielded before.

        An endpoint counts as taken when the next one is asked for. `unread` is called with the
        records that cannot be read.
        """

        def skipped(name: EndpointName, error: UnreadableError) -> None:
            unread(name, error)
            self.last = name

        async for endpoint in store.list(after=self.last, unread=skipped):
            yield endpoint
            self.last = endpoint.name
