"""How a value that was given is shown to a person: shortened, and never a secret."""

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

_LONGEST: Final = 60
_MASK: Final = "***"

_SECRET_WORDS: Final = frozenset(
    {"TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL", "CREDENTIALS", "APIKEY"}
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
_NOT_THE_SECRET: Final = frozenset(
    {"FILE", "PATH", "DIR", "NAME", "URL", "ID", "REF", "FROM", "TTL", "LENGTH", "ENDPOINT"}
)
"""What ends the name of a thing that is only about a secret."""
_SECRET_VALUE: Final = re.compile(
    r"""\b(?:hf_[A-Za-z0-9]{16,}                      # Hugging Face
    |(?:AKIA|ASIA)[A-Z0-9]{16}                        # AWS
    |sk-[A-Za-z0-9_-]{20,}                            # OpenAI and those like it
    |gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}    # GitHub
    |glpat-[\w-]{20,}                                 # GitLab
    |xox[abprs]-[\w-]{10,}                            # Slack
    |AIza[\w-]{35}                                    # Google
    |nvapi-[\w-]{20,}                                 # NVIDIA
    |eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,})           # a JSON web token
    |(?:Basic|Bearer)\ +[A-Za-z0-9+/._~-]{12,}=*      # a header's value
    |(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/=]{12,}  # Azure
    |-----BEGIN\ [A-Z ]*PRIVATE\ KEY-----
    |://[^/\s:@]+:[^/\s@]+@                           # a password in a URL""",
    re.VERBOSE,
)
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def shown(value: object, name: str = "") -> str:
    """Return `value`, which was given for `name`, as one short line without secrets.

    What a terminal would not show, or would obey, is replaced.
    """
    safe = masked(value, name)
    if isinstance(safe, str):
        return _shortened(_quoted(" ".join(safe.split())))
    return _shortened(json.dumps(safe, ensure_ascii=False, default=repr))


def looks_secret(name: str, value: str) -> bool:
    """Say whether `value` looks like a secret by itself, or by the `name` it is given for."""
    if _SECRET_VALUE.search(value):
        return True
    return names_secret(name) and len(value) >= 6 and not _is_plain(value)  # noqa: PLR2004


def names_secret(name: str) -> bool:
    """Say whether what is called `name` is a secret: HF_TOKEN is, MAX_TOKENS is not."""
    words = [word.upper() for word in _WORD.findall(name)]
    if not words or words[-1] in _NOT_THE_SECRET:
        return False
    return not _SECRET_WORDS.isdisjoint(words) or any(
        first in _SECRET_KEYS and second == "KEY" for first, second in itertools.pairwise(words)
    )


def _is_plain(value: str) -> bool:
    return value.startswith(("/", "$(")) or value.lower() in {"true", "false"} or value.isdigit()


def masked(value: object, name: str = "") -> object:
    """Return `value`, which was given for `name`, with every literal that looks like a secret masked."""
    match value:
        case str():
            return _MASK if looks_secret(name, value) else _SECRET_VALUE.sub(_MASK, value)
        case Mapping():
            return _masked_mapping(value, name)
        case Sequence():
            return [masked(item, name) for item in value]
        case _:
            return value


def _masked_mapping(value: Mapping[object, object], name: str) -> dict[str, object]:
    """Mask by each key; in `{name: HF_TOKEN, value: …}` the name says what the value is."""
    called = value.get("name")
    return {
        str(key): masked(item, name if names_secret(name) else _said_by(str(key), called))
        for key, item in value.items()
    }


def _said_by(key: str, called: object) -> str:
    return called if key == "value" and isinstance(called, str) else key


def _quoted(text: str) -> str:
    """Put what would read as another kind of value in quotes: `"3"`, `"true"`, and nothing."""
    other = not text or text in {"true", "false", "null"} or _NUMBER.fullmatch(text)
    return f'"{text}"' if other else text


def _shortened(text: str) -> str:
    text = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
