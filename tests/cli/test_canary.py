"""gco canary, canary abort and promote: what is asked, what is said of it, what is refused."""

import pytest

from gco.core.model.ids import EndpointName
from gco.core.model.status import CanaryReport
from tests.cli.world import EAST, NEW, OLD, WEST


def stored(world, name="web"):
    async def work(store):
        return await store.get(name)

    return world.do(work)


@pytest.mark.parametrize(
    "words", [("canary", "web"), ("canary", "set", "web")], ids=["short", "with-set"]
)
def test_a_canary_is_a_revision_that_restarts_nothing(running, words):
    result = running.run(*words, "--image", NEW, "--weight", "25")

    assert result.exit_code == 0, result.stderr
    assert "revision 2 (you, canary vllm/vllm-openai:v0.8.5 weight 25)" in result.stdout
    assert f"spec.canary.image     + {NEW}" in result.stdout
    assert f"starts a canary in {WEST} (6 of 16 GPUs free), {EAST}" in result.stdout
    assert "restarts no pod" in result.stdout
    assert stored(running).spec.canary.weight == 25


def test_options_may_come_before_the_name(running):
    result = running.run("canary", "--image", NEW, "web", "--dry-run")

    assert result.exit_code == 0, result.stderr
    assert stored(running).spec.canary is None


def test_a_share_of_everything_is_refused_with_what_to_do(running):
    result = running.run("canary", "web", "--image", NEW, "--weight", "100")

    assert result.exit_code == 2
    assert "1 to 99 (to move all traffic, promote)" in result.stderr


def test_a_canary_that_is_not_known_to_serve_is_promoted_by_force_alone(running):
    running.run("canary", "web", "--image", NEW)

    refused = running.run("promote", "web")
    assert refused.exit_code == 4
    assert "--force" in refused.stderr

    done = running.run("promote", "web", "--force")
    assert done.exit_code == 0, done.stderr
    assert "spec.image" in done.stdout
    assert "restarts pods: yes" in done.stdout
    assert stored(running).spec.image == NEW


def test_an_abort_leaves_the_endpoint_as_it_was(running):
    running.run("canary", "web", "--image", NEW)

    result = running.run("canary", "abort", "web")

    assert result.exit_code == 0, result.stderr
    assert (stored(running).spec.image, stored(running).spec.canary) == (OLD, None)
    assert "unchanged" in running.run("canary", "abort", "web").stdout


def test_status_tells_how_many_are_ready_and_their_share_as_it_is_routed(running):
    running.run("canary", "web", "--image", NEW)

    async def say(store):
        endpoint = await store.get("web")
        [status] = await store.statuses_of({EndpointName("web"): [EAST]})
        epoch = {r.name: r.epoch for r in await store.regions()}[EAST]
        told = status.model_copy(
            update={
                "observed_revision": endpoint.revision,
                "canary": CanaryReport(ready=1, desired=2, weight=10),
            }
        )
        await store.write_statuses(EAST, epoch, [told])

    running.do(say)

    assert f"{EAST}  canary 1/2 ready, 10 % of the requests" in running.run("status", "web").stdout
