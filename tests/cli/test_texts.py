"""YAML that we write is read back as what it was: by our reader, and by one of YAML 1.1."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gco.cli.options import Format
from gco.cli.texts import as_text
from gco.core.model.documents import read_documents

TRICKY = ["no", "1e3", "0o17", "0x1F", "012", "1_000", "~", "", "on", "1:30", "a\nb\n", "ü", "- a"]
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.sampled_from(TRICKY)
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abcno01", min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(PLAIN)
def test_yaml_says_the_same_to_every_reader(value):
    text = as_text({"value": value}, Format.YAML)

    [document] = read_documents(text, "printed")
    assert document.data == {"value": value}
    assert yaml.safe_load(text) == {"value": value}


@given(PLAIN)
def test_json_says_what_it_was_given(value):
    assert json.loads(as_text({"value": value}, Format.JSON)) == {"value": value}


@pytest.mark.parametrize("text", TRICKY)
def test_text_that_looks_like_something_else_stays_text(text):
    [document] = read_documents(as_text([{"value": text}], Format.YAML), "printed")

    assert document.data == {"value": text}
