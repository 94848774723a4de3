"""Which store a URL names, and which URLs are refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco.errors import SettingsError
from gco.settings import read_settings
from gco.store.url import DynamoDbUrl, SqliteUrl, parse


@pytest.mark.parametrize(
    ("url", "named"),
    [
        pytest.param("sqlite:///store.db", SqliteUrl(Path("store.db")), id="relative path"),
        pytest.param("sqlite:////var/gco.db", SqliteUrl(Path("/var/gco.db")), id="absolute path"),
        pytest.param("sqlite:////a b/c%20?d", SqliteUrl(Path("/a b/c%20?d")), id="any character"),
        pytest.param("sqlite:///~/gco.db", SqliteUrl(Path.home() / "gco.db"), id="home folder"),
        pytest.param("dynamodb://Gco.T-1_x", DynamoDbUrl("Gco.T-1_x"), id="table alone"),
        pytest.param(
            "dynamodb://table/?region=eu-west-1",
            DynamoDbUrl("table", region="eu-west-1"),
            id="table and region",
        ),
        pytest.param(
            "dynamodb://table?region=us-gov-west-1&endpoint=http://127.0.0.1:8000&tail_ms=50",
            DynamoDbUrl("table", "us-gov-west-1", "http://127.0.0.1:8000", 0.05),
            id="everything",
        ),
    ],
)
def test_a_url_names_its_store(url, named):
    assert parse(url) == named


@pytest.mark.parametrize(
    ("url", "why"),
    [
        pytest.param("", "neither kind", id="empty"),
        pytest.param("memory:", "neither kind", id="memory"),
        pytest.param("postgres://host/db", "neither kind", id="another database"),
        pytest.param("sqlite://store.db", "neither kind", id="two slashes"),
        pytest.param("sqlite:///", "names no file", id="no path"),
        pytest.param("sqlite:////var/", "names no file", id="a folder"),
        pytest.param("sqlite:///~nobody-here/a", "home", id="a home of nobody"),
        pytest.param("dynamodb://[", "IPv6", id="half an address"),
        pytest.param("dynamodb://", "3 to 255", id="no table"),
        pytest.param("dynamodb://ab", "3 to 255", id="short table"),
        pytest.param("dynamodb://table/other", "3 to 255", id="a path"),
        pytest.param("dynamodb://user@table", "3 to 255", id="a user"),
        pytest.param("dynamodb://table?zone=a", "zone is no parameter", id="unknown parameter"),
        pytest.param("dynamodb://table?region=", "empty", id="empty parameter"),
        pytest.param("dynamodb://table?tail_ms=10&tail_ms=20", "twice", id="twice"),
        pytest.param("dynamodb://table?region=Frankfurt", "no AWS region", id="bad region"),
        pytest.param("dynamodb://table?endpoint=localhost:8000", "no URL", id="bad endpoint"),
        pytest.param("dynamodb://table?tail_ms=9", "10 to 60000", id="too fast"),
        pytest.param("dynamodb://table?tail_ms=60001", "10 to 60000", id="too slow"),
        pytest.param("dynamodb://table?tail_ms=0.3", "10 to 60000", id="no whole number"),
    ],
)
def test_a_url_that_names_none_is_refused_with_what_is_allowed(url, why):
    with pytest.raises(SettingsError, match=why) as refused:
        parse(url)
    assert "sqlite:///PATH" in str(refused.value)
    assert "dynamodb://TABLE" in str(refused.value)


@given(st.text() | st.text().map("dynamodb://{}".format) | st.text().map("sqlite:///{}".format))
def test_every_text_names_a_store_or_is_refused(text):
    try:
        named = parse(text)
    except SettingsError:
        return
    assert isinstance(named, SqliteUrl | DynamoDbUrl)


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({}, id="nothing told"),
        pytest.param({"DYNAMODB_REGION": "us-east-1"}, id="a region"),
        pytest.param({"INFERENCE_ENDPOINTS_TABLE_NAME": "mine"}, id="a table"),
    ],
)
def test_what_the_settings_derive_can_be_read(environment):
    assert parse(read_settings(environment).store_url)
