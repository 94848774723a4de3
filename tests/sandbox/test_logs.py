"""A container's log: runs apart, lines whole and with their times, followed without looking twice."""

import asyncio
import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco.cluster.port import LogOptions
from gco.errors import AbsentError
from gco.sandbox.kubelet.logs import ContainerLog
from tests.conftest import START

ALL = LogOptions("inference")


class SetClock:
    def __init__(self):
        self.moment = START

    def now(self):
        return self.moment


@pytest.fixture
def time():
    return SetClock()


@pytest.fixture
def log(tmp_path, time):
    return ContainerLog(tmp_path / "logs/a.log", time)


async def read(log, options=ALL):
    return [line.text async for line in log.lines(options)]


async def test_a_container_that_never_ran_has_no_log(log):
    with pytest.raises(AbsentError):
        await read(log)


async def test_the_run_before_is_kept_apart_and_the_one_before_that_is_gone(log):
    for run in (b"first\n", b"second\n", b"third\n"):
        log.begin()
        log.write(run)
        log.end()

    assert await read(log) == ["third"]
    assert await read(log, LogOptions("inference", previous=True)) == ["second"]


async def test_a_first_run_has_none_before_it(log):
    log.begin()

    with pytest.raises(AbsentError):
        await read(log, LogOptions("inference", previous=True))


async def test_lines_carry_the_time_at_which_they_came(log, time):
    log.begin()
    log.write(b"one\n")
    time.moment += dt.timedelta(seconds=90, microseconds=7)
    log.write(b"two\n")

    assert [line.time async for line in log.lines(ALL)] == [
        "2026-01-01T00:00:00.000000000Z",
        "2026-01-01T00:01:30.000007000Z",
    ]
    assert await read(log, LogOptions("inference", since="2026-01-01T00:01:30Z")) == ["two"]


@pytest.mark.parametrize(("lines", "told"), [(0, []), (1, ["c"]), (9, ["a", "b", "c"])])
async def test_as_many_lines_as_are_wanted_from_the_end(log, lines, told):
    log.begin()
    log.write(b"a\nb\nc\n")

    assert await read(log, LogOptions("inference", lines=lines)) == told


@given(
    text=st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=30),
    cuts=st.lists(st.integers(0, 40), max_size=4),
)
def test_pieces_make_the_lines_that_were_written(tmp_path_factory, text, cuts):
    async def scenario():
        log = ContainerLog(tmp_path_factory.mktemp("log") / "a.log", SetClock())
        log.begin()
        data = f"{text}\nend".encode()
        edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
        for begin, end in itertools.pairwise(edges):
            log.write(data[begin:end])
        log.end()
        assert await read(log) == [text, "end"]

    asyncio.run(scenario())


async def test_a_line_without_end_is_cut(log):
    log.begin()
    log.write(b"x" * 20_000)

    assert await read(log) == ["x" * 20_000]


async def test_a_run_is_followed_to_its_end_though_the_next_has_begun(log):
    log.begin()
    log.write(b"one\n")
    stream = log.lines(LogOptions("inference", lines=1, follow=True))
    assert (await anext(stream)).text == "one"

    following = asyncio.create_task(anext(stream))
    await asyncio.sleep(0)
    log.write(b"two\n")
    assert (await following).text == "two"
    log.write(b"three\n")
    log.end()
    log.begin()
    log.write(b"of the next run\n")

    assert [line.text async for line in stream] == ["three"]
