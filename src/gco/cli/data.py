"""Facts as JSON-like data: what a table tells, in a shape that scripts can rely on.

Fields are named as on the wire (camelCase), absent ones are left out, times are ISO 8601 in UTC.
A command about one thing prints an object, one about several a list.
"""

from collections.abc import Sequence
from typing import Any

from gco.core.model.base import Model
from gco.core.model.profiles import infer_server
from gco.core.model.resources import devices
from gco.core.model.spec import API_VERSION, KIND
from gco.service.results import EndpointView

_DETAIL = {"spec"}


def plain(result: Model) -> dict[str, Any]:
    """Return a result as JSON-like data."""
    return result.model_dump(mode="json", exclude_none=True)


def plain_all(results: Sequence[Model]) -> list[dict[str, Any]]:
    """Return results as JSON-like data."""
    return [plain(result) for result in results]


def status(view: EndpointView) -> dict[str, Any]:
    """Return an endpoint as it is now; the spec in full is what `gco get` prints."""
    spec = view.spec
    asked = devices(spec.resources)
    return {
        **view.model_dump(mode="json", exclude_none=True, exclude=_DETAIL),
        "image": spec.image,
        "server": (spec.server or infer_server(spec.image)).value,
        "accelerator": asked.accelerator.value,
        "acceleratorsPerReplica": asked.count,
    }


def document(view: EndpointView, *, defaults: bool = False) -> dict[str, Any]:
    """Return the endpoint as a document that `gco apply` takes: as stated, or all `defaults` said."""
    spec = view.effective if defaults else view.spec
    metadata = {"name": view.name, "namespace": view.namespace, "labels": view.labels}
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {key: value for key, value in metadata.items() if value},
        "spec": spec.model_dump(mode="json", exclude_none=True),
    }
