"""Credentials against a server that looks at them: rotation, plugins, refusals."""

import asyncio
import datetime as dt
import json
import os
import stat
import sys

import pytest
from aiohttp import web

from gco.cluster.kubernetes.auth import Fixed, TokenFile, bearer
from gco.cluster.kubernetes.connecting import connect
from gco.cluster.kubernetes.exec_plugin import Command, ExecPlugin
from gco.errors import ForbiddenError, SettingsError, TransientError
from gco.kinds.registry import LEASE
from tests.conftest import START


class SetClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> dt.datetime:
        return self.moment


class Door:
    """A server that lets one bearer token in, and remembers what it was shown."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.shown: list[str | None] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.shown.append(request.headers.get("Authorization"))
        if self.shown[-1] != f"Bearer {self.token}":
            return web.Response(status=401, text="Unauthorized")
        return web.json_response({"who": "ann"})


async def test_without_credentials_none_are_sent(serve, cluster_at):
    door = Door("t")
    with pytest.raises(ForbiddenError):
        await cluster_at(await serve(door.answer)).get(LEASE, "gco", "a")
    assert door.shown == [None]


async def test_a_fixed_token_that_is_refused_is_not_tried_again(serve, cluster_at):
    door = Door("new")
    cluster = cluster_at(await serve(door.answer), credentials=Fixed(bearer("old")))
    with pytest.raises(ForbiddenError, match="HTTP 401"):
        await cluster.get(LEASE, "gco", "a")
    assert door.shown == ["Bearer old"]


async def test_a_rotated_token_file_is_read_before_the_old_token_is_refused(
    serve, cluster_at, tmp_path
):
    """As the kubelet does it: a symlink is swapped to another folder."""
    door = Door("one")
    for name in ("one", "two"):
        (tmp_path / name).write_text(f"{name}\n")
    link = tmp_path / "token"
    link.symlink_to("one")
    cluster = cluster_at(await serve(door.answer), credentials=TokenFile(link))
    await cluster.get(LEASE, "gco", "a")

    swapped = tmp_path / "swapped"
    swapped.symlink_to("two")
    swapped.replace(link)
    door.token = "two"  # noqa: S105
    await cluster.get(LEASE, "gco", "a")
    assert door.shown == ["Bearer one", "Bearer two"]


async def test_a_token_that_is_refused_is_read_again_and_the_write_sent_once_more(
    serve, cluster_at, tmp_path
):
    """The file was written in place, within the clock's resolution and to the same length."""
    path = tmp_path / "token"
    path.write_text("one")
    written = path.stat()
    door = Door("one")
    cluster = cluster_at(await serve(door.answer), credentials=TokenFile(path))
    await cluster.get(LEASE, "gco", "a")
    path.write_text("two")
    os.utime(path, ns=(written.st_atime_ns, written.st_mtime_ns))
    door.token = "two"  # noqa: S105
    await cluster.create(LEASE, {"metadata": {"name": "a"}})
    assert door.shown == ["Bearer one", "Bearer one", "Bearer two"]


async def test_a_second_refusal_is_final(serve, cluster_at, tmp_path):
    path = tmp_path / "token"
    path.write_text("wrong")
    door = Door("right")
    with pytest.raises(ForbiddenError):
        await cluster_at(await serve(door.answer), credentials=TokenFile(path)).get(
            LEASE, "gco", "a"
        )
    assert door.shown == ["Bearer wrong"], "the file holds no other token to try"


async def test_a_watch_renews_refused_credentials_too(serve, cluster_at, tmp_path):
    door = Door("two")
    plugin = plugin_at(tmp_path, tokens=["one", "two"])
    cluster = cluster_at(await serve(door.answer), credentials=plugin)
    watch = cluster.watch(LEASE, "gco", after="1")
    with pytest.raises(TransientError):  # what the door answers ends within a line
        await anext(watch)
    assert door.shown == ["Bearer one", "Bearer two"]


async def test_a_token_file_that_is_gone_is_told_by_name(serve, cluster_at, tmp_path):
    cluster = cluster_at(await serve(Door("t").answer), credentials=TokenFile(tmp_path / "token"))
    with pytest.raises(ForbiddenError, match=str(tmp_path / "token")):
        await cluster.get(LEASE, "gco", "a")


def script(tmp_path, body):
    """A program that runs `body` as Python."""
    path = tmp_path / "plugin"
    path.write_text(f"#!{sys.executable}\n{body}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def plugin_at(
    tmp_path, *, body=None, tokens=("one",), until=None, clock=None, patience=20.0, hint=""
):
    """A plugin that prints one token after another, and counts its runs in the file `runs`."""
    printing = f"""
import json, pathlib, sys
runs = pathlib.Path({str(tmp_path / "runs")!r})
count = len(runs.read_text()) if runs.exists() else 0
runs.write_text("x" * (count + 1))
tokens = {list(tokens)!r}
status = {{"token": tokens[min(count, len(tokens) - 1)]}}
if {until!r}:
    status["expirationTimestamp"] = {until!r}
print(json.dumps({{"kind": "ExecCredential", "status": status}}))
"""
    path = script(tmp_path, printing if body is None else body)
    command = Command(str(path), (), {"PATH": os.defpath}, hint)
    return ExecPlugin(command, clock=clock or SetClock(), patience=patience)


def runs(tmp_path):
    return len((tmp_path / "runs").read_text())


async def test_a_plugin_is_asked_once_for_many_requests(tmp_path):
    plugin = plugin_at(tmp_path)
    headers = await asyncio.gather(*(plugin.header() for _ in range(20)))
    assert set(headers) == {"Bearer one"}
    assert runs(tmp_path) == 1


async def test_a_plugin_is_asked_again_before_its_token_expires(tmp_path):
    clock = SetClock()
    until = (START + dt.timedelta(minutes=15)).isoformat()
    plugin = plugin_at(tmp_path, tokens=["one", "two"], until=until, clock=clock)
    assert await plugin.header() == "Bearer one"
    clock.moment += dt.timedelta(minutes=13)
    assert await plugin.header() == "Bearer one"
    clock.moment += dt.timedelta(minutes=1)
    assert await plugin.header() == "Bearer two"


async def test_requests_refused_together_renew_once(tmp_path):
    plugin = plugin_at(tmp_path, tokens=["one", "two", "three"])
    old = await plugin.header()
    for _ in range(3):
        assert plugin.refused(old)
        assert await plugin.header() == "Bearer two"
    assert runs(tmp_path) == 2


@pytest.mark.parametrize(
    ("body", "told"),
    [
        pytest.param(
            "import sys; print('sso session expired', file=sys.stderr); sys.exit(255)",
            r"exit 255\): sso session expired",
            id="fails",
        ),
        pytest.param("print('token: s3cret')", "did not print an ExecCredential", id="not-json"),
        pytest.param("print('{}')", "did not print an ExecCredential", id="no-status"),
        pytest.param(
            """print('{"status": {"clientCertificateData": "s3cret"}}')""",
            "did not print an ExecCredential",
            id="certificate-only",
        ),
        pytest.param(
            """print('{"status": {"token": "s3cret", "expirationTimestamp": "soon"}}')""",
            "did not print an ExecCredential",
            id="bad-time",
        ),
    ],
)
async def test_a_plugin_that_gives_no_token_is_told_without_its_output(tmp_path, body, told):
    with pytest.raises(ForbiddenError, match=told) as error:
        await plugin_at(tmp_path, body=body).header()
    assert "s3cret" not in str(error.value)


async def test_a_plugin_that_is_not_installed_is_told_with_its_hint(tmp_path):
    command = Command(str(tmp_path / "absent"), (), {}, "Install it from example.org")
    with pytest.raises(ForbiddenError, match=r"No such file.*Install it from example\.org"):
        await ExecPlugin(command, clock=SetClock()).header()


async def test_a_plugin_that_waits_for_a_person_is_ended(tmp_path):
    body = f"""
import os, pathlib, time
pathlib.Path({str(tmp_path / "pid")!r}).write_text(str(os.getpid()))
time.sleep(600)
"""
    with pytest.raises(TransientError, match="did not answer"):
        await plugin_at(tmp_path, body=body, patience=1).header()
    pid = tmp_path / "pid"
    if pid.exists():  # a busy machine may not have come so far
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid.read_text()), 0)


async def test_a_plugin_gets_its_arguments_and_variables_with_no_shell_between(tmp_path):
    body = """
import json, os, sys
print(json.dumps({"status": {"token": "|".join([*sys.argv[1:], os.environ["WHO"]])}}))
"""
    path = script(tmp_path, body)
    command = Command(str(path), ("$HOME; ls", "--x=*"), {"WHO": "ann"})
    plugin = ExecPlugin(command, clock=SetClock())
    assert await plugin.header() == "Bearer $HOME; ls|--x=*|ann"


def test_what_a_plugin_is_told_is_json_that_it_can_read(tmp_path, monkeypatch):
    from gco.cluster.kubernetes import connecting, kubeconfig  # noqa: PLC0415

    config = {
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
        "users": [
            {
                "name": "u",
                "user": {
                    "exec": {
                        "apiVersion": "client.authentication.k8s.io/v1",
                        "command": "./bin/token",
                        "args": ["a"],
                        "env": [{"name": "AWS_PROFILE", "value": "prod"}],
                        "provideClusterInfo": True,
                    }
                },
            }
        ],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path = tmp_path / "config"
    path.write_text(json.dumps(config))
    monkeypatch.setenv("HOME_OF_TEST", "kept")
    choice = kubeconfig.from_files(path, None)
    command = connecting._command(choice.config.user.exec, choice)
    assert command.program == str(tmp_path / "bin" / "token")
    assert command.environment["AWS_PROFILE"] == "prod"
    assert command.environment["HOME_OF_TEST"] == "kept"
    told = json.loads(command.environment["KUBERNETES_EXEC_INFO"])
    assert told == {
        "kind": "ExecCredential",
        "apiVersion": "client.authentication.k8s.io/v1",
        "spec": {"interactive": False, "cluster": {"server": "http://127.0.0.1:1"}},
    }


PLUGIN = {"apiVersion": "client.authentication.k8s.io/v1", "command": "aws"}


@pytest.mark.parametrize(
    ("server", "user", "refused"),
    [
        pytest.param("http://10.0.0.1:8080", {"token": "s3cr3t"}, True, id="a token"),
        pytest.param("http://10.0.0.1:8080", {"tokenFile": "t"}, True, id="a file with a token"),
        pytest.param("http://api", {"username": "a", "password": "s3cr3t"}, True, id="a password"),
        pytest.param("http://api", {"exec": PLUGIN}, True, id="a plugin"),
        pytest.param("http://ann:s3cr3t@api", {}, True, id="in the address"),
        pytest.param("http://[::1]:1", {"token": "s3cr3t"}, False, id="this machine by IPv6"),
        pytest.param("http://localhost:1", {"token": "s3cr3t"}, False, id="this machine by name"),
        pytest.param("http://127.0.0.1:1", {"exec": PLUGIN}, False, id="this machine"),
        pytest.param("https://10.0.0.1", {"token": "s3cr3t"}, False, id="https"),
        pytest.param("http://api", {}, False, id="nothing to read"),
        pytest.param("http://localhost.example.org", {"token": "s3cr3t"}, True, id="a like name"),
    ],
)
async def test_credentials_cross_no_network_unencrypted(tmp_path, server, user, refused):
    """The invariant: who listens between this machine and another learns no credential of ours."""
    config = {
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path = tmp_path / "config"
    path.write_text(json.dumps(config))

    if not refused:
        await connect(path).close()
        return
    with pytest.raises(SettingsError, match=r"http: nothing was sent.*https://") as error:
        connect(path)
    assert "s3cr3t" not in str(error.value)
