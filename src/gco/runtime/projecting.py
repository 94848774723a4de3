"""Reads an object into the record that a cache keeps, whatever somebody has made of the object.

A namespace holds objects of others, and parts of an object may be any JSON. What a projection cannot
read must neither end the informer nor hide that the name is taken: the record is then that of an
object that says nothing but who it is, and so belongs to nobody that we know.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from gco.cluster.port import Manifest

R = TypeVar("R")

_IDENTITY: Final = (
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
)
"""Metadata that the API server itself writes or has checked."""


def project_safely(
    project: Callable[[Manifest], R], manifest: Manifest
) -> tuple[R | None, Exception | None]:
    """Return the record of `manifest`, and why it is only that of its identity, if so.

    No record at all where the projection cannot read an object without content either. Raises
    nothing that `project` raises.
    """
    try:
        return project(manifest), None
    except Exception as error:  # noqa: BLE001 - of an object of others, anything may be wrong
        try:
            return project(identity_of(manifest)), error
        except Exception:  # noqa: BLE001 - a projection that asks for more than an identity
            return None, error


def identity_of(manifest: Manifest) -> dict[str, Any]:
    """Return an object of that kind, name and uid without labels, spec or anything else."""
    metadata = manifest["metadata"]
    return {
        "apiVersion": manifest["apiVersion"],
        "kind": manifest["kind"],
        "metadata": {name: metadata[name] for name in _IDENTITY if name in metadata},
        "spec": {},
    }
