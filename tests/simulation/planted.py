"""Planted bugs: deliberate faults of the rules that matter, each of which a named test must catch.

`python -m tests.simulation.planted` applies each to a copy of src and runs its test, which must fail.
A fast test checks that each old text still occurs exactly once.
"""

import dataclasses
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclasses.dataclass(frozen=True)
class Planted:
    """One deliberate bug."""

    rule: str
    """What the bug breaks."""
    path: str
    """The file, below src/gco."""
    old: str
    new: str
    test: str
    """The test that catches it, below tests."""


PLANTED = (
    Planted(
        "a region refuses a lower revision",
        "core/sync/plan.py",
        "copy.revision > wanted.revision",
        "copy.revision > wanted.revision + 1000",
        "sync/test_plan.py",
    ),
    Planted(
        "absence deletes nothing",
        "core/sync/plan.py",
        "    if copy.state != TargetState.DELETED:\n        return Orphan()",
        '    if copy.state != TargetState.DELETED:\n        return Remove("unknown")',
        "sync/test_plan.py",
    ),
    Planted(
        "a custom resource goes only once the store knows that its objects are gone",
        "core/sync/plan.py",
        "copy.gone(wanted.uid) and _is_gone(wanted, said)",
        "copy.gone(wanted.uid)",
        "sync/test_plan.py",
    ),
    Planted(
        "a region is done at this revision, and not at an earlier one",
        "core/fleet/progress.py",
        " or status.observed_revision != target.revision",
        "",
        "fleet/test_progress.py",
    ),
    Planted(
        "a region is done with this uid, and not with that of an earlier endpoint",
        "core/fleet/progress.py",
        "status.uid != target.uid or ",
        "",
        "fleet/test_progress.py",
    ),
    Planted(
        "an endpoint is purged once every region reported its objects gone",
        "core/fleet/progress.py",
        "return Advance((Step.PURGE,), None, gone) if not left else None",
        "return Advance((Step.PURGE,), None, gone)",
        "fleet/test_progress.py",
    ),
    Planted(
        "pods drain before the rest is removed",
        "core/region/stage.py",
        "if held and not _overdue(regional, drain_wait(observed), now):",
        "if not held and not _overdue(regional, drain_wait(observed), now):",
        "region/test_stage.py",
    ),
    Planted(
        "the route leaves before the pods",
        "core/region/stage.py",
        "if ours & leaving and not _overdue(regional, ROUTE_WAIT, now):",
        "if leaving and _overdue(regional, ROUTE_WAIT, now):",
        "region/test_stage.py",
    ),
    Planted(
        "a former leader sends nothing",
        "runtime/election.py",
        "return self._until is not None and self._now() < self._until",
        "return self._until is not None",
        "runtime/test_lease.py",
    ),
    Planted(
        "a write of a leader passes the fence",
        "runtime/fenced.py",
        "if verb not in _WRITES:",
        "if verb not in _WRITES or verb:",
        "runtime/test_lease.py",
    ),
    Planted(
        "a former leader of a region writes no report",
        "store/memory.py",
        "if region not in self._regions or self._epochs[region] != epoch:",
        "if region not in self._regions:",
        "store/test_contract.py",
    ),
    Planted(
        "of two writers the second is refused",
        "store/memory.py",
        "        if stored != write.expected:",
        "        if stored is None and write.expected:",
        "store/test_contract.py",
    ),
)


def plant(bug: Planted, source: Path) -> None:
    """Apply the bug below `source`; raises ValueError unless its text occurs exactly once."""
    file = source / "gco" / bug.path
    text = file.read_text()
    if text.count(bug.old) != 1:
        raise ValueError(f"{bug.path} has {text.count(bug.old)} times: {bug.old}")
    file.write_text(text.replace(bug.old, bug.new))


def is_caught(bug: Planted) -> bool:
    """Whether the bug's test fails on a copy of src that has the bug."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "src"
        shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
        plant(bug, source)
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        command += ["-m", "not real", "-o", f"pythonpath={source} {ROOT}", f"tests/{bug.test}"]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)  # noqa: S603
        return ended.returncode == 1  # 1: tests failed; others are errors of the run itself


def main() -> int:
    """Say of each planted bug whether it is caught; return 1 unless all are."""
    missed = 0
    for bug in PLANTED:
        caught = is_caught(bug)
        missed += not caught
        sys.stdout.write(f"{'caught' if caught else 'MISSED'}  {bug.rule} ({bug.test})\n")
        sys.stdout.flush()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
