"""The shape of a kind's fields: what is a map, what is one value, which lists have keys.

A table (:mod:`gco.kinds.schema`) names types and says in short expressions what their fields are:

    string  integer  number  boolean  quantity  int-or-string
    any                 any value, owned as one (an untyped leaf)
    free                any value; maps in it are owned key by key, lists as one
    object              as `free`, for a custom resource whose schema is not at hand
    Name                the type of that name; `Name!` where it is owned as one value,
                        `Name+` where the API server writes it even when it is empty
    {X}                 a map of X, owned key by key; `{X}!` as one value
    [X]                 a list of X, owned as one value
    [X]set              a list of distinct X, each owned by itself
    [X]a,b=TCP          a list of X, each identified by its fields a and b; b is TCP if absent

Beside it stands how a strategic merge joins a type's fields, as the API server's documents say:

    merge           a list of plain values is a set; both are kept
    merge K         items of a list are told apart by their field K
    retainKeys      of the fields there before, only those that the patch names are kept
    replace         a map is not merged

A type's field `*` says what fields are that it does not name; without it there are no others.
The rules of ownership are those of sigs.k8s.io/structured-merge-diff.
"""

import dataclasses
import enum
import functools
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from gco.digits import is_digits

OTHERS: Final = "*"
"""In a table, the field that stands for those a type does not name."""


class Scalar(enum.Enum):
    """One value; the member's value is its name in a table."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    QUANTITY = "quantity"
    INT_OR_STRING = "int-or-string"


class Untyped(enum.Enum):
    """A value of any shape; the member's value is its name in a table."""

    ANY = "any"
    """Owned as one value."""
    FREE = "free"
    """Maps are owned key by key, each key a member by itself."""
    OBJECT = "object"
    """Maps are owned key by key, as the structs of a structural schema are."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class ListOf:
    """A list: one value (no keys, not `distinct`), a set, or a map by keys."""

    elements: "Type"
    distinct: bool = False
    keys: tuple[str, ...] = ()
    defaults: Mapping[str, str | int] = dataclasses.field(default_factory=dict)
    """What an absent key field counts as."""

    @property
    def atomic(self) -> bool:
        """Whether the list is owned as one value."""
        return not (self.distinct or self.keys)

    def element(self, item: Any) -> str:  # noqa: ANN401 - any JSON value
        """Return the item's path element as managedFields writes it: `k:{"name":"web"}`."""
        if self.distinct:
            return f"v:{_json(item)}"
        defaults = self.defaults
        return f"k:{_json({key: item.get(key, defaults.get(key)) for key in self.keys})}"


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class MapOf:
    """A map from any string to one type."""

    elements: "Type"
    atomic: bool = False


class Merge(NamedTuple):
    """How a strategic merge joins a field's two values."""

    merged: bool
    """A list is joined with the other, not replaced by it."""
    key: str
    """What tells items of the list apart; empty for plain values."""
    replaced: bool
    """A map is not merged, but replaced."""
    retain_keys: bool
    """Of the fields there before, only those that the patch names are kept."""


_ORDINARY: Final = Merge(merged=False, key="", replaced=False, retain_keys=False)
"""Maps are merged, lists replaced."""


class Struct:
    """Named fields; `fields` are resolved when first asked for, since types refer to themselves."""

    def __init__(self, name: str, table: "Types", *, atomic: bool) -> None:
        self.name = name
        self.atomic = atomic
        self._table = table

    @functools.cached_property
    def fields(self) -> Mapping[str, "Type"]:
        """The type of each field."""
        raw = self._table.raw[self.name]
        return {name: self._table.parse(text) for name, text in raw.items() if name != OTHERS}

    @functools.cached_property
    def others(self) -> "Type | None":
        """The type of fields that are not named, or None where they are not allowed."""
        raw = self._table.raw[self.name]
        return self._table.parse(raw[OTHERS]) if OTHERS in raw else None

    def merge(self, field: str) -> Merge:
        """Return how a strategic merge joins two values of `field`."""
        told = self._table.merges.get(self.name, {}).get(field)
        if told is None:
            return _ORDINARY
        strategies, _, key = told.partition(" ")
        said = strategies.split(",")
        return Merge("merge" in said, key, "replace" in said, "retainKeys" in said)

    @functools.cached_property
    def present(self) -> frozenset[str]:
        """The fields that the API server writes even when they are empty."""
        raw = self._table.raw[self.name]
        return frozenset(field for field, expression in raw.items() if expression.endswith("+"))


Type: TypeAlias = Scalar | Untyped | ListOf | MapOf | Struct


class Types:
    """A table of named types."""

    def __init__(
        self,
        raw: Mapping[str, Mapping[str, str]],
        merges: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.raw = raw
        self.merges = merges or {}
        self._parsed: dict[str, Type] = {name.value: name for name in (*Scalar, *Untyped)}

    def parse(self, expression: str) -> Type:
        """Return the type that `expression` stands for; raises KeyError for an unknown name."""
        found = self._parsed.get(expression)
        if found is None:
            found = self._parsed[expression] = self._parse(expression)
        return found

    def _parse(self, expression: str) -> Type:
        if expression.startswith("["):
            inner, _, relation = expression[1:].rpartition("]")
            return _list(self.parse(inner), relation)
        if expression.startswith("{"):
            inner, _, mark = expression[1:].rpartition("}")
            return MapOf(self.parse(inner), atomic="!" in mark)
        name = expression.rstrip("!+")
        self.raw[name]
        return Struct(name, self, atomic="!" in expression)


def _list(elements: Type, relation: str) -> ListOf:
    if relation in ("", "set"):
        return ListOf(elements, distinct=relation == "set")
    pairs = [key.partition("=") for key in sorted(relation.split(","))]
    defaults = {key: int(text) if is_digits(text) else text for key, mark, text in pairs if mark}
    return ListOf(elements, keys=tuple(key for key, _, _ in pairs), defaults=defaults)


_HTML: Final = (("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e"))


def _json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write `value` as the API server does in a path element: sorted, with HTML's signs escaped."""
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    for sign, escaped in _HTML:
        if sign in text:
            text = text.replace(sign, escaped)
    return text
