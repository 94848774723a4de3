"""What counts as a secret, by key and by looks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco.telemetry.secrets import REDACTED, is_secret, redact, redact_text


@pytest.mark.parametrize(
    "key",
    [
        "token",
        "Authorization",
        "X-Auth-Token",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "apiKey",
        "api-key",
        "HF_TOKEN",
        "db_password",
        "clientSecret",
        "Set-Cookie",
        "private_key",
        "credentials",
    ],
)
def test_these_keys_name_secrets(key: str) -> None:
    assert is_secret(key)


@pytest.mark.parametrize(
    "key",
    [
        "tokens",
        "max_tokens",
        "tokenFrom",
        "secretName",
        "secretKeyRef",
        "key",
        "keys",
        "endpoint",
        "renew_token_count",
        "tokenizer",
    ],
)
def test_these_do_not(key: str) -> None:
    assert not is_secret(key)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Authorization: Bearer abcdefgh.ijkl", f"Authorization: Bearer {REDACTED}"),
        ("basic dXNlcjpwYXNz", f"basic {REDACTED}"),
        ("https://b/k?X-Amz-Signature=abc&x=1", f"https://b/k?X-Amz-Signature={REDACTED}&x=1"),
        ("postgres://u:p4ss@host/db", f"postgres://u:{REDACTED}@host/db"),
        ("basic auth is off; see https://host:8080/path", None),
    ],
)
def test_strings_that_carry_secrets_lose_them(text: str, kept: str | None) -> None:
    assert redact_text(text) == (text if kept is None else kept)


def test_values_of_environment_variables_never_pass() -> None:
    env = [{"name": "A", "value": "x"}, {"name": "B", "valueFrom": {"secretKeyRef": {"key": "k"}}}]
    container = {"name": "c", "env": env, "environment": {"A": "x"}}
    assert redact(container) == {
        "name": "c",
        "env": [{"name": "A", "value": REDACTED}, env[1]],
        "environment": {"A": REDACTED},
    }


def test_a_structure_that_contains_itself_ends() -> None:
    endless: dict[str, object] = {}
    endless["self"] = endless
    assert "…" in repr(redact(endless))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_redacting_twice_is_redacting_once(value: object) -> None:
    assert redact(redact(value)) == redact(value)


@given(st.dictionaries(st.sampled_from(["token", "password", "plain"]), st.just("hunter2-x")))
def test_no_value_under_a_secret_key_survives(value: dict[str, str]) -> None:
    kept = redact({"deep": [value]})
    assert repr(kept).count("hunter2-x") == ("plain" in value)
