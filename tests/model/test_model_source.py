"""What follows from spec.model: the name, and which endpoints share a copy."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco.core.model.model_source import job_name, model_name
from gco.core.model.spec import ModelSource


def a_model(uri="s3://weights/llama", **fields):
    return ModelSource.model_validate({"uri": uri, **fields})


@pytest.mark.parametrize(
    ("model", "name"),
    [
        pytest.param(a_model(), "llama", id="folder"),
        pytest.param(a_model("s3://weights"), "weights", id="bucket"),
        pytest.param(a_model("hf://org/Llama-3.1-8B@main"), "Llama-3.1-8B", id="repository"),
        pytest.param(a_model("hf://org/repo", path="int4"), "int4", id="folder-of-repository"),
        pytest.param(a_model("file:///mnt/llama/"), "llama", id="file"),
        pytest.param(a_model(name="mine"), "mine", id="stated"),
    ],
)
def test_a_model_is_called_after_its_source_unless_said(model, name):
    assert model_name(model) == name


SAME = [
    pytest.param(a_model("s3://weights/llama/"), id="slash"),
    pytest.param(a_model("s3://weights", path="llama"), id="path"),
    pytest.param(a_model(name="llama"), id="name-stated"),
]
OTHERS = [
    pytest.param(a_model("s3://weights/llama-v2", name="llama"), id="source"),
    pytest.param(a_model(name="other"), id="name"),
    pytest.param(a_model(digest="sha256:" + "a" * 64), id="digest"),
]


@pytest.mark.parametrize("model", SAME)
def test_the_same_source_under_the_same_name_is_one_copy(model):
    assert job_name(model) == job_name(a_model())


@pytest.mark.parametrize("model", OTHERS)
def test_what_asks_for_something_else_is_another_copy(model):
    assert job_name(model) != job_name(a_model())


def test_a_token_that_is_not_accepted_fails_no_other_endpoint():
    tokens = [{"secretKeyRef": {"name": name, "key": "token"}} for name in ("a", "b")]

    assert len({job_name(a_model("hf://a/b", tokenFrom=token)) for token in tokens}) == 2


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", fullmatch=True))
def test_a_jobs_name_names_its_pods_too(name):
    assert re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", job_name(a_model(name=name)))
