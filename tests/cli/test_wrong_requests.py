"""A mistake of a person is a wrong request (2) or an absent thing (3), never a mistake in gco (1)."""

import io
import json

import pytest

from gco.cli.documents import read_all
from gco.core.model.documents import MOST_BYTES
from gco.errors import InvalidSpecError, SettingsError
from gco.settings import read_settings
from tests.cli.world import EAST, document

HUGE = str(2**63)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        pytest.param(("scale", "web", "--replicas", "3", "-r", "US-EAST-1"), 2, id="scale, case"),
        pytest.param(
            ("scale", "web", "--replicas", "3", "-r", "us-east-1,eu-west-1"), 2, id="scale, list"
        ),
        pytest.param(("regions", "add", "web", "-r", "US-EAST-1"), 2, id="regions add"),
        pytest.param(("regions", "remove", "web", "-r", "US-EAST-1"), 2, id="regions remove"),
        pytest.param(("scale", "web", "--replicas", HUGE), 2, id="scale, huge"),
        pytest.param(("deploy", "new", "--image", "a/b:1", "--port", HUGE), 2, id="port, huge"),
        pytest.param(("deploy", "new", "--image", "a/b:1", "--gpus", HUGE), 2, id="gpus, huge"),
        pytest.param(("canary", "web", "--image", "a/b:2", "--weight", HUGE), 2, id="weight, huge"),
        pytest.param(("rollback", "web", "--to", HUGE), 3, id="rollback, huge"),
        pytest.param(("canary", "web", "--revision", HUGE), 2, id="canary of a revision, huge"),
    ],
)
def test_mistyped_names_and_numbers_are_wrong_requests(world, command, code):
    world.applied(document(regions=[EAST]))
    result = world.run(*command)
    assert result.exit_code == code, result.output
    assert result.stderr.startswith("error")


def test_stdin_in_another_encoding_is_refused_by_its_line(world):
    result = world.run("apply", "-f", "-", stdin=b"apiVersion: gco.io/v1alpha1\nkind: \xe4\n")
    assert (result.exit_code, "stdin:2" in result.stderr) == (2, True)


def test_of_an_endless_stdin_no_more_is_read_than_its_bound():
    class Endless(io.RawIOBase):
        sent = 0

        def readable(self):
            return True

        def readinto(self, buffer):
            buffer[:] = b" " * len(buffer)
            self.sent += len(buffer)
            return len(buffer)

    endless = Endless()
    with pytest.raises(InvalidSpecError, match=f"at most {MOST_BYTES} bytes"):
        read_all(["-"], io.TextIOWrapper(io.BufferedReader(endless)))
    assert endless.sent < MOST_BYTES + 1_000_000


def test_wait_reports_a_mistyped_name_before_it_waits(world):
    world.applied(document(regions=[EAST]))
    result = world.run("wait", "web", "nope", "--timeout", "600")
    assert (result.exit_code, "nope" in result.stderr) == (3, True)


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"args": ["a\0b"]}, "spec.args[0]"),
        ({"command": ["a\0b"]}, "spec.command[0]"),
        ({"env": [{"name": "A", "value": "a\0b"}]}, "spec.env[0].value"),
        ({"env": [{"name": "A", "valueFrom": {"secretKeyRef": 3}}]}, "secretKeyRef"),
        ({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"nam": "x"}}}]}, "secretKeyRef"),
        ({"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "x"}}}]}, "configMap"),
    ],
    ids=["args", "command", "env", "number", "misspelt", "no key"],
)
def test_what_no_pod_can_run_is_refused_at_the_door(world, spec, path):
    result = world.run("apply", "-f", "-", stdin=json.dumps(document(**spec)))
    assert (result.exit_code, path in result.stderr) == (2, True), result.output


@pytest.mark.parametrize("variable", ["RECONCILE_INTERVAL_SECONDS", "K8S_API_TIMEOUT"])
@pytest.mark.parametrize("value", ["inf", "nan"])
def test_a_duration_that_never_ends_is_a_wrong_setting(world, variable, value):
    result = world.run("list", **{variable: value})
    assert (result.exit_code, variable in result.stderr) == (2, True)


@pytest.mark.parametrize("args", [["--api-key=s3cr3t-s3cr3t"], ["--api-key", "s3cr3t-s3cr3t"]])
def test_a_secret_in_arguments_is_masked_in_tables(world, args):
    secrets = {"LICENSE_KEY": "abcdef-123456", "AUTH": "Basic YW5uOnNlY3JldC1vZi1hbm4="}
    secrets["AZURE"] = "DefaultEndpointsProtocol=https;AccountKey=c2VjcmV0LW9mLWFubg=="
    env = [{"name": name, "value": value} for name, value in secrets.items()]
    world.applied(document(args=args, env=env))
    for command in (("get", "web"), ("history", "web"), ("status", "web")):
        shown = world.run(*command).output
        assert not [s for s in ("s3cr3t-s3cr3t", *secrets.values()) if s in shown]
    assert "s3cr3t-s3cr3t" in world.run("get", "web", "-o", "yaml").stdout


LATIN_1 = b"caf\xe9".decode(errors="surrogateescape")
"""An argument as Python has it when the terminal sent another encoding than UTF-8."""


@pytest.mark.parametrize(
    "command",
    [
        ("get", LATIN_1),
        ("events", LATIN_1),
        ("delete", LATIN_1),
        ("deploy", "web", "--image", LATIN_1),
        ("apply", "-f", f"{LATIN_1}.yaml"),
        ("context", "add", LATIN_1, "--store", "sqlite:///x"),
        (LATIN_1,),
    ],
    ids=lambda command: command[0] if command[0] != LATIN_1 else "no command",
)
def test_an_argument_in_another_encoding_is_refused_by_its_place(world, command):
    result = world.run(*command)
    shown = " ".join(result.stderr.replace("│", " ").split())
    place = 2 + next(n for n, word in enumerate(command, 1) if LATIN_1 in word)
    assert result.exit_code == 2
    assert f"argument {place} is not UTF-8 text: " in shown
    assert r"caf\udce9" in shown


@pytest.mark.parametrize("variable", ["USER", "GCO_AUTHORIZATION", "HF_TOKEN", "GCO_CONTEXT"])
def test_a_setting_in_another_encoding_is_named_and_no_secret_is_shown(variable):
    with pytest.raises(SettingsError, match=f"^{variable}.*: UTF-8 text$") as error:
        read_settings({variable: f"s3cr3t{LATIN_1}"})
    secret = variable in {"GCO_AUTHORIZATION", "HF_TOKEN"}
    assert ("s3cr3t" in str(error.value)) is not secret
