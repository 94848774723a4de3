"""Following a change log: one query from where the reader stands, which ends with the head."""

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

from gco.core.model.endpoint import Change
from gco.core.model.ids import EndpointName, Seq
from gco.errors import UnreadableError
from gco.store import rules
from gco.store.dynamodb import keys
from gco.store.dynamodb.attributes import Item, Key, number_of, text, texts_of
from gco.store.dynamodb.client import Client, Patience
from gco.store.dynamodb.transactions import read_together

_UNSETTLED = 2
"""Transactions that may be in their last phase: the next one needs the head that this one moved."""
SETTLING = 0.5
"""Seconds that an entry may be missing before it counts as expired.

A query may see the head, or a later entry, of a transaction whose other items are about to show.
"""


async def follow(client: Client, log: str, after: Seq) -> AsyncIterator[Change]:
    """Changes that follow `after`, in order and without gaps; raises GapError."""
    position = after
    patience: Patience | None = None  # begun where an entry is missing: readers take their time
    while True:
        found, end = await _page(client, log, position)
        for change in found:
            if change.seq != position + 1:
                break
            position, patience = change.seq, None
            yield change
        if end == position:
            return
        if found and found[-1].seq == position and end is None:
            continue  # a full page; there are more
        patience = patience or Patience(SETTLING)
        if (end is not None and end < position) or not await patience.pause():
            raise rules.gap(position, found[-1].seq if end is None else end)


async def settled_head(client: Client, log: str, where: Callable[[EndpointName], Key]) -> Seq:
    """Return the log's last number once the records that its last entries name show it, too.

    Who takes the head, lists, and follows from that head must find in the listing all that came
    before. `where` tells the key of the record that an entry speaks of.
    """
    newest = [item async for item in client.query(log, newest=1 + _UNSETTLED)]
    named = [name for item in newest if "names" in item for name in _names(item)]
    await read_together(client, [where(EndpointName(name)) for name in dict.fromkeys(named)])
    return Seq(number_of(newest[0], "seq") if newest else 0)


async def _page(client: Client, log: str, after: Seq) -> tuple[Sequence[Change], Seq | None]:
    """Return what follows `after`, and the head, or None where the page ends before it."""
    answer = await client.query_page(
        "pk = :pk AND sk > :after",
        {":pk": text(log), ":after": text(keys.log_entry(log, after)[1])},
    )
    return entries(answer["Items"], None if "LastEvaluatedKey" in answer else Seq(0))


def entries(items: Sequence[Item], end: Seq | None) -> tuple[Sequence[Change], Seq | None]:
    """Return the changes among `items`, and the head, or `end` where the head is not among them.

    An entry that cannot be read is left out: to a reader it is a gap, after which everything is
    listed. Raises UnreadableError where the head cannot be read.
    """
    found = []
    for item in items:
        if item["sk"]["S"] == keys.HEAD:
            end = Seq(number_of(item, "seq"))
        else:
            with contextlib.suppress(UnreadableError):
                names = tuple(map(EndpointName, texts_of(item, "names")))
                found.append(Change(Seq(number_of(item, "seq")), names))
    return found, end


def _names(item: Item) -> Sequence[str]:
    """Return the names of an entry, none where it cannot be read: nobody is told of it."""
    try:
        return texts_of(item, "names")
    except UnreadableError:
        return ()
