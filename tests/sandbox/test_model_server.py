"""A whole sandbox that runs a real server: from a document to streamed tokens, by way of its router."""

import contextlib
import http.client
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from demo.place import Place

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
REGION = "us-east-1"
IMAGE = "registry.example.com/mirror/llama-cpp-python:0.3.36"
TOKENS = 1500


@pytest.fixture(scope="module")
def place(llama_server, tmp_path_factory):
    """A region in which the image is the real server."""
    folder = tmp_path_factory.mktemp("sandbox")
    config = folder / "sandbox.toml"
    command = [*llama_server.command, "--host", "{ip}", "--port", "{port}", "--n_ctx", "2048"]
    config.write_text(
        f'regions = ["{REGION}"]\ndrain_seconds = 0.2\n[[images]]\npattern = "*/llama-cpp-python:*"\n'
        f"command = {json.dumps(command)}\n",
        encoding="utf-8",
    )
    place = Place(folder, ROOT, config=config)
    with place.running():
        yield place


@contextlib.contextmanager
def endpoint(place, folder, name, **spec):
    """Apply an endpoint and wait until it is ready; yield the URL of its route."""
    document = {
        "apiVersion": "gco.io/v1alpha1",
        "kind": "InferenceEndpoint",
        "metadata": {"name": name},
        "spec": {"image": IMAGE, "resources": {"accelerator": "none"}, "replicas": 1, **spec},
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    place.gco("apply", "-f", str(path))
    place.gco("wait", name, "--timeout", "60")
    [region] = place.facts("regions", "list")
    yield f"{region['region']['address']}/inference/{name}"
    place.gco("delete", name, "--yes", "--wait")


@pytest.fixture(scope="module")
def mapped(place, tmp_path_factory):
    """What the image map says runs; the document states nothing of it."""
    with endpoint(place, tmp_path_factory.mktemp("mapped"), "mapped") as url:
        yield url


def ask(url, body=None):
    """Yield the status and then the lines of an answer as they come."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    with contextlib.closing(connection):
        data = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json"}
        connection.request("GET" if body is None else "POST", parts.path, data, headers)
        answer = connection.getresponse()
        yield answer.status
        yield from answer


def test_it_lists_its_model_as_soon_as_it_is_ready(mapped):
    status, *lines = ask(f"{mapped}/v1/models")

    assert status == 200
    assert json.loads(b"".join(lines))["data"][0]["id"].endswith("tiny.gguf")


def test_tokens_are_streamed_through_the_router(mapped):
    body = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 40, "stream": True}

    status, *lines = ask(f"{mapped}/v1/chat/completions", body)

    pieces = [json.loads(line[6:]) for line in lines if line.startswith(b"data: {")]
    said = [piece["choices"][0]["delta"].get("content", "") for piece in pieces]
    assert status == 200
    assert len([piece for piece in said if piece]) == 40
    assert re.fullmatch(r"[ -~]{40}", "".join(said))


def test_a_stream_is_not_broken_off_by_what_looks_after_the_pod(mapped):
    body = {"prompt": "Hello", "max_tokens": TOKENS, "stream": True}
    answer = ask(f"{mapped}/v1/completions", body)
    assert next(answer) == 200
    next(answer)

    *_, docs = ask(f"{mapped}/docs")  # as probes and the load balancer ask for it
    pieces = sum(line.startswith(b"data: {") for line in answer)

    assert docs
    assert pieces >= TOKENS - 1


@pytest.mark.usefixtures("mapped")
def test_gco_invoke_streams_from_it(place):
    told = place.gco("invoke", "mapped", "Hello", "--stream", "--max-tokens", "30")

    assert re.fullmatch(r"[ -~]{30}\n", told)


def test_a_stated_command_is_told_where_to_listen_and_how_it_is_seen(place, llama_server, tmp_path):
    python, *rest = llama_server.command
    with endpoint(place, tmp_path, "stated", command=[python], args=rest) as url:
        docs = b"".join(list(ask(f"{url}/docs"))[1:]).decode()
        [link] = re.findall(r"url: '(\S+openapi.json)'", docs)
        origin = url.removesuffix("/inference/stated")
        status, *lines = ask(f"{origin}{link}")

    assert link == "/inference/stated/openapi.json"
    assert status == 200
    assert "/v1/chat/completions" in json.loads(b"".join(lines))["paths"]
