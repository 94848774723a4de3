"""Which of a person's environment a pod's process has: a document's command is not the person's."""

import pytest

from gco.sandbox.config import ImageConfig
from gco.sandbox.kubelet.command import launch

OWN = "hf_of_ann"
PERSON = {
    "PATH": "/usr/bin",
    "HOME": "/home/ann",
    "LC_ALL": "C.UTF-8",
    "AWS_ACCESS_KEY_ID": "AKIA",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_PROFILE": "production",
    "HF_TOKEN": OWN,
    "GCO_AUTHORIZATION": "Bearer key",
    "SSH_AUTH_SOCK": "/run/agent",
    "HTTPS_PROXY": "http://ann:secret@proxy",
}
"""A laptop's."""


def environment(*, owner="ReplicaSet", env=(), args=()):
    metadata = {
        "name": "web-0",
        "namespace": "gco-inference",
        "ownerReferences": [{"kind": owner, "name": "web"}],
    }
    return launch(
        {"metadata": metadata, "spec": {"nodeName": "node-0"}},
        {"command": ["serve"], "env": list(env), "args": list(args)},
        ImageConfig(pattern="*", command=("serve",)),
        address="127.64.0.1",
        base_env=PERSON,
        mounts={},
    )


def test_a_pod_has_no_credential_of_the_person_and_what_the_document_states():
    env = environment(env=[{"name": "MODEL", "value": "llama"}]).env
    assert env == {
        "PATH": "/usr/bin",
        "HOME": "/home/ann",
        "LC_ALL": "C.UTF-8",
        "HOSTNAME": "web-0",
        "POD_IP": "127.64.0.1",
        "PYTHONUNBUFFERED": "1",
        "MODEL": "llama",
    }


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "HF_TOKEN"])
def test_arguments_do_not_expand_what_a_pod_does_not_have(name):
    launched = environment(args=[f"$({name})"])
    assert launched.command[-1] == f"$({name})"


def test_a_secret_is_passed_where_the_document_names_it():
    reference = {"secretKeyRef": {"name": "hub", "key": "token"}}
    env = environment(env=[{"name": "HF_TOKEN", "valueFrom": reference}]).env
    assert env["HF_TOKEN"] == OWN
    assert "AWS_SECRET_ACCESS_KEY" not in env


def test_a_copy_of_a_model_reads_buckets_with_the_persons_keys():
    assert environment(owner="Job").env.items() >= PERSON.items()
