"""Whether an endpoint's pods answered, at each moment: what its condition Ready is compared with."""

import collections
import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

from gco.kinds.registry import DEPLOYMENT, REPLICA_SET
from tests.scenario.region_world import NS
from tests.simulation.world import Region, is_answering

REMEMBERED_SECONDS = 60.0
HASH_LABEL = "pod-template-hash"


class Moment(NamedTuple):
    """What the region's storage held from `at` until the next moment."""

    at: float
    wanted: int
    """Replicas that the Deployment asks for; -1 where there is none."""
    answering: dict[str, int]
    """Ready pods of the Deployment's template by image, without those of a canary."""

    def answers(self, image: str) -> bool:
        """Whether every wanted pod answers with the image."""
        return 0 <= self.wanted <= self.answering.get(image, 0)


class History:
    """The last minute of each endpoint of a region."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._moments: dict[str, collections.deque[Moment]] = collections.defaultdict(
            collections.deque
        )

    def record(self, name: str, now: float) -> None:
        """Take note of what is there now."""
        moments = self._moments[name]
        moment = self._moment(name, now)
        if not moments or moments[-1][1:] != moment[1:]:
            moments.append(moment)
        while len(moments) > 1 and moments[1].at < now - REMEMBERED_SECONDS:
            moments.popleft()

    def since(self, name: str, then: float) -> Iterator[Moment]:
        """Every moment that lasted until after `then`, the present one included."""
        moments = [*self._moments[name]]
        for moment, following in itertools.pairwise(moments):
            if following.at >= then:
                yield moment
        yield from moments[-1:]

    def _moment(self, name: str, now: float) -> Moment:
        deployment = self._region.objects.table(DEPLOYMENT).objects.get((NS, name))
        if deployment is None:
            return Moment(now, -1, {})
        current = self._current(deployment)
        own = [pod for pod in self._region.pods(name) if _hash_of(pod) in current]
        answering = collections.Counter(image_of(pod) for pod in own if is_answering(pod))
        return Moment(now, deployment["spec"].get("replicas", 1), dict(answering))

    def _current(self, deployment: Any) -> set[str]:
        """Return by which label the pods of the Deployment's template are known."""
        sets = self._region.objects.table(REPLICA_SET).objects.values()
        owned = (each for each in sets if _owner_of(each) == deployment["metadata"]["uid"])
        template = deployment["spec"]["template"]
        return {_hash_of(each) for each in owned if _without_hash(each) == template}


def _owner_of(manifest: Any) -> str:
    return (manifest["metadata"].get("ownerReferences") or [{}])[0].get("uid", "")


def _hash_of(manifest: Any) -> str:
    return manifest["metadata"].get("labels", {}).get(HASH_LABEL, "")


def _without_hash(replica_set: Any) -> Any:
    template = replica_set["spec"]["template"]
    labels = {k: v for k, v in template["metadata"]["labels"].items() if k != HASH_LABEL}
    return {**template, "metadata": {**template["metadata"], "labels": labels}}


def image_of(pod: Any) -> str:
    """Return the image of the pod's server."""
    return pod["spec"]["containers"][0]["image"]
