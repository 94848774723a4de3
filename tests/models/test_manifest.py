"""Manifests: what may be in a model, and when two models are the same."""

import hashlib

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco.core.model.model_uri import check_path
from gco.models.checksums import Algorithm, Checksum
from gco.models.manifest import (
    PART_SIZE,
    Manifest,
    ModelFile,
    part_count,
    sealed_file,
)

NAMES = st.text("abc .-_é", min_size=1, max_size=8).filter(lambda name: name.strip("."))
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
CONTENTS = st.dictionaries(PATHS, st.binary(max_size=64), max_size=6).filter(
    lambda files: (
        not any(other.startswith(f"{path}/") for path in files for other in files if other != path)
    )
)


def sealed(files):
    hashes = {p: [hashlib.sha256(c).hexdigest()] if c else [] for p, c in files.items()}
    return Manifest.of(sealed_file(p, len(c), hashes[p]) for p, c in files.items())


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("", id="nothing"),
        pytest.param("/etc/passwd", id="absolute"),
        pytest.param("../up", id="up"),
        pytest.param("a/../../up", id="up-further"),
        pytest.param("a/./b", id="dot"),
        pytest.param("a//b", id="empty-segment"),
        pytest.param("a/", id="folder"),
        pytest.param("a\\b", id="backslash"),
        pytest.param("a\nb", id="line-break"),
        pytest.param("a\0b", id="zero"),
        pytest.param("é" * 128, id="too-long-in-bytes"),
    ],
)
def test_a_path_that_leads_anywhere_else_is_refused(path):
    with pytest.raises(ValueError, match=r"path|characters|longer"):
        check_path(path)


@given(CONTENTS)
def test_the_digest_depends_on_content_alone(files):
    backwards = dict(reversed(files.items()))
    assert sealed(files).digest == sealed(backwards).digest
    assert sealed(files).sealed


@given(CONTENTS, CONTENTS)
def test_other_content_has_another_digest(one, other):
    assert (sealed(one).digest == sealed(other).digest) == (one == other)


@given(CONTENTS)
def test_a_manifest_survives_its_own_json(files):
    manifest = sealed(files)
    assert Manifest.model_validate_json(manifest.model_dump_json(exclude_none=True)) == manifest


def test_what_only_the_source_knows_makes_another_identity_but_no_pin():
    listed = Manifest.of([ModelFile(path="a", size=1, etag="x")])
    changed = Manifest.of([ModelFile(path="a", size=1, etag="y")])
    assert listed.digest != changed.digest
    assert not listed.sealed


@pytest.mark.parametrize(
    ("paths", "told"),
    [
        pytest.param(["a", "a"], "listed twice", id="twice"),
        pytest.param(["a", "a/b"], "a is a file and the folder of a/b", id="file-and-folder"),
    ],
)
def test_files_that_cannot_be_side_by_side_are_refused(paths, told):
    with pytest.raises(pydantic.ValidationError, match=told):
        Manifest.of(ModelFile(path=path, size=1) for path in paths)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        pytest.param({"parts": ("00",) * 2}, "2 parts do not make 1 bytes", id="parts"),
        pytest.param(
            {"checksum": "adler32:00"}, "no checksum that this version knows", id="unknown"
        ),
        pytest.param({"size": -1}, "greater than or equal to 0", id="size"),
        pytest.param({"sha": "00"}, "Extra inputs", id="unknown-field"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(fields, told):
    with pytest.raises(pydantic.ValidationError, match=told):
        ModelFile(**{"path": "a", "size": 1, **fields})


@pytest.mark.parametrize(
    ("size", "count"),
    [(0, 0), (1, 1), (PART_SIZE, 1), (PART_SIZE + 1, 2), (10 * PART_SIZE, 10)],
    ids=str,
)
def test_parts_are_counted(size, count):
    assert part_count(size) == count


def test_a_checksum_is_written_as_people_know_it():
    file = ModelFile(path="a", size=1, checksum=Checksum(Algorithm.MD5, "00"))
    assert file.model_dump(mode="json")["checksum"] == "md5:00"
    assert file.identity == "md5:00"


@pytest.mark.parametrize(
    "checksum",
    ["md5-parts:ab-1@0", "md5-parts:x@0", "crc32-parts:@x", "crc32c-parts:ab-1", "sha1:ab", "", 3],
)
def test_a_checksum_that_could_never_be_computed_is_refused(checksum):
    """A manifest comes from a bucket: no value in it may hang or crash a copy."""
    with pytest.raises(pydantic.ValidationError, match="is no checksum"):
        ModelFile.model_validate({"path": "w", "size": 1, "checksum": checksum})
