"""`gco-manifest.json`: what `gco models upload` writes beside the files that it uploads.

It says `complete: false` from before the first file to after the last, so that nobody takes half an
upload, or a mixture of an old one and a new one, for a model.
"""

from typing import Final, Literal

import obstore
import orjson
import pydantic

from gco.core.model.base import Model
from gco.core.model.model_uri import S3Uri
from gco.errors import CorruptModelError
from gco.models.manifest import PART_SIZE, Manifest
from gco.models.sources.aws import Bucket
from gco.models.sources.faults import s3_faults
from gco.models.sources.listing import reason

MANIFEST: Final = "gco-manifest.json"
_MOST_BYTES: Final = 64 * 2**20
"""As much as a manifest of 200,000 files takes; it is read into memory."""


class Uploaded(Model):
    """An upload, under way or complete."""

    version: Literal[1] = 1
    part_size: Literal[16777216] = PART_SIZE
    complete: bool
    manifest: Manifest


async def read_uploaded(bucket: Bucket, uri: S3Uri) -> Uploaded | None:
    """Return what an upload left below `uri`, None where there was none; raises ModelError."""
    where = uri.child(MANIFEST)
    with s3_faults(str(where)):
        try:
            answer = await obstore.get_async(bucket.store(retries=2), where.key)
            if answer.meta["size"] > _MOST_BYTES:
                raise CorruptModelError(f"{where} is larger than {_MOST_BYTES // 2**20} MiB")
            content = bytes(await answer.bytes_async())
        except FileNotFoundError:
            return None
    try:
        return Uploaded.model_validate(orjson.loads(content))
    except pydantic.ValidationError as error:
        raise CorruptModelError(
            f"{where}: {reason(error)}; a newer gco may have made it"
        ) from error
    except orjson.JSONDecodeError as error:
        raise CorruptModelError(f"{where} is not JSON") from error


async def write_uploaded(bucket: Bucket, uri: S3Uri, uploaded: Uploaded) -> None:
    """Say how far an upload is; raises ModelError."""
    where = uri.child(MANIFEST)
    with s3_faults(str(where)):
        content = orjson.dumps(uploaded.model_dump(mode="json", exclude_none=True))
        await obstore.put_async(bucket.store(retries=2), where.key, content)
