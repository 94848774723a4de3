"""The cache holds whole entries only, and a missing tool is told apart from a broken build."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from testbed import build, cache, requirement, toolchains
from testbed.errors import BuildFailed, Unavailable
from testbed.skipping import skipping


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GCO_TESTBED_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_an_entry_is_made_once() -> None:
    calls: list[Path] = []

    def make(folder: Path) -> None:
        calls.append(folder)
        (folder / "program").write_text("built")

    first, second = cache.entry("tool-1", make), cache.entry("tool-1", make)
    assert first == second
    assert (first / "program").read_text() == "built"
    assert len(calls) == 1


def test_a_failed_build_leaves_no_entry(own_cache: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise BuildFailed("no")

    with pytest.raises(BuildFailed):
        cache.entry("tool-1", fail)
    assert [path for path in own_cache.iterdir() if path.is_dir()] == []


def test_two_builders_at_once_build_once() -> None:
    both, calls = threading.Barrier(2), []

    def make(folder: Path) -> None:
        calls.append(folder)

    def ask() -> Path:
        both.wait()
        return cache.entry("tool-1", make)

    with ThreadPoolExecutor(2) as pool:
        found = {future.result() for future in [pool.submit(ask), pool.submit(ask)]}
    assert len(found) == 1
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("ask", "tool"),
    [
        pytest.param(lambda: build.program("etcd"), "go", id="go"),
        pytest.param(build.dynamodb_local, "java", id="java"),
    ],
)
def test_a_missing_tool_is_named(
    ask: object, tool: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert callable(ask)
    with pytest.raises(Unavailable, match=f"`{tool}` is not on the search path: install"):
        ask()


def test_a_failed_command_shows_its_last_lines(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="cannot access"):
        toolchains.run(["ls", "absent"], folder=tmp_path, variables={"LC_ALL": "C"})


def test_a_missing_tool_skips_unless_nothing_may_be_skipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(requirement.VARIABLE, raising=False)
    with pytest.raises(pytest.skip.Exception, match="install it"), skipping():
        raise Unavailable("install it")
    monkeypatch.setenv(requirement.VARIABLE, "1")
    with pytest.raises(Unavailable), skipping():
        raise Unavailable("install it")


@pytest.mark.parametrize(
    ("arguments", "required", "status"),
    [
        pytest.param([], "", 1, id="asked-for"),
        pytest.param(["--if-possible"], "", 0, id="if-possible"),
        pytest.param(["--if-possible"], "1", 1, id="required"),
    ],
)
def test_building_ahead_fails_only_when_it_must(
    arguments: list[str],
    required: str,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv(requirement.VARIABLE, required)
    assert build.main(arguments) == status
    assert "no etcd: `go` is not on the search path" in capsys.readouterr().err


def test_every_recipe_pins_its_version() -> None:
    recipes = [build._recipe("kubectl"), build._recipe("etcd"), build._dynamodb_local()]
    assert [recipe.version for recipe in recipes] == ["v1.34.4", "v3.6.8", "2.5.2"]
    assert build._recipe("versitygw").version == "v1.8.0"
    readers = [build._recipe(name).version for name in build.READERS]
    assert readers == ["v1.1.9", "v0.0.0-20240708192948-52c50467d67d", "v1.4.1"]
