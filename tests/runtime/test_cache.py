"""The cache against a model of the API server: late watches, late answers, listings, own writes."""

from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from hypothesis.strategies import integers, sampled_from

from gco.runtime.cache import Cache, Entry

KEYS = sampled_from(["a", "b", "c"])


class ServerAndCache(RuleBasedStateMachine):
    """A server's true history, and a cache that hears of it by watch, by list and by its own writes."""

    @initialize()
    def start(self) -> None:
        self.told: list[str] = []
        self.cache: Cache[int] = Cache(lambda key, _old, _new: self.told.append(key))
        self.truth: dict[str, Entry[int]] = {}
        self.history: list[tuple[str, Entry[int], bool]] = []
        self.heard = 0
        self.answers: list[tuple[str, Entry[int]]] = []
        self.listing: tuple[dict[str, Entry[int]], int] | None = None
        self.newest: dict[str, int] = {}
        self.forgotten: set[str] = set()
        self.clock = 0

    def write(self, key: str) -> Entry[int]:
        self.clock += 1
        held = self.truth.get(key)
        uid = held.uid if held else f"{key}-{self.clock}"
        self.truth[key] = Entry(uid, self.clock, self.clock)
        self.history.append((key, self.truth[key], True))
        return self.truth[key]

    def remove(self, key: str) -> Entry[int]:
        self.clock += 1
        held = self.truth.pop(key)
        self.history.append((key, Entry(held.uid, self.clock, self.clock), False))
        return held

    def hear(self) -> None:
        key, entry, there = self.history[self.heard]
        self.heard += 1
        if there:
            self.cache.upsert(key, entry)
        else:
            self.cache.delete(key, entry.uid, entry.version)

    @rule(key=KEYS)
    def someone_writes(self, key: str) -> None:
        self.write(key)

    @rule(key=KEYS)
    def someone_deletes(self, key: str) -> None:
        if key in self.truth:
            self.remove(key)

    @rule(key=KEYS)
    def we_write(self, key: str) -> None:
        entry = self.write(key)
        self.cache.record(key, entry)
        assert self.cache.get(key) == entry.record, "own writes are read back"

    @rule(key=KEYS)
    def we_write_and_the_answer_is_late(self, key: str) -> None:
        self.answers.append((key, self.write(key)))

    @precondition(lambda self: self.answers)
    @rule()
    def a_late_answer_comes(self) -> None:
        self.cache.record(*self.answers.pop(0))

    @rule(key=KEYS)
    def we_delete(self, key: str) -> None:
        if key in self.truth:
            gone = self.remove(key)
            if self.cache.get(key) is not None and self.cache_uid(key) == gone.uid:
                self.forgotten.add(gone.uid)
            self.cache.forget(key, gone.uid)

    @precondition(lambda self: self.listing is None)
    @rule(number=integers(1, 5))
    def the_watch_tells(self, number: int) -> None:
        for _ in range(min(number, len(self.history) - self.heard)):
            self.hear()

    @precondition(lambda self: self.listing is None)
    @rule()
    def a_bookmark_comes(self) -> None:
        if self.heard:
            self.cache.progress(self.history[self.heard - 1][1].version)

    @precondition(lambda self: self.listing is None)
    @rule()
    def a_listing_begins(self) -> None:
        self.listing = (dict(self.truth), self.clock)

    @precondition(lambda self: self.listing is not None)
    @rule()
    def the_listing_ends(self) -> None:
        assert self.listing is not None
        listed, version = self.listing
        self.cache.replace(listed, version)
        self.heard = sum(entry.version <= version for _, entry, _ in self.history)
        self.listing = None

    def cache_uid(self, key: str) -> str:
        return self.cache._entries[key].uid

    @invariant()
    def no_record_ever_becomes_older(self) -> None:
        for key, version in self.cache.items().items():
            assert version >= self.newest.get(key, 0)
            self.newest[key] = version

    @invariant()
    def what_we_deleted_stays_away(self) -> None:
        assert not self.forgotten & {self.cache_uid(key) for key in self.cache.items()}

    def teardown(self) -> None:
        """Once everything is heard, the cache is the truth."""
        if not hasattr(self, "truth"):
            return
        if self.listing is not None:
            self.the_listing_ends()
        while self.heard < len(self.history):
            self.hear()
        while self.answers:
            self.a_late_answer_comes()
        assert self.cache.items() == {key: entry.record for key, entry in self.truth.items()}
        assert self.cache._gone == {}


ServerAndCache.TestCase.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, derandomize=True
)
TestCache = ServerAndCache.TestCase
