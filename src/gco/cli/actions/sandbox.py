"""sandbox: local regions, until they are stopped; they are cleaned up then."""

from pathlib import Path

from rich.text import Text

from gco.cli.screen import Screen
from gco.contexts.file import contexts_path, read_contexts
from gco.contexts.model import LOCAL
from gco.sandbox.config import read_config
from gco.settings import Settings, own_store_url
from gco.wiring.sandbox import run_sandbox


async def sandbox(settings: Settings, screen: Screen, *, config: Path | None, ports: int) -> None:
    """Run local regions until Ctrl-C or SIGTERM."""

    def announce(line: str) -> None:
        screen.show(Text(line))

    current = read_contexts(contexts_path()).current
    if current != LOCAL and settings.store_url == own_store_url():
        screen.say(
            f"warning: other commands talk to the context {current}, and not to this sandbox; "
            f"`gco context use {LOCAL}`, or pass --context {LOCAL}"
        )
    await run_sandbox(read_config(config), settings, ports=ports, announce=announce)
