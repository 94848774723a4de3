"""Copies from a real S3 server: whole, again, changed, pinned, and refused with the reason."""

import re

import pytest

from gco.errors import (
    CacheError,
    CorruptModelError,
    SourceDeniedError,
    SourceMissingError,
)
from tests.models.world import FILES, MIB, SIZE, content_of, sync

pytestmark = pytest.mark.real


@pytest.mark.parametrize("pieces", [None, 5 * MIB, 8 * MIB], ids=["whole", "5-MiB", "8-MiB"])
async def test_what_any_client_uploaded_is_copied_and_verified(store, cache, pieces):
    store.put(FILES, pieces=pieces)
    synced = await sync(store.uri, cache)
    assert content_of(synced.entry.folder) == FILES
    assert synced.entry.folder.parent == cache / "llama"
    assert synced.marker.manifest.size == SIZE


async def test_the_same_again_copies_nothing(store, cache):
    store.put(FILES)
    assert (await sync(store.uri, cache)).copied
    again = await sync(store.uri, cache)
    assert not again.copied
    assert content_of(again.entry.folder) == FILES


async def test_a_changed_source_gets_a_folder_of_its_own(store, cache):
    store.put(FILES)
    before = await sync(store.uri, cache)
    changed = {**FILES, "config.json": b'{"layers": 3}'}
    store.put(changed)
    after = await sync(store.uri, cache)
    assert content_of(before.entry.folder) == FILES
    assert content_of(after.entry.folder) == changed


async def test_the_same_name_with_a_new_source_serves_the_new_weights(store, cache):
    store.put({"w.bin": b"old"}, folder="one")
    store.put({"w.bin": b"new"}, folder="two")
    await sync(f"s3://{store.bucket}/one", cache)
    synced = await sync(f"s3://{store.bucket}/two", cache)
    assert content_of(synced.entry.folder) == {"w.bin": b"new"}


async def test_one_object_is_a_model_too(store, cache):
    store.put({"tiny.gguf": b"GGUF"})
    synced = await sync(f"{store.uri}/tiny.gguf", cache)
    assert content_of(synced.entry.folder) == {"tiny.gguf": b"GGUF"}


async def test_a_folder_that_begins_with_the_same_letters_is_another_model(store, cache):
    store.put({"w": b"7"}, folder="llama-7b")
    store.put({"w": b"70"}, folder="llama-70b")
    synced = await sync(f"s3://{store.bucket}/llama-7b", cache)
    assert content_of(synced.entry.folder) == {"w": b"7"}


async def test_the_same_content_has_the_same_digest_whatever_it_comes_from(store, cache, tmp_path):
    store.put(FILES, pieces=8 * MIB)
    for path, content in FILES.items():
        place = tmp_path / "local" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    near = await sync((tmp_path / "local").as_uri(), cache, name="near")
    digest = near.marker.content_digest
    far = await sync(store.uri, cache, name="far", pinned=digest)
    assert far.copied
    assert far.marker.content_digest == digest
    assert far.marker.digest != near.marker.digest


async def test_a_model_is_pinned_after_it_was_copied_without_copying_it_again(store, cache):
    store.put({"w": b"pinned"})
    assert (await sync(store.uri, cache)).marker.content_digest is None
    with pytest.raises(CorruptModelError, match="is pinned") as raised:
        await sync(store.uri, cache, pinned=f"sha256:{'0' * 64}")
    found = re.search(r"content is (sha256:[0-9a-f]{64})", str(raised.value))
    again = await sync(store.uri, cache, pinned=found[1])
    assert not again.copied
    assert again.marker.content_digest == found[1]


async def test_a_pinned_model_that_is_there_is_used_without_its_source(cache, tmp_path):
    (tmp_path / "w").write_bytes(b"pinned")
    digest = (await sync((tmp_path / "w").as_uri(), cache)).marker.content_digest
    again = await sync("s3://nobody-has-this-bucket/llama", cache, pinned=digest)
    assert not again.copied
    assert content_of(again.entry.folder) == {"w": b"pinned"}


async def test_content_other_than_the_pinned_one_is_never_complete(store, cache):
    store.put({"w": b"other"})
    for _ in range(2):
        with pytest.raises(CorruptModelError, match="is pinned"):
            await sync(store.uri, cache, pinned=f"sha256:{'0' * 64}")
    assert (await sync(store.uri, cache)).copied


async def test_a_file_that_went_missing_from_the_cache_is_copied_again(store, cache):
    store.put(FILES)
    before = await sync(store.uri, cache)
    (before.entry.folder / "shards" / "model-2.bin").unlink()
    after = await sync(store.uri, cache)
    assert after.copied
    assert content_of(after.entry.folder) == FILES


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        pytest.param("s3://nobody-has-this-bucket/llama", "nobody-has-this-bucket", id="bucket"),
        pytest.param("{uri}/absent", "absent", id="folder"),
    ],
)
async def test_what_is_not_there_is_named(store, cache, uri, told):
    store.put({"w": b"weights"})
    with pytest.raises(SourceMissingError, match=told):
        await sync(uri.format(uri=store.uri), cache)
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("AWS_SECRET_ACCESS_KEY", "wrong", id="wrong-secret"),
        pytest.param("AWS_ACCESS_KEY_ID", "nobody", id="unknown-key"),
    ],
)
async def test_refused_credentials_are_told_apart(store, cache, monkeypatch, name, value):
    store.put({"w": b"weights"})
    monkeypatch.setenv(name, value)
    with pytest.raises(SourceDeniedError, match=store.bucket):
        await sync(store.uri, cache)


async def test_a_cache_that_is_not_mounted_is_not_made_up(store, cache):
    store.put({"w": b"weights"})
    with pytest.raises(CacheError, match="No such file"):
        await sync(store.uri, cache / "absent")
