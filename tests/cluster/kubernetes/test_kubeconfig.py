"""Which cluster the arguments, files and mounted accounts lead to, and what is refused."""

import json
from pathlib import Path

import pytest

from gco.cluster.kubernetes import connect, kubeconfig
from gco.errors import SettingsError


def config(*names, current=None, cluster=None, user=None, **more):
    """A kubeconfig with one cluster, user and context for each name."""
    return {
        "clusters": [
            {"name": n, "cluster": {"server": f"https://{n}.example", **(cluster or {})}}
            for n in names
        ],
        "users": [{"name": n, "user": {"token": f"token-{n}", **(user or {})}} for n in names],
        "contexts": [{"name": n, "context": {"cluster": n, "user": n}} for n in names],
        **({"current-context": current} if current else {}),
        **more,
    }


def written(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def chosen(paths, context=None):
    choice = kubeconfig.from_files(paths, context).config
    return choice.cluster.server, choice.user.token


def test_the_current_context_is_taken_unless_another_is_named(tmp_path):
    path = written(tmp_path, "config", config("east", "west", current="west"))
    assert chosen(path) == ("https://west.example", "token-west")
    assert chosen(path, "east") == ("https://east.example", "token-east")


def test_of_several_files_the_first_to_name_something_wins(tmp_path):
    one = written(tmp_path, "one", config("east"))
    two = written(tmp_path, "two", config("east", "west", current="west", cluster={"server": "x"}))
    merged = f"{one}:{two}"
    assert chosen(merged, "east")[0] == "https://east.example"
    assert chosen(merged)[0] == "x"


def test_paths_are_relative_to_the_file_that_states_them(tmp_path):
    stated = {"certificate-authority": "pki/ca.crt"}
    one = written(tmp_path, "a/one", config("east", cluster=stated))
    two = written(tmp_path, "b/two", config("west", cluster=stated, user={"tokenFile": "token"}))
    choice = kubeconfig.from_files(f"{one}:{two}", "west").config
    assert choice.cluster.certificate_auth == str(tmp_path / "b/pki/ca.crt")
    assert choice.user.token_file == str(tmp_path / "b/token")


@pytest.mark.parametrize(
    ("content", "context", "told"),
    [
        pytest.param(None, None, "cannot be read: No such file", id="absent"),
        pytest.param("a: b: c", None, "is not YAML", id="not-yaml"),
        pytest.param("", None, "empty or not a mapping", id="empty"),
        pytest.param(config("east"), None, "[Nn]o current context", id="no-current-context"),
        pytest.param(config("east"), "wset", "'wset' not found.*east", id="unknown-context"),
        pytest.param(
            {**config("east", current="east"), "clusters": []}, None, "east", id="no-such-cluster"
        ),
        pytest.param(
            config("east", current="east", user={"token": ["x"]}), None, "not a valid", id="type"
        ),
        pytest.param(
            {**config("east", current="east"), "users": [{"name": "east"}]},
            None,
            "user without name or content",
            id="empty-user",
        ),
        pytest.param(
            config("east", current="east", cluster={"proxy-url": "http://p"}),
            None,
            r"cluster\.proxy-url is not supported",
            id="proxy",
        ),
        pytest.param(
            config("east", current="east", user={"as": "root"}),
            None,
            r"user\.as is not supported",
            id="impersonation",
        ),
    ],
)
def test_a_kubeconfig_that_leads_nowhere_says_why(tmp_path, content, context, told):
    path = tmp_path / "config" if content is None else written(tmp_path, "config", content)
    with pytest.raises(SettingsError, match=told):
        kubeconfig.from_files(path, context)


def test_an_address_that_is_none_is_refused(tmp_path):
    path = written(tmp_path, "config", config("e", current="e", cluster={"server": "e.example"}))
    with pytest.raises(SettingsError, match=r"'e\.example' is not the address"):
        connect(path)


@pytest.fixture
def account(tmp_path, monkeypatch):
    """A mounted service account, as a pod has it."""
    folder = tmp_path / "serviceaccount"
    folder.mkdir()
    (folder / "token").write_text("pod-token")
    (folder / "namespace").write_text("gco-inference")
    (folder / "ca.crt").write_text("")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    return folder


def test_a_pods_account_leads_to_its_own_cluster_and_its_token_file(account):
    choice = kubeconfig.from_service_account(account)
    assert choice.config.cluster.server == "https://[fd00::1]:443"
    assert choice.config.cluster.certificate_auth == str(account / "ca.crt")
    assert choice.config.user.token_file == str(account / "token")


def test_without_an_account_there_is_none(tmp_path):
    assert kubeconfig.from_service_account(tmp_path) is None


def test_an_account_without_an_address_is_told(account, monkeypatch):
    monkeypatch.delenv("KUBERNETES_SERVICE_PORT")
    with pytest.raises(SettingsError, match="KUBERNETES_SERVICE_PORT"):
        kubeconfig.from_service_account(account)


@pytest.mark.parametrize(
    ("in_cluster", "mounted", "context", "expected"),
    [
        pytest.param(True, True, None, "https://[fd00::1]:443", id="in-cluster-comes-first"),
        pytest.param(True, False, None, "https://east.example", id="no-account-mounted"),
        pytest.param(True, True, "east", "https://east.example", id="a-context-is-asked-for"),
        pytest.param(False, True, None, "https://east.example", id="not-in-a-pod"),
    ],
)
def test_which_credentials_are_taken(tmp_path, account, *, in_cluster, mounted, context, expected):
    path = written(tmp_path, "config", config("east", current="east"))
    folder = account if mounted else tmp_path / "nothing"
    cluster = connect(path, context, in_cluster=in_cluster, service_account=folder)
    assert cluster._transport._server.url == expected
