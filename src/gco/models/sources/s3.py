"""`s3://`: a folder of a bucket, or one object.

A folder that `gco models upload` made says itself what it consists of (`gco-manifest.json`). Of any
other, the objects are listed, and each is asked for the best checksum that S3 has of it.
"""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Self

from typing_extensions import override

from gco.core.model.model_uri import S3Uri
from gco.errors import SourceChangedError, SourceMissingError, SourceUnavailableError
from gco.models.manifest import Manifest, ModelFile
from gco.models.sources.aws import Bucket, open_bucket
from gco.models.sources.faults import s3_faults
from gco.models.sources.listing import Listed, manifest_of
from gco.models.sources.port import Source
from gco.models.sources.s3_checksums import best_checksum
from gco.models.sources.uploaded import read_uploaded

if TYPE_CHECKING:
    from obstore import GetOptions

_CHUNK: Final = 2**20
_ASKED_AT_ONCE: Final = 16


class S3Source(Source):
    """What is below a key. Made by :meth:`opened`."""

    def __init__(self, uri: S3Uri, bucket: Bucket, stack: contextlib.AsyncExitStack) -> None:
        self._uri = uri
        self._bucket = bucket
        self._stack = stack
        self._store = bucket.store(retries=0)
        self._one_object = False

    @classmethod
    async def opened(
        cls, uri: S3Uri, *, endpoint_url: str | None = None, connections: int = 16
    ) -> Self:
        """Open the bucket; raises ModelError."""
        async with contextlib.AsyncExitStack() as stack:
            opening = open_bucket(uri.bucket, endpoint_url=endpoint_url, connections=connections)
            bucket = await stack.enter_async_context(opening)
            return cls(uri, bucket, stack.pop_all())

    @property
    @override
    def uri(self) -> str:
        """The folder or the object."""
        return str(self._uri)

    @override
    async def manifest(self) -> Manifest:
        """Return what the upload says, or what is listed."""
        uploaded = await read_uploaded(self._bucket, self._uri)
        if uploaded is not None:
            if not uploaded.complete:
                raise SourceUnavailableError(f"{self.uri}: an upload is under way, or broke off")
            return uploaded.manifest
        names = [entry["Key"] async for entry in list_objects(self._bucket, self._uri)]
        self._one_object = not names
        limit = asyncio.Semaphore(_ASKED_AT_ONCE)
        if self._one_object:
            return manifest_of([await self._ask(self._uri.key, limit)], self.uri)
        files = [name for name in names if not name.endswith("/")]  # folders, as consoles make them
        return manifest_of(
            await asyncio.gather(*[self._ask(name, limit) for name in files]), self.uri
        )

    @override
    async def read(self, file: ModelFile, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield bytes of an object that still has the ETag that was listed."""
        key = self._uri.key if self._one_object else self._uri.child(file.path).key
        with self._found(file), s3_faults(f"{self.uri}: {file.path}"):
            options: GetOptions = {"range": (start, end)}
            if file.etag:
                options["if_match"] = file.etag
            answer = await self._store.get_async(key, options=options)
            async for data in answer.stream(min_chunk_size=_CHUNK):
                yield data

    @override
    async def close(self) -> None:
        """Close the connections."""
        await self._stack.aclose()

    @contextlib.contextmanager
    def _found(self, file: ModelFile) -> Iterator[None]:
        try:
            yield
        except SourceMissingError as error:
            told = f"{self.uri}: {file.path} is gone, though it was listed"
            raise SourceChangedError(told) from error

    async def _ask(self, key: str, limit: asyncio.Semaphore) -> Listed:
        """Return an object with its checksum."""
        asked = {"Bucket": self._bucket.name, "Key": key, "ChecksumMode": "ENABLED"}
        async with limit:
            with s3_faults(f"s3://{self._bucket.name}/{key}"):
                ask = self._bucket.api.head_object
                head = await ask(**asked)
                known = await best_checksum(head, functools.partial(ask, **asked))
        path = key.rpartition("/")[2] if self._one_object else key[len(self._uri.child("").key) :]
        return Listed(path, int(head["ContentLength"]), known, str(head["ETag"]))


async def list_objects(bucket: Bucket, uri: S3Uri) -> AsyncIterator[Mapping[str, Any]]:
    """Yield every object below a folder, as ListObjectsV2 describes it; raises ModelError."""
    prefix = f"{uri.key}/" if uri.key else ""
    with s3_faults(str(uri)):
        pages = bucket.api.get_paginator("list_objects_v2")
        async for page in pages.paginate(Bucket=bucket.name, Prefix=prefix):
            for entry in page.get("Contents", ()):
                yield entry
