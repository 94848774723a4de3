"""The JSON Schema of what people write, for editors that complete and check it."""

from collections.abc import Mapping
from typing import Any, Final

from gco.core.model.spec import API_VERSION, KIND, InferenceEndpoint

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_NULL: Final = {"type": "null"}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of an InferenceEndpoint document."""
    schema = _plain(InferenceEndpoint.model_json_schema())
    return {"$schema": _DIALECT, "title": f"{KIND} ({API_VERSION})", **schema}


def _plain(node: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Leave out what says nothing: generated titles, and null as the value of an absent field."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    kept = {key: _plain(value) for key, value in node.items() if not _is_noise(key, value)}
    options = [option for option in kept.pop("anyOf", ()) if option != _NULL]
    return {**options[0], **kept} if len(options) == 1 else {**kept, **_choice(options)}


def _is_noise(key: str, value: object) -> bool:
    return (key == "title" and isinstance(value, str)) or (key == "default" and value is None)


def _choice(options: list[Any]) -> dict[str, Any]:
    return {"anyOf": options} if options else {}
