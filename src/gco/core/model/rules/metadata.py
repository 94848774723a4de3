"""Who an endpoint is: its name, its namespace and its labels."""

import re
from collections.abc import Iterator
from typing import Final

from gco.core.model.allowed import Path, did_you_mean, one_of
from gco.core.model.names import CANARY_SUFFIX, OUR_LABEL_KEYS
from gco.core.model.patterns import LABEL, WORDS
from gco.core.model.rules.finding import Finding, Known
from gco.core.model.spec import InferenceEndpoint

LONGEST_NAME: Final = 40
"""So that the names that are made of it, a pod's included, fit into 63 characters."""
_LONGEST_NAMESPACE: Final = 63
_LABEL: Final = re.compile(LABEL)
_NAMESPACE: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_PREFIX: Final = re.compile(r"(?=.{1,253}/)[a-z0-9]([-.a-z0-9]*[a-z0-9])?/")
_LABEL_NAME: Final = re.compile(r"[A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?")
_LABEL_WORDS: Final = "at most 63 letters, digits, `-`, `_` and `.`, a letter or digit at both ends"
_OWN_PREFIX: Final = "gco.io/"
_KUBERNETES_OWN: Final = frozenset({"pod-template-hash", "controller-revision-hash"})


def name(document: InferenceEndpoint, _: Known) -> Iterator[Finding]:
    """The name is a Service's, an RFC 1035 label, with room for what is appended to it."""
    given = document.metadata.name
    path = ("metadata", "name")
    if not _LABEL.fullmatch(given):
        yield Finding(path, given, WORDS[LABEL])
    if len(given) > LONGEST_NAME:
        yield Finding(path, given, f"at most {LONGEST_NAME} characters, not {len(given)}")
    if given.endswith(CANARY_SUFFIX):
        yield Finding(
            path, given, f"a name that does not end in {CANARY_SUFFIX}, which canaries do"
        )


def namespace(document: InferenceEndpoint, known: Known) -> Iterator[Finding]:
    """The namespace is on the allow-list, and on that of every region that publishes one."""
    given = document.metadata.namespace
    path = ("metadata", "namespace")
    if not _NAMESPACE.fullmatch(given) or len(given) > _LONGEST_NAMESPACE:
        yield Finding(path, given, "a namespace: at most 63 small letters, digits and `-`")
    elif known.namespaces is not None and given not in known.namespaces:
        allowed = sorted(known.namespaces)
        choice = one_of(allowed) if allowed else "no namespace is allowed in all of these regions"
        yield Finding(path, given, choice + did_you_mean(given, allowed))


def labels(document: InferenceEndpoint, _: Known) -> Iterator[Finding]:
    """Labels are Kubernetes labels, and not those by which objects are known as ours."""
    for key, value in document.metadata.labels.items():
        path = ("metadata", "labels", key)
        yield from label_syntax(path, key, value)
        if key in OUR_LABEL_KEYS:
            yield Finding(path, value, "has no effect: GCO sets this label itself", warning=True)


def label_syntax(path: Path, key: str, value: str) -> Iterator[Finding]:
    """Yield why `key` and `value` at `path` are no label that people may set."""
    prefix = _LABEL_PREFIX.match(key)
    if not _LABEL_NAME.fullmatch(key, prefix.end() if prefix else 0):
        yield Finding(path, key, f"a label's key: {_LABEL_WORDS}, after `prefix/` or alone")
    elif key in _KUBERNETES_OWN or (key.startswith(_OWN_PREFIX) and key not in OUR_LABEL_KEYS):
        yield Finding(path, key, "a key that neither GCO nor Kubernetes has for itself")
    if value and not _LABEL_NAME.fullmatch(value):
        yield Finding(path, value, f"a label's value: {_LABEL_WORDS}")
