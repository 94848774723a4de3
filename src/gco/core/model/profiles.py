"""What is known of each inference server: where it listens, what it answers, which flags it has.

Sources are the servers' own documentation and launchers: vLLM and SGLang `--help`, TGI's launcher,
Triton's and TorchServe's default ports, llama.cpp's and llama-cpp-python's server, Ollama's FAQ.
"""

import dataclasses
from collections.abc import Mapping
from typing import Final

from gco.core.model.images import is_image, parse_image
from gco.core.model.spec import Server


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Where a server's Prometheus metrics are, and the names of those that show its load."""

    path: str = "/metrics"
    port: int | None = None
    """None: the port that serves requests."""
    flag: str | None = None
    """What has to be among the arguments for there to be metrics."""
    waiting: str | None = None
    """Requests that wait for a place."""
    running: str | None = None
    """Requests that are being answered."""
    cache: str | None = None
    """The part of the key-value cache that is in use, 0 to 1."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How one inference server behaves unless it is told otherwise."""

    port: int
    ready_path: str
    """Answers 200 once the server can serve, at the bare path whatever the route's prefix."""
    metrics: Metrics | None = None
    prefix_flag: str | None = None
    """Tells the server under which prefix its clients see it; it goes on answering bare paths."""
    programs: frozenset[str] = frozenset()
    """Files and Python modules that are the server: what follows them on a line are its flags."""
    entrypoint: bool = False
    """Its images' entry point is the server, so that arguments alone are its flags."""
    bind_args: tuple[str, ...] = ()
    """What has to be among the arguments for it to listen on more than the loopback address."""
    port_flags: tuple[str, ...] = ()
    port_env: str | None = None
    host_flags: tuple[str, ...] = ()
    host_env: str | None = None
    key_flags: tuple[str, ...] = ()
    """Make the server ask its clients for a key."""
    key_env: tuple[str, ...] = ()
    parallel_flags: tuple[str, ...] = ()
    """How many devices the server uses at once."""
    harmful_flags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Flags with which the server cannot be served here, and why."""


_ANY_HOST: Final = ("--host", "0.0.0.0")  # noqa: S104 - pods are reached on their own address
_SOCKET: Final = "pods are reached on a port, not on a socket"
_TLS: Final = "routes and probes speak plain HTTP to pods; TLS ends at the load balancer"

PROFILES: Final[Mapping[Server, Profile]] = {
    Server.VLLM: Profile(
        port=8000,
        ready_path="/health",
        metrics=Metrics(
            waiting="vllm:num_requests_waiting",
            running="vllm:num_requests_running",
            cache="vllm:kv_cache_usage_perc",
        ),
        prefix_flag="--root-path",
        programs=frozenset({"vllm", "vllm.entrypoints.openai.api_server"}),
        entrypoint=True,
        port_flags=("--port",),
        host_flags=("--host",),
        key_flags=("--api-key",),
        key_env=("VLLM_API_KEY",),
        parallel_flags=("--tensor-parallel-size", "-tp"),
        harmful_flags={"--uds": _SOCKET, "--ssl-keyfile": _TLS, "--ssl-certfile": _TLS},
    ),
    Server.SGLANG: Profile(
        port=30000,
        ready_path="/health",
        metrics=Metrics(
            flag="--enable-metrics",
            waiting="sglang:num_queue_reqs",
            running="sglang:num_running_reqs",
            cache="sglang:token_usage",
        ),
        prefix_flag="--fastapi-root-path",
        programs=frozenset({"sglang", "sglang.launch_server"}),
        bind_args=_ANY_HOST,
        port_flags=("--port",),
        host_flags=("--host",),
        key_flags=("--api-key",),
        parallel_flags=("--tensor-parallel-size", "--tp-size", "--tp"),
        harmful_flags={"--ssl-keyfile": _TLS, "--ssl-certfile": _TLS},
    ),
    Server.TGI: Profile(
        port=80,
        ready_path="/health",
        metrics=Metrics(waiting="tgi_queue_size"),
        port_flags=("--port", "-p"),
        port_env="PORT",
        host_flags=("--hostname",),
        programs=frozenset({"text-generation-launcher"}),
        entrypoint=True,
        key_flags=("--api-key",),
        key_env=("API_KEY",),
        parallel_flags=("--num-shard",),
        harmful_flags={"--root-path": "TGI has no such flag and would exit"},
    ),
    Server.TRITON: Profile(
        port=8000,
        ready_path="/v2/health/ready",
        metrics=Metrics(port=8002, waiting="nv_inference_pending_request_count"),
        programs=frozenset({"tritonserver"}),
        port_flags=("--http-port",),
        host_flags=("--http-address",),
    ),
    Server.TORCHSERVE: Profile(port=8080, ready_path="/ping", metrics=Metrics(port=8082)),
    Server.LLAMACPP: Profile(
        port=8080,
        ready_path="/health",
        metrics=Metrics(
            flag="--metrics",
            waiting="llamacpp:requests_deferred",
            running="llamacpp:requests_processing",
        ),
        port_flags=("--port",),
        programs=frozenset({"llama-server"}),
        entrypoint=True,
        bind_args=_ANY_HOST,
        port_env="LLAMA_ARG_PORT",
        host_flags=("--host",),
        host_env="LLAMA_ARG_HOST",
        key_flags=("--api-key", "--api-key-file"),
        key_env=("LLAMA_API_KEY",),
        harmful_flags={
            "--api-prefix": "it would move /health too, and the route takes its prefix off anyway",
            "--ssl-key-file": _TLS,
            "--ssl-cert-file": _TLS,
        },
    ),
    Server.LLAMA_CPP_PYTHON: Profile(
        port=8000,
        ready_path="/docs",  # no /health; what reads the model ends the stream under way
        prefix_flag="--root_path",
        programs=frozenset({"llama_cpp.server"}),
        bind_args=_ANY_HOST,
        port_flags=("--port",),
        port_env="PORT",
        host_flags=("--host",),
        host_env="HOST",
        key_flags=("--api_key",),
        key_env=("API_KEY",),
        harmful_flags={"--ssl_keyfile": _TLS, "--ssl_certfile": _TLS},
    ),
    Server.OLLAMA: Profile(port=11434, ready_path="/", host_env="OLLAMA_HOST"),
    Server.CUSTOM: Profile(port=8000, ready_path="/health", port_flags=("--port",)),
}
"""Every server's profile."""

_BY_BASE: Final = {
    "vllm": Server.VLLM,
    "vllm-openai": Server.VLLM,
    "vllm-openai-rocm": Server.VLLM,
    "vllm-tpu": Server.VLLM,
    "vllm-cpu-release-repo": Server.VLLM,
    "sglang": Server.SGLANG,
    "text-generation-inference": Server.TGI,
    "tritonserver": Server.TRITON,
    "torchserve": Server.TORCHSERVE,
    "torchserve-nightly": Server.TORCHSERVE,
    "llama.cpp": Server.LLAMACPP,
    "llama-cpp-python": Server.LLAMA_CPP_PYTHON,
    "ollama": Server.OLLAMA,
}
"""The last part of the repository, so that a mirror of the image under any host is known too."""


def infer_server(image: str) -> Server:
    """Return the server in `image` by its repository's last part, whole; else custom.

    Neither tag nor substrings count: Triton's `-vllm-` tags are Triton. An `image` that is no
    reference is custom.
    """
    if not is_image(image):
        return Server.CUSTOM
    return _BY_BASE.get(parse_image(image).base, Server.CUSTOM)


def profile_of(image: str, stated: Server | None) -> Profile:
    """Return the profile of the `stated` server, else of the one in `image`."""
    return PROFILES[stated or infer_server(image)]
