"""Which server an image has, and what is known of each."""

import pytest

from gco.core.model.profiles import PROFILES, infer_server
from gco.core.model.spec import Server

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("image", "server"),
    [
        ("vllm/vllm-openai", Server.VLLM),
        ("vllm/vllm-openai:v0.8.5", Server.VLLM),
        ("docker.io/vllm/vllm-openai:v0.8.5", Server.VLLM),
        (f"{ECR}/vllm/vllm-openai:v0.8.5", Server.VLLM),
        (f"{ECR}/mirror/vllm-openai@sha256:{'a' * 64}", Server.VLLM),
        ("localhost:5000/vllm-openai", Server.VLLM),
        ("rocm/vllm:latest", Server.VLLM),
        ("public.ecr.aws/q9t5s3a7/vllm-cpu-release-repo:v0.8.5", Server.VLLM),
        ("lmsysorg/sglang:v0.4.6-cu124", Server.SGLANG),
        ("ghcr.io/huggingface/text-generation-inference:3.2.3", Server.TGI),
        ("nvcr.io/nvidia/tritonserver:24.08-py3", Server.TRITON),
        ("nvcr.io/nvidia/tritonserver:24.08-vllm-python-py3", Server.TRITON),
        ("nvcr.io/nvidia/tritonserver:24.08-trtllm-python-py3", Server.TRITON),
        ("pytorch/torchserve:0.12.0-gpu", Server.TORCHSERVE),
        ("pytorch/torchserve-nightly", Server.TORCHSERVE),
        ("ghcr.io/ggml-org/llama.cpp:server-cuda", Server.LLAMACPP),
        ("ghcr.io/ggerganov/llama.cpp:server", Server.LLAMACPP),
        ("ghcr.io/abetlen/llama-cpp-python:latest", Server.LLAMA_CPP_PYTHON),
        ("ollama/ollama:0.6", Server.OLLAMA),
        ("myorg/server:vllm", Server.CUSTOM),
        ("myorg/not-vllm", Server.CUSTOM),
        ("vllm/benchmarks", Server.CUSTOM),
        ("vllm.example.com/chat", Server.CUSTOM),
        ("ollama-openai-proxy", Server.CUSTOM),
        ("Not An Image", Server.CUSTOM),
        ("", Server.CUSTOM),
    ],
)
def test_the_server_is_told_by_the_repositorys_last_part_whole(image, server):
    assert infer_server(image) is server


@pytest.mark.parametrize(
    ("server", "port", "ready", "metrics", "prefix"),
    [
        (Server.VLLM, 8000, "/health", (None, "/metrics", None), "--root-path"),
        (
            Server.SGLANG,
            30000,
            "/health",
            (None, "/metrics", "--enable-metrics"),
            "--fastapi-root-path",
        ),
        (Server.TGI, 80, "/health", (None, "/metrics", None), None),
        (Server.TRITON, 8000, "/v2/health/ready", (8002, "/metrics", None), None),
        (Server.TORCHSERVE, 8080, "/ping", (8082, "/metrics", None), None),
        (Server.LLAMACPP, 8080, "/health", (None, "/metrics", "--metrics"), None),
        (Server.LLAMA_CPP_PYTHON, 8000, "/docs", None, "--root_path"),
        (Server.OLLAMA, 11434, "/", None, None),
        (Server.CUSTOM, 8000, "/health", None, None),
    ],
)
def test_profile(server, port, ready, metrics, prefix):
    profile = PROFILES[server]
    found = profile.metrics and (
        profile.metrics.port,
        profile.metrics.path,
        profile.metrics.flag,
    )

    assert (profile.port, profile.ready_path, found) == (port, ready, metrics)
    assert profile.prefix_flag == prefix


def test_every_server_has_a_profile():
    assert PROFILES.keys() == set(Server)


def test_servers_of_the_loopback_address_are_told_to_listen_on_more():
    told = {server for server, profile in PROFILES.items() if profile.bind_args}

    assert told == {Server.SGLANG, Server.LLAMACPP, Server.LLAMA_CPP_PYTHON}
