"""Leader election: who leads, when another may, and what a leader in doubt does."""

import asyncio
from collections.abc import AsyncIterator, Callable, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from gco.errors import FencedError, NotLeadingError, TransientError
from gco.runtime.election import Elector, LeaseRecord, unique_identity
from tests.runtime.freezing import Process
from tests.runtime.locks import Connection, SharedRecord
from tests.virtual_time import until

pytestmark = pytest.mark.looptime(noop_cycles=0)


def now() -> float:
    return asyncio.get_running_loop().time()


class Candidate:
    """A process that stands for leadership, and writes each 100 ms while it may send."""

    def __init__(
        self,
        name: str,
        shared: SharedRecord,
        *,
        journal: list[tuple[float, str]] | None = None,
        suspended: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.name = name
        self.journal = [] if journal is None else journal
        self.process = Process()
        self.lock = Connection(shared)
        self.elector = Elector(self.lock, name, suspended=suspended)
        self.terms: list[float] = []
        self.refusals = 0
        self.winding_down = 0.0
        _candidates.append(self)
        with self.process.inside():
            self.task = asyncio.create_task(self.elector.run(self.lead))

    async def lead(self) -> None:
        self.terms.append(now())
        try:
            while True:
                try:
                    self.elector.assert_leading()
                    self.journal.append((now(), self.name))
                except NotLeadingError:
                    self.refusals += 1
                await asyncio.sleep(0.1)
        finally:
            await asyncio.sleep(self.winding_down)

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])


_candidates: list[Candidate] = []


@pytest.fixture(autouse=True)
async def logs() -> AsyncIterator[list[MutableMapping[str, Any]]]:
    with capture_logs() as lines:
        yield lines
        while _candidates:
            candidate = _candidates.pop()
            candidate.process.thaw()  # a frozen task cannot be cancelled
            await candidate.stop()


async def leader_and_standby() -> tuple[SharedRecord, Candidate, Candidate]:
    shared = SharedRecord()
    journal: list[tuple[float, str]] = []
    first = Candidate("first", shared, journal=journal)
    await until(lambda: first.terms)
    second = Candidate("second", shared, journal=journal)
    await until(lambda: second.elector.holder == "first")
    return shared, first, second


async def test_the_first_candidate_leads_at_once_and_renews_each_two_seconds() -> None:
    shared, first, second = await leader_and_standby()
    assert first.terms[0] < 0.1
    await asyncio.sleep(600)
    assert not second.terms
    assert not second.lock.writes
    gaps = [b - a for a, b in zip(first.lock.writes, first.lock.writes[1:], strict=False)]
    assert all(2.0 <= gap <= 2.3 for gap in gaps)
    assert len({round(gap, 3) for gap in gaps}) > 10, "with jitter"
    assert shared.record is not None
    assert shared.record.transitions == 1


async def test_an_orderly_end_hands_over_within_a_second() -> None:
    _, first, second = await leader_and_standby()
    await asyncio.sleep(60)
    asked = now()
    await first.stop()
    await until(lambda: second.terms)
    assert second.terms[0] - asked < 0.1
    assert second.elector.transitions == 2


async def test_the_lease_is_kept_until_the_work_has_wound_down() -> None:
    _, first, second = await leader_and_standby()
    first.winding_down = 30.0
    asked = now()
    await first.stop()
    assert now() - asked == pytest.approx(30, abs=0.1)
    assert not second.terms
    await until(lambda: second.terms)


async def test_after_a_kill_the_standby_acts_the_moment_it_may() -> None:
    _, first, second = await leader_and_standby()
    await asyncio.sleep(100)
    renewed = first.lock.writes[-1]
    first.process.freeze()
    await until(lambda: second.terms)
    assert 15.0 <= second.terms[0] - first.lock.writes[-1] <= 15.1
    assert now() - renewed < 17 + 2.3


@pytest.mark.parametrize("seconds", [20, 3600])
async def test_a_stopped_leader_writes_nothing_after_it_goes_on(seconds: float) -> None:
    _, first, second = await leader_and_standby()
    first.process.freeze()
    stopped = now()
    await asyncio.sleep(seconds)
    assert second.terms, "someone else leads by now"
    first.process.thaw()
    await asyncio.sleep(60)
    writes = [at for at, name in first.journal if name == "first" and at > stopped]
    assert writes == []
    assert len(first.terms) == 1
    assert first.elector.holder == "second", "it stands by again"


async def test_a_leader_that_was_stopped_shortly_goes_on() -> None:
    _, first, second = await leader_and_standby()
    await asyncio.sleep(30)
    first.process.freeze()
    await asyncio.sleep(5)
    first.process.thaw()
    await asyncio.sleep(30)
    assert not second.terms
    assert len(first.terms) == 1


async def test_a_leader_whose_machine_was_suspended_does_not_send() -> None:
    asleep = 0.0
    candidate = Candidate("laptop", SharedRecord(), suspended=lambda: asleep)
    await until(lambda: candidate.terms)
    assert candidate.elector.may_send()
    asleep = 11.0  # the loop's own clock did not move
    assert not candidate.elector.may_send()
    with pytest.raises(NotLeadingError):
        candidate.elector.assert_leading()
    await candidate.stop()


async def test_a_leader_that_cannot_renew_stops_before_anyone_replaces_it() -> None:
    _, first, second = await leader_and_standby()
    await asyncio.sleep(20)
    renewed = first.lock.writes[-1]
    first.lock.refused = True
    await until(lambda: second.terms)
    last = max(at for at, name in first.journal if name == "first")
    assert last - renewed <= 10
    assert second.terms[0] - last >= 4.5
    assert not first.elector.may_send()


async def test_renewals_that_hang_do_not_use_up_the_deadline() -> None:
    _, first, second = await leader_and_standby()
    first.lock.healthy.clear()
    await asyncio.sleep(6)
    first.lock.healthy.set()  # the hanging try was given up after 5 s; the next one succeeds
    await asyncio.sleep(60)
    assert len(first.terms) == 1
    assert not second.terms


async def test_a_lost_answer_is_found_to_have_been_written() -> None:
    _, first, second = await leader_and_standby()
    first.lock.answers_lost = True
    await asyncio.sleep(3)
    first.lock.answers_lost = False
    await asyncio.sleep(60)
    assert len(first.terms) == 1
    assert not second.terms


async def test_renewal_does_not_wait_for_the_work() -> None:
    shared = SharedRecord()
    lock = Connection(shared)
    elector = Elector(lock, "busy")
    running = asyncio.create_task(elector.run(asyncio.Event().wait))
    await asyncio.sleep(120)
    assert len(lock.writes) > 50
    assert elector.may_send()
    running.cancel()


async def test_a_standby_that_missed_the_renewals_takes_nothing() -> None:
    _, first, second = await leader_and_standby()
    second.process.freeze()
    await asyncio.sleep(300)
    second.process.thaw()
    await asyncio.sleep(60)
    assert not second.terms
    assert len(first.terms) == 1


async def test_a_standby_whose_watch_fails_still_takes_over_in_time() -> None:
    shared = SharedRecord()
    first = Candidate("first", shared)
    await until(lambda: first.terms)
    second = Candidate("second", shared)
    second.lock.watchable = False
    await asyncio.sleep(60)
    assert not second.terms
    first.process.freeze()
    await until(lambda: second.terms)
    assert second.terms[0] - first.lock.writes[-1] <= 31


async def test_a_lease_deleted_by_hand_is_made_again_by_its_leader() -> None:
    shared, first, second = await leader_and_standby()
    await asyncio.sleep(30)
    shared.store(None)
    await asyncio.sleep(60)
    assert len(first.terms) == 1
    assert not second.terms
    assert shared.record is not None
    assert shared.record.holder == "first"


async def test_a_holder_cleared_by_hand_ends_the_term() -> None:
    shared, first, second = await leader_and_standby()
    shared.store(LeaseRecord("", 1.0, 1))
    await until(lambda: second.terms)
    await asyncio.sleep(10)
    assert not first.elector.may_send()
    assert shared.record is not None
    assert shared.record.holder == "second"


async def test_a_new_candidate_gives_a_dead_holder_its_whole_duration() -> None:
    shared = SharedRecord()
    shared.store(LeaseRecord("long dead", 15.0, 4))
    candidate = Candidate("new", shared)
    await until(lambda: candidate.terms)
    assert 15.0 <= candidate.terms[0] <= 15.1
    assert candidate.elector.transitions == 5


@pytest.mark.looptime(noop_cycles=42)
@pytest.mark.timeout(30)
async def test_a_wait_that_rounding_leaves_a_hair_of_is_over() -> None:
    """A clock that stands still while nothing waits (as here) would never see the end of it."""
    candidates = []
    for number in range(40):
        await asyncio.sleep(0.731_233)
        shared = SharedRecord()
        shared.store(LeaseRecord("long dead", 15.0, 4))
        candidates.append(Candidate(f"new-{number}", shared))
    await until(lambda: all(candidate.terms for candidate in candidates))


async def test_what_the_work_raises_ends_the_election_after_the_release() -> None:
    shared = SharedRecord()

    async def lead() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Elector(Connection(shared), "broken").run(lead)
    assert shared.record is not None
    assert shared.record.holder == ""


async def test_work_that_returns_ends_the_election_after_the_release() -> None:
    shared = SharedRecord()

    async def lead() -> None:
        await asyncio.sleep(60)

    await Elector(Connection(shared), "done").run(lead)
    assert shared.record is not None
    assert shared.record.holder == ""


async def test_being_fenced_by_the_store_ends_the_term_and_not_the_process() -> None:
    shared = SharedRecord()
    terms = []

    async def lead() -> None:
        terms.append(now())
        if len(terms) < 3:
            raise FencedError("another epoch")
        await asyncio.Event().wait()

    running = asyncio.create_task(Elector(Connection(shared), "fenced").run(lead))
    await until(lambda: len(terms) == 3)
    assert terms[1] - terms[0] >= 2, "a term that ends at once is not begun again at once"
    running.cancel()


async def test_an_end_while_the_lock_is_out_of_reach_takes_no_longer_than_a_second() -> None:
    _, first, _ = await leader_and_standby()
    first.lock.healthy.clear()
    asked = now()
    await first.stop()
    assert now() - asked < 1


async def test_a_candidate_waits_for_a_lock_that_is_out_of_reach() -> None:
    shared = SharedRecord()
    candidate = Candidate("early", shared)
    candidate.lock.refused = True
    await asyncio.sleep(300)
    assert candidate.elector.complaint() is None, "trying is progress"
    candidate.lock.refused = False
    healed = now()
    await until(lambda: candidate.terms)
    assert candidate.terms[0] - healed < 2.5


async def test_a_lock_with_a_defect_ends_the_election_and_not_in_silence() -> None:
    shared = SharedRecord()
    shared.store(LeaseRecord("other", 15.0, 1))
    lock = Connection(shared)
    lock.watch = None
    with pytest.raises(TypeError):
        await Elector(lock, "me").run(asyncio.Event().wait)
    assert now() < 16


async def test_only_one_of_many_simultaneous_candidates_leads() -> None:
    shared = SharedRecord()
    candidates = [Candidate(f"c{n}", shared) for n in range(8)]
    await asyncio.sleep(30)
    assert sum(len(candidate.terms) for candidate in candidates) == 1


def test_identities_are_unique_and_name_the_host() -> None:
    assert unique_identity("monitor-0").startswith("monitor-0_")
    assert unique_identity("monitor-0") != unique_identity("monitor-0")


def test_durations_that_cannot_keep_the_promise_are_refused() -> None:
    with pytest.raises(ValueError, match="renew_deadline"):
        Elector(Connection(SharedRecord()), "me", lease=10, renew_deadline=10)


async def test_the_error_of_an_unreachable_lock_is_told(logs: list[dict]) -> None:
    candidate = Candidate("early", SharedRecord())
    candidate.lock.refused = True
    await asyncio.sleep(5)
    assert {"lease not taken"} == {line["event"] for line in logs if "taken" in line["event"]}
    assert str(TransientError("refused")) in {line.get("error") for line in logs}
