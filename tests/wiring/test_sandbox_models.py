"""A sandbox copies a model from a real S3 server, and what serves it finds it at its path."""

import asyncio
import contextlib

import aiohttp
import pytest

from gco.clock import SystemClock
from gco.core.model.ids import Actor, EndpointName
from gco.core.model.model_uri import parse_uri
from gco.core.model.status import ConditionType
from gco.models.sources import Access
from gco.models.upload import upload_model
from gco.sandbox.config import ImageConfig, SandboxConfig
from gco.service import Service, Until
from gco.settings import read_settings
from gco.wiring.sandbox import run_sandbox
from gco.wiring.stores import open_store
from tests.real.driving import endpoint
from tests.waiting import background

FILE_SERVER = ("{python}", "-m", "http.server", "{port}", "--bind", "{ip}", "--directory")
CONFIG = SandboxConfig(
    regions=("us-east-1",), images=(ImageConfig(pattern="files:*", command=FILE_SERVER),)
)
SMALL = {"accelerator": "none"}
BUCKET = "sandbox-models"


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("GCO_DATA", str(tmp_path / "data"))
    return read_settings({"GCO_STORE": f"sqlite:///{tmp_path}/store.db", "LOG_LEVEL": "WARNING"})


@contextlib.asynccontextmanager
async def a_sandbox(settings):
    """Yield the service, and the region's address."""
    told = asyncio.Event()
    lines = []

    def announce(line):
        lines.append(line)
        if line == "all regions are ready":
            told.set()

    store = await open_store(settings, create=True)
    try:
        async with background(run_sandbox(CONFIG, settings, ports=0, announce=announce)):
            await asyncio.wait_for(told.wait(), 30)
            yield Service(store, SystemClock(), Actor("test")), lines[0].split()[-1]
    finally:
        await store.close()


def served(endpoint_name, source, **spec):
    """An endpoint that serves the files of its model."""
    return endpoint(
        endpoint_name,
        regions=["us-east-1"],
        image="files:1",
        args=["/models/llama"],
        probes={"readyPath": "/config.json"},
        resources=SMALL,
        model={"uri": source, **spec},
    )


async def last(service, name, until=Until.READY):
    views = [view async for view in service.wait(EndpointName(name), until=until, timeout=60)]
    return views[-1]


async def fetch(address, path):
    async with aiohttp.ClientSession() as client, client.get(f"{address}{path}") as answer:
        return await answer.text()


def a_model(folder, words):
    folder.mkdir()
    (folder / "config.json").write_text(words)
    (folder / "weights.bin").write_bytes(b"w" * 3_000_000)
    return folder


@pytest.mark.real
async def test_a_model_comes_from_s3_and_a_changed_source_is_served_anew(
    s3, settings, tmp_path, monkeypatch
):
    for name, value in s3.variables().items():
        monkeypatch.setenv(name, value)
    s3.make_bucket(BUCKET)
    for version in ("v1", "v2"):
        uri = parse_uri(f"s3://{BUCKET}/{version}")
        await upload_model(a_model(tmp_path / version, version), uri, access=Access())

    async with a_sandbox(settings) as (service, address):
        for version in ("v1", "v2"):
            docs = served("files", f"s3://{BUCKET}/{version}", name="llama")
            await service.apply(docs, source="test")
            view = await last(service, "files")
            assert view.ready, view
            assert await fetch(address, "/inference/files/config.json") == version
        [region] = view.regions
        told = next(c for c in region.conditions if c.type is ConditionType.MODEL_READY)
        assert told.message.startswith(f"s3://{BUCKET}/v2 is cached as llama/")
        assert told.message.endswith("2.9 MiB")


async def test_a_source_that_is_not_there_is_told_with_what_to_do(settings, tmp_path):
    async with a_sandbox(settings) as (service, _):
        await service.apply(served("files", f"file://{tmp_path}/llama"), source="test")
        view = await last(service, "files")

        [region] = view.regions
        assert region.reason == "ModelDownloadFailed"
        assert region.message.startswith("SourceMissing: ")
        assert "upload it, or correct spec.model.uri" in region.message


async def test_two_endpoints_with_one_model_copy_it_once_and_both_serve_it(settings, tmp_path):
    source = a_model(tmp_path / "llama", "shared").as_uri()
    async with a_sandbox(settings) as (service, address):
        for name in ("one", "two"):
            await service.apply(served(name, source), source="test")
        for name in ("one", "two"):
            assert (await last(service, name)).ready
            assert await fetch(address, f"/inference/{name}/config.json") == "shared"

    copies = [*tmp_path.glob("data/sandbox/us-east-1/volumes/efs-claim/llama/*/config.json")]
    assert len(copies) == 1
