"""From text to plain data: what is read, what is refused, and where it says the problem is."""

import json
import re
import sys

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from gco.core.model.documents import MOST_BYTES, read_documents
from gco.core.model.reader import (
    DEEPEST,
    MOST_CHARACTERS,
    MOST_CHARACTERS_IN_FILE,
    MOST_VALUES,
    MOST_VALUES_IN_FILE,
)
from gco.errors import InvalidSpecError
from tests.model.specs import JSON, TEXT


def data_of(text):
    return [document.data for document in read_documents(text, "a.yaml")]


def problems_of(text):
    with pytest.raises(InvalidSpecError) as refused:
        read_documents(text, "a.yaml")
    return [(p.source, p.path, p.given, p.allowed) for p in refused.value.problems]


def sources_of(text):
    try:
        return [document.source + ":" for document in read_documents(text, "a.yaml")]
    except InvalidSpecError as refused:
        return [problem.source for problem in refused.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1", 1),
        ("a: -0x", "-0x"),
        ("a: 0x1F", 31),
        ("a: 0o17", 15),
        ("a: 012345678901", "012345678901"),
        ("a: 1_000", "1_000"),
        ("a: 1.5", 1.5),
        ("a: 1e3", 1000.0),
        ("a: .5", 0.5),
        ("a: -.inf", float("-inf")),
        ("a: 12:30", "12:30"),
        ("a: 2026-01-01", "2026-01-01"),
        ("a: true", True),
        ("a: yes", "yes"),
        ("a: on", "on"),
        ("a: NO", "NO"),
        ("a: ~", None),
        ("a:", None),
        ("a: 'true'", "true"),
        ('a: "1"', "1"),
        ("a: !!str 1", "1"),
        ("a: ! 1", "1"),
        ("a: 99999999999999999999999", "99999999999999999999999"),
        ("a: |\n  x\n  y\n", "x\ny\n"),
        ("a: {b: [1, {c: d}]}", {"b": [1, {"c": "d"}]}),
    ],
)
def test_scalars_are_read_by_the_core_schema_of_yaml_1_2(text, value):
    assert data_of(text) == [{"a": value}]


def test_documents_that_are_empty_are_left_out_and_a_list_is_several():
    assert data_of("---\n---\na: 1\n---\n- b: 2\n- c: 3\n...\n") == [{"a": 1}, {"b": 2}, {"c": 3}]


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert data_of(b"\xef\xbb\xbfa: 1") == data_of("\ufeffa: 1") == [{"a": 1}]


def test_anchors_and_merges_bring_in_what_they_name():
    text = """
base: &base {x: 1, y: 2}
one: {<<: *base, y: 3}
two: {<<: [{x: 9}, *base]}
"""
    assert data_of(text) == [
        {"base": {"x": 1, "y": 2}, "one": {"x": 1, "y": 3}, "two": {"x": 9, "y": 2}}
    ]


@given(JSON, st.booleans(), st.sampled_from([None, 2, "\t"]))
def test_json_is_read_as_json_is(value, ascii_only, indent):
    text = json.dumps({"a": value}, ensure_ascii=ascii_only, indent=indent)

    assert data_of(text) == [json.loads(text)]


ONLY_ONE_ONE = re.compile(r"[0-9.][eE][0-9]|\b[0-9]+[eE][-+][0-9]")
"""A number in YAML 1.2 and in JSON, and text in PyYAML's YAML 1.1, which leaves it unquoted."""


@given(st.dictionaries(TEXT, JSON, max_size=4))
def test_what_pyyaml_writes_is_read_back(value):
    written = yaml.safe_dump([value], allow_unicode=True)
    assume(not ONLY_ONE_ONE.search(written))

    assert data_of(written) == [value]


@given(st.text(max_size=40) | st.binary(max_size=40))
def test_junk_is_read_or_refused_with_its_place(text):
    assert all(source.startswith("a.yaml:") for source in sources_of(text))


@given(
    st.lists(
        st.sampled_from(
            [
                "a",
                ": ",
                "- ",
                "\n",
                " ",
                "{",
                "}",
                "[",
                "]",
                "&a ",
                "*a",
                "<<",
                ",",
                "'",
                '"',
                "? ",
                "|",
                "!x ",
                "---\n",
                "\\u",
                "d83d",
            ]
        ),
        max_size=25,
    )
)
def test_junk_of_yamls_own_characters_is_read_or_refused(words):
    assert all(source.startswith("a.yaml:") for source in sources_of("".join(words)))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            "a: 1\nb: c: d",
            ("a.yaml:2", "line 2, column 5", "b: c: d", "readable YAML: mapping values are not allowed in this context"),
            id="unreadable",
        ),
        pytest.param(
            "a: 1\nb: \x07",
            ("a.yaml:2", "line 2, column 4", "b: \ufffd", "readable YAML: control characters are not allowed"),
            id="control-character",
        ),
        pytest.param(
            b"a: 1\nb: \xff",
            ("a.yaml:2", "line 2, byte 9 of the text", "0xff", "UTF-8 text"),
            id="not-utf-8",
        ),
        pytest.param(
            "a: {b: *x}",
            ("a.yaml:1", "a", "*x", "an alias of something that stands before it"),
            id="unknown-alias",
        ),
        pytest.param(
            "a: &x [*x]",
            ("a.yaml:1", "a", "*x", "an alias of something that stands before it"),
            id="endless-alias",
        ),
        pytest.param(
            "a: 1\n? [b]\n: 2",
            ("a.yaml:2", "line 2", "a list or mapping as a key", "text as a key"),
            id="a-list-as-key",
        ),
        pytest.param(
            "a: !!python/object:os.system x",
            ("a.yaml:1", "line 1", "tag:yaml.org,2002:python/object:os.system", "no tags: what is in quotes is text, all else is as it looks"),
            id="a-tag-that-runs-code",
        ),
        pytest.param(
            "a: {<<: 1}",
            ("a.yaml:1", "a", "<<", "a mapping, or a list of mappings, to merge"),
            id="a-merge-of-a-number",
        ),
        pytest.param(
            "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1),
            ("a.yaml:1", "[0]" * (DEEPEST - 1), "", f"at most {DEEPEST} levels of nesting"),
            id="too-deep",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_its_place(text, problem):
    assert problems_of(text) == [problem]


def test_a_bomb_of_aliases_is_refused_before_it_grows():
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )

    [(source, path, _, allowed)] = problems_of(bomb)

    assert (source, path) == ("a.yaml:5", "e")
    assert allowed == f"at most {MOST_VALUES} values in a document, aliases included"


LINE_OF_VALUES = "- [" + "1," * (MOST_VALUES - 2) + "]\n"
"""An element of a list of documents with as many values as one may have."""
LONG_VALUE = "x" * (MOST_CHARACTERS // 10)


@pytest.mark.parametrize(
    ("text", "path", "bound"),
    [
        pytest.param(
            "- [" + "1," * MOST_VALUES + "]",
            "[0]",
            f"{MOST_VALUES} values in a document",
            id="values-of-one-element",
        ),
        pytest.param(
            f"- [{LONG_VALUE * 11}]",
            "[0]",
            f"{MOST_CHARACTERS} characters in a document",
            id="characters-of-one-value",
        ),
        pytest.param(
            f"a: &a {LONG_VALUE}\nb: [{'*a,' * 10}]",
            "b",
            f"{MOST_CHARACTERS} characters in a document",
            id="characters-that-aliases-stand-for",
        ),
        pytest.param(
            f"- &a [{LONG_VALUE}, {LONG_VALUE}]\n- [{'*a,' * 6}]",
            "[1]",
            f"{MOST_CHARACTERS} characters in a document",
            id="an-anchor-of-another-element",
        ),
        pytest.param(
            f"- &a {LONG_VALUE}\n" + "- *a\n" * (MOST_CHARACTERS_IN_FILE // len(LONG_VALUE)),
            f"line {MOST_CHARACTERS_IN_FILE // len(LONG_VALUE) + 1}",
            f"{MOST_CHARACTERS_IN_FILE} characters in a file",
            id="characters-that-aliases-stand-for-in-a-file",
        ),
        pytest.param(
            LINE_OF_VALUES.replace("- ", "- &a ") + "- *a\n" * (MOST_VALUES_IN_FILE // MOST_VALUES),
            f"line {MOST_VALUES_IN_FILE // MOST_VALUES + 1}",
            f"{MOST_VALUES_IN_FILE} values in a file",
            id="values-that-aliases-stand-for-in-a-file",
        ),
    ],
)
def test_no_document_and_no_file_is_larger_than_its_bound(text, path, bound):
    """What is built is bounded by document and by file, whatever an alias stands for."""
    [(_, place, _, allowed)] = problems_of(text)

    assert (place, allowed) == (path, f"at most {bound}, aliases included")


def test_a_list_of_many_documents_is_not_bounded_as_one_document():
    """A backup of all endpoints is one list: its elements are bounded as documents are."""
    text = json.dumps([{"a": list(range(100))}] * 300)

    assert len(data_of(text)) == 300


def test_a_text_that_is_too_long_is_refused_unread():
    assert problems_of(b" " * (MOST_BYTES + 1)) == [
        ("a.yaml", "", "", f"at most {MOST_BYTES} bytes of text")
    ]


@pytest.mark.parametrize("separator", ["- ", "---\n"], ids=["list", "documents"])
def test_reading_takes_time_in_proportion_to_the_number_of_documents(separator):
    """Four times the documents take far less than sixteen times the steps."""

    def steps(number):
        text = f"{separator}{{a: 1}}\n" * number
        count = 0

        def step(*_):
            nonlocal count
            count += 1

        sys.setprofile(step)
        try:
            assert len(read_documents(text, "a.yaml")) == number
        finally:
            sys.setprofile(None)
        return count

    assert steps(800) < 5 * steps(200)


def test_what_is_wrong_in_a_list_of_documents_has_its_place_in_its_own_document():
    [_, second] = read_documents("- a: 1\n- b: 2\n  c:\n    d: 3\n    d: 4\n", "a.yaml")

    assert second.where(()) == "a.yaml:2"
    assert second.where(("c", "e")) == "a.yaml:3"
    [problem] = second.repeated
    assert (problem.source, problem.path) == ("a.yaml:5", "c.d")


def test_a_text_without_end_to_its_nesting_is_refused():
    assert len(problems_of("[" * 100_000)) == 1
    assert len(problems_of("{a: " * 100_000)) == 1


def test_a_field_that_is_given_twice_is_told_with_both_lines():
    [document] = read_documents("a:\n  b: 1\n  c: 2\n  b: 3\n", "a.yaml")

    [problem] = document.repeated
    assert (problem.source, problem.path) == ("a.yaml:4", "a.b")
    assert problem.allowed == "given twice, in line 2 as well; each field once"


def test_each_value_has_its_line_and_what_is_absent_that_of_what_is_around_it():
    [_, document] = read_documents("x: 1\n---\na:\n  b:\n  - 1\n  - c: 2\n", "a.yaml")

    assert document.where(("a", "b", 1, "c")) == "a.yaml:6"
    assert document.where(("a", "b", 1)) == "a.yaml:6"
    assert document.where(("a", "nothing")) == "a.yaml:3"
    assert document.where(()) == "a.yaml:3"
