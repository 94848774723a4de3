"""Several faults at once, drawn by a seed, while people keep changing things: all of it heals.

`make chaos ROUNDS=20` runs more seeds than CI does.
"""

import asyncio
import contextlib
import random

import pytest

from gco.core.model.ids import EndpointName
from gco.errors import ConflictError
from testbed.requirement import rounds
from tests.chaos.test_faults import API, DB
from tests.chaos.world import WEB, chaos_world

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

PHASES = 6
PHASE_SECONDS = 2.0
IMAGES = tuple(f"vllm/vllm-openai:v{number}" for number in range(1, 6))


async def act(world, dice) -> None:
    """Do what a person might do now; never stop `web` or take its last replica."""
    match dice.randrange(4):
        case 0:
            await world.service.update_image(WEB, dice.choice(IMAGES))
        case 1:
            await world.service.scale(WEB, dice.randint(1, 4))
        case 2:
            await world.want("second", image=dice.choice(IMAGES), replicas=dice.randint(1, 3))
        case _:
            await world.service.delete([EndpointName("second")], confirmed=True, missing_ok=True)


async def settles(world) -> None:
    """Return once everything that was asked for is so, and nothing else is."""
    for view in await world.service.list():
        if view.deleted_at is not None:
            await world.gone(view.name)
        else:
            await world.serves(view.name, view.spec.image, view.spec.replicas)


@pytest.mark.parametrize("seed", range(rounds()))
async def test_a_mixture_of_faults_heals_within_a_minute(control_plane, dynamodb, tmp_path, seed):
    dice = random.Random(seed)  # noqa: S311 - a reproducible test
    async with chaos_world(control_plane, dynamodb, tmp_path, seed=seed) as world:
        uids = world.uids(WEB)
        for _ in range(PHASES):
            world.api.fail(*API[dice.choice(list(API))], *API[dice.choice(list(API))])
            share, faults = DB[dice.choice(list(DB))]
            world.db.storm(*faults, share=share)
            with contextlib.suppress(ConflictError):  # the fleet wrote first: a person asks again
                await act(world, dice)
            await asyncio.sleep(PHASE_SECONDS)
        world.api.fail()
        world.db.heal()
        await settles(world)
        assert world.uids(WEB) == uids
        assert world.watcher.fewest[WEB] >= 1
