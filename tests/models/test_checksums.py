"""Checksums over content that arrives in pieces of any size, as the sources compute them."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco.models.checksums import Algorithm, Checksum, running, tree_checksum


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


def test_parts_that_are_verified_one_by_one_need_no_second_look():
    assert running(tree_checksum(["00" * 32]), 5) is None
