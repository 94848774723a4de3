"""Completes names of endpoints, regions and contexts: quickly, and silently where it cannot."""

import typer

from gco.cli.globals import Globals


def complete_contexts(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the contexts' names that begin so."""
    from gco.cli.names import context_names  # noqa: PLC0415  (heavy; needed on TAB alone)

    del ctx
    return context_names(incomplete)


def complete_endpoints(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the endpoints' names that begin so."""
    from gco.cli.names import endpoint_names  # noqa: PLC0415  (heavy; needed on TAB alone)

    return endpoint_names(_told(ctx), incomplete)


def complete_regions(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the registered regions' names that begin so."""
    from gco.cli.names import region_names  # noqa: PLC0415  (heavy; needed on TAB alone)

    return region_names(_told(ctx), incomplete)


def _told(ctx: typer.Context) -> Globals:
    """What stands before the command, which no callback has looked at while completing."""
    before = ctx.find_root().params
    return Globals(before.get("store"), before.get("context"))
