"""What can go wrong in the test bed, drawn in one place.

::

    BedError
    ├── Unavailable     this machine lacks a tool: a caller may skip
    ├── BuildFailed     the tools are there and the build did not work
    ├── StartFailed     a program exited, or was not ready in time
    └── CommandFailed   a command (kubectl) that a test ran said no

Only `Unavailable` may turn into a skipped test; the others are failures.
"""


class BedError(Exception):
    """Anything that the test bed reports."""


class Unavailable(BedError):  # noqa: N818 - names a state of the machine, not a mistake
    """A tool that the test bed needs is not on this machine; the message names what to install."""


class BuildFailed(BedError):  # noqa: N818
    """A build ran and failed; the message ends with the last lines that it printed."""


class StartFailed(BedError):  # noqa: N818
    """A program exited or was not ready by its deadline; the message ends with its log."""


class CommandFailed(BedError):  # noqa: N818
    """A command exited with an error.

    Attributes:
        code: the exit status, or the HTTP status of an API call.
        stderr: everything that the command wrote to standard error.
    """

    def __init__(self, command: str, code: int, stderr: str) -> None:
        super().__init__(f"{command} failed with {code}: {stderr.strip()}")
        self.code = code
        self.stderr = stderr
