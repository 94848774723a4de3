"""gco context: named stores, and which kube context leads to the cluster of each region."""

import json

import pytest
import yaml

from gco.cli.globals import Globals
from gco.cli.session import chosen
from tests.cli.world import EAST, WEST, World, document

URL = "dynamodb://gco?region=us-east-1"


def listed(world):
    told = world.run("context", "list", "-o", "json", store=False)
    return {each["name"]: each for each in json.loads(told.stdout)}


def test_a_named_store_is_used_from_then_on(empty, tmp_path):
    other = World(tmp_path)
    other.register(EAST)
    other.applied(document())

    named = empty.run("context", "add", "lab", "--store", other.url, "--use", store=False)

    assert named.exit_code == 0, named.stderr
    assert [e["name"] for e in json.loads(empty.run("list", "-o", "json", store=False).stdout)] == [
        "web"
    ]
    elsewhere = empty.run("list", "--context", "local", store=False, GCO_DATA=str(tmp_path / "own"))
    assert f"no store at {tmp_path / 'own' / 'store.db'}" in elsewhere.stderr


def test_the_current_context_has_a_star_and_the_own_store_is_always_there(empty):
    empty.run("context", "add", "prod", "--store", URL, "--use", store=False)

    assert empty.run("context", "list", store=False).stdout == (
        f"   NAME   STORE, AND REGIONS BY THEIR KUBE CONTEXT\n   local  sqlite:///{empty.folder}/store.db\n*  prod   {URL}\n"
    )


def test_removing_the_current_context_leads_back_to_the_own_store(empty):
    empty.run("context", "add", "prod", "--store", URL, "--use", store=False)

    told = empty.run("context", "remove", "prod", store=False)

    assert told.stdout == "prod is forgotten; commands use local now\n"
    assert listed(empty).keys() == {"local"}


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        pytest.param(["use", "prd"], 3, "did you mean prod", id="an unknown one"),
        pytest.param(["remove", "local"], 4, "always there", id="the own one"),
        pytest.param(["add", "prod", "--store", "sqlite:///x"], 4, "there already", id="taken"),
        pytest.param(["add", "x", "--store", "redis://x"], 2, "redis", id="no store's URL"),
        pytest.param(["add", "a b", "--store", URL], 2, "letters, digits", id="no name"),
        pytest.param(["unbind", EAST], 3, "bound to no kube context", id="nothing to unbind"),
        pytest.param(["bind", "us-wst-1", "k"], 3, "no region is called", id="an unknown region"),
    ],
)
def test_what_cannot_be_is_told_and_changes_nothing(world, command, code, told):
    world.run("context", "add", "prod", "--store", URL, store=False)
    before = listed(world)

    result = world.run("context", *command, store=False)

    assert (result.exit_code, told in result.stderr) == (code, True), result.stderr
    assert listed(world) == before


def test_a_variable_that_comes_first_is_told_when_another_context_is_chosen(empty):
    result = empty.run("context", "use", "local", store=False, GCO_STORE=URL)

    assert "GCO_STORE is set, and comes before" in result.stderr


def test_a_store_that_no_context_names_has_nowhere_to_keep_a_binding(world):
    elsewhere = f"sqlite:///{world.folder}/other.db"
    world.run("store", "init", "--store", elsewhere, store=False)

    result = world.run("context", "bind", EAST, "k", "--store", elsewhere, store=False)

    assert result.exit_code == 4
    assert "belongs to no context" in result.stderr


def kubeconfig(world, url, name="prod-use1"):
    path = world.folder / "kubeconfig.yaml"
    config = {
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {"token": "s3cr3t"}}],
        "contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}}],
    }
    path.write_text(yaml.safe_dump(config))
    return str(path)


@pytest.fixture
def cluster(api_server):
    """The URL of an API server whose namespace kube-system has the uid of the region EAST."""
    return api_server({"metadata": {"name": "kube-system", "uid": f"cluster-{EAST}"}})


def test_a_region_is_bound_once_its_cluster_has_said_who_it_is(world, cluster):
    path = kubeconfig(world, cluster)

    result = world.run("context", "bind", EAST, "prod-use1", "--kubeconfig", path, store=False)

    assert result.exit_code == 0, result.stderr
    assert listed(world)["local"]["regions"] == {
        EAST: {"kubeContext": "prod-use1", "kubeconfig": path}
    }
    assert "s3cr3t" not in (world.folder / "gco/contexts.json").read_text()


def test_the_cluster_of_another_region_is_refused_and_not_stored(world, cluster):
    path = kubeconfig(world, cluster)

    result = world.run("context", "bind", WEST, "prod-use1", "--kubeconfig", path, store=False)

    assert result.exit_code == 4
    assert "leads to another cluster" in result.stderr
    assert listed(world)["local"]["regions"] == {}


def test_the_kubeconfig_of_the_environment_is_kept_with_its_whole_path(world, cluster, monkeypatch):
    kubeconfig(world, cluster)
    monkeypatch.chdir(world.folder)

    world.run("context", "bind", EAST, "prod-use1", store=False, KUBECONFIG="kubeconfig.yaml")

    [way] = listed(world)["local"]["regions"].values()
    assert way["kubeconfig"] == str(world.folder / "kubeconfig.yaml")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        pytest.param("prod-use2", "contexts: prod-use1", id="no such kube context"),
        pytest.param("prod-use1", "could not be reached", id="nobody there"),
    ],
)
def test_a_way_that_leads_nowhere_is_refused_and_not_stored(world, name, told):
    path = kubeconfig(world, "http://127.0.0.1:9")

    result = world.run("context", "bind", EAST, name, "--kubeconfig", path, store=False)

    assert result.exit_code != 0
    assert told in result.stderr
    assert listed(world)["local"]["regions"] == {}


def test_services_do_not_follow_the_current_context(empty, monkeypatch):
    empty.run("context", "add", "prod", "--store", URL, "--use", store=False)
    for name, value in (("XDG_CONFIG_HOME", str(empty.folder)), ("GCO_STORE", "")):
        monkeypatch.setenv(name, value)

    assert chosen(Globals()).name == "prod"
    assert chosen(Globals(), current=False).name == "local"
    assert chosen(Globals(context="prod"), current=False).name == "prod"


def test_a_sandbox_says_that_other_commands_talk_elsewhere(empty):
    empty.run("context", "add", "prod", "--store", URL, "--use", store=False)

    result = empty.run("sandbox", "up", "--config", "nowhere.toml", store=False)

    assert result.exit_code == 2  # that there is no such file comes after
    assert "warning: other commands talk to the context prod" in result.stderr
