"""How a value that was given is shown to a person: shortened, and never a secret."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from gco.redaction import SECRET_VALUE, looks_secret, names_secret

_LONGEST: Final = 60
_MASK: Final = "***"

_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")


def shown(value: object, name: str = "") -> str:
    """Return `value`, which was given for `name`, as one short line without secrets.

    What a terminal would not show, or would obey, is replaced.
    """
    safe = masked(value, name)
    if isinstance(safe, str):
        return _shortened(_quoted(" ".join(safe.split())))
    return _shortened(json.dumps(safe, ensure_ascii=False, default=repr))


def masked(value: object, name: str = "") -> object:
    """Return `value`, which was given for `name`, with every literal that looks like a secret masked."""
    match value:
        case str():
            return _MASK if looks_secret(name, value) else SECRET_VALUE.sub(_MASK, value)
        case Mapping():
            return _masked_mapping(value, name)
        case Sequence():
            return [masked(item, name) for item in value]
        case _:
            return value


def _masked_mapping(value: Mapping[object, object], name: str) -> dict[str, object]:
    """Mask by each key; in `{name: HF_TOKEN, value: …}` the name says what the value is."""
    called = value.get("name")
    return {
        str(key): masked(item, name if names_secret(name) else _said_by(str(key), called))
        for key, item in value.items()
    }


def _said_by(key: str, called: object) -> str:
    return called if key == "value" and isinstance(called, str) else key


def _quoted(text: str) -> str:
    """Put what would read as another kind of value in quotes: `"3"`, `"true"`, and nothing."""
    other = not text or text in {"true", "false", "null"} or _NUMBER.fullmatch(text)
    return f'"{text}"' if other else text


def _shortened(text: str) -> str:
    text = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
