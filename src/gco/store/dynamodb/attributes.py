"""Records as DynamoDB attributes.

Each top-level field is an attribute of its own, so that a table can be queried and read by people.
What people write freely (a spec, the conditions' texts) is one string of JSON: it comes back to the
last digit, may hold floats and nest as deep as it likes, which DynamoDB's own numbers and maps would
not allow. Other numbers are integers.
"""

from typing import Any, TypeAlias

import orjson

from gco.core.model.base import Model
from gco.errors import UnreadableError
from gco.store.records import M, decode

Attribute: TypeAlias = dict[str, Any]
Item: TypeAlias = dict[str, Attribute]
Key: TypeAlias = tuple[str, str]
"""Hash and range key: `pk`, `sk`."""

_AS_JSON = frozenset({"spec", "conditions"})
_UNEXPECTED = (LookupError, ValueError, TypeError, AttributeError)
"""What an attribute of another type than ours makes Python raise: anybody may edit an item by hand.

orjson's JSONEncodeError (a number beyond 64 bits, binary data) is a TypeError.
"""


def text(value: str) -> Attribute:
    """Return a string attribute."""
    return {"S": value}


def number(value: int) -> Attribute:
    """Return a number attribute."""
    return {"N": str(value)}


def key_item(key: Key) -> Item:
    """Return the key's two attributes."""
    return {"pk": text(key[0]), "sk": text(key[1])}


def key_of(item: Item) -> Key:
    """Return the key under which the item lives."""
    return item["pk"]["S"], item["sk"]["S"]


def to_item(key: Key, record: Model) -> Item:
    """Return the item that holds `record` under `key`."""
    fields = record.model_dump(mode="json", exclude_none=True)
    attributes = {
        name: text(orjson.dumps(value).decode()) if name in _AS_JSON else _attribute(value)
        for name, value in fields.items()
    }
    return key_item(key) | attributes


def from_item(kind: type[M], item: Item) -> M:
    """Return the record that `item` holds; raises UnreadableError where it cannot be read."""
    fields = {name: attribute for name, attribute in item.items() if name not in {"pk", "sk"}}
    try:
        data = _as_json(fields)
    except _UNEXPECTED as error:
        raise _damaged(item, error, _culprit(fields)) from error
    try:
        return decode(kind, data, where=_where(item))
    except UnreadableError:
        for name in _AS_JSON & fields.keys():  # a mistake in one of them is one in the whole text
            _check_json(item, name)
        raise


def attempt_item(kind: type[M], item: Item) -> M | UnreadableError:
    """As `from_item`, but return the error, so that one item does not end a listing."""
    try:
        return from_item(kind, item)
    except UnreadableError as error:
        return error


def text_of(item: Item, name: str) -> str:
    """Return the string attribute `name`; raises UnreadableError where it is missing or no string."""
    try:
        return str(item[name]["S"])
    except _UNEXPECTED as error:
        raise _damaged(item, error, name) from error


def number_of(item: Item, name: str) -> int:
    """Return the integer attribute `name`; raises UnreadableError where it is missing or no integer."""
    try:
        return int(item[name]["N"])
    except _UNEXPECTED as error:
        raise _damaged(item, error, name) from error


def texts_of(item: Item, name: str) -> tuple[str, ...]:
    """Return the attribute `name`, a list of strings; raises UnreadableError where it is none."""
    try:
        return tuple(str(part["S"]) for part in item[name]["L"])
    except _UNEXPECTED as error:
        raise _damaged(item, error, name) from error


def plain(attribute: Attribute) -> Any:  # noqa: ANN401 -- JSON-like data
    """Return the JSON-like value of an attribute."""
    ((kind, value),) = attribute.items()
    match kind:
        case "N":
            return int(value)
        case "M":
            return {name: plain(part) for name, part in value.items()}
        case "L":
            return [plain(part) for part in value]
        case "NULL":
            return None
        case _:
            return value


def _as_json(fields: Item) -> bytes:
    return orjson.dumps(
        {
            name: orjson.Fragment(attribute["S"]) if name in _AS_JSON else plain(attribute)
            for name, attribute in fields.items()
        }
    )


def _check_json(item: Item, name: str) -> None:
    """Raise UnreadableError, naming the attribute, where its text is not JSON."""
    try:
        orjson.loads(item[name]["S"])
    except orjson.JSONDecodeError as error:
        raise _damaged(item, error, name) from error


def _culprit(fields: Item) -> str:
    """Return the name of the first attribute that is not JSON-like."""
    for name, attribute in fields.items():
        try:
            _as_json({name: attribute})
        except _UNEXPECTED:
            return name
    return "attributes"


def _attribute(value: object) -> Attribute:
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return text(value)
        case int():
            return number(value)
        case dict():
            return {"M": {name: _attribute(part) for name, part in value.items()}}
        case list():
            return {"L": [_attribute(part) for part in value]}
        case None:
            return {"NULL": True}
        case _:
            raise TypeError(f"a {type(value).__name__} is no attribute")


def _where(item: Item) -> str:
    return f"{item['sk']['S']} under {item['pk']['S']}"


def _damaged(item: Item, error: Exception, name: str) -> UnreadableError:
    return UnreadableError(
        f"the record {_where(item)} cannot be read ({name}: {type(error).__name__}: {error}): "
        "the attribute is missing, or has another type than gco writes; restore the item"
    )
