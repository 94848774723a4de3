"""What must not reach a log: which keys name secrets, and which strings look like them."""

import re
from collections.abc import Mapping
from typing import Final

REDACTED: Final = "[redacted]"

_WORDS: Final = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_SECRET_WORDS: Final = frozenset(
    [
        "apikey",
        "authorization",
        "cookie",
        "credential",
        "credentials",
        "passwd",
        "password",
        "secret",
        "signature",
        "token",
        "jwt",
    ]
)
_SECRET_PAIRS: Final = frozenset({("api", "key"), ("access", "key"), ("private", "key")})
_SECRET_TEXT: Final = re.compile(
    r"(?i)(\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}"
    r"|([?&]x-amz-(?:signature|security-token|credential)=)[^&\s\"']+"
    r"|(://[^/\s:@]+:)[^/\s@]+(?=@)"
)
_DEEPEST: Final = 12
"""Deeper than this nothing is logged: it guards against structures that contain themselves."""


def is_secret(key: str) -> bool:
    """Tell whether `key` names a secret: by its last words, so `token` does, `tokenFrom` does not.

    Case and style do not matter: `Authorization`, `AWS_SECRET_ACCESS_KEY`, `apiKey`.
    """
    words = tuple(word.lower() for word in _WORDS.findall(key))
    return bool(words) and (words[-1] in _SECRET_WORDS or words[-2:] in _SECRET_PAIRS)


def redact(value: object, *, key: str = "", depth: int = 0) -> object:
    """Return `value` without secrets; `key` is what it stands under.

    The values of environment variables (under `env`) never pass, whatever their names.
    """
    if key and is_secret(key) and value is not None:
        return REDACTED
    if isinstance(value, str):
        return redact_text(value)
    if depth >= _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return _redact_mapping(value, hide_values=_is_environment(key), depth=depth)
    if isinstance(value, (list, tuple, set, frozenset)):
        hide = _is_environment(key)
        return [_redact_item(item, hide_value=hide, depth=depth) for item in value]
    return value


def redact_text(text: str) -> str:
    """Return `text` without bearer tokens, signed-URL credentials and passwords in URLs."""
    return _SECRET_TEXT.sub(lambda m: f"{next(filter(None, m.groups()))}{REDACTED}", text)


def _redact_mapping(
    value: Mapping[object, object], *, hide_values: bool, depth: int
) -> dict[str, object]:
    if hide_values:
        return {str(key): REDACTED for key in value}
    return {str(k): redact(v, key=str(k), depth=depth + 1) for k, v in value.items()}


def _redact_item(item: object, *, hide_value: bool, depth: int) -> object:
    redacted = redact(item, depth=depth + 1)
    if hide_value and isinstance(redacted, dict) and "value" in redacted:
        redacted["value"] = REDACTED
    return redacted


def _is_environment(key: str) -> bool:
    return key.lower() in {"env", "environ", "environment"}
