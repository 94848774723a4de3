"""Where each record lives in the table: its hash key `pk` and its range key `sk`."""

from typing import Final

from gco.core.model.ids import EndpointName, EndpointUid, RegionName, RevisionNumber, Seq
from gco.store.dynamodb.attributes import Key

ENDPOINTS: Final = "#endpoints"
CHANGES: Final = "#changes"
REGIONS: Final = "#regions"
PURGED: Final = "#purged"
"""Endpoints that are purged and whose revisions are yet to be deleted."""
FLEET_LEASE: Final = ("#fleet", "lease")
IDENTITY: Final = ("#store", "identity")
HEAD: Final = "head"
"""The range key of a log's head. It sorts after every number: one query ends with it."""


def endpoint(name: EndpointName) -> Key:
    """Return the key of an endpoint's record."""
    return ENDPOINTS, name


def revisions(name: EndpointName, uid: EndpointUid) -> str:
    """Return the hash key of an endpoint's revisions."""
    return f"{name}#{uid}"


def revision(name: EndpointName, uid: EndpointUid, number: RevisionNumber) -> Key:
    """Return the key of one revision."""
    return revisions(name, uid), f"{number:010d}"


def log_entry(log: str, seq: Seq) -> Key:
    """Return the key of one entry of a change log."""
    return log, f"{seq:016d}"


def region(name: RegionName) -> Key:
    """Return the key of a region's record."""
    return REGIONS, name


def statuses(region: RegionName) -> str:
    """Return the hash key of what a region says."""
    return f"#status/{region}"


def status(region: RegionName, name: EndpointName) -> Key:
    """Return the key of what a region says of one endpoint."""
    return statuses(region), name


def status_log(region: RegionName) -> str:
    """Return the hash key of the log of what a region says."""
    return f"#status-log/{region}"
