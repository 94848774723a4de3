"""The directives of a strategic merge, as documents write them."""

from typing import Final

PATCH: Final = "$patch"
"""The key that stands for a directive."""
REPLACE: Final = "replace"
DELETE: Final = "delete"
