"""What is remembered is the same as what would be computed anew."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gco.kinds.canonical import digest
from gco.kinds.fieldset import fieldset, owned_fields
from gco.kinds.memo import Memo
from gco.kinds.ownership import expected_owned_hash, owned_hash
from gco.kinds.packed import pack, unpack
from gco.kinds.projection import project
from tests.kinds.manifests import DEPLOYMENT, stored


class Counted:
    def __init__(self):
        self.times = 0

    def __call__(self):
        self.times += 1
        return f"result {self.times}"


def test_equal_contents_are_computed_once():
    memo, compute = Memo(10), Counted()
    assert [memo.get({"a": 1, "b": [2]}, compute), memo.get({"b": [2], "a": 1}, compute)] == [
        "result 1",
        "result 1",
    ]


@pytest.mark.parametrize(
    "other", [{"a": "1"}, {"a": 1.0}, {"a": True}, {"a": None}, {}, [{"a": 1}]]
)
def test_another_content_is_computed_anew(other):
    memo, compute = Memo(10), Counted()
    assert [memo.get({"a": 1}, compute), memo.get(other, compute)] == ["result 1", "result 2"]


def test_the_contents_that_were_asked_for_last_are_kept():
    memo, compute = Memo(2), Counted()
    for content in ("a", "b", "a", "c"):
        memo.get(content, compute)
    assert len(memo) == 2
    assert memo.get("a", compute) == "result 1"
    assert memo.get("b", compute) == "result 4"


def paths(value, path=()):
    """The path of every value below `value`."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in pairs:
        yield (*path, key)
        if isinstance(child, (dict, list)):
            yield from paths(child, (*path, key))


def without(manifest, path):
    changed = copy.deepcopy(manifest)
    *parents, last = path
    holder = changed
    for key in parents:
        holder = holder[key]
    del holder[last]
    return changed


LIVE = stored(DEPLOYMENT)


def removable(manifest):
    identity = {("apiVersion",), ("kind",), ("metadata",)}
    return [path for path in paths(manifest) if path not in identity]


@pytest.mark.parametrize("path", removable(LIVE), ids=lambda path: "/".join(map(str, path)))
def test_a_hash_is_right_whatever_was_seen_before(path):
    owned_hash(LIVE, "gco")
    changed = without(LIVE, path)
    fields = owned_fields(changed, "gco")
    anew = None if fields is None else digest([fields, project(changed, fields)], length=32)
    assert owned_hash(changed, "gco") == anew


@pytest.mark.parametrize("path", removable(DEPLOYMENT), ids=lambda path: "/".join(map(str, path)))
def test_an_expected_hash_is_right_whatever_was_seen_before(path):
    expected_owned_hash(DEPLOYMENT)
    changed = without(DEPLOYMENT, path)
    fields = fieldset(changed)
    assert expected_owned_hash(changed) == digest([fields, project(changed, fields)], length=32)


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
        lambda below: st.lists(below) | st.dictionaries(st.text(max_size=3), below),
    )
)
def test_what_is_packed_is_the_same_again_and_equal_where_the_values_are(value):
    assert unpack(pack(value)) == value
    assert pack(value) == pack(unpack(pack(value)))
