"""What a file brings with it: other processes, full disks, damage, permissions, other formats."""

import asyncio
import contextlib
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from gco.core.model.ids import EndpointName, Seq
from gco.errors import (
    GapError,
    NotFoundError,
    StoreDeniedError,
    StoreError,
    StoreIdentityError,
    StoreUnavailableError,
)
from gco.store.port import Version
from gco.store.sqlite import SqliteStore
from tests.store.builders import WEB, a_spec, creating, promoting, revising
from tests.store.conftest import SteppedClock

ROOT = Path(__file__).parents[2]
NOBODY = 65534

WRITER = """
    import asyncio, sys
    from pathlib import Path
    from gco.core.model.ids import EndpointName
    from gco.store.sqlite import SqliteStore
    from tests.store.builders import creating, revising

    async def main(path, name, times):
        store = await SqliteStore.open(Path(path))
        await store.write([creating(name), creating(f"{name}-twin")])
        print("writing", flush=True)
        for _ in range(int(times)):
            read = await store.get_many([EndpointName(name), EndpointName(f"{name}-twin")])
            await store.write([revising(endpoint) for endpoint in read.values()])
        await store.close()

    asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


@pytest.fixture
async def opened(path):
    async with contextlib.AsyncExitStack() as stack:

        async def open_one(**options):
            store = await SqliteStore.open(path, **options)
            stack.push_async_callback(store.close)
            return store

        yield open_one


def start(program, *arguments):
    """Run a program of its own, as another `gco` would."""
    command = [sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)]
    return subprocess.Popen(  # noqa: S603 -- our own program
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


async def ended(process):
    """Return what the program printed, once it has ended well."""
    said, _ = await asyncio.to_thread(process.communicate, timeout=60)
    assert process.returncode == 0, said
    return said


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


async def everything(entries):
    return [entry async for entry in entries]


# Opening


async def test_the_file_and_its_folder_are_made_for_the_user_alone(tmp_path):
    path = tmp_path / "a" / "b" / "store.db"
    store = await SqliteStore.open(path)
    await store.write([creating()])

    assert [mode(file) for file in path.parent.iterdir()] == [0o600] * 3
    assert mode(path.parent) == 0o700
    await store.close()


async def test_what_was_written_is_there_when_the_file_is_opened_again(path):
    first = await SqliteStore.open(path)
    uid = await first.identity()
    await first.write([creating()])
    await first.close()

    again = await SqliteStore.open(path)
    assert await again.identity() == uid
    assert (await again.get(WEB)).generation == 1
    await again.close()


async def test_those_who_open_a_missing_file_at_once_share_one_store(path):
    stores = await asyncio.gather(*(SqliteStore.open(path) for _ in range(8)))

    assert len({await store.identity() for store in stores}) == 1
    for store in stores:
        await store.close()


async def test_a_file_of_another_program_is_refused_and_left_as_it_is(path):
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE theirs (a)")
    before = path.read_bytes()

    with pytest.raises(StoreIdentityError, match="something else"):
        await SqliteStore.open(path)
    assert path.read_bytes() == before


async def test_a_store_of_a_newer_version_is_refused_with_what_to_do(path):
    await (await SqliteStore.open(path)).close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")

    with pytest.raises(StoreIdentityError, match=r"version 99.*upgrade gco"):
        await SqliteStore.open(path)


async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(path):
    path.write_bytes(b"what the cat typed " * 500)
    before = path.read_bytes()

    with pytest.raises(StoreIdentityError, match="no store of gco"):
        await SqliteStore.open(path)
    assert path.read_bytes() == before


async def test_a_file_damaged_in_the_middle_is_told_of(path):
    store = await SqliteStore.open(path)
    spec = a_spec(env=[{"name": "LONG", "value": "x" * 20_000}])
    await store.write([creating(f"e-{number}", spec=spec) for number in range(20)])
    await store.close()
    damaged = bytearray(path.read_bytes())
    damaged[8192:-4096] = b"\xff" * (len(damaged) - 12_288)
    path.write_bytes(damaged)

    with pytest.raises(StoreIdentityError, match="damaged"):
        await list_all(path)


async def list_all(path):
    store = await SqliteStore.open(path)
    try:
        return await everything(store.list())
    finally:
        await store.close()


async def test_a_record_of_a_newer_version_fails_by_name_and_never_as_if_it_were_gone(opened, path):
    store = await opened()
    await store.write([creating()])
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("""UPDATE endpoints SET record = json_set(record, '$.spec.newField', 1)""")

    with pytest.raises(StoreError, match=r"endpoint web .*spec.newField.*upgrade gco"):
        await store.get(WEB)
    with pytest.raises(StoreError, match="endpoint web"):
        await everything(store.list())


async def test_a_path_through_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreDeniedError, match="check that you may write"):
        await SqliteStore.open(tmp_path / "file" / "store.db")


READER = """
    import asyncio, os, sys, tempfile
    from pathlib import Path
    from gco.core.model.ids import EndpointName
    from gco.errors import StoreDeniedError
    from gco.store.sqlite import SqliteStore
    from tests.store.builders import creating

    async def warm_up(path):
        store = await SqliteStore.open(path)
        await store.write([creating()])
        await store.get(EndpointName("web"))
        await store.close()

    async def main(path):
        store = await SqliteStore.open(Path(path))
        print((await store.get(EndpointName("web"))).generation)
        try:
            await store.write([creating("other")])
        except StoreDeniedError as error:
            print("refused:", error)
        await store.close()

    # Nobody may not read the libraries of root, which load some of their parts at first use.
    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(warm_up(Path(scratch) / "store.db"))
    if os.geteuid() == 0:  # nothing is read-only to root
        os.setuid(int(sys.argv[2]))
    asyncio.run(main(sys.argv[1]))
"""


@pytest.fixture
def shared_folder():
    """A folder outside pytest's own, which are closed to the user that READER runs as."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield folder
        folder.chmod(0o755)


def make_read_only(folder):
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)


async def test_a_file_that_may_not_be_written_to_is_read_and_a_write_refused(shared_folder):
    path = shared_folder / "store.db"
    store = await SqliteStore.open(path)
    await store.write([creating()])
    make_read_only(shared_folder)

    said = await ended(start(READER, path, NOBODY))
    await store.close()
    assert said.startswith("1\nrefused: the store ")
    assert "check that you may write" in said


# Several processes


async def test_two_processes_write_without_losing_a_change(opened, path):
    store = await opened()
    writers = [start(WRITER, path, name, 25) for name in ("a", "b")]
    await asyncio.gather(*map(ended, writers))

    changes = await everything(store.changes(Seq(0)))
    assert [change.seq for change in changes] == list(range(1, 53))
    assert {e.name: e.revision async for e in store.list()} == dict.fromkeys(
        ("a", "a-twin", "b", "b-twin"), 26
    )


async def test_a_write_of_another_process_wakes_those_who_wait(opened, path):
    store = await opened()
    version = await store.wait(Version(0))
    async with asyncio.timeout(60):
        writer, _ = await asyncio.gather(
            asyncio.to_thread(start, WRITER, path, "a", 0), store.wait(version)
        )
    await ended(writer)
    assert await store.head() == 1


@pytest.mark.parametrize("lines", range(3))
async def test_a_process_killed_while_it_writes_leaves_whole_writes_alone(path, lines):
    writer = start(WRITER, path, "a", 1_000_000)
    await asyncio.to_thread(writer.stdout.readline)
    watcher = await SqliteStore.open(path)
    await until_head(watcher, 20 + 5 * lines)
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    await watcher.close()

    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store = await SqliteStore.open(path)
    head = await store.head()
    assert {e.name: e.revision async for e in store.list()} == {"a": head, "a-twin": head}
    assert [c.seq for c in await everything(store.changes(Seq(0)))] == list(range(1, head + 1))
    read = await store.get(EndpointName("a"))
    assert (await store.revisions(read.name, read.uid))[0].number == head
    assert await store.write([revising(read)]) == head + 1
    await store.close()


async def until_head(store, wanted):
    version = Version(0)
    async with asyncio.timeout(60):
        while await store.head() < wanted:
            version = await store.wait(version)


async def test_a_lock_held_too_long_makes_writes_fail_and_reads_go_on(opened, path):
    store = await opened(lock_seconds=0.05)
    await store.write([creating()])
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreUnavailableError, match="another process holds its lock"):
            await store.write([creating("other")])
        assert (await store.get(WEB)).generation == 1
    await store.write([creating("other")])


# Disks


async def test_a_full_disk_stores_nothing_and_says_so(opened):
    store = await opened()
    await store.write([creating()])
    pages = await store._database.read(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
    await limit_pages(store, pages + 2)
    large = a_spec(env=[{"name": "LONG", "value": "x" * 100_000}])

    with pytest.raises(StoreUnavailableError, match=r"disk is full.*free some disk space"):
        await store.write([creating("small"), creating("large", spec=large)])
    with pytest.raises(NotFoundError):
        await store.get(EndpointName("small"))
    assert await store.head() == 1

    await limit_pages(store, 1_000_000)
    assert await store.write([creating("small"), creating("large", spec=large)]) == 2


async def limit_pages(store, count):
    await store._database.read(lambda db: db.execute(f"PRAGMA max_page_count = {count}"))


LIMITED = """
    import asyncio, resource, sys
    from pathlib import Path
    from gco.errors import StoreUnavailableError
    from gco.store.sqlite import SqliteStore
    from tests.store.builders import a_spec, creating

    async def main(path):
        store = await SqliteStore.open(Path(path))
        large = a_spec(env=[{"name": "LONG", "value": "x" * 100_000}])
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
        for number in range(10):
            try:
                await store.write([creating(f"e-{number}", spec=large)])
            except StoreUnavailableError as error:
                print(number, await store.head(), len([e async for e in store.list()]), error)
                break

    asyncio.run(main(sys.argv[1]))
"""


async def test_a_write_that_the_system_cuts_short_leaves_a_sound_file(path):
    said = await ended(start(LIMITED, path))
    stored, head, listed, error = said.split(maxsplit=3)

    assert int(stored) == int(head) == int(listed) > 0
    assert "the store" in error
    store = await SqliteStore.open(path)
    assert await store.head() == int(head)
    assert await store.write([creating("next")]) == int(head) + 1
    await store.close()


# The log


async def test_changes_are_forgotten_after_a_week_and_the_head_is_not(opened):
    clock = SteppedClock()
    store = await opened(clock=clock)
    await store.write([creating("a")])
    await store.write([creating("b")])
    clock.pass_days(8)
    await store.write([creating("c")])

    assert [c.names for c in await everything(store.changes(Seq(2)))] == [("c",)]
    with pytest.raises(GapError):
        await everything(store.changes(Seq(1)))


# Tasks


async def test_a_cancelled_write_is_whole_or_absent_and_wakes_those_who_wait(opened):
    store = await opened()
    await store.write([creating()])
    read, version = await store.get(WEB), await store.wait(Version(0))
    writing = asyncio.create_task(store.write([promoting(read)]))
    await asyncio.sleep(0)
    writing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await writing

    if (await store.get(WEB)).generation > read.generation:
        async with asyncio.timeout(5):
            await store.wait(version)
        assert await store.head() == 2
    else:
        assert await store.head() == 1


async def test_closing_leaves_no_task_behind(path):
    store = await SqliteStore.open(path)
    waiting = asyncio.create_task(store.wait(await store.wait(Version(0))))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    await store.close()

    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert [file.name for file in path.parent.iterdir()] == ["store.db"]
