"""From a listing to a manifest: what no file system could hold is refused with the reason."""

from collections.abc import Iterable
from typing import NamedTuple

import pydantic

from gco.errors import CorruptModelError, SourceMissingError
from gco.models.checksums import Checksum
from gco.models.manifest import Manifest, ModelFile


class Listed(NamedTuple):
    """One file as a source lists it, not yet checked."""

    path: str
    size: int
    checksum: Checksum | None = None
    etag: str | None = None


def manifest_of(files: Iterable[Listed], uri: str) -> Manifest:
    """Return the manifest of what a source lists.

    Raises SourceMissingError for an empty listing, CorruptModelError for one that is no model.
    """
    try:
        manifest = Manifest.of([ModelFile(**file._asdict()) for file in files])
    except pydantic.ValidationError as error:
        raise CorruptModelError(f"{uri}: {reason(error)}") from error
    if not manifest.files:
        raise SourceMissingError(f"{uri} has no files")
    return manifest


def reason(error: pydantic.ValidationError) -> str:
    """Return what is wrong first, in the words of the check that found it."""
    first = error.errors(include_url=False, include_input=False)[0]
    return first["msg"].removeprefix("Value error, ")
