"""What counts as work: requests to Kubernetes and writes to the store, told apart from upkeep."""

import http.client
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from testbed.audit import Request

_WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"}
_WRITING_ACTIONS = ("Put", "Update", "Delete")
_HEARTBEATS = {"#regions", "#fleet"}
"""Hash keys of the records that a region writes at rest: its own, and the fleet's lease."""


class Tally(NamedTuple):
    """The requests of one program to one API server."""

    work: Counter[str]
    """By verb and resource: everything but leases and watches."""
    leases: int
    watches: int
    made: int
    """Objects that were created, Events left out."""

    @property
    def requests(self) -> int:
        """How many requests were work."""
        return self.work.total()


def tally(requests: Iterable[Request], user_agent: str) -> Tally:
    """Count the requests of the program whose user agent begins with `user_agent`."""
    work: Counter[str] = Counter()
    leases = watches = made = 0
    for request in requests:
        if not request.user_agent.startswith(user_agent):
            continue
        if request.resource == "leases":
            leases += 1
        elif request.verb == "watch":
            watches += 1
        else:
            work[f"{request.verb} {request.resource}"] += 1
            made += request.code == http.client.CREATED and request.resource != "events"
    return Tally(work, leases, watches, made)


class StoreRequest(NamedTuple):
    """One request to the store."""

    operation: str
    writes: bool
    upkeep: bool
    """It writes heartbeats and leases, and nothing else."""


def store_request(target: str, body: bytes) -> StoreRequest:
    """Return what a request of the DynamoDB API is, by its X-Amz-Target header and its JSON."""
    operation = target.rpartition(".")[2]
    if operation not in _WRITES:
        return StoreRequest(operation, writes=False, upkeep=False)
    written = set(_written(operation, json.loads(body)))
    return StoreRequest(operation, writes=True, upkeep=written <= _HEARTBEATS)


def _written(operation: str, request: Mapping[str, Any]) -> Iterator[str]:
    """Yield the hash key of each item that is written."""
    for item in _items(operation, request):
        yield item["pk"]["S"]


def _items(operation: str, request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    match operation:
        case "TransactWriteItems":
            for action in request["TransactItems"]:
                for kind in _WRITING_ACTIONS:
                    if kind in action:
                        yield _item(action[kind])
        case "BatchWriteItem":
            for writes in request["RequestItems"].values():
                for write in writes:
                    yield _item(*write.values())
        case _:
            yield _item(request)


def _item(write: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the item that is put, or the key of the one that is changed or deleted."""
    found: Mapping[str, Any] = write["Item"] if "Item" in write else write["Key"]
    return found
