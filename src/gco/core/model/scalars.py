"""YAML's scalars by the core schema of YAML 1.2: null, true, numbers, and all else is text.

Whole numbers that begin with a 0 are text: YAML 1.1 has them octal and 1.2 decimal, and what looks
like one here is an account number.
"""

import math
import re
from typing import Final

_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS: Final = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,18})")
_OTHER_BASE: Final = re.compile(r"0x[0-9a-fA-F]{1,15}|0o[0-7]{1,20}")
_FLOAT: Final = re.compile(
    r"(?=.*[.eE])[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
)
_SPECIAL: Final = {".inf": math.inf, "+.inf": math.inf, "-.inf": -math.inf, ".nan": math.nan}
_TEXT_TAGS: Final = frozenset({"!", "tag:yaml.org,2002:str"})


def scalar(text: str, tag: str | None, *, plain: bool) -> object:
    """Return the value of a scalar: `plain` is one without quotes; raises ValueError for a tag."""
    if tag in _TEXT_TAGS:
        return text
    if tag is not None:
        raise ValueError("no tags: what is in quotes is text, all else is as it looks")
    return _plain(text) if plain else text


def _plain(text: str) -> object:
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OTHER_BASE.fullmatch(text):
        return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) else _SPECIAL.get(text.lower(), text)
