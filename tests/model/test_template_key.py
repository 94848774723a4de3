"""What restarts pods, and what does not."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gco.core.model.spec import EndpointSpec
from gco.core.model.template_key import POD_FIELDS, template_key
from tests.model.specs import FIELDS, SPECS, TEXT, a_spec

OTHER_FIELDS = frozenset(FIELDS) - POD_FIELDS
LABELS = st.dictionaries(TEXT, TEXT, max_size=2)


@pytest.mark.parametrize("field", sorted(POD_FIELDS))
@settings(max_examples=25)
@given(spec=SPECS, data=st.data())
def test_a_change_of_any_field_of_the_pods_changes_the_key(field, spec, data):
    value = data.draw(FIELDS[field])
    changed = spec.model_copy(update={field: value})
    same = _stated(changed) == _stated(spec)

    assert (template_key(changed, {}) == template_key(spec, {})) is same


@given(spec=SPECS, data=st.data())
def test_a_change_of_any_other_field_keeps_the_key(spec, data):
    field = data.draw(st.sampled_from(sorted(OTHER_FIELDS)))
    changed = spec.model_copy(update={field: data.draw(FIELDS[field])})

    assert template_key(changed, {}) == template_key(spec, {})


def test_every_field_is_either_the_pods_or_not():
    assert frozenset(EndpointSpec.model_fields) == POD_FIELDS | OTHER_FIELDS


@given(SPECS, LABELS)
def test_absent_and_null_are_the_same(spec, labels):
    stated = EndpointSpec.model_validate(spec.model_dump(mode="json", exclude_none=True))

    assert template_key(stated, labels) == template_key(spec, labels)


def test_labels_reach_pods_but_not_over_our_own():
    bare = template_key(a_spec(), {})

    assert template_key(a_spec(), {"team": "a"}) != bare
    assert template_key(a_spec(), {"app": "other", "gco.io/type": "x"}) == bare


def test_a_default_that_is_stated_is_a_change_of_what_was_stated():
    assert template_key(a_spec(port=8000), {}) != template_key(a_spec(), {})


def test_the_key_of_a_spec_is_the_same_in_every_version():
    spec = a_spec(args=("--max-model-len", "8192"), resources={"count": 2}, replicas=3)

    assert template_key(spec, {"team": "a"}) == "eb4216eb9cd8a4a7043f41a5e359fd46"


def _stated(spec):
    fields = spec.model_dump(mode="json", include=set(POD_FIELDS), exclude_none=True)
    return json.dumps(fields, sort_keys=True)


def test_an_overlay_is_in_the_key_and_a_null_in_it_counts():
    def key(**overrides):
        return template_key(a_spec(pod_overrides={"spec": overrides}), {})

    probe = {"name": "inference", "livenessProbe": None}
    assert len({key(), key(hostNetwork=True), key(containers=[probe])}) == 3


def test_another_token_for_the_same_model_restarts_no_pod():
    model = {"uri": "hf://org/model"}
    token = {"secretKeyRef": {"name": "hub", "key": "token"}}

    key = template_key(a_spec(model={**model, "tokenFrom": token}), {})

    assert key == template_key(a_spec(model=model), {})
    assert key != template_key(a_spec(model={"uri": "hf://org/other"}), {})
