"""kubectl as a person runs it: tests act with it where a person would act.

It is another program than the product's own client, so what it sees and does is
evidence that does not rest on that client.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from testbed import build
from testbed.errors import CommandFailed


def run(
    arguments: Sequence[str],
    *,
    kubeconfig: Path,
    cache: Path,
    stdin: str = "",
    variables: Mapping[str, str] | None = None,
    seconds: float = 60.0,
) -> str:
    """Run kubectl once.

    Args:
        arguments: its command line.
        kubeconfig: which cluster, and as whom.
        cache: where it keeps what it discovers of the API; planes must not share one.
        stdin: its standard input.
        variables: further environment, `KUBE_EDITOR` for instance.
        seconds: the time that it may take.

    Returns:
        What it printed to standard output.

    Raises:
        CommandFailed: it exited with an error, or was still running at the deadline.
    """
    command = [str(build.program("kubectl")), f"--kubeconfig={kubeconfig}", f"--cache-dir={cache}"]
    shown = f"kubectl {' '.join(arguments)}"
    try:
        done = subprocess.run(
            [*command, *arguments],
            input=stdin,
            env={**os.environ, **(variables or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(shown, -1, f"still running after {seconds:.0f} s") from error
    if done.returncode != 0:
        raise CommandFailed(shown, done.returncode, done.stderr)
    return done.stdout
