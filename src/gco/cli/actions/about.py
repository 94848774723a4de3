"""version: which gco this is, and what it runs on."""

import platform

from rich.text import Text

from gco import __version__
from gco.cli.options import Format
from gco.cli.screen import Screen
from gco.settings import Settings


async def version(_: Settings, screen: Screen, *, output: Format) -> None:
    """Show versions."""
    facts = {
        "gco": __version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }
    told = f"gco {facts['gco']} (Python {facts['python']}, {facts['platform']})"
    screen.emit(output, lambda: facts, lambda: Text(told))
