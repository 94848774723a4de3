"""Finalizers that keep an object after its deletion, and the command that removes them."""

from collections.abc import Iterable


def kept_by(finalizers: Iterable[str]) -> str:
    """Return which finalizers keep an object, as a message names them."""
    listed = list(finalizers)
    return f"finalizer{'s' if len(listed) > 1 else ''} {' and '.join(listed)}"


def release_command(kind: str, name: str, namespace: str) -> str:
    """Return the command that removes every finalizer of an object, quoted for a message."""
    cleared = """'{"metadata":{"finalizers":null}}'"""
    return f"`kubectl patch {kind.lower()} {name} -n {namespace} --type=merge -p {cleared}`"
