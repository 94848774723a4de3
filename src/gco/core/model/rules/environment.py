"""Environment variables and arguments: each variable once, one source each, and no secrets."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from gco.core.model.allowed import Path, did_you_mean, one_of
from gco.core.model.rules.finding import Finding, Known
from gco.core.model.spec import EnvVar, InferenceEndpoint
from gco.redaction import looks_secret

_SOURCES: Final = ("secretKeyRef", "configMapKeyRef", "fieldRef", "resourceFieldRef")
_ENV_FROM: Final = ("configMapRef", "secretRef")
_MASK: Final = "***"
_BY_REFERENCE: Final = "valueFrom: {secretKeyRef: {name: SECRET, key: KEY}}"


def variables(document: InferenceEndpoint, _: Known) -> Iterator[Finding]:
    """Each variable is there once, with a value or with where it comes from."""
    env = document.spec.env or ()
    times = Counter(variable.name for variable in env)
    for number, variable in enumerate(env):
        path: Path = ("spec", "env", number)
        if times[variable.name] > 1:
            yield Finding((*path, "name"), variable.name, "each variable once")
            times[variable.name] = 0  # said of the first
        yield from _source(path, variable)


def _source(path: Path, variable: EnvVar) -> Iterator[Finding]:
    if variable.value is not None and variable.value_from is not None:
        yield Finding((*path, "valueFrom"), "", "value or valueFrom, not both")
    elif variable.value is None and variable.value_from is None:
        yield Finding(path, variable.name, 'value or valueFrom; empty is `value: ""`')
    elif variable.value_from is not None:
        yield from _one_key((*path, "valueFrom"), variable.value_from, _SOURCES)
        yield from _references((*path, "valueFrom"), variable.value_from)
    elif "\0" in (variable.value or ""):
        yield Finding((*path, "value"), variable.name, "text without NUL characters")


def _references(path: Path, given: dict[str, object]) -> Iterator[Finding]:
    """A reference to a key names the object and the key."""
    for kind in ("secretKeyRef", "configMapKeyRef"):
        if kind in given:
            stated = given[kind]
            fields = stated if isinstance(stated, dict) else {}
            if not all(isinstance(fields.get(f), str) and fields[f] for f in ("name", "key")):
                yield Finding((*path, kind), stated, "a mapping with a name and a key, both text")


def words(document: InferenceEndpoint, _: Known) -> Iterator[Finding]:
    """No process can be given a word with a NUL character."""
    for field in ("command", "args"):
        for number, word in enumerate(getattr(document.spec, field) or ()):
            if "\0" in word:
                yield Finding(("spec", field, number), word, "text without NUL characters")


def _one_key(path: Path, given: dict[str, object], known: tuple[str, ...]) -> Iterator[Finding]:
    for key in given:
        if key not in known:
            yield Finding((*path, key), key, one_of(known) + did_you_mean(key, known))
    if len(given) != 1 and given.keys() <= set(known):
        yield Finding(path, list(given), f"exactly one of {one_of(known)}")


def env_from(document: InferenceEndpoint, _: Known) -> Iterator[Finding]:
    """What variables come from as a whole is a ConfigMap or a Secret."""
    for number, source in enumerate(document.spec.env_from or ()):
        references = {key: value for key, value in source.items() if key != "prefix"}
        yield from _one_key(("spec", "envFrom", number), references, _ENV_FROM)


def secrets(document: InferenceEndpoint, _: Known) -> Iterator[Finding]:
    """Warn of literals that look like secrets: whoever may read the endpoint reads them."""
    for number, variable in enumerate(document.spec.env or ()):
        path: Path = ("spec", "env", number)
        yield from literal_secrets(path, variable.name, variable.value or "")
    for field in ("command", "args"):
        line = getattr(document.spec, field) or ()
        for number in _secret_words(line):
            allowed = f"looks like a secret: give it by env with {_BY_REFERENCE}, as $(NAME) here"
            yield Finding(("spec", field, number), _MASK, allowed, warning=True)


def literal_secrets(path: Path, name: str, value: str) -> Iterator[Finding]:
    """Warn where the variable at `path` has a value that looks like a secret."""
    if looks_secret(name, value):
        allowed = f"looks like a secret: put it into a Secret, and here {_BY_REFERENCE}"
        yield Finding((*path, "value"), _MASK, allowed, warning=True)


def _secret_words(line: tuple[str, ...]) -> Iterator[int]:
    before = ""
    for number, word in enumerate(line):
        flag, equals, value = word.partition("=")
        named, literal = (flag, value) if equals else (before, word)
        if looks_secret(named, literal) and not literal.startswith("-"):
            yield number
        before = word if word.startswith("-") and not equals else ""
