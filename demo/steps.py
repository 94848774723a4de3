"""What the demo shows, step by step; each step checks that what it shows is so."""

import json
import os
import signal
import urllib.request
from collections import Counter
from collections.abc import Callable
from typing import Any

from demo.place import Place, StepFailedError, until

LLAMA = "llama-3-8b"
SMALL = "embeddings"
REGIONS = ("us-east-1", "eu-west-1", "ap-south-1")
_SECONDS = 60.0


def tell(text: str) -> None:
    """Print a step's heading."""
    print(f"\n── {text} ──", flush=True)


def check(holds: object, told: str) -> None:
    """Say that `told` holds; raise StepFailedError where it does not."""
    if not holds:
        raise StepFailedError(told)
    print(f"   ✓ {told}", flush=True)


def apply(place: Place) -> None:
    """From files to ready endpoints."""
    tell("One file, three regions")
    place.gco("apply", "-f", "examples/", "--dry-run")
    place.gco("apply", "-f", "examples/")
    place.gco("wait", LLAMA)
    place.gco("wait", SMALL)
    place.gco("list")
    check(len(place.replicas(LLAMA)) == 5, "five replicas of llama-3-8b run: 2, 2 and 1")


def ask(place: Place) -> None:
    """Real requests through every region's router, plain and streamed."""
    tell("Requests, through each region's own entrance")
    for region in REGIONS:
        place.gco("invoke", LLAMA, "Say hello", "--region", region)
    place.gco("invoke", LLAMA, "Stream this, word by word", "--region", REGIONS[1], "--stream")
    for region, address in _addresses(place).items():
        url = f"{address}/inference/{LLAMA}/v1/models"
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback, from the store
            models = json.load(answer)["data"]
        check(models[0]["id"], f"GET {url} ({region}) lists {models[0]['id']}")


def scale(place: Place) -> None:
    """More replicas, without touching those that run."""
    tell("Scale, and nothing restarts")
    before = place.replicas(LLAMA)
    place.gco("scale", LLAMA, "--replicas", "3", "--region", REGIONS[0])
    place.gco("wait", LLAMA)
    after = place.replicas(LLAMA)
    check(len(after) == 6 and before < after, "one more replica runs; the others were left alone")


def repair(place: Place) -> None:
    """A replica that dies is replaced."""
    tell("Kill a replica's process")
    victim = min(place.replicas(LLAMA))
    os.kill(victim, signal.SIGKILL)
    print(f"   kill -9 {victim}", flush=True)
    until(lambda: victim not in place.replicas(LLAMA), "the process is gone")
    until(lambda: len(place.replicas(LLAMA)) == 6, "six replicas run again", seconds=_SECONDS)
    place.gco("wait", LLAMA)
    check(len(place.replicas(LLAMA)) == 6, "it was started again, and every region is ready")


def stop_and_start(place: Place) -> None:
    """Stopping frees every accelerator and keeps the record."""
    tell("Stop, and start")
    place.gco("stop", LLAMA)
    place.gco("wait", LLAMA)
    check(not place.replicas(LLAMA), "no process of llama-3-8b is left, its record is")
    place.gco("start", LLAMA)
    place.gco("wait", LLAMA)
    check(len(place.replicas(LLAMA)) == 6, "six replicas run again")


def change_image(place: Place) -> None:
    """A new image, everywhere, and its history."""
    tell("Change the image")
    before = place.replicas(LLAMA)
    place.gco("update-image", LLAMA, "vllm/vllm-openai:v0.8.5")
    place.gco("wait", LLAMA)
    until(lambda: not before & place.replicas(LLAMA), "the old ones have drained", seconds=_SECONDS)
    check(len(place.replicas(LLAMA)) == 6, "every replica was replaced")
    place.gco("invoke", LLAMA, "Are you new?", "--region", REGIONS[2])
    place.gco("history", LLAMA)


def try_a_version(place: Place) -> None:
    """A canary gets its share of the requests, and is taken over without a gap."""
    tell("Try a version on two fifths of the requests, then take it over")
    before = place.replicas(LLAMA)
    place.gco("canary", LLAMA, "--image", "vllm/vllm-openai:v0.8.6", "--weight", "40")
    place.gco("wait", LLAMA)
    place.gco("status", LLAMA)
    check(
        before < place.replicas(LLAMA), "a canary runs in each region, the others were left alone"
    )
    answers = _served_by(f"{_addresses(place)[REGIONS[0]]}/inference/{LLAMA}/v1/models", times=20)
    check(max(answers.values()) == 8, "8 of 20 requests were answered by the canary")
    place.gco("promote", LLAMA)
    place.gco("wait", LLAMA)
    until(lambda: not before & place.replicas(LLAMA), "the old ones have drained", seconds=_SECONDS)
    until(lambda: len(place.replicas(LLAMA)) == 6, "the canaries are gone", seconds=_SECONDS)
    check(not before & place.replicas(LLAMA), "every replica runs the new version")


def explain(place: Place) -> None:
    """An image that does not exist reads as what it is, and goes back."""
    tell("A mistake, named")
    place.gco("update-image", LLAMA, "vllm/vllm-openai:does-not-exist")
    until(lambda: _reasons(place) == {"ImagePullFailed"}, "the cause is named", seconds=_SECONDS)
    place.gco("status", LLAMA)
    place.gco("invoke", LLAMA, "Still there?", "--region", REGIONS[0])
    place.gco("rollback", LLAMA)
    place.gco("wait", LLAMA)


def remove_region(place: Place) -> None:
    """A region that is taken out is cleaned up."""
    tell("Take a region out")
    place.gco("regions", "remove", LLAMA, "--region", REGIONS[2])
    until(lambda: REGIONS[2] not in _regions(place), "its objects are gone", seconds=_SECONDS)
    place.gco("status", LLAMA)
    check(len(place.replicas(LLAMA)) == 5, "the other regions serve on, 3 and 2")


def delete(place: Place) -> None:
    """Deleted is said when the objects are gone."""
    tell("Delete")
    place.gco("delete", LLAMA, SMALL, "--yes", "--wait")
    place.gco("list")
    check(not place.processes(), "no process is left")


STEPS: tuple[Callable[[Place], None], ...] = (
    apply,
    ask,
    scale,
    repair,
    stop_and_start,
    change_image,
    try_a_version,
    explain,
    remove_region,
    delete,
)


def _addresses(place: Place) -> dict[str, str]:
    listed = place.facts("regions", "list")
    return {info["region"]["name"]: info["region"]["address"] for info in listed}


def _served_by(url: str, *, times: int) -> Counter[str]:
    """Ask `times` times; return how often each replica answered."""
    found: Counter[str] = Counter()
    for _ in range(times):
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback, from the store
            found[answer.headers["X-Served-By"]] += 1
    return found


def _view(place: Place) -> dict[str, Any]:
    found = place.facts("status", LLAMA)
    return dict(found[0] if isinstance(found, list) else found)


def _regions(place: Place) -> set[str]:
    return {region["region"] for region in _view(place)["regions"]}


def _reasons(place: Place) -> set[str]:
    return {region["reason"] for region in _view(place)["regions"]}
