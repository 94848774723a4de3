"""`hf://`: a repository of a hub that speaks the Hugging Face API.

Two requests of that API are used: `GET /api/models/REPO/tree/REVISION?recursive=true` (pages by the
Link header; large files carry `lfs.oid`, their SHA-256, small ones `oid`, git's own hash of them) and
`GET /REPO/resolve/COMMIT/PATH`, which redirects to where the bytes are and takes byte ranges.
`GET /api/models/REPO/revision/REVISION` binds a branch to the commit that it names now.
"""

import contextlib
import http
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

import aiohttp
import orjson
import yarl
from typing_extensions import override

from gco.core.model.model_uri import HubUri
from gco.errors import (
    CorruptModelError,
    ModelError,
    SourceChangedError,
    SourceDeniedError,
    SourceMissingError,
    SourceUnavailableError,
)
from gco.models.checksums import Algorithm, Checksum
from gco.models.manifest import Manifest, ModelFile
from gco.models.sources.listing import Listed, manifest_of
from gco.models.sources.port import Source

_CHUNK: Final = 2**20
_CONNECT_SECONDS: Final = 15.0
_MOST_PAGES: Final = 10_000
"""Of a repository's list of files; a page has up to 1,000."""
_MOST_BYTES: Final = 64 * 2**20
"""Of one answer of the API."""
_DENIED: Final = {http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN}
_MISSING: Final = {http.HTTPStatus.NOT_FOUND, http.HTTPStatus.GONE}
_FAULTS: Final = (aiohttp.ClientError, TimeoutError)


class HubSource(Source):
    """A repository at one commit, once :meth:`manifest` has found out which."""

    def __init__(self, uri: HubUri, *, url: str, token: str | None, connections: int) -> None:
        self._uri = uri
        self._url = url.rstrip("/")
        self._commit = uri.revision
        self._has_token = token is not None
        self._origin = yarl.URL(self._url).origin()
        # Given with each request rather than to the session: aiohttp takes it off before it follows
        # a redirect to another host, and an address that the hub names may be on another host too.
        self._authorization = {"Authorization": f"Bearer {token}"} if token else {}
        self._session = aiohttp.ClientSession(
            headers={"Accept-Encoding": "identity"},
            connector=aiohttp.TCPConnector(limit=connections),
            # Whoever reads watches over stalls.
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
            auto_decompress=False,
            read_bufsize=_CHUNK,
            trust_env=True,
        )

    @property
    @override
    def uri(self) -> str:
        """The repository with its revision."""
        return str(self._uri)

    @override
    async def manifest(self) -> Manifest:
        """List the repository at the commit that its revision names now."""
        found, _ = await self._json(self._api("revision", self._uri.revision))
        with self._known_shape():
            self._commit = str(found["sha"])
        url: str | None = f"{self._api('tree', self._commit)}?recursive=true"
        files: list[Listed] = []
        asked: set[str] = set()
        while url:
            if url in asked or len(asked) == _MOST_PAGES:
                raise CorruptModelError(f"{self.uri}: the hub's list of files has no end")
            asked.add(url)
            page, url = await self._json(url)
            with self._known_shape():
                files += [self._listed(entry) for entry in page if self._is_wanted(entry)]
        return manifest_of(files, self.uri)

    @override
    async def read(self, file: ModelFile, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield bytes of a file at the commit that was listed."""
        path = f"{self._uri.folder}/{file.path}".lstrip("/")
        url = f"{self._url}/{self._uri.repository}/resolve/{self._commit}/{quote(path)}"
        headers = {**self._authorization, "Range": f"bytes={start}-{end - 1}"}
        try:
            async with self._session.get(yarl.URL(url, encoded=True), headers=headers) as answer:
                self._check_range(answer, file, start, end)
                async for data in answer.content.iter_chunked(_CHUNK):
                    yield data
        except _FAULTS as error:
            raise _unavailable(f"{self.uri}: {file.path}", error) from error

    @override
    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    def _api(self, part: str, revision: str) -> str:
        return f"{self._url}/api/models/{self._uri.repository}/{part}/{quote(revision, safe='')}"

    async def _json(self, url: str) -> tuple[Any, str | None]:
        """Return what the API answers, and the next page's address, which is the hub's own."""
        address = yarl.URL(url, encoded=True)
        if address.origin() != self._origin:
            raise CorruptModelError(
                f"{self.uri}: the hub's list of files continues on another host, "
                f"{address.origin()}; set HF_ENDPOINT to a hub that serves its own pages"
            )
        try:
            async with self._session.get(address, headers=self._authorization) as answer:
                if answer.status != http.HTTPStatus.OK:
                    raise self._refusal(answer, self.uri)
                following = answer.links.get("next")
                data = orjson.loads(await self._bounded(answer))
                return data, str(following["url"]) if following else None
        except (*_FAULTS, ValueError) as error:
            raise _unavailable(self.uri, error) from error

    async def _bounded(self, answer: aiohttp.ClientResponse) -> bytes:
        content = bytearray()
        async for data in answer.content.iter_chunked(_CHUNK):
            content += data
            if len(content) > _MOST_BYTES:
                limit = _MOST_BYTES // 2**20
                raise CorruptModelError(f"{self.uri}: the hub answers more than {limit} MiB")
        return bytes(content)

    @contextlib.contextmanager
    def _known_shape(self) -> Iterator[None]:
        """Raise CorruptModelError where an answer is JSON of another shape than the API's."""
        try:
            yield
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CorruptModelError(
                f"{self.uri}: the hub answers in a form that is not the Hugging Face API's; "
                "check HF_ENDPOINT"
            ) from error

    def _is_wanted(self, entry: Mapping[str, Any]) -> bool:
        folder = self._uri.folder
        path = str(entry["path"])
        return entry["type"] == "file" and (not folder or path.startswith(f"{folder}/"))

    def _listed(self, entry: Mapping[str, Any]) -> Listed:
        path = str(entry["path"])
        folder = self._uri.folder
        known = (
            Checksum(Algorithm.SHA256, str(entry["lfs"]["oid"]).removeprefix("sha256:"))
            if entry.get("lfs")
            else Checksum(Algorithm.GIT_BLOB, str(entry["oid"]))
        )
        within = path.removeprefix(f"{folder}/") if folder else path
        return Listed(within, int(entry["size"]), known)

    def _check_range(
        self, answer: aiohttp.ClientResponse, file: ModelFile, start: int, end: int
    ) -> None:
        """Raise unless the answer is what was asked for: a server may ignore the range."""
        if answer.status == http.HTTPStatus.PARTIAL_CONTENT:
            return
        if answer.status == http.HTTPStatus.OK and (start, end) == (0, file.size):
            return
        if answer.status in {*_MISSING, http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE}:
            raise SourceChangedError(f"{self.uri}: {file.path} is not there any more as listed")
        if answer.status == http.HTTPStatus.OK:
            raise SourceUnavailableError(f"{self.uri}: {file.path}: no byte ranges are served")
        raise self._refusal(answer, f"{self.uri}: {file.path}")

    def _refusal(self, answer: aiohttp.ClientResponse, what: str) -> ModelError:
        code = answer.headers.get("X-Error-Code", "")
        told = f"{what}: {answer.status} {code or answer.reason or ''}".rstrip()
        if code == "GatedRepo":
            return SourceDeniedError(f"{told}: ask for access on the repository's page")
        if answer.status in _DENIED:
            hint = "the token is not accepted" if self._has_token else "it takes a token (HF_TOKEN)"
            return SourceDeniedError(f"{told}: {hint}, or there is no such repository")
        if answer.status in _MISSING:
            return SourceMissingError(told)
        return SourceUnavailableError(told)


def _unavailable(what: str, error: Exception) -> SourceUnavailableError:
    return SourceUnavailableError(f"{what}: {str(error) or type(error).__name__}")
