"""Uploads to a real S3 server: with a manifest, gone on with, never half a model."""

import pytest

from gco.core.model.model_uri import parse_uri
from gco.errors import (
    CorruptModelError,
    SourceChangedError,
    SourceMissingError,
    SourceUnavailableError,
)
from gco.models.catalog import delete_model, find_model, list_models
from gco.models.sources import Access
from gco.models.upload import upload_model
from tests.models.world import FILES, MIB, SIZE, content_of, sync, weights

pytestmark = pytest.mark.real
ACCESS = Access()


@pytest.fixture
def folder(tmp_path):
    for path, content in FILES.items():
        place = tmp_path / "weights" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return tmp_path / "weights"


async def upload(folder, store):
    return await upload_model(folder, parse_uri(store.uri), access=ACCESS)


async def test_an_upload_is_copied_back_under_the_digest_that_it_told(store, folder, cache):
    sent = await upload(folder, store)
    assert sent.files == len(FILES)
    synced = await sync(store.uri, cache, pinned=sent.manifest.digest)
    assert content_of(synced.entry.folder) == FILES
    assert synced.marker.digest == synced.marker.content_digest == sent.manifest.digest


async def test_the_same_again_sends_nothing(store, folder):
    await upload(folder, store)
    assert (await upload(folder, store)).files == 0


async def test_only_what_changed_is_sent(store, folder, cache):
    await upload(folder, store)
    (folder / "config.json").write_bytes(b"{}")
    assert (await upload(folder, store)).files == 1
    synced = await sync(store.uri, cache)
    assert content_of(synced.entry.folder)["config.json"] == b"{}"


async def test_objects_of_an_earlier_upload_are_no_part_of_the_model(store, folder, cache):
    await upload(folder, store)
    (folder / "shards" / "model-2.bin").unlink()
    await upload(folder, store)
    synced = await sync(store.uri, cache)
    assert "shards/model-2.bin" not in content_of(synced.entry.folder)


async def test_a_folder_that_changes_under_the_upload_makes_no_model(store, folder, cache):
    changed = weights(40 * MIB, seed=9)

    def change(_):
        (folder / "shards" / "model-1.bin").write_bytes(changed)

    with pytest.raises(SourceChangedError, match="changed while it was uploaded"):
        await upload_model(folder, parse_uri(store.uri), access=ACCESS, tell=[change])
    with pytest.raises(SourceUnavailableError, match="under way, or broke off"):
        await sync(store.uri, cache)
    await upload(folder, store)
    synced = await sync(store.uri, cache)
    assert content_of(synced.entry.folder) == FILES | {"shards/model-1.bin": changed}


async def test_a_spoilt_part_is_named_by_its_bytes(store, folder, cache):
    await upload(folder, store)
    store.spoil("shards/model-1.bin", offset=17 * MIB)
    with pytest.raises(CorruptModelError, match=r"model-1.bin is corrupt: bytes 16777216 to"):
        await sync(store.uri, cache)


async def test_a_manifest_that_nobody_can_read_is_told(store, folder, cache):
    await upload(folder, store)
    for content in (b"no JSON", b'{"version": 2}'):
        store.put({"gco-manifest.json": content})
        with pytest.raises(CorruptModelError, match=r"gco-manifest\.json"):
            await sync(store.uri, cache)


async def test_models_are_listed_told_apart_and_deleted(store, folder):
    sent = await upload(folder, store)
    store.put({"w": b"by another tool"}, folder="plain")
    base = parse_uri(f"s3://{store.bucket}")
    listed = {model.name: model for model in await list_models(base, access=ACCESS)}
    assert (listed["llama"].complete, listed["llama"].bytes) == (True, SIZE)
    assert listed["llama"].digest == sent.manifest.digest
    assert (listed["plain"].complete, listed["plain"].digest) == (None, None)
    assert await find_model(parse_uri(store.uri), access=ACCESS) == listed["llama"]

    assert await delete_model(parse_uri(store.uri), access=ACCESS) == len(FILES)
    assert store.keys() == ["plain/w"]
    with pytest.raises(SourceMissingError):
        await delete_model(parse_uri(store.uri), access=ACCESS)
