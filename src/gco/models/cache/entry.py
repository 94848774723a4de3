"""One model of a cache: its folders and files, and the marker that makes it complete."""

import datetime as dt
import os
import stat
from pathlib import Path
from typing import Final, Literal

import orjson
import pydantic

from gco.core.model.base import Model
from gco.models.manifest import Manifest

_PREFIX: Final = "sha256:"


class Marker(Model):
    """What a complete model is."""

    version: Literal[1] = 1
    source: str
    digest: str
    """Of the manifest as the source knew it; names the folder."""
    content_digest: str | None = None
    """Of the content alone: the same for the same bytes from any source. Known where the source is an
    upload of gco's, or knows no checksums, or a digest was pinned."""
    completed: dt.datetime
    manifest: Manifest
    """Each file with the checksum that was verified."""


class Entry:
    """The model of one name and digest; it need not be there."""

    def __init__(self, root: Path, name: str, digest: str) -> None:
        self.root = root
        self.name = name
        self.digest = digest
        hexadecimal = digest.removeprefix(_PREFIX)
        self.directory = f"{name}/{hexadecimal}"
        """Below the root: what pods mount."""
        self.folder = root / name / hexadecimal
        self.state = root / name / f".{hexadecimal}"
        self.lock = self.state / "lock"
        self.journal = self.state / "journal"
        self.progress = self.state / "progress.json"
        self._marker = self.state / "complete.json"

    def marker(self) -> Marker | None:
        """Return what is complete here; None where nothing is, or a file is gone or cut short.

        Raises OSError.
        """
        marker = self.written_marker()
        return marker if marker and self._holds(marker.manifest) else None

    def written_marker(self) -> Marker | None:
        """Return what the marker says, whatever became of the files; raises OSError."""
        try:
            return Marker.model_validate(orjson.loads(self._marker.read_bytes()))
        except (FileNotFoundError, pydantic.ValidationError, orjson.JSONDecodeError):
            return None

    def begin(self) -> None:
        """Take nothing for complete from now on; raises OSError."""
        self.state.mkdir(parents=True, exist_ok=True)
        self._marker.unlink(missing_ok=True)

    def complete(self, marker: Marker) -> None:
        """Put every folder on stable storage, and then the marker; raises OSError."""
        for path, _, _ in os.walk(self.folder):
            _sync_folder(Path(path))
        fresh = self._marker.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(orjson.dumps(marker.model_dump(mode="json", exclude_none=True)))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._marker)
        for folder in (self.state, self.folder.parent, self.root):
            _sync_folder(folder)
        self.journal.unlink(missing_ok=True)

    def _holds(self, manifest: Manifest) -> bool:
        """Whether every file is there in its size; raises OSError."""
        return all(_size(self.folder / file.path) == file.size for file in manifest.files)


def _size(path: Path) -> int:
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return -1
    return found.st_size if stat.S_ISREG(found.st_mode) else -1  # GCO writes no links


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
