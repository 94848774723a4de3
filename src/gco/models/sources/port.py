"""What a source of weights has to be able to do."""

from collections.abc import AsyncIterator
from typing import Protocol

from gco.models.manifest import Manifest, ModelFile


class Source(Protocol):
    """Some place that has a model. Every method raises ModelError, and what it raises is final
    unless it is a SourceUnavailableError.
    """  # noqa: D205  (one sentence about all of them)

    @property
    def uri(self) -> str:
        """The place, for people."""
        ...

    async def manifest(self) -> Manifest:
        """Return what the model consists of now."""
        ...

    def read(self, file: ModelFile, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` up to `end` of a file of the manifest, in order.

        May end early or never go on: whoever reads counts bytes and seconds. Raises
        SourceChangedError where the file is seen not to be the listed one any more.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
