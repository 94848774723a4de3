"""Run schedules: `python -m tests.simulation --seeds 0..100 --jobs 2`, or replay one from a file."""

import argparse
import concurrent.futures
import gc
import json
import logging
import resource
import sys
import time
from pathlib import Path

import structlog

from tests.simulation.run import shrink, simulate
from tests.simulation.schedule import Schedule, generate
from tests.simulation.trace import Trace


def main() -> int:
    """Run what the command line asks for; return 1 where an invariant broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", default="0..100", help="first..last, the last one excluded")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--replay", type=Path, help="a schedule as JSON")
    parser.add_argument("--trace", action="store_true", help="with --replay, print each write")
    parser.add_argument("--shrink", type=Path, help="a folder for the shrunk schedules that fail")
    parser.add_argument(
        "--first", action="store_true", help="stop at the first schedule that fails"
    )
    parser.add_argument("--state", type=Path, help="a file that lets a run resume")
    options = parser.parse_args()
    if options.replay:
        quiet()
        trace = Trace()
        violations = simulate(Schedule.from_json(options.replay.read_text()), trace)
        if options.trace:
            sys.stdout.writelines(f"{line}\n" for line in trace.lines)
        return _tell(str(options.replay), violations)
    return _soak(options)


def quiet() -> None:
    """Log nothing: a simulation is full of errors that are meant."""
    gc.freeze()  # what is imported stays: no collection needs to look at it
    gc.set_threshold(100_000, 50, 100)  # a simulation makes many objects and few cycles
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)


def _soak(options: argparse.Namespace) -> int:
    first, last = map(int, options.seeds.split(".."))
    done, failed = first, []
    if options.state and options.state.exists():
        state = json.loads(options.state.read_text())
        done, failed = max(first, state["next"]), state["failed"]
    began, started = time.monotonic(), done
    with concurrent.futures.ProcessPoolExecutor(options.jobs, initializer=quiet) as pool:
        while done < last:
            size = options.jobs if options.first else 50 * options.jobs
            batch = range(done, min(done + size, last))
            for seed, violations in zip(batch, pool.map(_one, batch, chunksize=5), strict=True):
                if violations:
                    failed.append([seed, violations])
                    _tell(f"seed {seed}", violations)
            done = batch.stop
            if options.state:
                options.state.parent.mkdir(parents=True, exist_ok=True)
                options.state.write_text(json.dumps({"next": done, "failed": failed}))
            if options.first and failed:
                break
        if options.shrink:
            options.shrink.mkdir(parents=True, exist_ok=True)
            seeds = [seed for seed, _ in failed]
            for seed, text in zip(seeds, pool.map(_shrunk, seeds), strict=True):
                (options.shrink / f"{seed}.json").write_text(text)
    spent = time.monotonic() - began
    rate = (done - started) / spent if spent else 0.0
    sys.stdout.write(
        f"{done - first} schedules, {len(failed)} failed; {rate:.2f} a second, {options.jobs} jobs; "
        f"{_cost(range(started, done))}\n"
    )
    return 1 if failed else 0


def _cost(seeds: range) -> str:
    """Return the processor time of the worker processes, which have ended: a schedule, and an act."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds, acts = used.ru_utime + used.ru_stime, sum(len(generate(n).acts) for n in seeds)
    each, an_act = seconds / max(1, len(seeds)), seconds / max(1, acts)
    return f"{each:.3f} CPU-seconds a schedule, {an_act:.4f} an act"


def _one(seed: int) -> list[str]:
    return simulate(generate(seed))


def _shrunk(seed: int) -> str:
    return shrink(generate(seed)).to_json()


def _tell(what: str, violations: list[str]) -> int:
    for violation in violations or ["no violation"]:
        sys.stdout.write(f"{what}: {violation}\n")
    sys.stdout.flush()
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
