"""Facts as JSON and YAML: what a table tells, in a shape that scripts can rely on.

Fields are named as on the wire (camelCase), absent ones are left out, times are ISO 8601 in UTC.
A command about one thing prints an object, one about several a list.
"""

from collections.abc import Sequence
from typing import Any

import orjson
import yaml
from typing_extensions import override

from gco.cli.options import Format
from gco.core.model.base import Model
from gco.core.model.resources import devices
from gco.core.model.scalars import scalar
from gco.core.model.spec import API_VERSION, KIND
from gco.service.results import EndpointView

_DETAIL = {"spec", "effective"}


def as_text(data: Any, output: Format) -> str:  # noqa: ANN401  (JSON-like data)
    """Return `data` as JSON or YAML text that ends with a newline."""
    if output is Format.JSON:
        return orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)


def as_line(data: Any) -> str:  # noqa: ANN401  (JSON-like data)
    """Return `data` as JSON on one line: one of a series."""
    return orjson.dumps(data, option=orjson.OPT_APPEND_NEWLINE).decode()


def plain(result: Model) -> dict[str, Any]:
    """Return a result as JSON-like data."""
    return result.model_dump(mode="json", exclude_none=True)


def plain_all(results: Sequence[Model]) -> list[dict[str, Any]]:
    """Return results as JSON-like data."""
    return [plain(result) for result in results]


def status(view: EndpointView) -> dict[str, Any]:
    """Return an endpoint as it is now; the spec in full is what `gco get` prints."""
    spec = view.effective
    asked = devices(spec.resources)
    return {
        **view.model_dump(mode="json", exclude_none=True, exclude=_DETAIL),
        "image": spec.image,
        "server": spec.server.value if spec.server else None,
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


class _Dumper(yaml.SafeDumper):
    """Writes text so that a reader of YAML 1.2 (ours) and of 1.1 (most others) read text."""

    @override
    def ignore_aliases(self, data: Any) -> bool:
        """Say everything in full: anchors are for machines."""
        del data
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text.strip() else None
    if scalar(text, None, plain=True) != text:
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
