"""Plant each bug of :mod:`tests.simulation.bugs` in a copy of src, and run what must notice it.

`python -m tests.simulation.planted` runs all of them, `… fence route` those whose rule has one of
these words. A fast test checks that the text of each bug still occurs exactly once.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.simulation.bugs import PLANTED, Planted

ROOT: Final = Path(__file__).parents[2]
LONGEST_RUN: Final = 900.0
"""Seconds that one run may take. A bug that only makes it take longer is not caught."""
_VIOLATION: Final = re.compile(r"^seed \d+: ", re.MULTILINE)


def plant(bug: Planted, source: Path) -> None:
    """Apply the bug below `source`; raises ValueError unless its text occurs exactly once."""
    file = source / "gco" / bug.path
    text = file.read_text()
    if text.count(bug.old) != 1:
        raise ValueError(f"{bug.path} has {text.count(bug.old)} times: {bug.old}")
    file.write_text(text.replace(bug.old, bug.new))


def is_caught(bug: Planted) -> bool:
    """Whether the bug's test fails, and a schedule breaks an invariant, on a copy with the bug."""
    with _copy() as source:
        plant(bug, source)
        seen = not bug.test or _fails(bug.test, source)
        return seen and (not bug.seeds or _finds_a_violation(bug.seeds, source))


@contextlib.contextmanager
def _copy() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "src"
        shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
        yield source


def _fails(test: str, source: Path) -> bool:
    options = ["-q", "-x", "-p", "no:cacheprovider", "-m", "not real"]
    ended = _run(
        "pytest", *options, "-o", f"pythonpath={source} {ROOT}", f"tests/{test}", on=source
    )
    return ended is not None and ended.returncode == 1  # 1: tests failed; others: the run failed


def _finds_a_violation(seeds: range, source: Path) -> bool:
    """Run the schedules in order, up to the first that fails; an error of the run itself is none."""
    wanted = f"{seeds.start}..{seeds.stop}"
    ended = _run("tests.simulation", "--seeds", wanted, "--jobs", "1", "--first", on=source)
    return ended is not None and bool(_VIOLATION.search(ended.stdout))


def _run(module: str, *options: str, on: Path) -> subprocess.CompletedProcess[str] | None:
    """Run the module with the copy `on` in place of src; return None where it takes too long."""
    changed = {"PYTHONPATH": f"{on}:{ROOT}", "PYTHONHASHSEED": "0"}
    environment = {**os.environ, **changed}  # noqa: TID251 - no setting, a child's surroundings
    with contextlib.suppress(subprocess.TimeoutExpired):
        return subprocess.run(  # noqa: S603
            [sys.executable, "-m", module, *options],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_RUN,
        )
    return None


def main(words: Sequence[str]) -> int:
    """Print for each planted bug whether it is caught; return 1 unless all are."""
    chosen = [bug for bug in PLANTED if not words or any(word in bug.rule for word in words)]
    missed = 0
    for bug in chosen:
        began = time.monotonic()
        caught = is_caught(bug)
        missed += not caught
        seconds = time.monotonic() - began
        sys.stdout.write(
            f"{'caught' if caught else 'MISSED'}  {bug.rule} ({bug.catcher}; {seconds:.0f} s)\n"
        )
        sys.stdout.flush()
    sys.stdout.write(f"{len(chosen) - missed} of {len(chosen)} bugs are caught\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
