"""The journal: readable after a kill at any byte, and never believed about another model."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco.models.transfer.journal import Journal, Progress

SHA = "ab" * 32
NOTES = st.lists(
    st.one_of(st.tuples(st.integers(0, 9), st.integers(0, 9)), st.tuples(st.integers(0, 9))),
    max_size=8,
)


def write(path, notes, digest="d"):
    with Journal.opened(path, digest) as (journal, known):
        for note in notes:
            match note:
                case (file, part):
                    journal.part(file, part, SHA)
                case (file,):
                    journal.finished(file)
        return known


def expected(notes):
    return Progress(
        parts={note: SHA for note in notes if len(note) == 2},
        finished={note[0] for note in notes if len(note) == 1},
    )


@given(NOTES, NOTES)
def test_what_was_noted_is_known_to_the_next_try(first, second):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal")
        assert write(path, first) == Progress()
        assert write(path, second) == expected(first)
        assert write(path, []) == expected([*first, *second])


@given(NOTES.filter(bool), st.data())
def test_a_kill_at_any_byte_loses_at_most_what_came_last(notes, data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal")
        write(path, notes)
        content = path.read_bytes()
        cut = data.draw(st.integers(0, len(content)))
        path.write_bytes(content[:cut])
        whole = content[:cut].count(b"\n") - 1  # the header's line is none of them
        # A line that lacks nothing but its end says what it says.
        complete = cut < len(content) and content[cut : cut + 1] == b"\n"
        kept = notes[: max(0, whole + (1 if complete and whole >= 0 else 0))]
        assert write(path, [(9, 9)]) == expected(kept)
        assert write(path, []) == expected([*kept, (9, 9)])


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b'{"version":1,"digest":"other"}\n[0,0,"ab"]\n'], ids=repr
)
def test_what_is_no_journal_of_this_model_is_begun_anew(tmp_path, content):
    path = tmp_path / "journal"
    path.write_bytes(content)
    assert write(path, [(0, 0)]) == Progress()
    assert write(path, []) == expected([(0, 0)])
