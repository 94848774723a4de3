"""Checksums over content that arrives in pieces of any size, as the sources compute them."""

import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco.models.checksums import Algorithm, Checksum, running, tree_checksum
from gco.models.manifest import ModelFile


def fed(known, pieces):
    counting = running(known, sum(map(len, pieces)))
    for piece in pieces:
        counting.update(piece)
    return counting.hexdigest()


PIECES = st.lists(st.binary(max_size=40), max_size=8)


@given(PIECES, st.integers(1, 50))
def test_an_upload_in_pieces_is_hashed_as_s3_does(pieces, size):
    content = b"".join(pieces)
    digests = [
        hashlib.md5(content[at : at + size], usedforsecurity=False).digest()
        for at in range(0, len(content), size)
    ]
    total = hashlib.md5(b"".join(digests), usedforsecurity=False).hexdigest()
    known = Checksum(Algorithm.MD5_PARTS, f"?@{size}")
    assert fed(known, pieces) == f"{total}-{len(digests)}@{size}"


@given(PIECES)
def test_a_small_file_of_a_hub_is_hashed_as_git_does(pieces):
    content = b"".join(pieces)
    expected = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)
    assert fed(Checksum(Algorithm.GIT_BLOB, "?"), pieces) == expected.hexdigest()


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        pytest.param(
            Algorithm.SHA256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            id="FIPS 180-2, B.1",
        ),
        pytest.param(Algorithm.MD5, "900150983cd24fb0d6963f7d28e17f72", id="RFC 1321, A.5"),
    ],
)
def test_published_vectors_hold(algorithm, expected):
    assert fed(Checksum(algorithm, "?"), [b"a", b"", b"bc"]) == expected


@pytest.mark.parametrize(
    ("algorithm", "check"),
    [
        pytest.param(Algorithm.CRC64NVME, "ae8b14860a799888", id="crc64nvme"),
        pytest.param(Algorithm.CRC32C, "e3069283", id="crc32c"),
        pytest.param(Algorithm.CRC32, "cbf43926", id="crc32"),
    ],
)
def test_the_check_values_of_the_crcs_hold(algorithm, check):
    assert fed(Checksum(algorithm, "?"), [b"1234", b"", b"56789"]) == check


@given(PIECES)
def test_a_crc_over_pieces_is_that_of_the_whole(pieces):
    content = b"".join(pieces)
    assert fed(Checksum(Algorithm.CRC32, "?"), pieces) == f"{zlib.crc32(content):08x}"


@given(PIECES, st.integers(1, 50))
def test_a_crc_of_an_upload_in_pieces_is_made_as_s3_does(pieces, size):
    content = b"".join(pieces)
    found = [
        zlib.crc32(content[at : at + size]).to_bytes(4, "big")
        for at in range(0, len(content), size)
    ]
    known = Checksum(Algorithm.CRC32_PARTS, f"?@{size}")
    assert fed(known, pieces) == f"{zlib.crc32(b''.join(found)):08x}-{len(found)}@{size}"


@pytest.mark.parametrize("algorithm", Algorithm)
def test_only_a_short_checksum_needs_the_etag_to_tell_one_content_from_another(algorithm):
    file = ModelFile(path="w", size=1, checksum=Checksum(algorithm, "a"), etag="e")
    short = algorithm.value.startswith("crc32")
    assert file.identity == (f"{algorithm}:a etag:e" if short else f"{algorithm}:a")


def test_parts_that_are_verified_one_by_one_need_no_second_look():
    assert running(tree_checksum(["00" * 32]), 5) is None
