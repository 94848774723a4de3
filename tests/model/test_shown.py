"""What was given, as one short line without secrets."""

import pytest

from gco.core.model.shown import shown
from gco.redaction import looks_secret, names_secret


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        ("plain", "image", "plain"),
        ("3", "replicas", '"3"'),
        ("true", "x", '"true"'),
        ("", "x", '""'),
        (None, "x", "null"),
        (3, "x", "3"),
        ("a\nb", "x", "a b"),
        ("a\x1b[31mb", "x", "a\ufffd[31mb"),
        ("x" * 70, "x", "x" * 59 + "…"),
        ({"a": [1, "b"]}, "x", '{"a": [1, "b"]}'),
        ("hunter22", "DB_PASSWORD", "***"),
        ({"name": "DB_PASSWORD", "value": "hunter22"}, "env", '{"name": "DB_PASSWORD", "value": "***"}'),
        ({"deep": {"x": ["hunter22"]}}, "password", '{"deep": {"x": ["***"]}}'),
        ("see hf_" + "a" * 30, "note", "***"),
    ],
)  # fmt: skip
def test_shown(value, name, text):
    assert shown(value, name) == text


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("HF_TOKEN", True),
        ("AWS_SECRET_ACCESS_KEY", True),
        ("dbPassword", True),
        ("--api-key", True),
        ("privateKey", True),
        ("MAX_TOKENS", False),
        ("TOKENIZERS_PARALLELISM", False),
        ("HF_TOKEN_PATH", False),
        ("secretName", False),
        ("tokenEndpoint", False),
        ("KEY", False),
        ("MONKEY", False),
        ("", False),
    ],
)
def test_names_of_secrets(name, secret):
    assert names_secret(name) is secret


@pytest.mark.parametrize(
    "value",
    [
        "AKIA" + "A" * 16,
        "sk-" + "a" * 24,
        "ghp_" + "a" * 24,
        "-----BEGIN RSA PRIVATE KEY-----",
        "postgres://user:pass@host/db",
        "eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSMe",
    ],
)
def test_values_that_are_secrets_whatever_their_name(value):
    assert looks_secret("X", value)
