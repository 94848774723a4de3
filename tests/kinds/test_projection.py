"""The values of an object under a field set: the compiled way gives what the general way does."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco.kinds.fieldset import fieldset
from gco.kinds.projection import project, project_value
from gco.kinds.schema import schema_of
from tests.kinds.manifests import DEPLOYMENT
from tests.kinds.test_memo import paths

FIELDS = fieldset(DEPLOYMENT)
REVISION = {
    "apiVersion": "apps/v1",
    "kind": "ControllerRevision",
    "metadata": {"name": "web-1", "labels": {"app": "web"}},
    "data": DEPLOYMENT["spec"]["template"],
    "revision": 3,
}
UNKNOWN = {**DEPLOYMENT, "apiVersion": "example.com/v1", "kind": "Thing"}

values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "1000m", "web", "1Gi"]),
    lambda below: (
        st.lists(below, max_size=2)
        | st.dictionaries(st.sampled_from(["name", "f:name", "data", "."]), below, max_size=2)
    ),
    max_leaves=4,
)


def replaced(manifest, path, value):
    changed = copy.deepcopy(manifest)
    *parents, last = path
    holder = changed
    for key in parents:
        holder = holder[key]
    holder[last] = value
    return changed


@pytest.mark.parametrize("manifest", [DEPLOYMENT, REVISION, UNKNOWN], ids=lambda m: m["kind"])
@given(data=st.data())
def test_any_value_anywhere_is_projected_the_same_compiled_or_not(manifest, data):
    path = data.draw(st.sampled_from([p for p in paths(manifest) if len(p) > 1]))
    changed = replaced(manifest, path, data.draw(values))
    fields = data.draw(st.sampled_from([fieldset(manifest), FIELDS]))
    try:
        general = project_value(changed, fields, schema_of(changed))
    except (AttributeError, TypeError):  # an item of a list with keys that is no map
        with pytest.raises((AttributeError, TypeError)):
            project(changed, fields)
    else:
        assert project(changed, fields) == general
