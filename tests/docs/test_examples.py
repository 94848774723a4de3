"""Every document, manifest and configuration that the documentation shows would be accepted."""

import json
import tomllib
from pathlib import Path

import pytest
import yaml

from gco.core.model.spec import API_VERSION
from gco.core.model.validation import check, parse_documents
from gco.errors import InvalidSpecError
from gco.sandbox.config import SandboxConfig
from tests.docs.pages import ROOT, every

OF_ENDPOINTS = {"metadata", "spec"}
"""The fields of a block that shows only a part of an InferenceEndpoint."""
SMALLEST = {
    "apiVersion": API_VERSION,
    "kind": "InferenceEndpoint",
    "metadata": {"name": "example"},
    "spec": {"image": "vllm/vllm-openai:v0.8.4"},
}
"""What such a part is completed with."""


def documents(block):
    """Return a YAML block's documents; raises yaml.YAMLError."""
    return [document for document in yaml.safe_load_all(block.text) if document is not None]


def is_part(document) -> bool:
    return isinstance(document, dict) and set(document) <= OF_ENDPOINTS


def is_endpoint(document) -> bool:
    return is_part(document) or document.get("apiVersion") == API_VERSION


CHECKED = [block for block in every("yaml") if "no-check" not in block.options]
ENDPOINTS = [block for block in CHECKED if all(map(is_endpoint, documents(block)))]
MANIFESTS = [block for block in CHECKED if block not in ENDPOINTS]
ACCEPTED = [block for block in ENDPOINTS if "refused" not in block.options]
REFUSED = [block for block in ENDPOINTS if "refused" in block.options]


def place(block) -> str:
    return block.place


def text(block) -> str:
    """Return the documents as a person would have them in a file; a part is completed."""
    found = documents(block)
    if not any(map(is_part, found)):
        return block.text
    assert len(found) == 1, f"{block.place}: a part of a document stands in a block of its own"
    whole = {key: {**value, **found[0].get(key, {})} for key, value in SMALLEST.items()
             if isinstance(value, dict)}  # fmt: skip
    return yaml.safe_dump({**SMALLEST, **whole})


def accept(block):
    for document in parse_documents(text(block), block.place):
        check(document, regions=None, namespaces=None)


@pytest.mark.parametrize("block", ACCEPTED, ids=place)
def test_an_endpoint_is_accepted(block):
    accept(block)


@pytest.mark.parametrize("block", REFUSED, ids=place)
def test_an_endpoint_that_is_shown_as_refused_is_refused_for_that(block):
    with pytest.raises(InvalidSpecError) as refused:
        accept(block)

    assert block.options["refused"] in str(refused.value)


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda p: p.name)
def test_the_examples_are_accepted(path: Path):
    for document in parse_documents(path.read_text(encoding="utf-8"), path.name):
        check(document, regions=None, namespaces=None)


@pytest.mark.parametrize("block", MANIFESTS, ids=place)
def test_a_manifest_says_what_it_is(block):
    for document in documents(block):
        assert {"apiVersion", "kind", "metadata"} <= set(document)
        assert document["metadata"]["name"]


@pytest.mark.real
@pytest.mark.parametrize("block", MANIFESTS, ids=place)
def test_a_manifest_is_accepted_by_an_api_server(block, api_server):
    for document in documents(block):
        told = api_server.accepts(document)

        assert "(server dry run)" in told


@pytest.mark.parametrize("block", every("toml"), ids=place)
def test_a_configuration_of_the_sandbox_is_accepted(block):
    if "no-check" not in block.options:
        SandboxConfig.model_validate(tomllib.loads(block.text))


@pytest.mark.parametrize("block", every("json"), ids=place)
def test_json_is_json(block):
    json.loads(block.text)
