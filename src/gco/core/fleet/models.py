"""Who uses a model: the endpoints that copy it from a bucket, and the folders of a region's cache."""

from collections.abc import Iterable, Mapping

from gco.core.model.endpoint import Endpoint, EndpointState, TargetState
from gco.core.model.ids import EndpointName, RegionName
from gco.core.model.model_source import model_name, source_uri
from gco.core.model.model_uri import S3Uri
from gco.core.model.spec import ModelSource
from gco.core.model.status import ConditionType, RegionStatus


def users_of(uri: S3Uri, endpoints: Iterable[Endpoint]) -> tuple[EndpointName, ...]:
    """Return the endpoints whose model is at `uri`, below it, or is what it is a part of."""
    found = (e.name for e in endpoints if (model := _model(e)) is not None and _meet(model, uri))
    return tuple(sorted(found))


def folders_in_use(
    region: RegionName,
    endpoints: Iterable[Endpoint],
    statuses: Mapping[EndpointName, RegionStatus],
) -> tuple[str, ...]:
    """Return what of a region's cache is in use: folders, and all of a name where that is not sure.

    What the region says of an endpoint is all that its pods may mount, after a rollback too. While
    a copy is under way, or the region has not said anything of the present revision, whatever has
    the model's name counts.
    """
    found = {folder for status in statuses.values() for folder in status.models or ()}
    for endpoint in endpoints:
        target, model = endpoint.targets.get(region), _model(endpoint)
        if target is None or target.state is TargetState.DELETED or model is None:
            continue
        status = statuses.get(endpoint.name)
        current = status is not None and status.uid == target.uid
        if status is None or not current or not _settled(status, target.revision):
            found.add(model_name(model))
    return tuple(sorted(found))


def _settled(status: RegionStatus, revision: int) -> bool:
    ready = status.condition(ConditionType.MODEL_READY)
    said = ready is not None and ready.status == "True"
    return said and status.observed_revision >= revision and status.models is not None


def _model(endpoint: Endpoint) -> ModelSource | None:
    return None if endpoint.state is EndpointState.DELETED else endpoint.spec.model


def _meet(model: ModelSource, uri: S3Uri) -> bool:
    source = source_uri(model)
    if not isinstance(source, S3Uri) or source.bucket != uri.bucket:
        return False
    one, other = f"{source.key}/", f"{uri.key}/"
    return one.startswith(other) or other.startswith(one) or not uri.key or not source.key
