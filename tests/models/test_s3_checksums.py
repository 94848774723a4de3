"""The checksum of S3's that a copy is verified by, however the object was uploaded."""

import contextlib

import pytest

from gco.core.model.model_uri import parse_uri
from gco.errors import CorruptModelError
from gco.models.checksums import Algorithm
from gco.models.sources.s3 import S3Source
from gco.models.sources.s3_checksums import best_checksum
from tests.models.world import MIB, content_of, sync, weights

CONTENT = weights(12 * MIB)


async def algorithm_of(store):
    """Return what the one object of the model is verified by."""
    source = await S3Source.opened(parse_uri(store.uri))
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(source.close)
        [file] = (await source.manifest()).files
    return file.checksum.algorithm


async def uploaded(store, how, pieces):
    """Upload CONTENT with a checksum, without any, or as it was done before S3 kept them."""
    if how in ("nothing", "before"):
        store.put({"w.bin": CONTENT}, pieces=pieces)
    else:
        await store.put_with(how, "w.bin", CONTENT, pieces=pieces)
    if how == "before":
        store.forget_checksums()


UPLOADS = [
    pytest.param("nothing", None, Algorithm.CRC64NVME, id="without-a-checksum"),
    pytest.param("nothing", 5 * MIB, Algorithm.CRC64NVME, id="without-a-checksum-in-pieces"),
    pytest.param("SHA256", None, Algorithm.SHA256, id="sha256"),
    pytest.param("SHA256", 5 * MIB, Algorithm.MD5_PARTS, id="sha256-in-pieces"),
    pytest.param("CRC32", None, Algorithm.CRC32, id="crc32"),
    pytest.param("CRC32", 5 * MIB, Algorithm.CRC32_PARTS, id="crc32-in-pieces"),
    pytest.param("CRC32C", None, Algorithm.CRC32C, id="crc32c"),
    pytest.param("CRC32C", 6 * MIB, Algorithm.CRC32C_PARTS, id="crc32c-in-even-pieces"),
    pytest.param("before", None, Algorithm.MD5, id="before-checksums-were-kept"),
    pytest.param("before", 5 * MIB, Algorithm.MD5_PARTS, id="before-checksums-in-pieces"),
]


@pytest.mark.real
@pytest.mark.parametrize(("how", "pieces", "algorithm"), UPLOADS)
async def test_the_best_that_s3_has_is_known_and_holds(store, cache, how, pieces, algorithm):
    await uploaded(store, how, pieces)
    assert await algorithm_of(store) is algorithm
    synced = await sync(store.uri, cache)
    assert content_of(synced.entry.folder) == {"w.bin": CONTENT}


@pytest.mark.real
@pytest.mark.parametrize(("how", "pieces", "algorithm"), UPLOADS)
async def test_one_wrong_bit_is_found_by_it(store, cache, how, pieces, algorithm):
    await uploaded(store, how, pieces)
    store.spoil("w.bin", offset=7 * MIB)
    with pytest.raises(CorruptModelError, match=rf"w\.bin is corrupt.*, not {algorithm}:"):
        await sync(store.uri, cache)


def head(**more):
    return {"ContentLength": 12, "ETag": f'"{"a" * 32}"', **more}


async def no_piece(**_):
    raise AssertionError("an object in one piece has no other")


@pytest.mark.parametrize(
    ("said", "known"),
    [
        pytest.param({}, f"md5:{'a' * 32}", id="an-etag"),
        pytest.param({"ETag": '"made-elsewhere"'}, None, id="an-etag-that-is-no-md5"),
        pytest.param({"ServerSideEncryption": "aws:kms"}, None, id="encrypted-by-kms"),
        pytest.param({"SSECustomerAlgorithm": "AES256"}, None, id="encrypted-by-a-key-of-ones-own"),
        pytest.param(
            {"ServerSideEncryption": "aws:kms", "ChecksumCRC64NVME": "rosUhgp5mIg="},
            "crc64nvme:ae8b14860a799888",
            id="encrypted-by-kms-with-a-checksum",
        ),
        pytest.param(
            {"ChecksumCRC32": "y/Q5Jg==", "ChecksumCRC64NVME": "rosUhgp5mIg="},
            "crc64nvme:ae8b14860a799888",
            id="the-longer-one-of-two",
        ),
        pytest.param(
            {"ChecksumSHA1": "qZk+NkcGgWq6PiVxeFDCbJzQ2J0="}, f"md5:{'a' * 32}", id="sha1"
        ),
    ],
)
async def test_what_an_object_in_one_piece_is_verified_by(said, known):
    found = await best_checksum(head(**said), no_piece)
    assert (found and str(found)) == known


@pytest.mark.parametrize(
    ("sizes", "known"),
    [
        pytest.param({1: 5, 2: 5, 3: 2}, "crc32:cbf43926-3@5", id="pieces-of-one-size"),
        pytest.param({1: 5, 2: 4, 3: 3}, None, id="uneven"),
        pytest.param({1: 2, 2: 5, 3: 5}, None, id="a-short-one-first"),
    ],
)
async def test_an_upload_in_uneven_pieces_cannot_be_verified(sizes, known):
    async def piece(*, PartNumber):  # noqa: N803  (as the API calls it)
        return {"ContentLength": sizes[PartNumber], "PartsCount": len(sizes)}

    composite = head(ChecksumCRC32="y/Q5Jg==-3", ChecksumType="COMPOSITE", ETag=f'"{"a" * 32}-3"')
    found = await best_checksum(composite, piece)
    assert (found and str(found)) == (known and known.replace("crc32:", "crc32-parts:"))
