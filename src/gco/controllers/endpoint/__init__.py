"""The endpoint loop: makes each custom resource of a region true, and says why it is not yet.

It observes through informers, lets :mod:`gco.core.region` decide, and acts on the cluster.
"""

from gco.controllers.endpoint.controller import EndpointController

__all__ = ["EndpointController"]
