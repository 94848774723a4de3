"""sandbox: local regions, until they are stopped; they are cleaned up then."""

from pathlib import Path

from rich.text import Text

from gco.cli.screen import Screen
from gco.sandbox.config import read_config
from gco.settings import Settings
from gco.wiring.sandbox import run_sandbox


async def sandbox(settings: Settings, screen: Screen, *, config: Path | None, ports: int) -> None:
    """Run local regions until Ctrl-C or SIGTERM."""

    def announce(line: str) -> None:
        screen.show(Text(line))

    await run_sandbox(read_config(config), settings, ports=ports, announce=announce)
