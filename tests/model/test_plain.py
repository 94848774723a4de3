"""Free-form parts: what JSON can carry, in the one form in which an API server returns it."""

import math

import pytest

from gco.core.model.plain import plain_object, plain_overlay


def test_nulls_mean_absent():
    assert plain_object({"a": None, "b": {"c": None}, "d": [{"e": None}]}) == {"b": {}, "d": [{}]}


def test_whole_numbers_have_no_fraction():
    assert repr(plain_object({"a": 1.0, "b": 1.5, "c": -0.0, "d": True})) == (
        "{'a': 1, 'b': 1.5, 'c': 0, 'd': True}"
    )


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, 2**63, -(2**63) - 1, "\ud800", b"bytes", {1: "a"}, {"\ud800": 1}]
)
def test_what_json_cannot_carry_is_refused(value):
    with pytest.raises(ValueError, match=r"values that JSON can carry|text"):
        plain_object({"a": [value]})


def test_a_null_in_an_overlay_is_kept_as_the_directive_that_it_is():
    given = {"a": None, "b": [{"c": None}], "d": {"e": 1.0}}

    found = plain_overlay(given)

    assert found == {"a": {"$patch": "delete"}, "b": [{"c": {"$patch": "delete"}}], "d": {"e": 1}}
    assert plain_overlay(found) == found
