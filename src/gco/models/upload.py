"""A folder of this machine into a bucket, with a manifest that says what it has to be."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import obstore

from gco.core.model.model_uri import S3Uri
from gco.errors import CorruptModelError, SourceChangedError, SourceMissingError
from gco.models.hashing import sealed_from_disk
from gco.models.manifest import PART_SIZE, Manifest, ModelFile
from gco.models.progress import Meter, Tell, reporting
from gco.models.sources import Access
from gco.models.sources.aws import Bucket, open_bucket
from gco.models.sources.faults import s3_faults
from gco.models.sources.folder import FolderSource
from gco.models.sources.s3 import list_objects
from gco.models.sources.uploaded import Uploaded, read_uploaded, write_uploaded
from gco.models.threads import in_thread
from gco.models.transfer.plan import parts_of

_CHECKSUM: Final = "gco-checksum"
"""Where an object says what its content is, so that an upload that broke off is gone on with."""
_FILES_AT_ONCE: Final = 4
_PARTS_AT_ONCE: Final = 4
_MOST_PARTS: Final = 9_000
"""S3 takes 10,000 in one upload."""
_RETRIES: Final = 8


class Sent(NamedTuple):
    """A model that is in the bucket, whole."""

    manifest: Manifest
    files: int
    """How many files had to be sent; the others were there."""


async def upload_model(
    folder: Path, uri: S3Uri, *, access: Access, tell: Sequence[Tell] = ()
) -> Sent:
    """Make what is below `uri` the model in `folder`; what is there already is not sent again.

    Objects that do not belong to the model are left alone: nobody reads them. Raises ModelError;
    until the end the manifest there says that the upload is under way.
    """
    source = FolderSource(folder, confined=True)
    manifest = await _sealed(source, await source.manifest())
    async with open_bucket(uri.bucket, endpoint_url=access.endpoint_url) as bucket:
        upload = _Upload(source, uri, bucket)
        upload.meter.begin(manifest.size, len(manifest.files))
        async with reporting(upload.meter, tell):
            return await upload.run(manifest)


class _Upload:
    """One call of :func:`upload_model`."""

    def __init__(self, source: FolderSource, uri: S3Uri, bucket: Bucket) -> None:
        self.meter = Meter()
        self._source = source
        self._uri = uri
        self._bucket = bucket
        self._store = bucket.store(retries=_RETRIES)
        self._limit = asyncio.Semaphore(_FILES_AT_ONCE)

    async def run(self, manifest: Manifest) -> Sent:
        """Send what is missing between two words in the manifest."""
        there = await read_uploaded(self._bucket, self._uri)
        complete = Uploaded(complete=True, manifest=manifest)
        if there != complete:
            await write_uploaded(
                self._bucket, self._uri, Uploaded(complete=False, manifest=manifest)
            )
        try:
            async with asyncio.TaskGroup() as tasks:
                sent = [tasks.create_task(self._file(file)) for file in manifest.files]
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None  # the first failure ended the others
        await self._verify(manifest)
        await write_uploaded(self._bucket, self._uri, complete)
        self.meter.finish()
        return Sent(manifest, sum(task.result() for task in sent))

    async def _file(self, file: ModelFile) -> bool:
        """Send a file unless it is there; tell whether it was sent."""
        async with self._limit:
            there = await self._is_there(file)
            if there:
                self.meter.found(file.size)
            else:
                await self._send(file)
            self.meter.files_done += 1
            return not there

    async def _is_there(self, file: ModelFile) -> bool:
        where = self._uri.child(file.path)
        try:
            with s3_faults(str(where)):
                head = await self._bucket.api.head_object(Bucket=where.bucket, Key=where.key)
        except SourceMissingError:
            return False
        noted = head.get("Metadata", {}).get(_CHECKSUM)
        return bool(noted == str(file.checksum) and head["ContentLength"] == file.size)

    async def _send(self, file: ModelFile) -> None:
        where = self._uri.child(file.path)
        content = self._parts(file)
        with s3_faults(str(where)):
            await obstore.put_async(
                self._store,
                where.key,
                content if file.size > PART_SIZE else b"".join([part async for part in content]),
                attributes={_CHECKSUM: str(file.checksum)},
                chunk_size=max(PART_SIZE, -(-file.size // _MOST_PARTS)),
                max_concurrency=_PARTS_AT_ONCE,
            )

    async def _parts(self, file: ModelFile) -> AsyncIterator[bytes]:
        """Yield a file part by part, each still the one that was hashed."""
        path = self._source.path_of(file)
        for expected, part in zip(file.parts or (), parts_of(0, file.size), strict=True):
            data = await in_thread(_read, path, part.start, part.size)
            if hashlib.sha256(data).hexdigest() != expected:
                raise SourceChangedError(f"{path} changed while it was uploaded")
            yield data
            self.meter.move(len(data))

    async def _verify(self, manifest: Manifest) -> None:
        """Check what the bucket lists; its server has checked the SHA-256 that each part is sent with."""
        found = {
            entry["Key"]: entry["Size"] async for entry in list_objects(self._bucket, self._uri)
        }
        for file in manifest.files:
            where = self._uri.child(file.path)
            if found.get(where.key) != file.size:
                told = f"{found.get(where.key)} bytes, not {file.size}, after the upload"
                raise CorruptModelError(f"{where} has {told}; does somebody else write there?")


async def _sealed(source: FolderSource, listed: Manifest) -> Manifest:
    """Return the manifest by content: every file is read once."""
    limit = asyncio.Semaphore(_FILES_AT_ONCE)

    async def seal(file: ModelFile) -> ModelFile:
        async with limit:
            return await in_thread(_seal, source.path_of(file), file)

    return Manifest.of(await asyncio.gather(*[seal(file) for file in listed.files]))


def _seal(path: Path, file: ModelFile) -> ModelFile:
    try:
        return sealed_from_disk(path, file)
    except OSError as error:
        raise SourceChangedError(f"{path}: {error.strerror}, though it was listed") from error


def _read(path: Path, offset: int, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(size)
    except OSError as error:
        raise SourceChangedError(f"{path}: {error.strerror}, though it was listed") from error
