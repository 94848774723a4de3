"""A log that is read on after a break: each line once, whatever the server sends again."""

from hypothesis import given
from hypothesis import strategies as st

from gco.cluster.port import LogLine
from gco.reach.resuming import Position, comparable

TIMES = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.500000001Z"]
TIMES += ["2026-01-01T00:00:01.1Z", "2026-01-01T00:00:02Z"]


def test_times_sort_with_all_their_digits():
    assert sorted(TIMES, key=comparable) == TIMES


@given(
    stamps=st.lists(st.sampled_from(TIMES), max_size=12).map(lambda s: sorted(s, key=comparable)),
    breaks=st.lists(st.integers(0, 12), max_size=3).map(sorted),
)
def test_each_line_is_read_once_however_often_the_connection_breaks(stamps, breaks):
    log = [LogLine(stamp, str(number)) for number, stamp in enumerate(stamps)]
    position = Position()
    got = []
    for end in [*breaks, len(log)]:
        since = position.since
        position.resume()
        sent = [line for line in log[:end] if line.time[:19] >= since[:19]]
        got += [line.text for line in sent if position.passes(line)]

    assert got == [line.text for line in log]
