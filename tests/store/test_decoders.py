"""Whatever a store holds, reading it returns a record or raises StoreError, never anything else.

Anybody who may write to the table, or to the file, can edit a record by hand. A decoder that raises
another error than the project's own ends the process that reads, at each of its starts.
"""

import contextlib
import datetime as dt
import json
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco.core.model.endpoint import Endpoint, Revision
from gco.core.model.ids import Epoch, Seq
from gco.core.model.status import Region, RegionStatus
from gco.errors import GapError, StoreError, UnreadableError
from gco.store.dynamodb.attributes import (
    attempt_item,
    from_item,
    number_of,
    text_of,
    texts_of,
    to_item,
)
from gco.store.dynamodb.leases import lease_of
from gco.store.dynamodb.logs import entries
from gco.store.dynamodb.original import _plain
from gco.store.port import FleetLease
from gco.store.records import attempt
from gco.store.sqlite import leases, logs, schema
from tests.store.builders import a_region, a_revision, a_status, an_endpoint

RECORDS = {
    Endpoint: an_endpoint(),
    Revision: a_revision(an_endpoint()),
    Region: a_region(),
    RegionStatus: a_status(),
}
KEY = ("#pk", "sk")
NUMBERS = st.one_of(
    st.integers().map(str),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.sampled_from(["1.5", "1E+100", "18446744073709551616", "-9223372036854775809"]),
)
SCALARS = st.one_of(
    st.text().map(lambda value: {"S": value}),
    NUMBERS.map(lambda value: {"N": value}),
    st.binary().map(lambda value: {"B": value}),
    st.booleans().map(lambda value: {"BOOL": value}),
    st.just({"NULL": True}),
    st.lists(st.text(), min_size=1).map(lambda value: {"SS": value}),
    st.lists(NUMBERS, min_size=1).map(lambda value: {"NS": value}),
    st.lists(st.binary(), min_size=1).map(lambda value: {"BS": value}),
)
ATTRIBUTES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda value: {"L": value}),
        st.dictionaries(st.text(), inner, max_size=3).map(lambda value: {"M": value}),
    ),
    max_leaves=6,
)
FIELDS = sorted(
    {name for record in RECORDS.values() for name in to_item(KEY, record)} - {"pk", "sk"}
)
DAMAGED = {
    "a-fraction": ("generation", {"N": "1.5"}),
    "more-than-64-bits": ("generation", {"N": "18446744073709551616"}),
    "binary-data": ("namespace", {"B": b"\xff"}),
    "a-set-of-binary-data": ("namespace", {"BS": [b"\xff"]}),
    "a-spec-that-is-a-map": ("spec", {"M": {"image": {"S": "vllm"}}}),
    "a-spec-that-is-no-json": ("spec", {"S": "{"}),
    "a-set": ("name", {"SS": ["web"]}),
    "nothing": ("uid", {"NULL": True}),
}


@pytest.mark.parametrize(("name", "attribute"), DAMAGED.values(), ids=DAMAGED)
def test_an_item_that_a_hand_damaged_is_a_store_error_that_names_it(name, attribute):
    item = to_item(("#endpoints", "web"), an_endpoint()) | {name: attribute}

    with pytest.raises(UnreadableError, match="web under #endpoints cannot be read") as raised:
        from_item(Endpoint, item)

    assert f"({name}: " in str(raised.value) or f"({name}." in str(raised.value)
    assert "restore" in str(raised.value)


ODD = {
    "an-unknown-field": ("warp", {"N": "9"}, {Endpoint, Revision}),
    "an-unknown-word": ("state", {"S": "warping"}, {Endpoint, Revision}),
    "a-route-backend-of-a-newer-version": ("routeBackend", {"S": "warp"}, {Endpoint, Revision}),
    "a-gateway-of-a-newer-version": ("gateway", {"S": "warp"}, {Endpoint, Revision, Region}),
    "a-missing-uid": ("uid", None, {Endpoint, Revision, RegionStatus}),
    "a-missing-epoch": ("epoch", None, {Region}),
}
"""A field, what a newer version or a hand made of it, and the records that cannot be read with it.

A field that a record does not have is an unknown one: reports pass it over, desired state does not.
"""


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(("name", "attribute", "unreadable"), ODD.values(), ids=ODD)
def test_one_odd_field_makes_desired_state_unreadable_and_a_report_only_where_it_decides(
    name, attribute, unreadable, kind
):
    item = to_item(KEY, RECORDS[kind])
    odd = {k: v for k, v in item.items() if k != name} | ({name: attribute} if attribute else {})

    found = attempt_item(kind, odd)

    if kind not in unreadable:
        assert isinstance(found, kind)
    else:
        assert isinstance(found, UnreadableError)
        assert f"({name}: " in str(found)


def test_an_entry_of_a_tables_log_that_a_hand_damaged_is_a_gap():
    def item(seq, **edits):
        whole = {"seq": {"N": str(seq)}, "names": {"L": [{"S": "web"}]}}
        return {"pk": {"S": "#changes"}, "sk": {"S": f"{seq:016}"}} | whole | edits

    damaged = item(2, names={"N": "1.5"})
    head = {"pk": {"S": "#changes"}, "sk": {"S": "head"}, "seq": {"N": "3"}}

    found, end = entries([item(1), damaged, item(3), head], None)

    assert [change.seq for change in found] == [1, 3]
    assert end == 3


@given(st.sampled_from(list(RECORDS)), st.dictionaries(st.sampled_from(FIELDS), ATTRIBUTES))
def test_an_item_of_any_attributes_is_a_record_or_a_store_error(kind, edits):
    found = attempt_item(kind, to_item(KEY, RECORDS[kind]) | edits)

    assert isinstance(found, kind | StoreError)


@given(st.dictionaries(st.sampled_from(["holder", "epoch", "renewals", "lasts"]), ATTRIBUTES))
def test_a_lease_of_any_attributes_is_a_lease_or_a_store_error(edits):
    whole = {"holder": {"S": "a"}, "epoch": {"N": "1"}, "renewals": {"N": "1"}, "lasts": {"S": "9"}}
    item = {"pk": {"S": "#fleet"}, "sk": {"S": "lease"}} | whole | edits

    refused = _refused(lease_of, item)

    assert edits or not refused


@given(st.dictionaries(st.sampled_from(["seq", "names"]), ATTRIBUTES))
def test_a_log_entry_of_any_attributes_is_a_change_or_a_store_error(edits):
    item = {
        "pk": {"S": "#changes"},
        "sk": {"S": "1"},
        "seq": {"N": "1"},
        "names": {"L": []},
    } | edits

    refused = _refused(lambda one: entries([one], None), item)

    assert edits or not refused


@given(ATTRIBUTES)
def test_an_attribute_is_of_the_asked_type_or_a_store_error(attribute):
    item = {"pk": {"S": "#pk"}, "sk": {"S": "sk"}, "field": attribute}

    refused = [_refused(read, item, "field") for read in (text_of, number_of, texts_of)]

    assert refused.count(False) <= 1  # no attribute is read as two types


@given(ATTRIBUTES)
def test_every_attribute_of_the_original_monitors_table_becomes_json(attribute):
    plain = _plain(attribute)

    assert json.loads(json.dumps(plain)) == plain


@given(
    st.sampled_from(list(RECORDS)),
    st.one_of(st.none(), st.integers(), st.binary(), st.text(), st.from_regex(r"\{.*\}")),
)
def test_a_row_of_any_content_is_a_record_or_a_store_error(kind, content):
    found = attempt(kind, content, where="of web")

    assert isinstance(found, kind | StoreError)


@pytest.mark.parametrize("names", ["{", "1", "[1]", '{"a": 1}', "", "[null]"])
def test_an_entry_of_a_files_log_that_a_hand_damaged_is_a_gap(names):
    with sqlite3.connect(":memory:") as db:
        schema.create(db, ":memory:")
        logs.append(db, logs.ENDPOINTS, ["web"], dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        db.execute("UPDATE changes SET names = ?", (names,))

        logs.append(db, logs.ENDPOINTS, ["chat"], dt.datetime(2026, 1, 1, tzinfo=dt.UTC))

        with pytest.raises(GapError):  # its reader lists everything, then follows
            logs.page(db, logs.ENDPOINTS, Seq(0))
        assert [change.names for change in logs.page(db, logs.ENDPOINTS, Seq(1))] == [("chat",)]


@given(
    st.sampled_from(["holder", "epoch", "counter", "duration"]),
    st.text() | st.binary() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False),
)
def test_a_lease_of_any_columns_is_a_lease_or_a_store_error(column, value):
    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        schema.create(db, ":memory:")
        leases.write(db, FleetLease("me", Epoch(1), 1, 15.0), None)
        db.execute(f"UPDATE fleet_lease SET {column} = ?", (value,))  # noqa: S608

        if not _refused(leases.read, db):
            found = leases.read(db)
            assert isinstance(found.holder, str)
            assert {type(found.epoch), type(found.counter)} == {int}
            assert isinstance(found.duration, float)


def _refused(read, *arguments):
    """Whether `read` raises StoreError; anything else that it raises fails the test."""
    try:
        read(*arguments)
    except StoreError:
        return True
    return False
