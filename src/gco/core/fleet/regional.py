"""What the custom resource of one region says: the endpoint as that region is to make it true."""

from gco.core.fleet.resolve import resolve, resolve_canary
from gco.core.model.canary import pods_only
from gco.core.model.endpoint import CanaryTarget, Endpoint, RegionTarget
from gco.core.model.regional import RegionalCanary, RegionalSpec
from gco.core.model.status import Region


def regional_spec(endpoint: Endpoint, target: RegionTarget, region: Region) -> RegionalSpec:
    """Return the spec of the custom resource that makes `target` true in `region`."""
    return RegionalSpec(
        uid=target.uid,
        revision=target.revision,
        template_key=target.template_key,
        state=target.state,
        replicas=target.replicas,
        labels=endpoint.labels,
        adopts=endpoint.adopts,
        endpoint=resolve(endpoint.spec, region),
        canary=_canary(endpoint, target.canary, region),
    )


def _canary(
    endpoint: Endpoint, target: CanaryTarget | None, region: Region
) -> RegionalCanary | None:
    if target is None:
        return None
    pods = None
    if not target.promoting:
        pods = pods_only(resolve_canary(endpoint.spec, endpoint.canary_base, region))
    return RegionalCanary(
        template_key=target.template_key,
        weight=target.weight,
        replicas=target.replicas,
        promoting=target.promoting,
        endpoint=pods,
    )
