"""Lines come out whole, however the stream was cut into chunks."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from gco.cluster.kubernetes.lines import Lines

TEXT = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), min_size=1)


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(edges)]


@given(st.lists(TEXT), st.lists(st.integers(min_value=0)))
def test_any_cutting_gives_the_same_lines(texts, places):
    stream = "".join(f"{text}\n" for text in texts).encode()
    lines = Lines()
    found = [line.decode() for chunk in cut(stream, places) for line in lines.feed(chunk)]
    assert found == texts
    assert not lines.pending


@given(TEXT, TEXT)
def test_what_follows_the_last_newline_is_pending(whole, torn):
    lines = Lines()
    assert list(lines.feed(f"{whole}\n{torn}".encode())) == [whole.encode()]
    assert lines.pending


def test_a_line_of_many_chunks_is_one_line():
    lines = Lines()
    found = [line for _ in range(10_000) for line in lines.feed(b"x" * 1000)]
    found += lines.feed(b"\n")
    assert [len(line) for line in found] == [10_000_000]


def test_of_a_line_without_an_end_a_bounded_part_is_kept():
    lines = Lines(longest=5)
    given = [line for chunk in (b"ab\rcd", b"efgh", b"\nij\n", b"kl") for line in lines.feed(chunk)]
    assert given == [b"ab\rcd", b"ij"]
    assert lines.pending
