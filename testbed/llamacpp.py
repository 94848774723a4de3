"""A model server that was made by others: llama-cpp-python, with a model of half a megabyte.

It is built from source once, into an environment of its own that the product never sees. The model
is written by `python/llama-cpp-python/tiny_gguf.py` with that environment's own library; its
weights are random, so what it says is nonsense, but it loads, completes and streams as any does.
"""

import hashlib
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from testbed import cache, toolchains
from testbed.errors import BuildFailed
from testbed.progress import say

PINS = Path(__file__).parent / "python" / "llama-cpp-python"
NAME = "llama-cpp-python"
_VARIABLES = {
    # For any processor of this kind, without a thread library: what the cache holds may move.
    "CMAKE_ARGS": "-DGGML_NATIVE=OFF -DGGML_OPENMP=OFF -DLLAVA_BUILD=OFF -DMTMD_BUILD=OFF",
}


@dataclass(frozen=True)
class LlamaCpp:
    """Where the server and its model are."""

    python: Path
    """`python -m llama_cpp.server` is the server."""
    model: Path

    @property
    def command(self) -> tuple[str, ...]:
        """The server's command line, without address and port."""
        return (str(self.python), "-m", "llama_cpp.server", "--model", str(self.model))


def llama_cpp() -> LlamaCpp:
    """Return the server, built when it is missing; that takes minutes.

    Raises:
        Unavailable: it is not in the cache and there is no C++ compiler.
        BuildFailed: a download is not the pinned one, or it did not compile.
    """
    folder = cache.entry(_key(), _build)
    return LlamaCpp(folder / "bin" / "python", folder / "tiny.gguf")


def _key() -> str:
    digest = hashlib.sha256(f"{platform.system()} {platform.machine()} {_VARIABLES}".encode())
    for name in ("build.lock", "requirements.lock", "tiny_gguf.py"):
        digest.update((PINS / name).read_bytes())
    version = f"{_version()}-python{sys.version_info[0]}.{sys.version_info[1]}"
    return f"{NAME}-{version}-{digest.hexdigest()[:12]}"


def _version() -> str:
    found = re.search(rf"^{NAME}==([\d.]+)", (PINS / "requirements.lock").read_text(), re.MULTILINE)
    if found is None:
        raise BuildFailed(f"requirements.lock pins no {NAME}")
    return found[1]


def _build(folder: Path) -> None:
    toolchains.find("c++", "a C++ compiler")
    say(f"building {NAME} {_version()}; this happens once and takes some minutes")
    toolchains.python_environment(
        folder, [PINS / "build.lock", PINS / "requirements.lock"], variables=_VARIABLES
    )
    writer = [str(folder / "bin" / "python"), str(PINS / "tiny_gguf.py")]
    toolchains.run([*writer, str(folder / "tiny.gguf")], folder=folder)
