"""docs/pods.md says of servers and accelerators what the code does, and its documents are accepted."""

import re
from pathlib import Path

import pytest

from gco.core.model.defaults import DEFAULT_NODES
from gco.core.model.profiles import PROFILES
from gco.core.model.resources import DEVICES
from gco.core.model.spec import Accelerator, Server
from gco.core.model.validation import check, parse_documents

TEXT = (Path(__file__).parents[2] / "docs/pods.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, flags=re.DOTALL)


def rows(names):
    """Return the cells of each table's row that begins with one of `names`."""
    known = set(names)
    lines = [line.strip("|").split("|") for line in TEXT.splitlines() if line.startswith("| `")]
    cells = [[cell.strip().replace("`", "") for cell in line] for line in lines]
    return {first.split()[0]: rest for first, *rest in cells if first.split()[0] in known}


def test_every_server_is_told_of():
    told = {}
    for server, profile in PROFILES.items():
        flags = [" ".join(profile.bind_args), profile.prefix_flag]
        added = ", ".join(filter(None, flags)) or "nothing"
        told[server.value] = [str(profile.port), profile.ready_path, added]

    assert rows(server.value for server in Server) == told


def test_every_accelerator_is_told_of():
    found = rows(accelerator.value for accelerator in Accelerator)

    assert found.keys() == {accelerator.value for accelerator in Accelerator}
    for accelerator, device in DEVICES.items():
        asks, nodes, tolerates = found[accelerator.value]
        labels = [f"{k}={v}" for k, v in DEFAULT_NODES.get(accelerator, {}).items()]
        assert (asks, tolerates) == (device, f"{device}:NoSchedule")
        assert nodes == (labels[0] if labels else "any that offer it")


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: re.search(r"name: (\S+)", text)[1])
def test_the_documents_are_accepted(text):
    [document] = parse_documents(text, "pods.md")

    assert {w.path for w in check(document, regions=None, namespaces=None)} <= {"spec.route"}
