"""A hub as the Hugging Face API has it: pages, commits, gates, redirects to another host."""

import contextlib
import dataclasses
import hashlib

from aiohttp import web

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TOKEN = "hf_of_the_test"  # noqa: S105  (of the server below)
LARGE = 1024
"""Files of this size and more are in large-file storage."""
PAGE = 2


def oid(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def entry(path, content):
    told = {"type": "file", "path": path, "size": len(content), "oid": oid(content)}
    if len(content) >= LARGE:
        sha256 = hashlib.sha256(content).hexdigest()
        told["lfs"] = {"oid": sha256, "size": len(content), "pointerSize": 134}
    return told


@dataclasses.dataclass
class Hub:
    """One repository, `org/model`, and the host that its large files are on."""

    files: dict
    gated: bool = False
    ranges: bool = True
    following: str = ""
    """Where the list of files is continued, where that is not its next page."""
    answers: dict = dataclasses.field(default_factory=dict)
    """What the API answers, by `revision` and `tree`, where that is not what it should."""
    url: str = ""
    far_url: str = ""

    def __post_init__(self):
        self.served = dict(self.files)
        """What is served, where it is not what is listed."""
        self.far_headers = []
        """The headers that the other host was sent."""

    @contextlib.asynccontextmanager
    async def running(self):
        near, far = web.Application(), web.Application()
        near.router.add_get("/api/models/org/model/revision/{revision}", self._revision)
        near.router.add_get("/api/models/org/model/tree/{commit}", self._tree)
        near.router.add_get("/org/model/resolve/{commit}/{path:.+}", self._resolve)
        far.router.add_get("/{path:.+}", self._far)
        async with _served(near) as self.url, _served(far) as self.far_url:
            yield self

    def _refused(self, request):
        if self.gated and request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401, headers={"X-Error-Code": "RepoNotFound"})
        return None

    async def _revision(self, request):
        if refused := self._refused(request):
            return refused
        if request.match_info["revision"] not in {"main", "refs/pr/1"}:
            return web.Response(status=404, headers={"X-Error-Code": "RevisionNotFound"})
        return web.json_response(self.answers.get("revision", {"sha": COMMIT}))

    async def _tree(self, request):
        if refused := self._refused(request):
            return refused
        if "tree" in self.answers:
            return web.json_response(self.answers["tree"])
        entries = [{"type": "directory", "path": "sub", "oid": "0", "size": 0}]
        entries += [entry(path, content) for path, content in self.files.items()]
        start = int(request.query.get("cursor", 0))
        links = {}
        if start + PAGE < len(entries):
            following = (
                self.following or f"{self.url}{request.path}?recursive=true&cursor={start + PAGE}"
            )
            links = {"Link": f'<{following}>; rel="next"'}
        return web.json_response(entries[start : start + PAGE], headers=links)

    async def _resolve(self, request):
        if refused := self._refused(request):
            return refused
        path = request.match_info["path"]
        if path not in self.served or request.match_info["commit"] != COMMIT:
            return web.Response(status=404, headers={"X-Error-Code": "EntryNotFound"})
        if len(self.files[path]) >= LARGE:
            raise web.HTTPFound(f"{self.far_url}/{path}")
        return self._content(request, self.served[path])

    async def _far(self, request):
        self.far_headers.append(dict(request.headers))
        return self._content(request, self.served[request.match_info["path"]])

    def _content(self, request, content):
        if not self.ranges:
            return web.Response(body=content)
        asked = request.http_range
        return web.Response(status=206, body=content[asked], headers={"Accept-Ranges": "bytes"})


@contextlib.asynccontextmanager
async def _served(app):
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
