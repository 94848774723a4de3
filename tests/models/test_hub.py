"""Copies from a hub: pages, commits, gates, redirects, and content that is not what was listed."""

import pytest

from gco.errors import (
    CorruptModelError,
    SourceChangedError,
    SourceDeniedError,
    SourceMissingError,
    SourceUnavailableError,
)
from gco.models.cache.cache import Cache
from gco.models.sources import Access
from tests.models.hub import COMMIT, TOKEN, Hub
from tests.models.world import MIB, content_of, sync, weights

FILES = {
    "config.json": b"{}",
    "model.safetensors": weights(20 * MIB),
    "sub/a #1 é.txt": b"odd names",
    "sub/empty": b"",
}


@pytest.fixture
async def hub():
    async with Hub(FILES).running() as running:
        yield running


def access(hub, token=None):
    return Access(hub_url=hub.url, hub_token=token)


async def test_a_repository_is_copied_at_the_commit_of_its_revision(hub, cache):
    synced = await sync("hf://org/model", cache, access=access(hub))
    assert content_of(synced.entry.folder) == FILES


async def test_a_folder_of_a_repository_is_a_model_too(hub, cache):
    synced = await sync("hf://org/model@refs%2Fpr%2F1/sub", cache, access=access(hub))
    assert content_of(synced.entry.folder) == {"a #1 é.txt": b"odd names", "empty": b""}


async def test_the_token_opens_a_gated_repository_and_goes_to_no_other_host(hub, cache):
    hub.gated = True
    synced = await sync("hf://org/model", cache, access=access(hub, TOKEN))
    assert content_of(synced.entry.folder) == FILES
    assert hub.far_headers
    assert not any("Authorization" in headers for headers in hub.far_headers)


@pytest.mark.parametrize(
    ("token", "told"),
    [
        pytest.param(None, "it takes a token", id="none"),
        pytest.param("hf_wrong", "the token is not accepted", id="wrong"),
    ],
)
async def test_a_gate_that_stays_shut_says_what_to_do_and_not_the_token(hub, cache, token, told):
    hub.gated = True
    with pytest.raises(SourceDeniedError, match=told) as raised:
        await sync("hf://org/model", cache, access=access(hub, token))
    assert "hf_wrong" not in str(raised.value)


async def test_a_revision_that_is_not_there_is_named(hub, cache):
    with pytest.raises(SourceMissingError, match="RevisionNotFound"):
        await sync("hf://org/model@v9", cache, access=access(hub))


@pytest.mark.parametrize("path", ["config.json", "model.safetensors"], ids=["git", "large"])
async def test_content_that_is_not_what_was_listed_is_corrupt(hub, cache, path):
    content = bytearray(FILES[path])
    content[-1] ^= 1
    hub.served[path] = bytes(content)
    with pytest.raises(CorruptModelError, match=f"{path} is corrupt"):
        await sync("hf://org/model", cache, access=access(hub))
    assert not any(model.complete for model in Cache(cache).models())


async def test_content_other_than_the_pinned_one_is_never_complete(hub, cache):
    pinned = f"sha256:{'0' * 64}"
    for _ in range(2):
        with pytest.raises(CorruptModelError, match="is pinned"):
            await sync("hf://org/model", cache, access=access(hub), pinned=pinned)
    assert (await sync("hf://org/model", cache, access=access(hub))).copied


async def test_a_file_cut_short_is_never_taken_for_whole(hub, cache):
    hub.served["config.json"] = b"{"
    with pytest.raises(SourceUnavailableError, match=r"config.json: broke off at byte 1 of 2"):
        await sync("hf://org/model", cache, access=access(hub))


async def test_a_file_that_is_gone_though_listed_is_a_change(hub, cache):
    del hub.served["config.json"]
    with pytest.raises(SourceChangedError, match=r"config.json"):
        await sync("hf://org/model", cache, access=access(hub))


async def test_a_server_without_byte_ranges_is_refused_for_large_files(hub, cache):
    hub.ranges = False
    with pytest.raises(SourceUnavailableError, match="no byte ranges"):
        await sync("hf://org/model", cache, access=access(hub))


async def test_a_hub_that_nobody_answers_for_is_unavailable(cache):
    with pytest.raises(SourceUnavailableError, match="hf://org/model"):
        await sync("hf://org/model", cache, access=Access(hub_url="http://127.0.0.1:9"))


async def test_a_list_that_continues_on_another_host_is_refused_and_gets_no_token(hub, cache):
    """The token is for the hub's origin: no answer of a hub may send it elsewhere."""
    hub.gated, hub.following = True, f"{hub.far_url}/steal"

    with pytest.raises(CorruptModelError, match="another host"):
        await sync("hf://org/model", cache, access=access(hub, TOKEN))

    assert hub.far_headers == []


async def test_a_list_that_goes_in_a_circle_ends(hub, cache):
    hub.following = f"{hub.url}/api/models/org/model/tree/{COMMIT}?recursive=true"

    with pytest.raises(CorruptModelError, match="no end"):
        await sync("hf://org/model", cache, access=access(hub))


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({"revision": []}, id="revision-a-list"),
        pytest.param({"revision": {}}, id="no-commit"),
        pytest.param({"tree": {"error": "x"}}, id="tree-a-mapping"),
        pytest.param({"tree": 3}, id="tree-a-number"),
        pytest.param({"tree": ["a"]}, id="entries-text"),
        pytest.param({"tree": [{"type": "file"}]}, id="entry-without-path"),
        pytest.param({"tree": [{"type": "file", "path": "a", "size": "x", "oid": "0"}]}, id="size"),
        pytest.param({"tree": [{"type": "file", "path": "a", "size": 1, "lfs": "x"}]}, id="lfs"),
        pytest.param({"tree": [{"type": "file", "path": "a", "size": 1}]}, id="no-hash"),
    ],
)
async def test_an_answer_of_another_shape_is_told_as_the_hubs(hub, cache, answers):
    hub.answers = answers

    with pytest.raises(CorruptModelError, match="HF_ENDPOINT"):
        await sync("hf://org/model", cache, access=access(hub))
