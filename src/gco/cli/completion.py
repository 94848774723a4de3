"""Completes endpoint and region names from the store: quickly, and silently where it cannot."""

import typer


def complete_endpoints(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the endpoints' names that begin so."""
    from gco.cli.names import endpoint_names  # noqa: PLC0415  (heavy; needed on TAB alone)

    return endpoint_names(_store(ctx), incomplete)


def complete_regions(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the registered regions' names that begin so."""
    from gco.cli.names import region_names  # noqa: PLC0415  (heavy; needed on TAB alone)

    return region_names(_store(ctx), incomplete)


def _store(ctx: typer.Context) -> str | None:
    """The URL that `--store` gave, which no callback has looked at while completing."""
    return ctx.find_root().params.get("store")
