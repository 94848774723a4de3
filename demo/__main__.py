"""Runs the demo; exits with 1 where a step did not hold, and cleans up however it ends."""

import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from demo.place import Place, StepFailedError
from demo.steps import STEPS, tell


def _interrupt(signum: int, frame: FrameType | None) -> None:
    del signum, frame
    raise KeyboardInterrupt


def main() -> int:
    """Run every step in a sandbox of its own; return the exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    began = time.monotonic()
    repository = Path(__file__).resolve().parent.parent
    with tempfile.TemporaryDirectory(prefix="gco-demo-") as folder:
        place = Place(Path(folder), repository)
        try:
            tell("A sandbox: three regions on this machine")
            with place.running():
                place.gco("regions", "list")
                for step in STEPS:
                    step(place)
        except StepFailedError as error:
            print(f"\n   ✗ {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("\ninterrupted; the sandbox and everything in it is gone", file=sys.stderr)
            return 130
    print(f"\nnothing is left: no process, no port, no file ({time.monotonic() - began:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
