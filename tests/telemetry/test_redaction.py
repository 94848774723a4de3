"""What counts as a secret, by key and by looks, and how free text loses it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco.redaction import REDACTED, names_secret, redact, redact_text


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
    assert names_secret(key)


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
    assert not names_secret(key)


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


PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nAAAA\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param("HF_TOKEN=hunter2", "HF_TOKEN=[redacted]", id="variable"),
        pytest.param("HF_TOKEN: hunterr", "HF_TOKEN: [redacted]", id="variable-in-yaml"),
        pytest.param("password='a b c', x=1", "password='[redacted]', x=1", id="python-repr"),
        pytest.param('{"apiKey": "hunter2"}', '{"apiKey": "[redacted]"}', id="json"),
        pytest.param("'token': 'ex\\'pired', 'a'", "'token': '[redacted]', 'a'", id="quoted-quote"),
        pytest.param(
            "args: {'api_key': ['hunter2']}", "args: {'api_key': ['[redacted]']}", id="list"
        ),
        pytest.param("vllm --api-key hunter2 --x", "vllm --api-key [redacted] --x", id="flag"),
        pytest.param("['--api-key', 'hunter2']", "['--api-key', '[redacted]']", id="argv"),
        pytest.param("vllm --api-key --port 8000", None, id="flag-without-a-value"),
        pytest.param(
            "GET http://h/?token=ab&x=1", "GET http://h/?token=[redacted]&x=1", id="query"
        ),
        pytest.param("X-Api-Key: hunter2", "X-Api-Key: [redacted]", id="header"),
        pytest.param("https://h/c?sv=1&sig=ab%3D", "https://h/c?sv=1&sig=[redacted]", id="azure"),
        pytest.param("AccountKey=hunter2;x", "AccountKey=[redacted];x", id="azure-account"),
        pytest.param("401 for hf_abcdefghijklmnopqr.", "401 for [redacted].", id="hugging-face"),
        pytest.param("id AKIAABCDEFGHIJKLMNOP!", "id [redacted]!", id="aws"),
        pytest.param(f"key:\n{PEM}\nend", "key:\n[redacted]\nend", id="private-key"),
        pytest.param(PEM[:50], "[redacted]", id="private-key-cut-off"),
        pytest.param("Invalid token: expired", None, id="a-sentence"),
        pytest.param("failed to fetch oauth token: unexpected status", None, id="a-registry"),
        pytest.param('token: Get "https://auth.docker.io/token": EOF', None, id="a-url-is-none"),
        pytest.param("max_tokens=4096, eos_token_id: 12345678", None, id="tokens-of-a-model"),
        pytest.param("pad_token='<|endoftext|>', token=None", None, id="a-placeholder"),
        pytest.param('secret "hf" not found', None, id="a-secret-of-kubernetes"),
        pytest.param("password_file=/etc/pass, password: /etc/pass", None, id="a-path"),
    ],
)
def test_free_text_loses_what_its_name_or_its_looks_tell(text: str, kept: str | None) -> None:
    assert redact_text(text) == (text if kept is None else kept)


@pytest.mark.parametrize(
    "secret",
    [
        "hf_" + "a" * 16,
        "ASIA" + "A" * 16,
        "sk-" + "a" * 20,
        *(f"gh{kind}_{'a' * 20}" for kind in "pousr"),
        "github_pat_" + "a" * 20,
        "glpat-" + "a" * 20,
        "xoxb-" + "a" * 10,
        "AIza" + "a" * 35,
        "nvapi-" + "a" * 20,
        "eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSMe",
        "-----BEGIN PRIVATE KEY-----",
    ],
)
def test_keys_of_known_forms_are_found_in_the_middle_of_a_text(secret: str) -> None:
    assert redact_text(f"a ({secret}) b") in {f"a ({REDACTED}) b", f"a ({REDACTED}"}


PIECES = st.sampled_from(
    [
        *("token", "=", ": ", "'", '"', "[", "]", "(", "--api-key", " ", "hunter2", "Bearer "),
        *("\\", "://", "u:", "@", "\n", "b'", ",", "&", "x", "***", "https://", "None"),
        *("sk-" + "a" * 20, PEM, REDACTED),
    ]
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_redacting_text_twice_is_redacting_it_once(text: str) -> None:
    once = redact_text(text)
    assert redact_text(once) == once


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a ",
        "token ",
        "'",
        "token='",
        "://a:",
        "-",
        "--",
        "[{b'",
        "=\\",
        "token:/",
        "token:ab://",
    ],
)
def test_hostile_text_takes_linear_time(piece: str) -> None:
    """A termination message has 4 kB and a log's end 64 kB: a container chooses every byte."""
    text = (piece * 65536)[:65536]
    began = time.process_time()
    redact_text(text)
    assert time.process_time() - began < 1.0


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
