"""The fleet loop: one leader over all regions, which moves what needs every region in view."""

from gco.controllers.fleet.controller import FleetController
from gco.controllers.fleet.lease import FleetLeaseLock

__all__ = ["FleetController", "FleetLeaseLock"]
