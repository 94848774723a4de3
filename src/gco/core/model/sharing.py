"""One object for equal values: what several loops read of thousands of endpoints is kept once."""

import weakref
from typing import Generic, TypeVar

from gco.core.model.base import Model

M = TypeVar("M", bound=Model)


class Shared(Generic[M]):
    """The values that somebody still has; they are immutable, so that nobody notices."""

    def __init__(self) -> None:
        self._known: weakref.WeakValueDictionary[int, M] = weakref.WeakValueDictionary()

    def one(self, value: M) -> M:
        """Return the first value that is equal to `value`, or it."""
        key = hash(value)
        known = self._known.get(key)
        if known == value and known is not None:
            return known
        self._known[key] = value
        return value
