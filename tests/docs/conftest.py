"""What pages are tried on: one sandbox for all commands, one API server for all manifests."""

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.place import Place, until
from gco.sandbox.config import SandboxConfig
from testbed.controlplane import ControlPlane
from tests.docs.pages import ROOT

CONFIG = Path(__file__).parent / "sandbox.toml"
COMMAND_SECONDS = 90
NAMESPACE = "docs"
REGIONS = SandboxConfig().regions


@dataclasses.dataclass(frozen=True)
class Done:
    """What a command said, on both of its outputs, and its exit code."""

    code: int
    output: str


class Terminal:
    """A shell in a folder, with the repository's examples in it and `gco` on its path."""

    def __init__(self, folder: Path, place: Place) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "examples", folder / "examples")
        programs = folder / ".bin"
        programs.mkdir()
        program = programs / "gco"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gco "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        self._env = {
            **place.env,
            "PATH": f"{programs}{os.pathsep}{place.env['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder / ".config"),
            "USER": "you",
        }

    def run(self, line: str) -> Done:
        """Run a command line as bash does; one that does not end in COMMAND_SECONDS fails."""
        done = subprocess.run(  # noqa: S603 - what our own pages tell people to type
            ["bash", "-o", "pipefail", "-c", line],  # noqa: S607
            env=self._env,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )
        return Done(done.returncode, done.stdout)

    def clear(self) -> None:
        """Delete every endpoint, for the next page to begin with none."""
        names = [found["name"] for found in json.loads(self.run("gco list -o json").output)]
        if names:
            done = self.run(f"gco delete {' '.join(names)} --yes --wait")
            assert done.code == 0, done.output
        until(self._all_is_free, "every region reports that all is free again")

    def _all_is_free(self) -> bool:
        told = self.run("gco regions list").output
        return re.findall(r"(\d+) of \1 GPUs free", told) == ["16"] * len(REGIONS)


@pytest.fixture(scope="session")
def place(tmp_path_factory) -> Iterator[Place]:
    """The sandbox of all pages."""
    place = Place(tmp_path_factory.mktemp("guide"), ROOT, config=CONFIG)
    with place.running():
        yield place


@pytest.fixture
def terminal(place, tmp_path) -> Iterator[Terminal]:
    """A terminal beside the sandbox; afterwards there is no endpoint in it."""
    terminal = Terminal(tmp_path / "page", place)
    yield terminal
    terminal.clear()


class ApiServer:
    """A real API server that is asked what it would do."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        for manifest in (ROOT / "deploy/kubernetes/crd.yaml",):
            plane.kubectl("apply", "--server-side", "-f", str(manifest))
        plane.kubectl("create", "namespace", NAMESPACE)

    def accepts(self, manifest: dict[str, Any]) -> str:
        """Return what kubectl says of a strictly validated dry run; raises CommandFailed.

        The namespace is one that there is, in place of the page's.
        """
        metadata = dict(manifest["metadata"])
        if "namespace" in metadata:
            metadata["namespace"] = NAMESPACE
        arguments = ("apply", "--dry-run=server", "--validate=strict", "-f", "-")
        return self._plane.kubectl(*arguments, input=json.dumps({**manifest, "metadata": metadata}))


@pytest.fixture(scope="session")
def api_server(control_plane) -> ApiServer:
    """The shared control plane, with our own kinds."""
    return ApiServer(control_plane)
