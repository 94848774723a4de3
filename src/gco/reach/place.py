"""A region whose cluster is to be asked, and the check that it is the right one."""

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable

from gco.cluster.identity import identify_cluster
from gco.cluster.port import Cluster
from gco.errors import ClusterError, ConflictError, GcoError


class UnreachableError(GcoError):
    """It is not known how a region's cluster is reached."""


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A region, and what leads to its cluster."""

    region: str
    cluster_uid: str
    """Which cluster the region was registered for."""
    connect: Callable[[], Cluster]
    """Returns the cluster, without asking it anything; raises GcoError."""
    way: str = ""
    """The kube context, for people."""

    @classmethod
    def unknown(cls, region: str, why: str) -> "Place":
        """Return a region that cannot be asked, and `why`."""

        def refuse() -> Cluster:
            raise UnreachableError(why)

        return cls(region, "", refuse)

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[Cluster]:
        """Connect to the cluster, once it has said that it is the one.

        Raises GcoError: UnreachableError, ConflictError for another cluster, ClusterError.
        """
        cluster = self.connect()
        try:
            found = await identify_cluster(cluster)
            if found != self.cluster_uid:
                raise ConflictError(
                    f"{self.way} leads to another cluster: {self.region} is "
                    f"{self.cluster_uid}, and this is {found}",
                    name=self.region,
                )
            yield cluster
        finally:
            await cluster.close()


@dataclasses.dataclass(frozen=True, slots=True)
class Trouble:
    """What could not be had, and why; others are not held up by it."""

    region: str
    message: str
    pod: str = ""
    """Empty where it is the whole region."""
    passing: bool = False
    """It is tried again, or nothing is missing by it."""


def why(error: GcoError) -> str:
    """Return what went wrong, in words for a person who did not know that there was a request."""
    told = str(error)
    return told.partition(": ")[2] or told if isinstance(error, ClusterError) else told
