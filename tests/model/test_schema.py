"""The generated files are those of the model, and structural schemas are structural."""

import re

import pytest
from hypothesis import given, settings

from gco.core.model.allowed import Schema
from gco.core.model.crd import crd
from gco.core.model.patterns import WORDS
from gco.core.model.regional import RegionalSpec
from gco.core.model.schema import json_schema
from gco.core.model.spec import InferenceEndpoint
from gco.kinds.openapi import types_from_structural
from tests.model.specs import SPECS
from tools.generate import FILES, ROOT

RESOURCE = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
STRUCTURAL = frozenset(
    {"type", "description", "enum", "format", "pattern", "minLength", "maxLength", "minimum"}
    | {"maximum", "required", "properties", "additionalProperties", "items"}
    | {"x-kubernetes-map-type", "x-kubernetes-list-type", "x-kubernetes-list-map-keys"}
    | {"x-kubernetes-preserve-unknown-fields"}
)


def nodes(schema, path=""):
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from nodes(field, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from nodes(schema[key], f"{path}.{key}")


@pytest.mark.parametrize("name", FILES)
def test_the_generated_file_is_current(name):
    assert (ROOT / name).read_text(encoding="utf-8") == FILES[name](), "run `make generate`"


def test_every_part_of_the_crd_is_structural():
    for path, node in nodes(RESOURCE):
        assert node.keys() <= STRUCTURAL, path
        assert "type" in node, path


def test_every_field_that_a_person_may_see_is_described():
    undescribed = [
        path
        for path, node in nodes(RESOURCE)
        if "description" not in node and re.search(r"\.(spec|status)[^.]*$|endpoint\.\w+$", path)
    ]

    assert undescribed == []


def test_the_crd_asks_for_what_identifies_a_target():
    spec = RESOURCE["properties"]["spec"]

    assert spec["required"] == ["uid", "revision", "templateKey", "state", "replicas", "endpoint"]
    assert spec["properties"]["state"]["enum"] == ["running", "stopped", "deleted"]
    assert not spec["properties"]["endpoint"]["properties"].keys() & {"regions", "state"}


def test_the_spec_is_owned_as_one_value_and_conditions_by_their_type():
    types = types_from_structural("InferenceEndpoint", RESOURCE)

    assert types["InferenceEndpoint"]["spec"].endswith("!")
    conditions = RESOURCE["properties"]["status"]["properties"]["conditions"]
    assert conditions["x-kubernetes-list-map-keys"] == ["type"]


def test_the_table_of_kubectl():
    columns = crd()["spec"]["versions"][0]["additionalPrinterColumns"]

    narrow = [column["name"] for column in columns if not column.get("priority")]
    assert narrow == ["State", "Ready", "Revision", "Reason", "Age"]


@settings(max_examples=25)
@given(SPECS)
def test_all_that_is_written_is_in_the_crd(spec):
    wire = RegionalSpec(
        uid="u",
        revision=1,
        template_key="k",
        state="running",
        replicas=1,
        endpoint=spec.model_copy(update={"regions": None, "state": None}),
    ).to_wire()

    assert list(unknown(wire, RESOURCE["properties"]["spec"], "spec")) == []


def unknown(value, schema, path):
    """Yield the fields that an API server would prune."""
    if isinstance(value, list):
        for item in value:
            yield from unknown(item, schema["items"], path)
    if not isinstance(value, dict) or schema.get("x-kubernetes-preserve-unknown-fields"):
        return
    for name, item in value.items():
        field = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
        if field is None:
            yield f"{path}.{name}"
        else:
            yield from unknown(item, field, f"{path}.{name}")


def test_editors_take_a_region_by_its_bare_name():
    regions = json_schema()["$defs"]["EndpointSpec"]["properties"]["regions"]

    assert {"type": "string"} in regions["items"]["anyOf"]


def test_every_pattern_has_words():
    patterns = set(re.findall(r"'pattern': '([^']*)'", str(InferenceEndpoint.model_json_schema())))

    assert {p.replace("\\\\", "\\") for p in patterns} <= WORDS.keys()
    assert Schema(InferenceEndpoint).words(("spec", "route", "host")).startswith("a host name")
