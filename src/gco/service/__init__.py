"""The use cases that the command line, the API and the dashboard share."""

from gco.service.batches import InterruptedBatchError
from gco.service.flags import DeployFlags
from gco.service.results import (
    Applied,
    Deleted,
    Fate,
    HistoryEntry,
    Moved,
    Outcome,
    RegionEffect,
    RegionInfo,
    Restart,
)
from gco.service.service import Service
from gco.service.wait import Until

__all__ = [
    "Applied",
    "Deleted",
    "DeployFlags",
    "Fate",
    "HistoryEntry",
    "InterruptedBatchError",
    "Moved",
    "Outcome",
    "RegionEffect",
    "RegionInfo",
    "Restart",
    "Service",
    "Until",
]
