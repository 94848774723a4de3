"""Quantities as the API server writes them back, and JSON for hashing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco.kinds.canonical import canonical_json, canonical_quantity, digest, parse_quantity


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("1000m", "1"),
        ("0.5", "500m"),
        ("1.5Gi", "1536Mi"),
        ("1024Mi", "1Gi"),
        ("1500Mi", "1500Mi"),
        ("0.5Ki", "512"),
        ("16Gi", "16Gi"),
        ("1000", "1k"),
        ("100k", "100k"),
        ("1e3", "1e3"),
        ("1E4", "10e3"),
        ("2E", "2E"),
        ("0Gi", "0"),
        ("-1500m", "-1500m"),
        ("1n", "1n"),
        ("0.1n", "1n"),
        (8, "8"),
        (0.25, "250m"),
    ],
)
def test_canonical_quantity(given_text, expected):
    assert canonical_quantity(given_text) == expected


@pytest.mark.parametrize("text", ["", "1 Gi", "Gi", "1x", "one", "1.2.3"])
def test_what_is_no_quantity_is_refused(text):
    with pytest.raises(ValueError, match="not a quantity"):
        canonical_quantity(text)


@given(
    st.integers(0, 10**6),
    st.sampled_from(["m", "", "k", "M", "G", "Ki", "Mi", "Gi"]),
)
def test_the_canonical_form_is_the_same_number_and_stays_as_it_is(number, suffix):
    text = canonical_quantity(f"{number}{suffix}")
    assert parse_quantity(text) == parse_quantity(f"{number}{suffix}")
    assert canonical_quantity(text) == text


def test_the_order_of_keys_does_not_matter():
    assert canonical_json({"b": 1, "a": 2}) == b'{"a":2,"b":1}'
    assert digest({"b": 1, "a": 2}, length=8) == digest({"a": 2, "b": 1}, length=8)
    assert len(digest({}, length=8)) == 8
