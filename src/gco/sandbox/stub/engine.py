"""What stands where the model would be: makes words at a steady pace, and counts as vLLM does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge

from gco.sandbox.stub.options import Options

_LABELS = ("model_name",)


class Engine:
    """Answers prompts at `tokens_per_second`, at most `max_num_seqs` at a time."""

    def __init__(self, options: Options) -> None:
        self._pause = 1 / options.tokens_per_second if options.tokens_per_second > 0 else 0.0
        self._places = asyncio.Semaphore(options.max_num_seqs)
        self._size = options.max_num_seqs
        self.registry = CollectorRegistry()
        name = options.model
        self._waiting = self._gauge("vllm:num_requests_waiting", "Requests that wait", name)
        self._running = self._gauge("vllm:num_requests_running", "Requests being answered", name)
        self._cache = self._gauge("vllm:kv_cache_usage_perc", "Share of the places in use", name)
        self._prompt = self._counter("vllm:prompt_tokens", "Tokens read", name)
        self._generated = self._counter("vllm:generation_tokens", "Tokens written", name)

    def _gauge(self, name: str, told: str, model: str) -> Gauge:
        return Gauge(name, told, _LABELS, registry=self.registry).labels(model)

    def _counter(self, name: str, told: str, model: str) -> Counter:
        return Counter(name, told, _LABELS, registry=self.registry).labels(model)

    async def answer(self, prompt: str, limit: int) -> AsyncIterator[str]:
        """Yield the answer to `prompt`, token by token, at most `limit` of them."""
        self._prompt.inc(len(prompt.split()))
        async with self._place():
            for token in _words(prompt)[:limit]:
                await asyncio.sleep(self._pause)
                self._generated.inc()
                yield token

    @contextlib.asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        with self._waiting.track_inprogress():
            await self._places.acquire()
        try:
            with self._running.track_inprogress(), self._cache_share():
                yield
        finally:
            self._places.release()

    @contextlib.contextmanager
    def _cache_share(self) -> Iterator[None]:
        self._cache.inc(1 / self._size)
        try:
            yield
        finally:
            self._cache.dec(1 / self._size)


def _words(prompt: str) -> list[str]:
    told = " ".join(prompt.split()) or "nothing"
    return [f"{word} " for word in f"You said: {told}. This is the stub server answering.".split()]
