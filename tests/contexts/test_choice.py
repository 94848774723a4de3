"""Which store a command works with: what is typed, then the environment, then the file."""

import pytest

from gco.contexts.choice import choose
from gco.contexts.model import Context, Contexts, Way
from gco.errors import NotFoundError, SettingsError
from gco.settings import own_store_url, read_settings

PROD, LAB = "dynamodb://gco?region=us-east-1", "sqlite:////srv/lab.db"
WAY = Way(kube_context="prod-use1")
CONTEXTS = Contexts(
    current="lab",
    contexts={
        "prod": Context(store=PROD, regions={"us-east-1": WAY}),
        "lab": Context(store=LAB),
    },
)
OWN = "the person's own"
OTHER = "sqlite:////elsewhere.db"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GCO_DATA", str(tmp_path))


@pytest.mark.parametrize(
    ("options", "environment", "store", "name"),
    [
        pytest.param({}, {}, LAB, "lab", id="the current context"),
        pytest.param({"context": "prod"}, {}, PROD, "prod", id="--context over the current one"),
        pytest.param({"context": "local"}, {}, OWN, "local", id="--context local"),
        pytest.param({"store": OTHER}, {}, OTHER, None, id="--store over the current one"),
        pytest.param({"store": PROD}, {}, PROD, "prod", id="--store that a context has"),
        pytest.param(
            {"context": "prod"}, {"GCO_STORE": OTHER}, PROD, "prod", id="--context over GCO_STORE"
        ),
        pytest.param(
            {"store": OTHER}, {"GCO_CONTEXT": "prod"}, OTHER, None, id="--store over GCO_CONTEXT"
        ),
        pytest.param(
            {}, {"GCO_STORE": OTHER, "GCO_CONTEXT": "prod"}, OTHER, None, id="GCO_STORE first"
        ),
        pytest.param({}, {"GCO_CONTEXT": "prod"}, PROD, "prod", id="GCO_CONTEXT"),
        pytest.param(
            {}, {"GCO_CONTEXT": "prod", "DYNAMODB_REGION": "x"}, PROD, "prod", id="then a table"
        ),
        pytest.param(
            {},
            {"INFERENCE_ENDPOINTS_TABLE_NAME": "gco", "DYNAMODB_REGION": "us-east-1"},
            PROD,
            "prod",
            id="a table of the environment over the file",
        ),
    ],
)
def test_the_nearest_word_wins(options, environment, store, name):
    choice = choose(read_settings(environment), CONTEXTS, **options)

    assert choice.settings.store_url == (own_store_url() if store is OWN else store)
    assert choice.name == name
    assert choice.regions == CONTEXTS.known[name or "local"].regions


def test_without_any_word_it_is_the_persons_own_store():
    choice = choose(read_settings({}), Contexts())

    assert (choice.settings.store_url, choice.name) == (own_store_url(), "local")


def test_two_words_for_one_store_are_refused():
    with pytest.raises(SettingsError, match="give one of them"):
        choose(read_settings({}), CONTEXTS, store=OTHER, context="prod")


def test_an_unknown_context_is_told_with_the_nearest():
    with pytest.raises(NotFoundError, match="did you mean prod"):
        choose(read_settings({"GCO_CONTEXT": "prd"}), CONTEXTS)
