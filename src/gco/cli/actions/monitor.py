"""monitor: one region's loops."""

from pathlib import Path

from gco.cli.screen import Screen
from gco.settings import Settings
from gco.wiring.monitor import run_monitor


async def monitor(
    settings: Settings,
    _: Screen,
    *,
    port: int,
    host: str,
    kubeconfig: Path | None,
    context: str | None,
    accept_store: bool,
    replace_cluster: bool,
) -> None:
    """Run a region's loops until SIGTERM or SIGINT."""
    await run_monitor(
        settings,
        port=port,
        host=host,
        kubeconfig=kubeconfig,
        context=context,
        accept_store=accept_store,
        replace_cluster=replace_cluster,
    )
