"""Whatever overlay the door lets in is rendered, and leaves what makes pods ours as it is."""

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from gco.core.model.names import object_labels
from gco.core.model.rules import Known, findings
from gco.core.model.spec import InferenceEndpoint
from gco.core.region.render.container import ready_path, server_container
from gco.core.region.render.template import pod_template
from gco.kinds.schema import type_named
from gco.kinds.strategic import normal
from gco.kinds.types import ListOf, MapOf, Scalar, Struct
from tests.builders import WEB, a_regional
from tests.model.specs import a_document

POD = type_named("PodTemplateSpec")
NAMES = st.sampled_from(["inference", "http", "a", "b"])
SCALARS = {
    Scalar.STRING: NAMES,
    Scalar.INTEGER: st.sampled_from([1, 80, 8000]),
    Scalar.NUMBER: st.just(0.5),
    Scalar.BOOLEAN: st.booleans(),
    Scalar.QUANTITY: st.sampled_from(["1000m", "1Gi", 2]),
    Scalar.INT_OR_STRING: st.sampled_from([80, "http"]),
}
DELETED = st.just({"$patch": "delete"})
NOISE = st.none() | DELETED | st.sampled_from([{}, [], "x", 1])
LIKELY = ("containers", "initContainers", "volumes", "env", "ports", "name", "containerPort")


def struct(of, depth):
    fields = sorted(of.fields)
    likely = [field for field in LIKELY if field in fields]
    few = st.lists(st.sampled_from(likely * 4 + fields), max_size=3, unique=True)
    whole = few.map(lambda some: dict.fromkeys([*(["name"] if "name" in fields else []), *some]))
    return whole.flatmap(
        lambda some: st.fixed_dictionaries(
            {field: values(of.fields[field], depth - 1) for field in some},
            optional={"$patch": st.sampled_from(["replace", "delete", "other"])}
            if depth % 3 == 0
            else {},
        )
    )


def values(of, depth=9):
    """Values for a place of type `of`: mostly right ones, down to `depth`."""
    match of:
        case Scalar():
            right = SCALARS[of]
        case _ if depth <= 0:
            return NOISE
        case Struct():
            right = st.deferred(lambda: struct(of, depth))
        case ListOf():
            items = st.deferred(lambda: values(of.elements, depth - 1))
            right = st.lists(items, max_size=2)
        case MapOf():
            right = st.dictionaries(NAMES, values(of.elements, depth - 1), max_size=2)
        case _:
            return NOISE
    return st.integers(0, 15).flatmap(lambda n: NOISE if n == 0 else right)


def accepted(overrides):
    document = InferenceEndpoint.model_validate(a_document({"podOverrides": overrides}))
    return all(found.warning for found in findings(document, Known()))


OVERLAYS = st.fixed_dictionaries(
    {"spec": values(POD.fields["spec"])}, optional={"metadata": values(POD.fields["metadata"])}
)


@given(OVERLAYS)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_what_the_door_accepts_is_rendered_and_stays_ours(overrides):
    if not accepted(overrides):
        event("refused")
        return
    event("accepted")
    template = pod_template(a_regional(podOverrides=overrides))

    labels = template["metadata"]["labels"]
    assert labels.items() >= object_labels(WEB, {}).items()
    names = [container["name"] for container in template["spec"]["containers"]]
    assert names.count("inference") == 1
    ports = {p["containerPort"]: p.get("name") for p in server_container(template)["ports"]}
    assert ports[8000] == "http"
    assert list(ports.values()).count("http") == 1
    assert normal(template, POD) == template
    assert ready_path(template)
    assert "$patch" not in str(template)


@pytest.mark.parametrize("name", [None, {"$patch": "delete"}])
def test_what_tells_items_apart_cannot_be_taken_away(name):
    assert not accepted({"spec": {"containers": [{"name": name}]}})


def test_our_container_cannot_lose_its_image():
    assert not accepted({"spec": {"containers": [{"name": "inference", "image": None}]}})
