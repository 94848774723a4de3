"""Secrets in names, values and free text: how they are recognised, and how text loses them.

The one place for it. Log lines, status conditions, Kubernetes Events and validation messages all go
through here, so that a pattern that is added holds for each of them.
"""

import datetime as dt
import itertools
import re
from collections.abc import Mapping
from typing import Final

from gco.digits import is_digits

REDACTED: Final = "[redacted]"

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_WORDS: Final = frozenset(
    {
        "APIKEY",
        "AUTHORIZATION",
        "COOKIE",
        "CREDENTIAL",
        "CREDENTIALS",
        "JWT",
        "PASSPHRASE",
        "PASSWD",
        "PASSWORD",
        "SECRET",
        "SIG",
        "SIGNATURE",
        "TOKEN",
    }
)
_SECRET_KEYS: Final = frozenset(
    {
        "ACCESS",
        "ACCOUNT",
        "API",
        "ENCRYPTION",
        "LICENCE",
        "LICENSE",
        "MASTER",
        "PRIVATE",
        "SECRET",
        "SIGNING",
    }
)
"""What stands before KEY in the name of a secret one."""
_NAMING: Final = (*sorted(word.lower() for word in _SECRET_WORDS), "key")
"""One of these is in each name of a secret: most texts have none."""
_NOT_THE_SECRET: Final = frozenset(
    {
        "COUNT",
        "DIR",
        "ENDPOINT",
        "FILE",
        "FROM",
        "ID",
        "LENGTH",
        "NAME",
        "PATH",
        "REF",
        "TTL",
        "URL",
    }
)
"""What ends the name of a thing that is only about a secret."""
_FORMS: Final = r"""
    \b(?:hf_[A-Za-z0-9]{16,}                         # Hugging Face
    |(?:AKIA|ASIA)[A-Z0-9]{16}                        # AWS
    |sk-[A-Za-z0-9_-]{20,}                            # OpenAI and those like it
    |gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}    # GitHub
    |glpat-[\w-]{20,}                                 # GitLab
    |xox[abprs]-[\w-]{10,}                            # Slack
    |AIza[\w-]{35}                                    # Google
    |nvapi-[\w-]{20,}                                 # NVIDIA
    |eyJ[\w-]{8,1024}\.eyJ[\w-]{8,}\.[\w-]{8,})     # a JSON web token; without an end: quadratic
    |(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/=]{12,}  # Azure
"""
SECRET_VALUE: Final = re.compile(
    rf"""{_FORMS}
    |(?:Basic|Bearer)\ +[A-Za-z0-9+/._~-]{{12,}}=*      # a header's value
    |-----BEGIN\ [A-Z ]*PRIVATE\ KEY-----
    |://[^/\s:@]+:[^/\s@]+@                             # a password in a URL""",
    re.VERBOSE,
)
"""What makes a value a secret by its looks, whatever its name."""
_IN_TEXT: Final = re.compile(
    rf"""{_FORMS}
    |(?P<scheme>\b(?i:bearer|basic)\s+)[\w.~+/=-]{{8,}}
    |(?P<user>://[^/\s:@]{{1,256}}:)[^/\s@]{{1,1024}}(?=@)
    |-----BEGIN\ [A-Z ]{{0,32}}PRIVATE\ KEY-----[\s\S]*?
        (?:-----END\ [A-Z ]{{0,32}}PRIVATE\ KEY-----|\Z)""",
    re.VERBOSE,
)
"""The part of a text that is a secret by its looks; what stands before it in a group stays."""
_MARKS: Final = (
    *(
        "hf_",
        "akia",
        "asia",
        "sk-",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
        "glpat-",
    ),
    *("xox", "aiza", "nvapi-", "eyj", "accountkey=", "sharedaccesskey=", "bearer", "basic"),
    *("@", "private key"),
)
"""One of these stands in each text that `_IN_TEXT` finds, in lower case: most texts have none."""
_NAMED: Final = re.compile(
    r"""(?<![\w.-])(?P<name>(?P<flag>--)?[\w.-]++)     # only whole words: linear in the text
    (?P<sign>["']?\s{0,3}(?:=>|=|:)\s{0,3}             # `key=`, `"key": `
      |(?(flag)["']?,?\s{1,3}(?=[^\s-])|(?!)))                       # `--key value`, `'--key', 'value'`
    """,
    re.VERBOSE,
)
_GIVEN: Final = re.compile(
    r"""[\[({]?b?(?:"(?:[^"\\]|\\.)*+"?|'(?:[^'\\]|\\.)*+'?|[^\s"',;&)\]}]+)"""
)
_OPENING: Final = re.compile(r"""[\[({]?b?["']?""")
_PLAIN: Final = re.compile(r"/|\$\(|<|\*\*\*|[a-z][a-z0-9+]{1,15}://")
"""How values begin that are no secrets: paths, references, placeholders, addresses."""
_CONSTANTS: Final = frozenset({"", "true", "false", "none", "null"})
_SHORTEST: Final = 6
"""Characters of a value that its name alone makes a secret; `key=` is certain, and needs none."""
_DEEPEST: Final = 12
"""Deeper than this nothing is logged: it guards against structures that contain themselves."""


def names_secret(name: str) -> bool:
    """Say whether what is called `name` is a secret: HF_TOKEN is, MAX_TOKENS is not.

    Case and style do not matter: `Authorization`, `AWS_SECRET_ACCESS_KEY`, `apiKey`, `--api-key`.
    """
    words = [word.upper() for word in _WORD.findall(name)]
    if not words or words[-1] in _NOT_THE_SECRET:
        return False
    return not _SECRET_WORDS.isdisjoint(words) or any(
        first in _SECRET_KEYS and second == "KEY" for first, second in itertools.pairwise(words)
    )


def looks_secret(name: str, value: str) -> bool:
    """Say whether `value` looks like a secret by itself, or by the `name` it is given for."""
    if SECRET_VALUE.search(value):
        return True
    return names_secret(name) and len(value) >= _SHORTEST and not _is_plain(value)


def redact(value: object, *, key: str = "", depth: int = 0) -> object:
    """Return `value` without secrets; `key` is what it stands under.

    The values of environment variables (under `env`) never pass, whatever their names. What is
    neither a number, a time nor a collection is returned as its text.
    """
    if value is None or names_secret(key):
        return value if value is None else REDACTED
    match value:
        case bool() | int() | float() | dt.date():
            return value
        case Mapping() | list() | tuple() | set() | frozenset() if depth >= _DEEPEST:
            return "…"
        case Mapping():
            return _redact_mapping(value, hide_values=_is_environment(key), depth=depth)
        case list() | tuple() | set() | frozenset():
            hide = _is_environment(key)
            return [_redact_item(item, hide_value=hide, depth=depth) for item in value]
        case _:
            return redact_text(str(value))


def redact_text(text: str) -> str:
    """Return `text` without secrets: those that look like one, and those that their name tells.

    `HF_TOKEN=…`, `"password": "…"`, `--api-key …`, `Bearer …`, signatures and passwords in URLs,
    keys of known forms, private keys. Redacting twice is redacting once.
    """
    lowered = text.lower()
    if any(word in lowered for word in _NAMING):
        text = _without_named(text)
    if any(mark in lowered for mark in _MARKS):
        text = _IN_TEXT.sub(_without_looks, text)
    return text


def _without_looks(found: re.Match[str]) -> str:
    return f"{found['scheme'] or found['user'] or ''}{REDACTED}"


def _without_named(text: str) -> str:
    """Replace the values of what is called like a secret; other pairs are looked into."""
    kept: list[str] = []
    done = 0
    for pair in _NAMED.finditer(text):
        if pair.start() < done or not names_secret(pair["name"]):
            continue
        if text.startswith(REDACTED, pair.end()):
            continue
        opening = _OPENING.match(text, pair.end())
        begin = pair.end() if opening is None else opening.end()
        given = _GIVEN.match(text, pair.end()) if _PLAIN.match(text, begin) is None else None
        end = _end_of_secret(pair, text, begin, given.end()) if given is not None else begin
        if end > begin:
            kept += (text[done:begin], REDACTED)
            done = end
    return "".join((*kept, text[done:])) if kept else text


def _end_of_secret(pair: re.Match[str], text: str, begin: int, end: int) -> int:
    """Return where the secret that begins at `begin` ends; `begin` where it is none."""
    name, sign, quote = pair["name"], pair["sign"], text[begin - 1]
    quoted = quote in "\"'"
    if quoted and end > begin and text[end - 1] == quote:
        end -= 1
    value = text[begin:end]
    if _is_plain(value) or text.startswith(REDACTED, begin):
        return begin
    if "=" in sign:
        return end
    if len(value) < _SHORTEST:
        return begin
    by_space = ":" not in sign
    # `token: expired` is a sentence; `HF_TOKEN: expired` and `"token": "expired"` are pairs.
    sentence = name.isalpha() and value.isalpha() and not quoted and not by_space
    return begin if sentence else end


def _is_plain(value: str) -> bool:
    """Say whether a value is none of a secret: a path, a reference, a number."""
    return _PLAIN.match(value) is not None or value.lower() in _CONSTANTS or is_digits(value)


def _redact_mapping(
    value: Mapping[object, object], *, hide_values: bool, depth: int
) -> dict[str, object]:
    if hide_values:
        return {str(key): REDACTED for key in value}
    return {str(k): redact(v, key=str(k), depth=depth + 1) for k, v in value.items()}


def _redact_item(item: object, *, hide_value: bool, depth: int) -> object:
    redacted = redact(item, depth=depth + 1)
    if hide_value and isinstance(redacted, dict) and "value" in redacted:
        redacted["value"] = REDACTED
    return redacted


def _is_environment(key: str) -> bool:
    return key.lower() in {"env", "environ", "environment"}
