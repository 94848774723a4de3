"""`file://`: a folder of this machine, such as another mounted volume."""

import os
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NoReturn

from typing_extensions import override

from gco.core.model.model_uri import is_system_path
from gco.errors import (
    SourceChangedError,
    SourceDeniedError,
    SourceMissingError,
    SourceUnavailableError,
)
from gco.models.manifest import Manifest, ModelFile
from gco.models.sources.listing import Listed, manifest_of
from gco.models.sources.port import Source
from gco.models.threads import in_thread

_CHUNK = 4 * 2**20


class FolderSource(Source):
    """Reads files in place; what changes one shows in its size or time."""

    def __init__(self, path: Path, *, confined: bool = False) -> None:
        """Read the folder `path`; `confined`: refuse links that lead out of it.

        A snapshot in a hub's own cache may lead to the blobs beside it. Confined or not, no file is
        read from the system's own folders, whatever link leads there: the Job that copies a model has
        its service account's token below `/run/secrets`.
        """
        self._path = path
        self._roots = _roots(path) if confined else ()

    @property
    @override
    def uri(self) -> str:
        """The folder as a URI."""
        return self._path.as_uri()

    @override
    async def manifest(self) -> Manifest:
        """List the folder and all below it."""
        try:
            files = await in_thread(lambda: list(self._files()))
        except PermissionError as error:
            raise SourceDeniedError(f"{error.filename}: {error.strerror}") from error
        except OSError as error:
            raise SourceMissingError(f"{error.filename}: {error.strerror}") from error
        return manifest_of(files, self.uri)

    @override
    async def read(self, file: ModelFile, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield bytes of a file that is still the one that was listed."""
        path = self.path_of(file)
        descriptor = _open(path)
        try:
            while start < end:
                size = min(_CHUNK, end - start)
                if not (data := await in_thread(_read, path, descriptor, size, start)):
                    break
                yield data
                start += len(data)
            if _etag(os.fstat(descriptor)) != file.etag:
                raise SourceChangedError(f"{path} changed while it was read")
        finally:
            os.close(descriptor)

    @override
    async def close(self) -> None:
        """Nothing is held open between reads."""

    def path_of(self, file: ModelFile) -> Path:
        """Return where a file of the manifest is."""
        return self._path if self._path.is_file() else self._path / file.path

    def _files(self) -> Iterator[Listed]:
        self._check_place(self._path)
        if stat.S_ISREG(self._path.stat().st_mode):
            yield _listed(self._path, self._path.name)
            return
        for folder, _, names in os.walk(self._path, onerror=_raise):
            for path in (Path(folder, name) for name in names):
                if path.is_file():  # a link to a file counts: a hub's own cache is made of them
                    self._check_place(path)
                    yield _listed(path, path.relative_to(self._path).as_posix())

    def _check_place(self, path: Path) -> None:
        real = path.resolve()
        if is_system_path(real.as_posix()):
            raise SourceDeniedError(
                f"{path} is {real}, a file or folder of the system, and no weights"
            )
        if self._roots and not any(real.is_relative_to(root) for root in self._roots):
            raise SourceDeniedError(
                f"{path} is a link that leads out of the folder, to {real}; replace it with a copy "
                "if that file belongs to the model, else remove it"
            )


def _roots(path: Path) -> tuple[Path, ...]:
    """Return where the files of a model in `path` may really be."""
    real = path.resolve()
    blobs = (real.parent.parent / "blobs",) if real.parent.name == "snapshots" else ()
    return (real, *blobs)


def _listed(path: Path, name: str) -> Listed:
    found = path.stat()
    return Listed(name, found.st_size, etag=_etag(found))


def _etag(found: os.stat_result) -> str:
    return f"{found.st_mtime_ns:x}-{found.st_size:x}"


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError as error:
        raise SourceDeniedError(f"{path}: {error.strerror}") from error
    except OSError as error:
        raise SourceChangedError(f"{path}: {error.strerror}, though it was listed") from error


def _read(path: Path, descriptor: int, size: int, offset: int) -> bytes:
    try:
        return os.pread(descriptor, size, offset)
    except OSError as error:
        raise SourceUnavailableError(f"{path}: {error.strerror}") from error


def _raise(error: OSError) -> NoReturn:
    raise error
