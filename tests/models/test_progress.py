"""Progress: bytes, rate and time left, told no more often than asked."""

import asyncio
import json

import pytest

from gco.core.model.model_sync import SyncPhase
from gco.models.progress import Meter, reporting, to_file


def begun(total=100):
    meter = Meter()
    meter.begin(total, 2)
    return meter


def test_rate_and_time_left_are_of_the_last_seconds():
    meter = begun(total=1000)
    meter.read(0.0)
    meter.move(500)
    meter.read(100.0)
    meter.move(160)
    seen = meter.read(116.0)
    assert (seen.bytes_done, seen.bytes_per_second, seen.seconds_left) == (660, 10, 34)


def test_what_was_there_already_says_nothing_of_the_rate():
    meter = begun()
    meter.read(0.0)
    meter.found(60)
    seen = meter.read(1.0)
    assert (seen.bytes_done, seen.bytes_per_second, seen.seconds_left) == (60, 0, None)


def test_bytes_that_have_to_come_again_are_taken_back():
    meter = begun()
    meter.move(60)
    meter.lose(20)
    assert meter.read(0.0).bytes_done == 40


def test_a_finished_copy_is_whole():
    meter = begun()
    meter.finish()
    seen = meter.read(0.0)
    assert (seen.phase, seen.bytes_done, seen.files_done) == (SyncPhase.COMPLETE, 100, 2)


@pytest.mark.looptime
async def test_a_report_comes_at_the_start_after_changes_and_at_the_end():
    meter, seen = begun(), []
    async with reporting(meter, [seen.append], every=2.0):
        await asyncio.sleep(1)
        for _ in range(100):
            meter.move(1)
            await asyncio.sleep(0.1)
    assert seen[0].bytes_done == 0
    assert seen[-1].bytes_done == 100
    assert 6 <= len(seen) <= 8


def test_a_file_holds_the_last_report(tmp_path):
    path = tmp_path / "progress.json"
    meter, tell = begun(), to_file(path)
    tell(meter.read(0.0))
    meter.move(10)
    tell(meter.read(1.0))
    assert json.loads(path.read_text())["bytesDone"] == 10
    assert [p.name for p in tmp_path.iterdir()] == ["progress.json"]


def test_progress_that_cannot_be_written_stops_no_copy(tmp_path):
    to_file(tmp_path / "absent" / "progress.json")(begun().read(0.0))
