"""Which regions of an endpoint are sent requests, and where they answer."""

from collections.abc import Sequence

from gco.cli.actions.places import chosen_regions
from gco.cli.session import Session
from gco.client.entrance import Caller
from gco.core.fleet.resolve import region_spec
from gco.core.fleet.summary import RegionView
from gco.core.model.ids import RegionName
from gco.errors import UnsupportedStateError
from gco.service.results import EndpointView


def answering(view: EndpointView, wanted: Sequence[str]) -> list[RegionView]:
    """Return the regions that were named, else those that have ready replicas.

    Raises InvalidSpecError for a region that the endpoint does not have, UnsupportedStateError
    where none can be asked.
    """
    rows = {row.region: row for row in view.regions}
    asked = [rows[name] for name in chosen_regions(view, wanted)]
    found = [row for row in asked if row.url and (wanted or row.replicas_ready)]
    if not found:
        raise UnsupportedStateError(_nobody(view, asked))
    return found


def caller(session: Session, view: EndpointView, region: RegionName) -> Caller:
    """Return how the endpoint's route is asked in a region: for which host, and by whom."""
    settings = session.settings
    host = _host_of(view, region)
    return Caller(host, settings.authorization, settings.trusted_hosts)


def _host_of(view: EndpointView, region: RegionName) -> str | None:
    """Return a host name that the endpoint's route takes in a region, None for any.

    Of `*.example.com` it is one that nobody else has.
    """
    own = region_spec(view.spec, region).route
    stated = own.host if own else None
    host = stated or (view.spec.route.host if view.spec.route else None)
    return host.replace("*", view.name, 1) if host else None


def _nobody(view: EndpointView, asked: Sequence[RegionView]) -> str:
    if any(region.replicas_ready for region in asked):
        return f"no address is known of {', '.join(r.region for r in asked)}; see `gco regions`"
    return f"no region answers yet ({view.summary}); `gco wait {view.name}`, then ask again"
