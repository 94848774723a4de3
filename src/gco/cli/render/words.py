"""Words and colours for states, images and accelerators, the same in every table."""

from rich.text import Text

from gco.core.fleet.summary import RegionView
from gco.core.model.endpoint import EndpointState
from gco.core.model.resources import devices
from gco.core.model.spec import Accelerator, EndpointSpec, Server
from gco.core.model.status import RegionState

GOOD, BUSY, BAD, QUIET = "green", "yellow", "red", "dim"

_STYLES = {
    EndpointState.RUNNING: GOOD,
    EndpointState.DEPLOYING: BUSY,
    EndpointState.STOPPED: QUIET,
    EndpointState.DELETED: QUIET,
    RegionState.RUNNING: GOOD,
    RegionState.ERROR: BAD,
    RegionState.STOPPED: QUIET,
    RegionState.DELETED: QUIET,
}
_SERVERS = {
    Server.VLLM: "vLLM",
    Server.SGLANG: "SGLang",
    Server.TGI: "TGI",
    Server.TRITON: "Triton",
    Server.TORCHSERVE: "TorchServe",
    Server.LLAMACPP: "llama.cpp",
    Server.LLAMA_CPP_PYTHON: "llama-cpp-python",
    Server.OLLAMA: "Ollama",
    Server.CUSTOM: "custom server",
}
_MAKERS = {
    Accelerator.NVIDIA: "NVIDIA",
    Accelerator.AMD: "AMD",
    Accelerator.NEURON: "Neuron",
}
_DEVICES = {
    "nvidia.com/gpu": "GPU",
    "amd.com/gpu": "GPU",
    "aws.amazon.com/neuron": "Neuron device",
}


def state(value: EndpointState | RegionState | None) -> Text:
    """Return a state in its colour; `unknown` where nobody can tell."""
    if value is None:
        return Text("unknown", style=BAD)
    word = (
        "deleting" if value is EndpointState.DELETED else value.value
    )  # a tombstone, until purged
    return Text(word, style=_STYLES.get(value, BUSY))


def why(view: RegionView) -> tuple[Text, ...]:
    """Return why a region is where it is: `WaitingForGPU: 2 requested, 0 free`, then what to do.

    Nothing where it is ready: the other columns say so.
    """
    if view.done and view.reason == "Ready":
        return ()
    style = GOOD if view.done else BAD if view.failed or view.state is None else BUSY
    facts, _, rest = view.message.partition("; ")
    told = Text(f"{view.reason}: {facts}" if facts else view.reason, style=style)
    return (told, Text(rest)) if rest else (told,)


def server(spec: EndpointSpec) -> str:
    """Return the server's name as its makers write it."""
    return _SERVERS[spec.server] if spec.server else ""


def accelerators(spec: EndpointSpec) -> str:
    """Return what each replica asks for, as `1 NVIDIA a replica` with a multiplication sign."""
    found = devices(spec.resources)
    if not found.count:
        return "no accelerator"
    return f"{found.count} × {_MAKERS[found.accelerator]} a replica"  # noqa: RUF001  (as people write it)


def room(resource: str | None, free: int | None, total: int | None) -> str:
    """Return how much is free: `6 of 16 GPUs free`; empty where that is not known or not asked."""
    if resource is None or free is None or total is None:
        return ""
    return f"{free} of {total} {device(resource, total)} free"


def device(resource: str, count: int) -> str:
    """Return what a device of that resource name is called: `GPUs`."""
    name = _DEVICES.get(resource, resource)
    return f"{name}s" if count != 1 and resource in _DEVICES else name
