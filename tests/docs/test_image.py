"""The image's build installs nothing that is not pinned by hash, and sends no more than it needs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
INSTALLS = re.findall(r"pip (?:install|wheel) [^&\n]*", DOCKERFILE)
COPIED = [
    source
    for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
    for source in line.split()[:-1]
]


def pinned(path):
    """Return each requirement of a lock file with its hashes."""
    text = (ROOT / path).read_text(encoding="utf-8")
    blocks = re.findall(r"^([-\w.]+==\S+)[^\n]*\n((?:    [^\n]*\n)*)", text, re.MULTILINE)
    return {name: set(re.findall(r"--hash=(\S+:\w+)", block)) for name, block in blocks}


@pytest.mark.parametrize("command", INSTALLS)
def test_every_install_is_by_hash_or_from_what_is_there(command):
    assert "--require-hashes" in command or {"--no-deps", "--no-index"} <= set(command.split())


def test_there_are_installs_to_check():
    assert len(INSTALLS) == DOCKERFILE.count("/bin/pip ")
    assert COPIED
    assert any("--no-build-isolation" in command for command in INSTALLS)


def test_the_build_uses_what_developers_use():
    build, dev = pinned("deploy/build.lock"), pinned("requirements-dev.lock")

    assert any(name.startswith("hatchling==") for name in build)
    assert all(build.values())
    assert build.items() <= dev.items()


def test_what_the_image_is_built_from_is_all_that_is_sent():
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()

    assert {line[1:] for line in lines if line.startswith("!")} == set(COPIED)
    assert "*" in lines
