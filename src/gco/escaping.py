"""Text of others that a person may read safely: what a terminal would obey becomes an escape.

A container's log, a model's answer or a person's name can hold escape sequences that write the
clipboard, clear the screen, or reverse the order of characters. Each character is judged alone, so
it makes no difference where a stream is cut into pieces.
"""

import re
from typing import Final

OBEYED: Final = re.compile(
    "["
    "\x00-\x08\x0b-\x1f"  # C0, except tab and newline
    "\x7f-\x9f"  # DEL and C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks, overrides and isolates of direction
    "\u2028\u2029"  # line and paragraph separators
    "\ud800-\udfff"  # half a surrogate pair
    "]"
)
"""Characters that a terminal obeys instead of showing them."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def visible(text: str) -> str:
    r"""Return `text` with each character that a terminal would obey written as `\uXXXX`.

    Tabs and newlines stay. The form is the one of JSON, so JSON text stays the same JSON.
    """
    return OBEYED.sub(_escape, text)


def visible_line(text: str) -> str:
    r"""Return `text` on one line: as :func:`visible` does, with newlines as `\n` as well."""
    return visible(text).replace("\n", "\\n")


def encodable(text: str) -> str:
    """Return `text` with half surrogate pairs escaped: no encoding can write them."""
    return _SURROGATE.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
