"""What a server is told beside its spec, and when it is left alone."""

import pytest

from gco.core.model.launch import added_args, added_env
from tests.model.specs import a_spec

VLLM = "vllm/vllm-openai:v0.8.5"
SGLANG = "lmsysorg/sglang:v0.4.6"
TGI = "ghcr.io/huggingface/text-generation-inference:3.0"
LLAMACPP = "ghcr.io/ggml-org/llama.cpp:server"
LAUNCH = ("python3", "-m", "sglang.launch_server", "--model-path", "m")
PYTHON_SERVER = ("python", "-m", "llama_cpp.server", "--model", "m.gguf")
EVERYWHERE = ("--host", "0.0.0.0")  # noqa: S104
PREFIX = "/inference/web"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({"image": VLLM}, (f"--root-path={PREFIX}",), id="vllm"),
        pytest.param(
            {"image": VLLM, "command": ("vllm", "serve", "m")},
            (f"--root-path={PREFIX}",),
            id="vllm-by-its-program",
        ),
        pytest.param(
            {"image": "mine:1", "server": "vllm", "command": ("/usr/bin/vllm", "serve", "m")},
            (f"--root-path={PREFIX}",),
            id="vllm-in-an-image-of-ones-own",
        ),
        pytest.param(
            {"image": VLLM, "args": ("--root-path", "/mine")}, (), id="root-path-is-told-already"
        ),
        pytest.param(
            {"image": VLLM, "port": 9000},
            ("--port=9000", f"--root-path={PREFIX}"),
            id="port-is-told",
        ),
        pytest.param(
            {"image": VLLM, "port": 9000, "args": ("--port=9000",)},
            (f"--root-path={PREFIX}",),
            id="port-is-told-already",
        ),
        pytest.param({"image": VLLM, "command": ("sh", "-c", "vllm serve m")}, (), id="a-shell"),
        pytest.param({"image": VLLM, "command": ("/start",)}, (), id="a-script"),
        pytest.param(
            {"image": "mine:1", "server": "vllm"}, (), id="an-entry-point-that-is-not-known"
        ),
        pytest.param(
            {"image": SGLANG, "command": LAUNCH},
            (*EVERYWHERE, f"--fastapi-root-path={PREFIX}"),
            id="sglang",
        ),
        pytest.param(
            {"image": SGLANG, "args": LAUNCH},
            (*EVERYWHERE, f"--fastapi-root-path={PREFIX}"),
            id="sglang-whose-line-is-in-args",
        ),
        pytest.param(
            {"image": SGLANG, "command": LAUNCH, "args": ("--host=::",)},
            (f"--fastapi-root-path={PREFIX}",),
            id="host-is-told-already",
        ),
        pytest.param({"image": SGLANG}, (), id="sglang-that-nothing-starts"),
        pytest.param({"image": TGI, "args": ("--model-id=m",)}, (), id="tgi-ends-at-such-flags"),
        pytest.param({"image": LLAMACPP, "args": ("-m", "m")}, EVERYWHERE, id="llama.cpp"),
        pytest.param(
            {
                "image": LLAMACPP,
                "args": ("-m", "m"),
                "env": ({"name": "LLAMA_ARG_HOST", "value": "::"},),
            },
            (),
            id="host-is-told-by-env",
        ),
        pytest.param(
            {"image": "mine:1", "server": "llama-cpp-python", "command": PYTHON_SERVER},
            (*EVERYWHERE, f"--root_path={PREFIX}"),
            id="llama-cpp-python",
        ),
        pytest.param({"image": "ollama/ollama:0.5"}, (), id="ollama"),
        pytest.param({"image": "mine:1", "args": ("--x",)}, (), id="custom"),
        pytest.param(
            {"image": "nvcr.io/nvidia/tritonserver:24.08", "args": ("tritonserver",), "port": 9000},
            ("--http-port=9000",),
            id="triton",
        ),
    ],
)
def test_flags_are_added_to_a_line_that_is_the_servers_own(spec, expected):
    assert added_args(a_spec(**spec), PREFIX) == expected


def test_a_route_without_a_prefix_needs_no_root_path():
    assert added_args(a_spec(image=VLLM), "/") == ()


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({"image": TGI, "port": 8080}, {"PORT": "8080"}, id="tgi"),
        pytest.param({"image": LLAMACPP, "port": 81}, {"LLAMA_ARG_PORT": "81"}, id="llama.cpp"),
        pytest.param({"image": TGI, "port": 80}, {}, id="its-own-port"),
        pytest.param({"image": TGI}, {}, id="no-port-stated"),
        pytest.param({"image": TGI, "port": 8080, "args": ("-p", "8080")}, {}, id="told-by-args"),
        pytest.param(
            {"image": TGI, "port": 8080, "env": ({"name": "PORT", "valueFrom": {"fieldRef": {}}},)},
            {},
            id="told-by-reference",
        ),
        pytest.param({"image": VLLM, "port": 8080}, {}, id="no-such-variable"),
    ],
)
def test_the_port_is_told_by_environment_where_the_server_reads_it_there(spec, expected):
    assert {v.name: v.value for v in added_env(a_spec(**spec))} == expected
