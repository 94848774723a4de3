"""Invariant: what others write costs a bounded number of bytes for each object of theirs.

A log line, an Event's note, a message, an annotation may be megabytes; a monitor keeps it for each of
thousands of endpoints. Each text is cut where it is read, to what a message can quote.
"""

import pickle
from typing import Any

import pytest

from gco.clock import SystemClock
from gco.controllers.sync.findings import Findings
from gco.core.region.causes import last_words
from gco.errors import RejectedError
from gco.kinds.reading import LONGEST_TEXT, clip, clip_start, quote, quote_end
from gco.kinds.registry import CONTROLLER_REVISION, INFERENCE_ENDPOINT
from tests.builders import WEB
from tests.region.watched import CONTENT, IDENTITY, an_object, informers, places, put

HUGE = "ж" * 500_000
KEPT = 8 * 1024
"""Bytes of a whole record."""


def texts() -> list[Any]:
    """Every place of a text that others write, in every kind that is watched.

    Names, labels and what the API server writes or checks itself are short by its own rules.
    """
    checked = {"labels", "ownerReferences", "managedFields", "finalizers", "matchLabels"}
    checked |= {"nodeName", "phase"} | IDENTITY
    found = []
    for kind, content in CONTENT.items():
        manifest = an_object(kind, content)
        for path in places(manifest):
            value: Any = manifest
            for key in path:
                value = value[key]
            short = (
                path[0] in ("apiVersion", "kind")
                or (path[0] in ("metadata", "spec") and bool(checked & set(path[1:3])))
                or path == ("status", "phase")
            )
            body = (kind, path[0]) in [(CONTROLLER_REVISION, "data"), (INFERENCE_ENDPOINT, "spec")]
            if isinstance(value, str) and not short and not body:
                where = ".".join(map(str, path))
                found.append(pytest.param(kind, path, id=f"{kind.name}:{where}"))
    return found


@pytest.mark.parametrize(("kind", "path"), texts())
def test_a_record_keeps_a_bounded_part_of_each_text(kind, path):
    odd = put(an_object(kind, CONTENT[kind]), path, HUGE)

    for informer in informers():
        if informer.kind == kind:
            informer.record(odd)

            assert len(pickle.dumps(dict(informer.items()))) < KEPT


def test_a_refusal_is_kept_and_reported_in_part():
    findings = Findings(SystemClock())

    findings.failed(WEB, RejectedError(HUGE))

    assert len(findings.trouble(WEB).message.encode()) == 1999, "a character of two bytes less"


@pytest.mark.parametrize(
    "log",
    [
        pytest.param("\r".join(f"{n} %" for n in range(100_000)), id="a-progress-bar"),
        pytest.param("\n".join(HUGE for _ in range(9)), id="long-lines"),
    ],
)
def test_last_words_are_as_much_as_a_message_quotes(log):
    assert sum(map(len, last_words(log))) <= 600


def test_a_progress_bar_counts_as_the_lines_that_were_shown():
    assert last_words("loading\r10 %\r20 %\r100 %\nKeyError: 'a'\n") == [
        "20 %", "100 %", "KeyError: 'a'",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "beginning", "end"),
    [
        pytest.param("abc", "abc", "abc", id="short"),
        pytest.param("abcdefgh", "abcdefgh", "abcdefgh", id="just-right"),
        pytest.param("abcdefghi", "abcde…", "…efghi", id="long"),
        pytest.param("жжжж", "жжжж", "жжжж", id="just-right-in-bytes"),
        pytest.param("жжжжж", "жж…", "…жж", id="long-in-bytes"),
        pytest.param(None, "", "", id="nothing"),
        pytest.param(["a"], "", "", id="not-a-text"),
    ],
)
def test_texts_are_cut_by_bytes_and_between_characters(value, beginning, end):
    assert (clip(value, 8), clip_start(value, 8)) == (beginning, end)


@pytest.mark.parametrize(
    "cut",
    [pytest.param(quote, id="beginning"), pytest.param(quote_end, id="end")],
)
@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(f"hf_{'x' * 34}", id="a-token-of-a-known-form"),
        pytest.param(f"://u:{'x' * 34}@h", id="a-password-in-an-address"),
        pytest.param(f"--api-key {'x' * 34}", id="a-value-that-its-name-makes-a-secret"),
    ],
)
def test_a_secret_at_a_cut_is_redacted_as_in_the_whole_text(cut, secret):
    """Half a token has no known form, and half a pair has no name: a text is redacted before it is cut."""
    for before in range(LONGEST_TEXT - len(secret), LONGEST_TEXT):
        filler = "- " * LONGEST_TEXT
        text = f"{filler[:before]} {secret} {filler}"
        shown = cut(text if cut is quote else f"{filler} {secret} {filler[:before]}")

        assert "xxx" not in shown, shown[-80:]
