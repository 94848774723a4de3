"""The file of contexts: private, replaced at once, one writer at a time, understood or refused."""

import os
import stat
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gco.contexts.file import change_contexts, read_contexts
from gco.contexts.model import Context, Contexts, Way
from gco.errors import ConflictError, SettingsError

URL = "dynamodb://gco?region=us-east-1"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "gco" / "contexts.json"


def test_without_a_file_there_is_the_own_store_alone(path):
    assert list(read_contexts(path).known) == ["local"]
    assert not path.exists()


def test_what_is_written_is_read_and_is_nobody_elses_to_read(path):
    written = change_contexts(path, lambda there: there.adding("prod", URL).using("prod"))

    assert read_contexts(path) == written
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {each.name for each in path.parent.iterdir()} == {"contexts.json", "contexts.lock"}


NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
WAYS = st.tuples(TEXT, st.none() | TEXT).map(
    lambda pair: Way(kube_context=pair[0], kubeconfig=pair[1])
)
ANY = st.builds(
    Contexts,
    contexts=st.dictionaries(
        NAMES,
        st.builds(Context, store=st.just(URL), regions=st.dictionaries(NAMES, WAYS, max_size=2)),
        max_size=3,
    ),
)


@settings(max_examples=30)
@given(contexts=ANY)
def test_any_contexts_survive_the_file(contexts, tmp_path_factory):
    path = tmp_path_factory.mktemp("any") / "contexts.json"

    change_contexts(path, lambda _: contexts)

    assert read_contexts(path) == contexts


def test_a_change_that_fails_leaves_the_file_as_it_was(path):
    change_contexts(path, lambda there: there.adding("prod", URL))
    before = path.read_bytes()

    with pytest.raises(ConflictError):
        change_contexts(path, lambda there: there.adding("prod", "sqlite:///other"))
    assert path.read_bytes() == before


def test_a_crash_in_the_middle_leaves_the_file_as_it_was(path, monkeypatch):
    change_contexts(path, lambda there: there.adding("prod", URL))
    before = path.read_bytes()

    def crash(_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(SettingsError, match="cannot be written"):
        change_contexts(path, lambda there: there.adding("lab", URL))
    assert path.read_bytes() == before
    assert {each.name for each in path.parent.iterdir()} == {"contexts.json", "contexts.lock"}


def test_a_link_to_the_file_stays_a_link(path, tmp_path):
    kept = tmp_path / "dotfiles.json"
    kept.write_text("{}")
    path.parent.mkdir()
    path.symlink_to(kept)

    change_contexts(path, lambda there: there.adding("prod", URL))

    assert path.is_symlink()
    assert "prod" in read_contexts(kept).contexts


ADD = """
import sys
from pathlib import Path
from gco.contexts.file import change_contexts
change_contexts(Path(sys.argv[1]), lambda there: there.adding(sys.argv[2], "sqlite:///x"))
"""


def test_commands_that_write_at_once_lose_nothing(path):
    names = [f"c{number}" for number in range(6)]
    started = [
        subprocess.Popen([sys.executable, "-c", ADD, str(path), name])  # noqa: S603
        for name in names
    ]

    assert [each.wait() for each in started] == [0] * len(names)
    assert sorted(read_contexts(path).contexts) == names


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("{", "is not JSON", id="torn"),
        pytest.param("[]", "is not understood", id="something else"),
        pytest.param('{"version": 2}', "version", id="of a newer gco"),
        pytest.param('{"contexts": {"a b": {}}}', "is not understood", id="a name with a blank"),
        pytest.param('{"colour": 1}', "colour", id="an unknown field"),
        pytest.param('{"current": "gone"}', "gone", id="a current one that is not there"),
    ],
)
def test_what_is_not_ours_is_refused_and_kept(path, text, told):
    path.parent.mkdir()
    path.write_text(text)

    with pytest.raises(SettingsError, match=told):
        change_contexts(path, lambda there: there.adding("prod", URL))
    assert path.read_text() == text
