"""Canonical forms: JSON for hashing, quantities as the API server writes them back."""

import functools
import hashlib
import math
import re
from decimal import Decimal
from typing import Any, Final

import orjson

_QUANTITY: Final = re.compile(
    r"(?P<number>[+-]?(?:[0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40}))"
    r"(?P<suffix>[KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,3}|)"
)
"""Bounded: `1e99999999` is a number that no Decimal holds, and `1e999999` one that takes seconds."""
_BINARY: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL: Final = {
    "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18
}  # fmt: skip
_SUFFIX: Final = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_NANO: Final = -9
_EXA: Final = 18
_KIBI: Final = 1024


def canonical_json(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Return `value` as compact JSON with sorted keys: equal values give equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def digest(value: Any, *, length: int = 64) -> str:  # noqa: ANN401 - any JSON value
    """Return the first `length` hex digits of the SHA-256 of `value` in canonical JSON."""
    return hashlib.sha256(canonical_json(value)).hexdigest()[:length]


def parse_quantity(text: str | float) -> Decimal:
    """Return the number that a Kubernetes quantity stands for; raises ValueError."""
    return _parse(text)[0]


@functools.lru_cache(maxsize=1024, typed=True)
def canonical_quantity(text: str | float) -> str:
    """Return a Kubernetes quantity as the API server writes it back: `1000m` is `1`.

    The rules are those of k8s.io/apimachinery/pkg/api/resource: the largest suffix without a
    fraction, binary suffixes stay binary from 1024 on, an exponent stays an exponent, and what is
    finer than a billionth is rounded up. Raises ValueError for what is no quantity.
    """
    number, suffix = _parse(text)
    if not number:
        return "0"
    if suffix.endswith("i") and abs(number) >= _KIBI:
        return _binary(math.ceil(number))
    mantissa, exponent = _scaled(number)
    if suffix[:1] in ("e", "E") and len(suffix) > 1:
        return f"{mantissa}e{exponent}" if exponent else str(mantissa)
    return f"{mantissa}{_SUFFIX[exponent]}"


@functools.lru_cache(maxsize=1024, typed=True)
def _parse(text: str | float) -> tuple[Decimal, str]:
    found = _QUANTITY.fullmatch(str(text))
    if found is None:
        raise ValueError(f"{text!r} is not a quantity such as 500m, 2 or 16Gi")
    number, suffix = Decimal(found["number"]), found["suffix"]
    if suffix.endswith("i"):
        return number * _KIBI ** _BINARY.index(suffix), suffix
    exponent = _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])
    return number.scaleb(exponent), suffix


def _binary(number: int) -> str:
    power = 0
    while number % _KIBI == 0 and power < len(_BINARY) - 1:
        number //= _KIBI
        power += 1
    return f"{number}{_BINARY[power]}"


def _scaled(number: Decimal) -> tuple[int, int]:
    mantissa, exponent = math.ceil(number.scaleb(-_NANO)), _NANO
    while mantissa % 1000 == 0 and exponent < _EXA:
        mantissa //= 1000
        exponent += 3
    return mantissa, exponent
