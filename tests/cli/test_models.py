"""gco models and gco model-sync as people and Jobs run them, against a real S3 server."""

import json
import uuid

import pytest

from tests.cli.world import EAST, World, document

pytestmark = pytest.mark.real


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def bucket(s3):
    name = f"cli-{uuid.uuid4()}"
    s3.make_bucket(name)
    return name


@pytest.fixture
def gco(world, s3, bucket):
    """Run `gco` with models below one folder of the bucket, beside a store without endpoints."""
    assert world.run("store", "init", store=False).exit_code == 0

    def run(*arguments, code=0, **environment):
        variables = {**s3.variables(), "GCO_MODELS": f"s3://{bucket}/models", **environment}
        result = world.run(*arguments, store=False, **variables)
        assert result.exit_code == code, result.stderr
        return result

    return run


@pytest.fixture
def weights(tmp_path):
    folder = tmp_path / "llama"
    folder.mkdir()
    (folder / "w.bin").write_bytes(b"weights" * 1000)
    (folder / "config.json").write_bytes(b"{}")
    return folder


def lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_from_a_folder_to_a_regions_cache(gco, bucket, weights, tmp_path):
    uploaded = json.loads(gco("models", "upload", str(weights), "-o", "json").stdout)
    assert uploaded["uri"] == f"s3://{bucket}/models/llama"
    pinned = json.loads(gco("models", "uri", "llama", "-o", "json").stdout)
    assert pinned == {"uri": uploaded["uri"], "digest": uploaded["digest"]}

    cache, log = tmp_path / "cache", tmp_path / "termination-log"
    cache.mkdir()
    log.touch()
    options = ["--name", "llama", "--cache", str(cache), "--termination-log", str(log)]
    synced = gco("model-sync", "--source", pinned["uri"], "--digest", pinned["digest"], *options)
    *progress, outcome = lines(synced)
    assert {line["kind"] for line in progress} == {"progress"}
    assert progress[-1]["phase"] == "complete"
    assert outcome["reason"] == "Complete"
    assert (cache / outcome["directory"] / "config.json").read_bytes() == b"{}"
    assert json.loads(log.read_text()) == outcome

    held = json.loads(gco("models", "list", "--cache", str(cache), "-o", "json").stdout)
    assert [(m["directory"], m["complete"]) for m in held] == [(outcome["directory"], True)]


def test_tables_say_what_people_want_to_know(gco, bucket, weights):
    told = gco("models", "upload", str(weights)).stdout
    assert f"s3://{bucket}/models/llama: 2 files, 6.8 KiB, 2 of them sent" in told
    assert "digest sha256:" in told
    assert "complete" in gco("models", "list").stdout
    assert f"s3://{bucket}/models/llama" in gco("models", "uri", "llama").stdout
    assert "is deleted, 2 files" in gco("models", "delete", "llama", "--yes").stdout
    assert "no models are there" in gco("models", "list").stdout


def test_deleting_wants_a_word_first(gco, weights):
    gco("models", "upload", str(weights))
    assert "--yes deletes it" in gco("models", "delete", "llama", code=4).stderr
    assert "complete" in gco("models", "list").stdout


def test_what_nobody_uses_is_pruned_from_a_cache(gco, weights, tmp_path):
    cache = tmp_path / "cache"
    cache.mkdir()
    for name in ("used", "unused"):
        options = ["--source", weights.as_uri(), "--name", name, "--cache", str(cache)]
        gco("model-sync", *options)
    prune = ["models", "prune", "--cache", str(cache)]
    assert "name what is in use" in gco(*prune, code=2).stderr
    assert "nothing is unused" in gco(*prune, "--keep", "used").stdout
    now = ["--unused-for", "0s", "--keep", "used"]
    assert "would be removed" in gco(*prune, *now, "--dry-run").stdout
    assert "unused/" in gco(*prune, *now).stdout
    assert [path.name for path in cache.iterdir() if any(path.iterdir())] == ["used"]


def test_a_model_that_an_endpoint_uses_is_not_deleted_and_the_list_says_by_whom(
    gco, bucket, weights, world
):
    gco("models", "upload", str(weights))
    world.register(EAST)
    world.applied(document(model={"uri": f"s3://{bucket}/models/llama"}))
    store = {"GCO_STORE": world.url}

    [told] = json.loads(gco("models", "list", "-o", "json", **store).stdout)
    refused = gco("models", "delete", "llama", "--yes", code=4, **store).stderr

    assert told["usedBy"] == ["web"]
    assert "USED BY" in gco("models", "list", **store).stdout
    assert "is the model of web; give them another first, or pass --force" in refused
    assert "is deleted" in gco("models", "delete", "llama", "--yes", "--force", **store).stdout


def test_what_a_region_uses_is_spared_when_its_cache_is_pruned(gco, weights, tmp_path, world):
    cache = tmp_path / "cache"
    cache.mkdir()
    for name in ("llama", "unused"):
        options = ["--source", weights.as_uri(), "--name", name, "--cache", str(cache)]
        gco("model-sync", *options)
    world.register(EAST)
    world.applied(document(model={"uri": "s3://weights/llama"}))
    store = {"GCO_STORE": world.url}
    prune = ["models", "prune", "--cache", str(cache), "--unused-for", "0s", "--region"]

    told = gco(*prune, EAST, **store).stdout

    assert "unused/" in told
    assert "llama/" not in told
    assert "no region is called us-east-2; did you mean us-east-1?" in (
        gco(*prune, "us-east-2", code=3, **store).stderr
    )


@pytest.mark.parametrize(
    ("source", "more", "expected"),
    [
        pytest.param("llama", ([], {}), (2, "InvalidSpec"), id="no-source"),
        pytest.param("s3://b-b-b/x", (["--digest", "12"], {}), (2, "InvalidSpec"), id="no-digest"),
        pytest.param(
            "s3://b-b-b/x", (["--token-file", "/none"], {}), (2, "Settings"), id="no-token"
        ),
        pytest.param("s3://no-such-bucket/x", ([], {}), (3, "SourceMissing"), id="no-bucket"),
        pytest.param("file:///no/such/folder", ([], {}), (3, "SourceMissing"), id="no-folder"),
        pytest.param(
            "s3://any-bucket/x",
            ([], {"AWS_SECRET_ACCESS_KEY": "wrong"}),
            (6, "SourceDenied"),
            id="wrong-secret",
        ),
        pytest.param(
            "s3://any-bucket/x",
            (["--give-up-after", "0s", "--endpoint-url", "http://127.0.0.1:9"], {}),
            (9, "SourceUnavailable"),
            id="nobody-there",
        ),
    ],
)
def test_a_failed_copy_says_why_in_its_code_and_its_message(gco, tmp_path, source, more, expected):
    (options, environment), (code, reason) = more, expected
    log = tmp_path / "termination-log"
    log.touch()
    where = ["--name", "m", "--cache", str(tmp_path), "--termination-log", str(log)]
    told = gco(
        *("model-sync", "--source", source, *where, *options),
        code=code,
        **environment,
    )
    assert json.loads(log.read_text())["reason"] == reason
    assert lines(told)[-1]["reason"] == reason
    assert len(log.read_bytes()) < 4096


def test_without_a_place_for_models_the_setting_is_named(gco):
    assert "GCO_MODELS" in gco("models", "list", code=2, GCO_MODELS="").stderr
