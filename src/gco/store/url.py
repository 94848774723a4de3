"""The URL that chooses a store: `sqlite:///PATH` or `dynamodb://TABLE?region=…`."""

import dataclasses
import re
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from gco.errors import SettingsError

ALLOWED = (
    "sqlite:///PATH (relative; sqlite:////PATH is absolute), or "
    "dynamodb://TABLE?region=REGION&endpoint=URL&tail_ms=MILLISECONDS, all of whose parameters "
    "may be left out"
)
_TABLE = re.compile(r"[a-zA-Z0-9_.-]{3,255}")
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html."""
_REGION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
_PARAMETERS = frozenset({"region", "endpoint", "tail_ms"})
_LEAST_TAIL_MS, _MOST_TAIL_MS = 10, 60_000


@dataclasses.dataclass(frozen=True, slots=True)
class SqliteUrl:
    """The embedded store in a file."""

    path: Path


@dataclasses.dataclass(frozen=True, slots=True)
class DynamoDbUrl:
    """The shared store in a table."""

    table: str
    region: str | None = None
    """The table's AWS region; None: the one that the AWS configuration names."""
    endpoint_url: str | None = None
    """Where DynamoDB answers, where that is not AWS itself."""
    tail_seconds: float | None = None
    """Seconds between two reads of the change log; None: as the settings say."""


StoreUrl: TypeAlias = SqliteUrl | DynamoDbUrl


def parse(url: str) -> StoreUrl:
    """Return what the URL names; raises SettingsError, with what is allowed."""
    if url.startswith("sqlite:///"):
        return _sqlite(url)
    if url.startswith("dynamodb://"):
        return _dynamodb(url)
    raise _refused(url, "it names neither kind of store")


def _sqlite(url: str) -> SqliteUrl:
    """Take everything after the third slash as the path, whatever characters it has."""
    path = url.removeprefix("sqlite:///")
    if not path or path.endswith("/") or "\0" in path:
        raise _refused(url, "it names no file")
    try:
        return SqliteUrl(Path(path).expanduser())
    except RuntimeError as error:  # a home folder of nobody
        raise _refused(url, str(error)) from error


def _dynamodb(url: str) -> DynamoDbUrl:
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError as error:
        raise _refused(url, str(error)) from error
    if not _TABLE.fullmatch(parts.netloc) or parts.path not in {"", "/"} or parts.fragment:
        raise _refused(url, "a table's name is 3 to 255 letters, digits, dots, dashes, underscores")
    given = _query(url, parts.query)
    return DynamoDbUrl(
        parts.netloc,
        region=_region(url, given),
        endpoint_url=_endpoint(url, given),
        tail_seconds=_tail_seconds(url, given),
    )


def _query(url: str, query: str) -> Mapping[str, str]:
    pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
    given = dict(pairs)
    unknown = sorted(set(given) - _PARAMETERS)
    if unknown:
        raise _refused(url, f"{', '.join(unknown)} is no parameter of it")
    if len(given) < len(pairs) or "" in given.values():
        raise _refused(url, "a parameter is empty or stands there twice")
    return given


def _region(url: str, given: Mapping[str, str]) -> str | None:
    region = given.get("region")
    if region is not None and not _REGION.fullmatch(region):
        raise _refused(url, f"{region!r} is no AWS region, such as us-east-1")
    return region


def _endpoint(url: str, given: Mapping[str, str]) -> str | None:
    endpoint = given.get("endpoint")
    if endpoint is not None and not re.match(r"https?://[^/]", endpoint):
        raise _refused(url, f"the endpoint {endpoint!r} is no URL, such as http://127.0.0.1:8000")
    return endpoint


def _tail_seconds(url: str, given: Mapping[str, str]) -> float | None:
    told = given.get("tail_ms")
    if told is None:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", told) or not _LEAST_TAIL_MS <= int(told) <= _MOST_TAIL_MS:
        raise _refused(url, f"tail_ms is {told!r}, and may be {_LEAST_TAIL_MS} to {_MOST_TAIL_MS}")
    return int(told) / 1000


def _refused(url: str, why: str) -> SettingsError:
    return SettingsError(f"the store's URL {url!r} cannot be read: {why}; allowed is {ALLOWED}")
