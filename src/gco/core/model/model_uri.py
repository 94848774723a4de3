"""Where a model comes from, as a URI says it: `s3://`, `hf://` or `file://`."""

import dataclasses
import re
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from typing_extensions import override

from gco.errors import InvalidSpecError, Problem

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
NAMES: Final = "up to 100 letters, digits, `.`, `_` and `-`, beginning with a letter or digit"
_SEGMENT_BYTES: Final = 255
_PATH_BYTES: Final = 1024
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
SYSTEM_FOLDERS: Final = ("/proc", "/sys", "/dev", "/etc", "/run/secrets", "/var/run/secrets")
"""Of a container: what the kernel and the kubelet put there, tokens of service accounts among it."""
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
        return f"hf://{self.repository}@{quote(self.revision, safe='')}{folder}"


@dataclasses.dataclass(frozen=True, slots=True)
class FileUri:
    """A folder of this machine, or one file."""

    path: str
    """Absolute."""

    @override
    def __str__(self) -> str:
        return f"file://{quote(self.path)}"


SourceUri = S3Uri | HubUri | FileUri


def is_system_path(path: str) -> bool:
    """Return whether an absolute path is the root, or a folder of the system, or below one."""
    return not path.strip("/") or any(f"{path}/".startswith(f"{each}/") for each in SYSTEM_FOLDERS)


def parse_uri(text: str, *, folder: str | None = None, option: str = "--source") -> SourceUri:
    """Return what `text` names, or the `folder` within it.

    Raises InvalidSpecError for what is no URI of a model; `option` is where the person wrote it.
    """
    try:
        return read_uri(text, folder)
    except ValueError as error:
        raise InvalidSpecError([Problem(option, text, str(error))]) from error


def read_uri(text: str, folder: str | None = None) -> SourceUri:
    """Return what `text` names, or the `folder` within it; raises ValueError that says what may be."""
    return _parse(text, check_path(folder.strip("/")) if folder and folder.strip("/") else "")


def parse_s3(text: str, *, option: str) -> S3Uri:
    """Return what an `s3://` URI names; raises InvalidSpecError for any other."""
    uri = parse_uri(text, option=option)
    if not isinstance(uri, S3Uri):
        raise InvalidSpecError([Problem(option, text, "`s3://BUCKET/FOLDER`")])
    return uri


def check_name(name: str, *, option: str = "--name") -> str:
    """Return a model's name if it may name a folder; raises InvalidSpecError."""
    if not is_name(name):
        raise InvalidSpecError([Problem(option, name, NAMES)])
    return name


def is_name(name: str) -> bool:
    """Return whether a model may be called so: its folder is."""
    return _NAME.fullmatch(name) is not None


def default_name(uri: SourceUri) -> str:
    """Return what the model at `uri` is called unless said: its last folder, or the repository."""
    match uri:
        case S3Uri():
            return uri.key.rpartition("/")[2] or uri.bucket
        case HubUri():
            return (uri.folder or uri.repository).rpartition("/")[2]
        case FileUri():
            return uri.path.rstrip("/").rpartition("/")[2]


def check_path(path: str) -> str:
    """Return `path` if it may name a file below a folder; raises ValueError."""
    segments = path.split("/")
    if any(segment in {"", ".", ".."} for segment in segments):
        raise ValueError(f"{path!r} is not the path of a file within a model")
    if _CONTROL.search(path) or "\\" in path:
        raise ValueError(f"{path!r} has characters that no file's name should have")
    sizes = [len(segment.encode()) for segment in segments]
    if max(sizes) > _SEGMENT_BYTES or len(path.encode()) > _PATH_BYTES:
        raise ValueError(f"{path[:60]!r}… is longer than file systems allow")
    return path


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
    steps = [step for step in f"{unquote(parts.path)}/{folder}".split("/") if step not in {"", "."}]
    if ".." in steps:
        raise ValueError("an absolute path without `..`")
    return FileUri("/" + "/".join(steps))


def _joined(key: str, folder: str) -> str:
    whole = "/".join(part for part in (key.strip("/"), folder) if part)
    return check_path(whole) if whole else ""
