"""Uninstalling as the guide says leaves the models serving, and installing again finds them."""

import asyncio
import subprocess

import pytest

from gco.kinds.registry import INFERENCE_ENDPOINT, SERVICE
from testbed import build
from tests.cluster.observing import listed
from tests.docs.pages import ROOT, blocks
from tests.real.test_upgrade import loop, place  # noqa: F401  (a fixture)
from tests.waiting import background

pytestmark = pytest.mark.real

SPEC = {"resources": {"accelerator": "none"}, "replicas": 2}


def commands():
    """Return the commands of the page's block called `release`, as a person would type them."""
    [block] = [
        b for b in blocks(ROOT / "docs/guide/day-two.md") if b.options.get("title") == "release"
    ]
    return [line.removeprefix("$ ") for line in block.text.splitlines() if line.startswith("$ ")]


async def run(control_plane, place, command):  # noqa: F811
    told = command.replace("gco-inference", place.namespace)
    kubectl = f"{build.program('kubectl')} --kubeconfig {control_plane.kubeconfig_path}"
    await asyncio.to_thread(
        subprocess.run,
        ["bash", "-euc", told.replace("kubectl", kubectl)],
        check=True,
        timeout=60,
    )


async def test_what_serves_outlasts_gco_and_is_known_again(control_plane, place):  # noqa: F811
    async with background(loop(place).run()):
        await place.want(1, **SPEC)
        await place.answered(1)
    pods, deployment = await place.pods(), await place.deployment()
    services = await listed(place.cluster, SERVICE, place.namespace)

    for command in commands():
        await run(control_plane, place, command)

    assert not await listed(place.cluster, INFERENCE_ENDPOINT, place.namespace)
    assert await place.pods() == pods
    assert (await place.deployment())["metadata"]["uid"] == deployment["metadata"]["uid"]
    assert (await listed(place.cluster, SERVICE, place.namespace)).keys() == services.keys()

    async with background(loop(place).run()):
        await place.want(1, **SPEC)
        await place.answered(1)
        assert await place.pods() == pods
        assert (await place.deployment())["metadata"]["generation"] == (
            deployment["metadata"]["generation"]
        )
