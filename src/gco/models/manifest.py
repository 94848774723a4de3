"""What a model consists of: its files, their sizes and checksums, and one digest over them all."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Final

import pydantic
from pydantic import Field

from gco.core.model.base import Model
from gco.core.model.model_uri import check_path
from gco.kinds.canonical import digest
from gco.models.checksums import ChecksumField, tree_checksum

PART_SIZE: Final = 16 * 2**20
"""Bytes that are read, hashed and verified together; part of what a `sha256-parts` checksum means."""


class ModelFile(Model):
    """One file of a model."""

    path: Annotated[str, pydantic.AfterValidator(check_path)]
    """Below the model's folder, with `/` between its parts."""
    size: Annotated[int, Field(ge=0)]
    checksum: ChecksumField | None = None
    """The strongest that the source knows."""
    etag: str | None = None
    """What changes with the content, where the source has such a thing; opaque."""
    parts: tuple[str, ...] | None = None
    """The SHA-256 of each PART_SIZE bytes, where known before the copy."""

    @property
    def identity(self) -> str:
        """What tells this content from another."""
        if self.checksum is None:
            return f"etag:{self.etag}"
        named = self.checksum.names_content
        return str(self.checksum) if named else f"{self.checksum} etag:{self.etag}"

    @pydantic.model_validator(mode="after")
    def _parts_cover_the_file(self) -> "ModelFile":
        if self.parts is not None and len(self.parts) != part_count(self.size):
            raise ValueError(f"{self.path}: {len(self.parts)} parts do not make {self.size} bytes")
        return self


class Manifest(Model):
    """Every file of a model, in the order of their paths."""

    files: tuple[ModelFile, ...]

    @pydantic.model_validator(mode="after")
    def _files_fit_together(self) -> "Manifest":
        paths = {file.path for file in self.files}
        if len(paths) != len(self.files):
            raise ValueError("a file is listed twice")
        for path in paths:
            if parents := paths & set(_parents(path)):
                raise ValueError(f"{parents.pop()} is a file and the folder of {path}")
        return self

    @classmethod
    def of(cls, files: Iterable[ModelFile]) -> "Manifest":
        """Return the manifest of these files, in any order; raises ValueError (pydantic's)."""
        return cls(files=tuple(sorted(files, key=lambda file: file.path)))

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def digest(self) -> str:
        """`sha256:…` over path, size and identity of each file: another model, another digest."""
        return f"sha256:{digest([[f.path, f.size, f.identity] for f in self.files])}"

    @property
    def sealed(self) -> bool:
        """Whether the digest depends on the content alone, whatever source it came from."""
        return all(file.checksum and file.checksum.of_content for file in self.files)


def sealed_file(path: str, size: int, parts: Sequence[str]) -> ModelFile:
    """Return a file as its content alone describes it, from the SHA-256 of each of its parts."""
    return ModelFile(path=path, size=size, checksum=tree_checksum(parts), parts=tuple(parts))


def part_count(size: int) -> int:
    """Return how many parts a file of `size` bytes has; an empty file has none."""
    return -(-size // PART_SIZE)


def _parents(path: str) -> Iterable[str]:
    segments = path.split("/")
    return ("/".join(segments[:count]) for count in range(1, len(segments)))
