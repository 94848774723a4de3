"""Tokens from a program that the kubeconfig names, such as `aws eks get-token`.

Protocol: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Final

import orjson

from gco.clock import Clock
from gco.cluster.kubernetes.auth import bearer
from gco.cluster.kubernetes.errors import readable
from gco.errors import ForbiddenError, TransientError

EARLY: Final = dt.timedelta(seconds=60)
"""How long before its expiry a token is replaced, so that none expires on its way."""
PATIENCE_SECONDS: Final = 60.0
"""A plugin may have to reach an identity provider; longer, and it waits for a person."""


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """How the plugin is started; never through a shell."""

    program: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    """All variables that the program gets, our own included."""
    hint: str = ""
    """What the kubeconfig says to a person who does not have the program."""


class ExecPlugin:
    """Asks the plugin for a token, and keeps it until shortly before it expires."""

    def __init__(
        self, command: Command, *, clock: Clock, patience: float = PATIENCE_SECONDS
    ) -> None:
        self._command = command
        self._clock = clock
        self._patience = patience
        self._asking = asyncio.Lock()
        self._header: str | None = None
        self._until: dt.datetime | None = None

    async def header(self) -> str | None:
        """Return the header for a token that has not expired; requests at once ask only once."""
        if self._fresh():
            return self._header
        async with self._asking:
            if not self._fresh():
                self._header, self._until = _credential(self._command.program, await self._output())
        return self._header

    def refused(self, header: str | None) -> bool:
        """Forget the refused token, unless it has been replaced already; another try may differ."""
        if header == self._header:
            self._header = None
        return True

    def _fresh(self) -> bool:
        if self._header is None:
            return False
        return self._until is None or self._clock.now() < self._until - EARLY

    async def _output(self) -> bytes:
        """Run the program to its end and return what it printed."""
        command = self._command
        try:
            process = await asyncio.create_subprocess_exec(
                command.program,
                *command.arguments,
                env=command.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            told = f"the credential plugin {command.program} cannot be run: {error.strerror}"
            raise ForbiddenError(f"{told}. {command.hint}".rstrip(". ")) from error
        output, complaint = await self._communicate(process)
        if process.returncode != 0:
            last = readable(complaint.decode(errors="replace").strip()[-500:])
            raise ForbiddenError(
                f"the credential plugin {command.program} failed"
                f" (exit {process.returncode}): {last or 'it said nothing'}"
            )
        return output

    async def _communicate(self, process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
        try:
            async with asyncio.timeout(self._patience):
                return await process.communicate()
        except TimeoutError as error:
            raise TransientError(
                f"the credential plugin {self._command.program} did not answer"
                f" within {self._patience:.0f} s"
            ) from error
        finally:
            if process.returncode is None:  # timed out, or the asking request was cancelled
                process.kill()
                await process.wait()


def _credential(program: str, output: bytes) -> tuple[str, dt.datetime | None]:
    """Read an ExecCredential: the header, and when its token expires if that is told."""
    try:
        status = orjson.loads(output)["status"]
        header = bearer(status["token"])
        until = status.get("expirationTimestamp")
        return header, dt.datetime.fromisoformat(until) if until else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # Whatever it printed may be a credential: do not repeat it.
        raise ForbiddenError(
            f"the credential plugin {program} did not print an ExecCredential with a token"
            " (client certificates from plugins are not supported)"
        ) from error
