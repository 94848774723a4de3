"""Builds the real programs from package registries, once for each version.

Everything comes through the ordinary clients `go`, `mvn` and `pip`, as this
machine has them set up. The inputs are pinned by the files in `go/`, `java/` and
`python/` beside this module, and an entry of the cache is keyed by a hash of them: changing a
pin builds anew, nothing else does. Run it ahead of the tests with

    python -m testbed.build
"""

import argparse
import hashlib
import platform
import re
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from testbed import cache, toolchains
from testbed.definitions import NAMES as DEFINED
from testbed.definitions import Definitions
from testbed.errors import BedError, BuildFailed, Unavailable
from testbed.llamacpp import NAME as LLAMA_CPP
from testbed.llamacpp import llama_cpp
from testbed.progress import say
from testbed.requirement import skipping_is_forbidden

HERE = Path(__file__).parent
KUBERNETES_PROGRAMS = ("kube-apiserver", "kubectl", "kube-scheduler", "kube-controller-manager")
DYNAMODB_LOCAL = "dynamodb-local"
READERS = {
    "read-alb": r"aws-alb-ingress-controller (v[\d.]+)",
    "read-nginx": r"k8s\.io/ingress-nginx (v\S+)",
    "read-gateway": r"sigs\.k8s\.io/gateway-api (v[\d.]+)",
}
"""Programs that read routes with the parsers of those who route by them, and what pins each."""
BUILT_AS = 1
"""Part of every key: raise it when the flags in `toolchains` make another result."""
LOOPBACK_CLASS = "LoopbackServer"
"""The Java class in `java/` that starts DynamoDB Local on the loopback address alone."""


@dataclass(frozen=True)
class Recipe:
    """One entry of the cache: what names it, what it depends on and what makes it."""

    name: str
    version: str
    inputs: tuple[Path, ...]
    make: Callable[[Path], None]

    def key(self) -> str:
        """The entry's name, which changes with any input and with the platform."""
        digest = hashlib.sha256(f"{platform.system()} {platform.machine()} {BUILT_AS}".encode())
        for path in self.inputs:
            digest.update(path.read_bytes())
        return f"{self.name}-{self.version}-{digest.hexdigest()[:12]}"

    def build(self) -> Path:
        """The folder with the result; at once when the cache has it."""
        return cache.entry(self.key(), self._announced)

    def _announced(self, folder: Path) -> None:
        say(f"building {self.name} {self.version}; this happens once and takes up to some minutes")
        begun = time.monotonic()
        self.make(folder)
        say(f"built {self.name} {self.version} in {time.monotonic() - begun:.0f} s")


def program(name: str) -> Path:
    """The path of one program (`etcd`, `versitygw`, `kubectl`, …), built when it is missing.

    Raises:
        Unavailable: it is not in the cache and `go` is not installed.
        BuildFailed: `go` did not build it.
    """
    return _recipe(name).build() / name


def dynamodb_local() -> Path:
    """The folder with DynamoDB Local's jars, classes and native library.

    Raises:
        Unavailable: it is not in the cache and Java or Maven is not installed.
        BuildFailed: Maven or the Java compiler failed.
    """
    return _dynamodb_local().build()


def _made(name: str) -> Path:
    if name == LLAMA_CPP:
        return llama_cpp().model.parent
    if name in DEFINED:
        return Definitions.named(name).paths()[0].parent
    return dynamodb_local() if name == DYNAMODB_LOCAL else program(name)


def _recipe(name: str) -> Recipe:
    match name:
        case "etcd":
            return _etcd()
        case "versitygw":
            return _versitygw()
        case reader if reader in READERS:
            return _reader(reader)
        case _:
            return _kubernetes(name)


def _kubernetes(name: str) -> Recipe:
    module = HERE / "go" / "kubernetes"
    version = _pinned(module / "go.mod", r"k8s\.io/kubernetes (v[\d.]+)")
    return Recipe(
        name=name,
        version=version,
        inputs=(module / "go.mod", module / "go.sum"),
        make=lambda folder: toolchains.go_build(
            module,
            package=f"k8s.io/kubernetes/cmd/{name}",
            output=folder / name,
            variables=_version_variables(version),
        ),
    )


def _version_variables(version: str) -> dict[str, str]:
    """What a release build stamps into the programs: without it, clients read v0.0.0.

    The first package is what a program says of itself, the second its user agent.
    """
    major, minor, _ = version.removeprefix("v").split(".")
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return {f"{package}.{name}": values[name] for package in packages for name in values}


def _etcd() -> Recipe:
    module = HERE / "go" / "etcd"
    return Recipe(
        name="etcd",
        version=_pinned(module / "go.mod", r"go\.etcd\.io/etcd/server/v3 (v[\d.]+)"),
        inputs=(module / "go.mod", module / "go.sum", module / "main.go"),
        make=lambda folder: toolchains.go_build(module, package=".", output=folder / "etcd"),
    )


def _versitygw() -> Recipe:
    module = HERE / "go" / "versitygw"
    return Recipe(
        name="versitygw",
        version=_pinned(module / "go.mod", r"github\.com/versity/versitygw (v[\d.]+)"),
        inputs=(module / "go.mod", module / "go.sum"),
        make=lambda folder: toolchains.go_build(
            module,
            package="github.com/versity/versitygw/cmd/versitygw",
            output=folder / "versitygw",
        ),
    )


def _reader(name: str) -> Recipe:
    module = HERE / "go" / "readers" / name.removeprefix("read-")
    return Recipe(
        name=name,
        version=_pinned(module / "go.mod", READERS[name]),
        inputs=(module / "go.mod", module / "go.sum", module / "main.go"),
        make=lambda folder: toolchains.go_build(module, package=".", output=folder / name),
    )


def _dynamodb_local() -> Recipe:
    pom = HERE / "java" / "pom.xml"
    source = HERE / "java" / f"{LOOPBACK_CLASS}.java"

    def make(folder: Path) -> None:
        toolchains.maven_copy_dependencies(pom, folder)
        _name_native_library(folder)
        toolchains.javac(source, folder)

    return Recipe(
        name=DYNAMODB_LOCAL,
        version=_pinned(pom, r"<artifactId>DynamoDBLocal</artifactId>\s*<version>([\d.]+)"),
        inputs=(pom, source),
        make=make,
    )


def _name_native_library(folder: Path) -> None:
    """Drop the version from the native SQLite libraries: the Java loader looks for bare names."""
    for library in folder.glob("libsqlite4java-*-*.*"):
        bare = re.sub(r"-\d+\.\d+\.\d+(?=\.)", "", library.name)
        shutil.copyfile(library, folder / bare)


def _pinned(path: Path, pattern: str) -> str:
    """The version that an input file pins, which is its only home."""
    found = re.search(pattern, path.read_text())
    if found is None:
        raise BuildFailed(f"{path.name} pins no version that matches {pattern}")
    return found[1]


def main(arguments: Sequence[str] = ()) -> int:
    """Build whatever is missing, the quickest first, and print where each thing is.

    Args:
        arguments: `--if-possible` says plainly which tool is missing and goes on, unless
            GCO_REQUIRE_TESTBED=1 forbids it: the tests that need the result are then skipped.
    """
    parser = argparse.ArgumentParser(prog="python -m testbed.build", description=__doc__)
    parser.add_argument("--if-possible", action="store_true", help="a missing tool is no failure")
    lenient = parser.parse_args(arguments).if_possible and not skipping_is_forbidden()
    failed = False
    for name in (
        *DEFINED,
        "etcd",
        DYNAMODB_LOCAL,
        "versitygw",
        LLAMA_CPP,
        *READERS,
        *KUBERNETES_PROGRAMS,
    ):
        try:
            print(_made(name), flush=True)
        except Unavailable as missing:
            say(f"no {name}: {missing}")
            failed = failed or not lenient
        except BedError as error:
            say(f"no {name}: {error}")
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
