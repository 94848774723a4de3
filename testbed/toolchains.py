"""The calls of `go`, `mvn`, `javac` and `pip`: what each is told, and what its failure says.

Sources are copied to a scratch folder first, so a build never writes into the
tree, and the flags make the result depend on the pinned inputs alone.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from testbed.errors import BuildFailed, Unavailable

BUILD_SECONDS = 3600.0
LAST_LINES = 30


def find(tool: str, hint: str) -> str:
    """The path of a tool on this machine.

    Raises:
        Unavailable: it is not on the search path; the message repeats the hint.
    """
    path = shutil.which(tool)
    if path is None:
        raise Unavailable(f"`{tool}` is not on the search path: install {hint}")
    return path


def go_build(
    module: Path, *, package: str, output: Path, variables: Mapping[str, str] | None = None
) -> None:
    """Build one main package of a pinned module into a static program.

    Args:
        module: a folder with go.mod and go.sum.
        package: the import path, or "." for the module itself.
        output: the program's path.
        variables: string variables to set while linking, by import path and name.
    """
    go = find("go", "the Go toolchain, 1.25 or later")
    # -s -w leaves the debug tables out: a third of the size and of the linker's memory.
    link = ["-s", "-w", *(f"-X {name}={value}" for name, value in (variables or {}).items())]
    command = [
        go,
        "build",
        "-mod=readonly",
        "-trimpath",
        "-buildvcs=false",
        f"-ldflags={' '.join(link)}",
        f"-o={output}",
        package,
    ]
    with _scratch_copy(module) as scratch:
        run(command, folder=scratch, variables={"CGO_ENABLED": "0", "GOWORK": "off"})


def go_module(module: str, folder: Path) -> dict[str, str]:
    """Fetch one module, given as `path@version`; return where it is (Dir) and its checksum (Sum).

    Args:
        module: the module's path and version.
        folder: where to run, outside any module.
    """
    go = find("go", "the Go toolchain, 1.25 or later")
    written = run(
        [go, "mod", "download", "-json", module], folder=folder, variables={"GOWORK": "off"}
    )
    found: dict[str, str] = json.loads(written[written.index("{") :])  # after any progress lines
    return found


def maven_copy_dependencies(pom: Path, output: Path) -> None:
    """Copy every runtime dependency of a pom, native libraries too, into one folder."""
    find("java", "a Java development kit, 17 or later")
    command = [
        find("mvn", "Apache Maven"),
        "--batch-mode",
        "--quiet",
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
        f"-DoutputDirectory={output}",
    ]
    with _scratch_copy(pom.parent) as scratch:
        run(command, folder=scratch)


def javac(source: Path, folder: Path) -> None:
    """Compile one source file against the jars of a folder, into that folder."""
    compiler = find("javac", "a Java development kit, 17 or later")
    run([compiler, "-cp", f"{folder}/*", "-d", str(folder), str(source)], folder=folder)


def python_environment(
    folder: Path, locks: Sequence[Path], *, variables: Mapping[str, str] | None = None
) -> None:
    """Make a virtual environment of pinned packages, one lock after the other.

    What an earlier lock brings builds what a later one has from source. The environment may be
    moved, but for the scripts in it: start programs by `python -m`.

    Args:
        folder: where to make it.
        locks: requirements with a hash of every file.
        variables: further environment of the builds.
    """
    run([sys.executable, "-m", "venv", str(folder)], folder=folder)
    install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--no-input"]
    pinned = ["--require-hashes", "--no-deps", "--no-build-isolation", "--requirement"]
    for lock in locks:
        run([*install, *pinned, str(lock)], folder=folder, variables=variables)


def run(command: Sequence[str], *, folder: Path, variables: Mapping[str, str] | None = None) -> str:
    """Run one build command to its end; return what it wrote.

    Raises:
        BuildFailed: it exited with an error or took over an hour.
    """
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=BUILD_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise BuildFailed(f"`{Path(command[0]).name}` took over {BUILD_SECONDS:.0f} s") from error
    if done.returncode != 0:
        last = "\n".join(done.stdout.splitlines()[-LAST_LINES:])
        raise BuildFailed(f"`{' '.join(command[:3])} …` exited with {done.returncode}:\n{last}")
    return done.stdout


@contextmanager
def _scratch_copy(source: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="gco-testbed-build-") as folder:
        scratch = Path(folder) / source.name
        shutil.copytree(source, scratch)
        yield scratch
