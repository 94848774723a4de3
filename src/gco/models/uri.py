"""Where a model comes from, as a URI says it: `s3://`, `hf://` or `file://`."""

import dataclasses
import re
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from typing_extensions import override

from gco.errors import InvalidSpecError, Problem
from gco.models.manifest import check_path

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
DEFAULT_REVISION: Final = "main"


@dataclasses.dataclass(frozen=True, slots=True)
class S3Uri:
    """A folder of a bucket, or one object."""

    bucket: str
    key: str
    """Without a `/` at either end; empty for the whole bucket."""

    @override
    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}".rstrip("/")

    def child(self, name: str) -> "S3Uri":
        """Return what is called `name` below this."""
        return S3Uri(self.bucket, f"{self.key}/{name}".lstrip("/"))


@dataclasses.dataclass(frozen=True, slots=True)
class HubUri:
    """A repository of a hub at a revision, or a folder of it."""

    repository: str
    revision: str
    folder: str

    @override
    def __str__(self) -> str:
        folder = f"/{self.folder}" if self.folder else ""
        return f"hf://{self.repository}@{self.revision}{folder}"


@dataclasses.dataclass(frozen=True, slots=True)
class FileUri:
    """A folder of this machine, or one file."""

    path: PurePosixPath

    @override
    def __str__(self) -> str:
        return self.path.as_uri()


SourceUri = S3Uri | HubUri | FileUri


def parse_uri(text: str, *, folder: str | None = None, option: str = "--source") -> SourceUri:
    """Return what `text` names, or the `folder` within it.

    Raises InvalidSpecError for what is no URI of a model; `option` is where the person wrote it.
    """
    try:
        below = check_path(folder.strip("/")) if folder and folder.strip("/") else ""
        return _parse(text, below)
    except ValueError as error:
        raise InvalidSpecError([Problem(option, text, str(error))]) from error


def parse_s3(text: str, *, option: str) -> S3Uri:
    """Return what an `s3://` URI names; raises InvalidSpecError for any other."""
    uri = parse_uri(text, option=option)
    if not isinstance(uri, S3Uri):
        raise InvalidSpecError([Problem(option, text, "`s3://BUCKET/FOLDER`")])
    return uri


def check_name(name: str, *, option: str = "--name") -> str:
    """Return a model's name if it may name a folder; raises InvalidSpecError."""
    if not _NAME.fullmatch(name):
        allowed = "up to 100 letters, digits, `.`, `_` and `-`, beginning with a letter or digit"
        raise InvalidSpecError([Problem(option, name, allowed)])
    return name


def _parse(text: str, folder: str) -> SourceUri:
    scheme, separator, rest = text.partition("://")
    match scheme if separator else "":
        case "s3":
            return _s3(rest, folder)
        case "hf":
            return _hub(rest, folder)
        case "file":
            return _file(text, folder)
        case _:
            raise ValueError("`s3://BUCKET/FOLDER`, `hf://ORG/REPOSITORY` or `file:///FOLDER`")


def _s3(rest: str, folder: str) -> S3Uri:
    bucket, _, key = rest.partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise ValueError("`s3://BUCKET/FOLDER` with the name of a bucket")
    return S3Uri(bucket, _joined(key, folder))


def _hub(rest: str, folder: str) -> HubUri:
    """Read `ORG/REPOSITORY[@REVISION][/FOLDER]`; a revision with a `/` in it is quoted (%2F)."""
    before, at, after = rest.partition("@")
    if at:
        repository, (revision, _, below) = before, after.partition("/")
    else:
        segments = before.split("/")
        repository, revision, below = "/".join(segments[:2]), "", "/".join(segments[2:])
    if not _REPOSITORY.fullmatch(repository) or (at and not revision):
        raise ValueError("`hf://ORG/REPOSITORY`, `hf://ORG/REPOSITORY@REVISION/FOLDER`")
    return HubUri(repository, unquote(revision) or DEFAULT_REVISION, _joined(below, folder))


def _file(text: str, folder: str) -> FileUri:
    parts = urlsplit(text)
    if parts.netloc or not parts.path.startswith("/"):
        raise ValueError("`file:///FOLDER`: an absolute path, on this machine")
    path = PurePosixPath(unquote(parts.path)) / folder
    if ".." in path.parts:
        raise ValueError("an absolute path without `..`")
    return FileUri(path)


def _joined(key: str, folder: str) -> str:
    whole = "/".join(part for part in (key.strip("/"), folder) if part)
    return check_path(whole) if whole else ""
