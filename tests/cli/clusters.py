"""Regions with clusters that answer: memory ones behind an API, served by a thread of their own."""

import asyncio
import json
import threading
from pathlib import Path

from gco.clock import SystemClock
from gco.sandbox.api import ApiFace
from tests.cli.world import a_region
from tests.reach.world import Site
from tests.waiting import eventually


class Clusters:
    """Starts sites, and has a world's contexts lead to them."""

    def __init__(self, world, stack):
        self._world = world
        self._loop = asyncio.new_event_loop()
        thread = threading.Thread(target=self._loop.run_forever)
        thread.start()
        stack.callback(self._loop.close)
        stack.callback(thread.join)
        stack.callback(self._loop.call_soon_threadsafe, self._loop.stop)
        self._stack = stack
        self.clients = {}
        """By region, what its API asks: its faults are the API's."""
        self._faces = {}
        self._serving = {}

    def do(self, work):
        """Await `work` in the loop of the sites; return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def site(self, name):
        """Return a new site, registered under `name` and bound to it."""
        site = self.do(Site(name, self._world.folder, SystemClock()).made())
        client = self.clients[name] = site.server.client("api")
        face = self.do(self._face(client))
        self._serving[name] = asyncio.run_coroutine_threadsafe(face.run(), self._loop)
        self._stack.callback(self.end, name)
        self.register(name, site.uid)
        self._faces[name] = face
        self._write()
        bound = self._world.run(
            "context", "bind", name, name, "--kubeconfig", self._kubeconfig, store=False
        )
        assert bound.exit_code == 0, bound.stderr
        return site

    def register(self, name, cluster_uid):
        """Have the store say that the region `name` is that cluster."""
        region = a_region(name, cluster_uid=cluster_uid)

        async def work(store):
            await store.lead_region(region, replace_cluster=True)

        self._world.do(work)

    async def _face(self, client):
        return ApiFace(client)

    def end(self, name):
        """Have the cluster of a region answer nobody any more."""
        serving = self._serving.pop(name, None)
        if serving is not None:
            serving.cancel()
            self.do(self._ended(self._faces[name]))

    async def _ended(self, face):
        async def gone():
            try:
                _, writer = await asyncio.open_connection(
                    *face.url.removeprefix("http://").split(":")
                )
            except OSError:
                return True
            writer.close()
            return False

        await eventually(gone, within=30, what="a closed port")

    @property
    def _kubeconfig(self):
        return str(self._world.folder / "kubeconfig.json")

    def _write(self):
        faces = self._faces.items()
        config = {
            "clusters": [{"name": n, "cluster": {"server": f.url}} for n, f in faces],
            "users": [{"name": n, "user": {"token": f.token}} for n, f in faces],
            "contexts": [{"name": n, "context": {"cluster": n, "user": n}} for n, _ in faces],
        }
        Path(self._kubeconfig).write_text(json.dumps(config), encoding="utf-8")
