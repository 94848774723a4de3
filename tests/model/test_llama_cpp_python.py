"""The profile of llama-cpp-python is what that server does: its start, its answers, its flags."""

import contextlib
import http.client
import json
from http import HTTPStatus

import pytest

from gco.core.model.profiles import PROFILES
from gco.core.model.spec import Server
from testbed import ports, probe
from testbed.processes import Process, await_ready

pytestmark = pytest.mark.real

PROFILE = PROFILES[Server.LLAMA_CPP_PYTHON]
HOST = "127.23.0.1"
"""An address of this machine that `localhost` is not."""
TOKENS = 1500


@contextlib.contextmanager
def serving(llama_server, folder, *arguments, **variables):
    """Run the server with what a pod would give it; yield its process and its port."""
    (port,) = ports.reserve(1)
    command = [*llama_server.command, *arguments]
    told = {PROFILE.port_env: str(port.number), **variables}
    process = Process("llama", command, log=folder / "server.log", variables=told)
    with contextlib.closing(port):
        process.start()
        try:
            yield process, port.number
        finally:
            process.stop()


@contextlib.contextmanager
def ready(llama_server, folder, *arguments, **variables):
    """Yield the URL of a server that is told to listen on HOST, once its ready path answers."""
    with serving(llama_server, folder, *arguments, **variables) as (process, port):
        url = f"http://{HOST}:{port}"
        await_ready(process, lambda: probe.answers(url + PROFILE.ready_path), seconds=60)
        yield url


@pytest.fixture(scope="module")
def server(llama_server, tmp_path_factory):
    """A server with every flag that the profile knows and that a pod would be given."""
    prefix = f"{PROFILE.prefix_flag}=/inference/tiny"
    with ready(
        llama_server,
        tmp_path_factory.mktemp("server"),
        PROFILE.bind_args[0],
        HOST,
        prefix,
        "--n_ctx=2048",
    ) as url:
        yield url


def ask(url, path, body=None, **headers):
    method = "GET" if body is None else "POST"
    return probe.request(
        method,
        url + path,
        body=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **headers},
        seconds=60,
    )


def hello(**more):
    return {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 8, **more}


def test_once_the_ready_path_answers_the_server_completes(llama_server, tmp_path):
    with ready(llama_server, tmp_path, PROFILE.bind_args[0], HOST) as url:
        assert ask(url, "/v1/chat/completions", hello()).status == HTTPStatus.OK


def test_there_is_no_health_path(server):
    assert ask(server, "/health").status == HTTPStatus.NOT_FOUND


def test_without_being_told_it_listens_on_the_loopback_address_alone(llama_server, tmp_path):
    with serving(llama_server, tmp_path) as (process, port):
        local = f"http://{ports.LOOPBACK}:{port}{PROFILE.ready_path}"
        await_ready(process, lambda: probe.answers(local), seconds=60)

        assert not probe.answers(f"http://{HOST}:{port}{PROFILE.ready_path}")


def test_the_environment_may_tell_it_where_to_listen(llama_server, tmp_path):
    with ready(llama_server, tmp_path, **{PROFILE.host_env: HOST}) as url:
        assert ask(url, "/v1/models").status == HTTPStatus.OK


@pytest.mark.parametrize("by", ["flag", "environment"])
def test_a_key_shuts_the_api_and_leaves_the_ready_path_open(llama_server, tmp_path, by):
    flags = [f"{PROFILE.key_flags[0]}=secret"] if by == "flag" else []
    variables = {PROFILE.key_env[0]: "secret"} if by == "environment" else {}
    listen = (PROFILE.bind_args[0], HOST)
    with ready(llama_server, tmp_path, *listen, *flags, **variables) as url:
        assert ask(url, "/v1/models").status == HTTPStatus.UNAUTHORIZED
        assert ask(url, "/v1/models", Authorization="Bearer secret").status == HTTPStatus.OK


def test_with_a_prefix_bare_paths_answer_and_links_have_it(server):
    assert ask(server, "/v1/models").status == HTTPStatus.OK
    assert b"'/inference/tiny/openapi.json'" in ask(server, "/docs").body


def pieces_of_a_stream_during(url, act):
    """Return how many pieces a long stream had; `act` is called once it has begun."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    with contextlib.closing(connection):
        body = json.dumps(hello(stream=True, max_tokens=TOKENS))
        connection.request(
            "POST", "/v1/chat/completions", body, {"Content-Type": "application/json"}
        )
        lines = (line for line in connection.getresponse() if line.startswith(b"data: {"))
        next(lines)
        act()
        return sum(b'"content"' in line for line in lines)


def test_a_probe_of_the_ready_path_breaks_off_no_stream(server):
    pieces = pieces_of_a_stream_during(server, lambda: ask(server, PROFILE.ready_path))

    assert pieces >= TOKENS - 1


def test_a_probe_of_its_list_of_models_would_break_off_the_stream(server):
    pieces = pieces_of_a_stream_during(server, lambda: ask(server, "/v1/models"))

    assert pieces < TOKENS - 1
