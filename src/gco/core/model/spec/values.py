"""Values that several parts of the document are made of, each with its own range."""

from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from gco.core.model import patterns
from gco.core.model.plain import plain_object, plain_overlay

MOST_DEVICES = 64
"""Accelerators that a replica may ask for."""
MOST_WEIGHT = 99
"""Per cent of the requests that a canary may be given."""


def _whole_number_as_text(value: object) -> object:
    """Read `cpu: 4` as `cpu: "4"`; a float stays one and is refused, as it would lose digits."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _share(value: int) -> int:
    """Refuse what is no share: all traffic is a promotion, and none at all an abort."""
    if not 1 <= value <= MOST_WEIGHT:
        raise ValueError(f"1 to {MOST_WEIGHT} (to move all traffic, promote)")
    return value


_QuantityText: TypeAlias = Annotated[
    str, StringConstraints(pattern=patterns.QUANTITY, max_length=40)
]
Quantity: TypeAlias = Annotated[
    _QuantityText,
    BeforeValidator(_whole_number_as_text, json_schema_input_type=_QuantityText | int),
]
"""A Kubernetes quantity, kept as a string."""
ObjectName: TypeAlias = Annotated[
    str, StringConstraints(pattern=patterns.OBJECT_NAME, max_length=253)
]
PortNumber: TypeAlias = Annotated[int, Field(ge=1, le=65535, strict=True)]
Count: TypeAlias = Annotated[int, Field(ge=0, le=10_000, strict=True)]
Weight: TypeAlias = Annotated[
    int,
    Field(strict=True, json_schema_extra={"minimum": 1, "maximum": MOST_WEIGHT}),
    AfterValidator(_share),
]
Flag: TypeAlias = Annotated[bool, Field(strict=True)]
Image: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=1000, pattern=patterns.NO_SPACE)
]
KubernetesObject: TypeAlias = Annotated[dict[str, Any], AfterValidator(plain_object)]
"""A part of a Kubernetes object, handed on as it is and checked by the API server."""
Overlay: TypeAlias = Annotated[dict[str, Any], AfterValidator(plain_overlay)]
"""A strategic-merge overlay; a null, which takes a field away, is kept as `{$patch: delete}`."""
HttpsUrl: TypeAlias = Annotated[str, StringConstraints(pattern=patterns.HTTPS_URL, max_length=500)]
