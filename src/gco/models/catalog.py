"""The models of a bucket: what is there, and removing one."""

import asyncio
from typing import Any, Final

import obstore

from gco.core.model.base import Model
from gco.core.model.model_uri import S3Uri
from gco.errors import SourceMissingError
from gco.models.manifest import Manifest
from gco.models.sources import Access
from gco.models.sources.aws import Bucket, open_bucket
from gco.models.sources.faults import s3_faults
from gco.models.sources.s3 import list_objects
from gco.models.sources.uploaded import MANIFEST, Uploaded, read_uploaded, write_uploaded

_READ_AT_ONCE: Final = 8


class Stored(Model):
    """One model of a bucket."""

    name: str
    uri: str
    complete: bool | None
    """None where no `gco models upload` made it, so that nobody can tell."""
    files: int
    bytes: int
    digest: str | None = None
    """What `spec.model.digest` pins; known of uploads that are complete."""


async def list_models(uri: S3Uri, *, access: Access) -> list[Stored]:
    """Return the model at `uri`, or those one folder below it, by name; raises ModelError."""
    async with open_bucket(uri.bucket, endpoint_url=access.endpoint_url) as bucket:
        if (own := await read_uploaded(bucket, uri)) is not None:
            return [_uploaded(uri, own)]
        limit = asyncio.Semaphore(_READ_AT_ONCE)
        folders = await _folders(bucket, uri)
        return await asyncio.gather(*[_stored(bucket, folder, limit) for folder in folders])


async def find_model(uri: S3Uri, *, access: Access) -> Stored:
    """Return the model at `uri`; raises SourceMissingError where nothing is, and ModelError."""
    async with open_bucket(uri.bucket, endpoint_url=access.endpoint_url) as bucket:
        found = await _stored(bucket, uri, asyncio.Semaphore(1))
    if not found.files and found.complete is None:
        raise SourceMissingError(f"{uri} has no files")
    return found


async def delete_model(uri: S3Uri, *, access: Access) -> int:
    """Remove every object below `uri`; return how many there were. Raises ModelError.

    The manifest says first that the model is not complete, and goes last: whoever copies it meanwhile
    takes what is left for no model.
    """
    async with open_bucket(uri.bucket, endpoint_url=access.endpoint_url) as bucket:
        keys = [str(entry["Key"]) async for entry in list_objects(bucket, uri)]
        if not keys:
            raise SourceMissingError(f"{uri} has no files")
        await write_uploaded(bucket, uri, Uploaded(complete=False, manifest=Manifest(files=())))
        manifest = uri.child(MANIFEST).key
        files = [key for key in keys if key != manifest]
        with s3_faults(str(uri)):
            await obstore.delete_async(bucket.store(retries=2), files)
            await obstore.delete_async(bucket.store(retries=2), manifest)
        return len(files)


async def _folders(bucket: Bucket, uri: S3Uri) -> list[S3Uri]:
    prefix = f"{uri.key}/" if uri.key else ""
    found: list[dict[str, Any]] = []
    with s3_faults(str(uri)):
        pages = bucket.api.get_paginator("list_objects_v2")
        async for page in pages.paginate(Bucket=bucket.name, Prefix=prefix, Delimiter="/"):
            found += page.get("CommonPrefixes", ())
    return [S3Uri(bucket.name, str(entry["Prefix"]).strip("/")) for entry in found]


async def _stored(bucket: Bucket, uri: S3Uri, limit: asyncio.Semaphore) -> Stored:
    async with limit:
        if (uploaded := await read_uploaded(bucket, uri)) is not None:
            return _uploaded(uri, uploaded)
        sizes = [int(entry["Size"]) async for entry in list_objects(bucket, uri)]
    return Stored(name=_name(uri), uri=str(uri), complete=None, files=len(sizes), bytes=sum(sizes))


def _uploaded(uri: S3Uri, uploaded: Uploaded) -> Stored:
    return Stored(
        name=_name(uri),
        uri=str(uri),
        complete=uploaded.complete,
        files=len(uploaded.manifest.files),
        bytes=uploaded.manifest.size,
        digest=uploaded.manifest.digest if uploaded.complete else None,
    )


def _name(uri: S3Uri) -> str:
    return uri.key.rpartition("/")[2] or uri.bucket
