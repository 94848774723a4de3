"""The sync loop: carries wishes from the store to a region's cluster, and reports back."""

from gco.cluster.identity import identify_cluster
from gco.controllers.sync.controller import SyncController

__all__ = ["SyncController", "identify_cluster"]
