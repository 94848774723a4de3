"""A bucket with weights, a cache, and ways to copy one into the other."""

import base64
import dataclasses
import functools
import hashlib
import json
import random
import subprocess
import sys
from pathlib import Path

import obstore
from obstore.store import S3Store

from gco.clock import SystemClock
from gco.core.model.model_uri import parse_uri
from gco.models.cache.cache import Cache
from gco.models.crc import Crc
from gco.models.sources import Access
from gco.models.sources.aws import open_bucket
from gco.models.sync import sync_model
from gco.models.transfer.fetch import Limits
from gco.settings import environment_with
from testbed.s3 import ACCESS_KEY, REGION, SECRET_KEY

MIB = 2**20
EAGER = Limits(connections=4, stall_seconds=0.5, give_up_seconds=1.0)
"""A test has no minutes to wait."""


@functools.cache
def weights(size, seed=1):
    return random.Random(seed).randbytes(size)  # noqa: S311  (the same in each run)


FILES = {
    "config.json": b'{"layers": 2}',
    "shards/model-1.bin": weights(40 * MIB),
    "shards/model-2.bin": weights(20 * MIB, seed=2),
    "empty.txt": b"",
    "with space +%20é.txt": b"names are names",
}
SIZE = sum(map(len, FILES.values()))


@dataclasses.dataclass
class Store:
    """One bucket."""

    server: object
    bucket: str

    def __post_init__(self):
        self.folder = self.server.make_bucket(self.bucket)
        """Its objects as files, to be spoilt behind the server's back."""
        self.uri = f"s3://{self.bucket}/llama"
        self._client = S3Store(
            self.bucket,
            endpoint=self.server.endpoint_url,
            region=REGION,
            access_key_id=ACCESS_KEY,
            secret_access_key=SECRET_KEY,
            client_options={"allow_http": True},
        )

    def put(self, files, *, folder="llama", pieces=None):
        """Upload as any client may: in one piece each, or in pieces of so many bytes."""
        for path, content in files.items():
            obstore.put(
                self._client,
                f"{folder}/{path}",
                content,
                use_multipart=bool(pieces and len(content) > pieces),
                chunk_size=pieces or 5 * MIB,
            )

    async def put_with(self, algorithm, path, content, *, pieces=None):
        """Upload with a checksum that the client brings: of the whole, or of each piece."""
        where = {"Bucket": self.bucket, "Key": f"llama/{path}"}
        mine = f"Checksum{algorithm}"
        async with open_bucket(self.bucket) as bucket:
            if pieces is None:
                brought = {mine: _checksum(algorithm, content)}
                await bucket.api.put_object(**where, **brought, Body=content)
                return
            begun = await bucket.api.create_multipart_upload(**where, ChecksumAlgorithm=algorithm)
            where["UploadId"] = begun["UploadId"]
            parts = []
            for number, start in enumerate(range(0, len(content), pieces), 1):
                body = content[start : start + pieces]
                part = {"PartNumber": number, mine: _checksum(algorithm, body)}
                kept = await bucket.api.upload_part(**where, **part, Body=body)
                parts.append({**part, "ETag": kept["ETag"]})
            await bucket.api.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})

    def forget_checksums(self):
        """Leave the ETags alone, as S3 has them of objects from before it kept checksums."""
        self.server.forget_checksums(self.bucket)

    def keys(self):
        return sorted(entry["path"] for page in obstore.list(self._client) for entry in page)

    def spoil(self, path, offset=0):
        """Change one byte of an object; the server goes on naming the old checksum."""
        with (self.folder / "llama" / path).open("r+b") as file:
            file.seek(offset)
            byte = file.read(1)
            file.seek(offset)
            file.write(bytes([byte[0] ^ 1]))


def _checksum(algorithm, content):
    """What a client sends of `content`; the server refuses a wrong one."""
    if algorithm == "SHA256":
        return base64.b64encode(hashlib.sha256(content).digest()).decode()
    crc = Crc(algorithm)
    crc.update(content)
    return base64.b64encode(crc.digest()).decode()


def content_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


async def sync(uri, cache, *, name="llama", limits=EAGER, **more):
    return await sync_model(
        parse_uri(uri),
        Cache(cache),
        name,
        clock=SystemClock(),
        access=more.pop("access", Access()),
        limits=limits,
        **more,
    )


def started(uri, cache, variables, *options, **popen):
    """Start `gco model-sync` as a process of its own."""
    command = [sys.executable, "-m", "gco", "model-sync", "--source", uri, "--name", "llama"]
    return subprocess.Popen(  # noqa: S603  (this very interpreter)
        [*command, "--cache", str(cache), *options],
        env=environment_with(variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **popen,
    )


def ended(process):
    """Return the exit code and the JSON lines of a process, once it has ended."""
    out, err = process.communicate(timeout=60)
    return process.returncode, [json.loads(line) for line in out.splitlines()], err


def only_folder(cache: Path):
    [model] = Cache(cache).models()
    return cache / model.directory
