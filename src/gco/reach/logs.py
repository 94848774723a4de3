"""The logs of an endpoint's pods in one region: what there is, or on and on.

A pod that comes later is followed from its first line, a container that is restarted from the first
line of its next run. Pods are watched for that; nothing is polled.
"""

import asyncio
import dataclasses
import functools
import heapq
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from gco.cluster.port import Cluster, LogLine, LogOptions, Manifest
from gco.core.model.names import APP_LABEL, CANARY_SUFFIX, CONTAINER, JOB_LABEL, MODEL_CONTAINER
from gco.errors import AbsentError, GcoError, TransientError
from gco.kinds.registry import POD
from gco.reach.finding import Found
from gco.reach.place import Place, Trouble, why
from gco.reach.reaching import RETRY, reached, watched
from gco.reach.resuming import Position, comparable
from gco.runtime.backoff import Retries
from gco.runtime.informer import Informer
from gco.runtime.streams import closing

_AHEAD: Final = 1000


@dataclasses.dataclass(frozen=True, slots=True)
class LogRequest:
    """Whose logs are wanted, and which part of them."""

    name: str
    """The endpoint's."""
    namespace: str
    canary: bool = False
    """The canary's pods, and not the stable ones."""
    copy: str = ""
    """The pods of this Job, which copies the endpoint's model, and not the endpoint's own."""
    pod: str = ""
    """This pod's alone."""
    lines: int | None = None
    """The last so many of each pod; None: all."""
    previous: bool = False

    @property
    def labels(self) -> str:
        """What selects the pods."""
        return f"{JOB_LABEL if self.copy else APP_LABEL}={self.app}"

    @property
    def container(self) -> str:
        """Which of their containers."""
        return MODEL_CONTAINER if self.copy else CONTAINER

    @property
    def app(self) -> str:
        """What the pods are called by: the endpoint, its canary, or the Job."""
        return self.copy or f"{self.name}{CANARY_SUFFIX if self.canary else ''}"

    @property
    def wanted(self) -> str:
        """Whose pods are looked for, in words."""
        return f"{self.app} called {self.pod}" if self.pod else self.app


class PodLine(NamedTuple):
    """One line that a pod of some region wrote."""

    region: str
    pod: str
    time: str
    text: str


Finding: TypeAlias = PodLine | Trouble


async def read(place: Place, request: LogRequest) -> AsyncIterator[Finding]:
    """Yield what the region's pods wrote until now, oldest first over all of them."""
    try:
        async with place.opened() as cluster:
            pods = await _pods(cluster, request)
            if not pods:
                yield Trouble(
                    place.region, f"no pod of {request.labels.partition('=')[2]}", passing=True
                )
            parts = await asyncio.gather(*(_whole(place, cluster, request, pod) for pod in pods))
            for _, trouble in parts:
                if trouble is not None:
                    yield trouble
            for line in heapq.merge(*(lines for lines, _ in parts), key=_moment):
                yield line
    except GcoError as error:
        yield Trouble(place.region, why(error))


def follow(place: Place, request: LogRequest) -> AsyncIterator[Finding]:
    """Yield the end of what the region's pods wrote, and each further line as it comes."""
    return reached(place, lambda cluster: _Follower(place.region, cluster, request).findings())


class _Run(NamedTuple):
    """What is known of a pod: the run of its container that has a log."""

    container: str
    """The id of the container; empty before its first run."""
    running: bool


class _Follower:
    """Follows every pod of one region until cancelled."""

    def __init__(self, region: str, cluster: Cluster, request: LogRequest) -> None:
        self._region = region
        self._cluster = cluster
        self._request = request
        self._found: Found[Finding] = Found(ahead=_AHEAD)
        self._read: set[str] = set()
        fields = f"metadata.name={request.pod}" if request.pod else ""
        self._pods = Informer(
            cluster,
            POD,
            request.namespace,
            project=functools.partial(_run, container=request.container),
            labels=request.labels,
            fields=fields,
        )
        self._pods.subscribe(self._look)

    def findings(self) -> AsyncIterator[Finding]:
        """Yield what is found, for ever."""
        self._found.start(watched(self._region, self._pods))
        return self._found.items()

    def _look(self, pod: str, old: _Run | None, new: _Run | None) -> None:
        del old
        if new is None or not new.container or new.container in self._read:
            return
        self._read.add(new.container)
        # Of what was there already only the end is wanted; of what comes later, everything.
        lines = None if self._pods.synced.is_set() else self._request.lines
        self._found.start(self._stream(pod, new.container, lines))

    async def _stream(self, pod: str, container: str, lines: int | None) -> None:
        """Pass on one run of one pod's container to its end, over broken connections."""
        position = Position()
        retries = Retries(RETRY)
        told = False
        while True:
            try:
                await self._pass_on(pod, lines, position)
                if not self._runs(pod, container):
                    return
                # Closed though the container runs; or its end has not been heard of yet.
            except TransientError as error:
                if not told:
                    trouble = f"{why(error)}; trying again"
                    await self._found.put(Trouble(self._region, trouble, pod, passing=True))
                told = True
            except AbsentError:
                return  # the pod went meanwhile
            except GcoError as error:
                await self._found.put(Trouble(self._region, why(error), pod))
                return
            await asyncio.sleep(retries.failed())

    async def _pass_on(self, pod: str, wanted: int | None, position: Position) -> None:
        since = position.since
        container = self._request.container
        options = LogOptions(container, None if since else wanted, follow=True, since=since)
        position.resume()
        lines = self._cluster.log_lines(self._request.namespace, pod, options)
        async with closing(lines):
            async for line in lines:
                if position.passes(line):
                    await self._found.put(_line(self._region, pod, line))

    def _runs(self, pod: str, container: str) -> bool:
        known = self._pods.get(pod)
        return known is not None and known.running and known.container == container


async def _pods(cluster: Cluster, request: LogRequest) -> list[str]:
    names: list[str] = []
    pages = cluster.list(POD, request.namespace, labels=request.labels)
    async with closing(pages):
        async for page in pages:
            names += [pod["metadata"]["name"] for pod in page.items]
    return sorted(name for name in names if request.pod in ("", name))


async def _whole(
    place: Place, cluster: Cluster, request: LogRequest, pod: str
) -> tuple[Sequence[PodLine], Trouble | None]:
    """Return the lines of one pod, and what kept others of them away."""
    options = LogOptions(request.container, request.lines, previous=request.previous)
    found: list[PodLine] = []
    try:
        lines = cluster.log_lines(request.namespace, pod, options)
        async with closing(lines):
            found.extend([_line(place.region, pod, line) async for line in lines])
    except AbsentError as error:
        return found, Trouble(place.region, why(error), pod, passing=True)
    except GcoError as error:
        return found, Trouble(place.region, why(error), pod)
    return found, None


def _line(region: str, pod: str, line: LogLine) -> PodLine:
    return PodLine(region, pod, line.time, line.text)


def _moment(line: PodLine) -> str:
    return comparable(line.time)


def _run(pod: Manifest, *, container: str) -> _Run:
    """Return the run of `container` that its log is of: the present one, or the last one."""
    statuses: Sequence[Any] = (pod.get("status") or {}).get("containerStatuses") or ()
    own = next((each for each in statuses if each["name"] == container), None)
    if own is None:
        return _Run("", running=False)
    state, last = own.get("state") or {}, own.get("lastState") or {}
    if "running" in state:
        return _Run(own.get("containerID", ""), running=True)
    ended = state.get("terminated") or last.get("terminated") or {}
    return _Run(ended.get("containerID", ""), running=False)
