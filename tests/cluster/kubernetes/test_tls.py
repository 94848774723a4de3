"""Who the server must be, and who we are to it, with certificates of the test's own."""

import asyncio
import base64
import json
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from aiohttp import web

from gco.cluster.kubernetes import connect
from gco.errors import SettingsError, TransientError
from gco.kinds.registry import LEASE

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the keys")

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")


class Pair:
    """A self-signed certificate with its key."""

    def __init__(self, folder: Path, name: str, *, address: str = "IP:127.0.0.1") -> None:
        self.certificate = folder / f"{name}.crt"
        self.key = folder / f"{name}.key"
        command = ["openssl", "req", "-x509", *KEY, "-subj", f"/CN={name}"]
        command += ["-addext", f"subjectAltName={address}"]
        command += ["-out", str(self.certificate), "-keyout", str(self.key)]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - fixed words

    def context(self) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.certificate, self.key)
        return made


@pytest.fixture
def server_pair(tmp_path):
    return Pair(tmp_path, "server")


@pytest.fixture
def connected(tmp_path):
    """Connects by a kubeconfig that says what it is given of the cluster and the user."""

    def make(url, *, user=None, **cluster):
        config = {
            "clusters": [{"name": "c", "cluster": {"server": url, **cluster}}],
            "users": [{"name": "u", "user": user or {}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        path = tmp_path / "kubeconfig"
        path.write_text(json.dumps(config))
        return connect(path)

    return make


async def fine(request):
    peer = request.transport.get_extra_info("peercert") or {}
    return web.json_response({"peer": [value for ((_, value),) in peer.get("subject", ())]})


async def asked(cluster):
    try:
        return await cluster.get(LEASE, "gco", "a")
    finally:
        await cluster.close()


def inline(path):
    return base64.b64encode(path.read_bytes()).decode()


async def test_a_server_of_the_stated_authority_is_trusted(serve, connected, server_pair):
    url = await serve(fine, tls=server_pair.context())
    by_file = {"certificate-authority": server_pair.certificate.name}  # relative to the file
    by_data = {"certificate-authority-data": inline(server_pair.certificate)}
    for stated in (by_file, by_data):
        assert await asked(connected(url, **stated)) == {"peer": []}


async def test_a_server_of_another_authority_is_refused(serve, connected, server_pair, tmp_path):
    url = await serve(fine, tls=server_pair.context())
    other = Pair(tmp_path, "other")
    cluster = connected(url, **{"certificate-authority": str(other.certificate)})
    with pytest.raises(TransientError, match=r"did not prove who it is.*self.signed"):
        await asked(cluster)


async def test_a_server_of_no_stated_authority_is_refused(serve, connected, server_pair):
    with pytest.raises(TransientError, match="did not prove who it is"):
        await asked(connected(await serve(fine, tls=server_pair.context())))


async def test_a_certificate_for_another_name_is_refused_unless_that_name_is_stated(
    serve, connected, tmp_path
):
    pair = Pair(tmp_path, "named", address="DNS:kubernetes.internal")
    url = await serve(fine, tls=pair.context())
    trust = {"certificate-authority": str(pair.certificate)}
    with pytest.raises(TransientError, match="did not prove who it is"):
        await asked(connected(url, **trust))
    stated = {**trust, "tls-server-name": "kubernetes.internal"}
    assert await asked(connected(url, **stated)) == {"peer": []}


async def test_verification_is_off_only_when_the_kubeconfig_says_so_and_is_told(
    serve, connected, server_pair, caplog
):
    url = await serve(fine, tls=server_pair.context())
    cluster = connected(url, **{"insecure-skip-tls-verify": True})
    assert await asked(cluster) == {"peer": []}
    assert "anyone can pose" in caplog.text


@pytest.mark.parametrize("as_data", [False, True], ids=["files", "inline"])
async def test_a_client_certificate_says_who_we_are(
    serve, connected, server_pair, tmp_path, as_data
):
    client = Pair(tmp_path, "ann")
    context = server_pair.context()
    context.load_verify_locations(client.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    files = {"client-certificate": str(client.certificate), "client-key": str(client.key)}
    data = {
        "client-certificate-data": inline(client.certificate),
        "client-key-data": inline(client.key),
    }
    cluster = connected(
        await serve(fine, tls=context),
        user=data if as_data else files,
        **{"certificate-authority": str(server_pair.certificate)},
    )
    assert await asked(cluster) == {"peer": ["ann"]}


@pytest.mark.parametrize(
    "stated",
    [
        pytest.param({"certificate-authority": "absent.crt"}, id="no-such-file"),
        pytest.param({"certificate-authority-data": "bm90IGEgY2VydA=="}, id="no-certificate"),
        pytest.param({"certificate-authority-data": "é"}, id="not-base64"),
    ],
)
def test_an_unreadable_authority_is_told_at_once(connected, stated):
    with pytest.raises(SettingsError, match=r"certificates for https://127\.0\.0\.1:1"):
        connected("https://127.0.0.1:1", **stated)


async def test_a_watch_that_is_left_hangs_up_at_once(serve, connected, server_pair):
    """A server in the middle of a watch takes no part in a polite end of TLS."""
    release = asyncio.Event()

    async def watched(request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"type": "ADDED", "object": {}}\n')
        await release.wait()
        return response

    url = await serve(watched, tls=server_pair.context())
    cluster = connected(url, **{"certificate-authority": str(server_pair.certificate)})
    watch = cluster.watch(LEASE, "gco", after="1")
    await anext(watch)
    (answer,) = cluster._transport._answers
    held = answer.connection.transport.get_extra_info("socket")
    await watch.aclose()
    await asyncio.sleep(0)
    assert held.fileno() == -1
    await cluster.close()
    release.set()
