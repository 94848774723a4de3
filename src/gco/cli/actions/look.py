"""list, get, status and history: what there is."""

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from gco.cli import data
from gco.cli.actions.recent import Recent
from gco.cli.exhibit import Exhibit, show
from gco.cli.options import Format
from gco.cli.render.desired import desired_text
from gco.cli.render.endpoints import endpoints_table
from gco.cli.render.history import history_table
from gco.cli.render.status import status_text
from gco.cli.session import NO_ENDPOINTS, Session
from gco.core.model.ids import EndpointName
from gco.service.results import EndpointView

Views = Sequence[EndpointView]


async def list_endpoints(session: Session, *, output: Format, watch: bool) -> None:
    """Show every endpoint on one line."""

    def table(views: Views) -> Text:
        if not views:
            return Text(NO_ENDPOINTS)
        return endpoints_table(views, session.clock.now(), session.screen.width)

    def facts(views: Views) -> list[dict[str, Any]]:
        return [data.status(view) for view in views]

    await show(session, Exhibit(session.service.list, facts, table), output, watch=watch)


async def status(
    session: Session,
    names: Sequence[str],
    *,
    conditions: bool,
    events: bool,
    output: Format,
    watch: bool,
) -> None:
    """Show endpoints in full, as they are now, with their last events where clusters are asked."""
    recent = Recent(session, asked=events and bool(names) and not watch)

    async def read() -> Views:
        views = await session.service.status(_typed(names))
        await recent.ask(views)
        return views

    def block(view: EndpointView) -> Text:
        now, width = session.clock.now(), session.screen.width
        told = status_text(view, now, width, every_condition=conditions)
        return Text("\n\n").join(part for part in (told, recent.text(view)) if part)

    def table(views: Views) -> Text:
        return Text("\n\n").join(map(block, views)) if views else Text(NO_ENDPOINTS)

    def facts(views: Views) -> Any:  # noqa: ANN401  (JSON-like data)
        return _one_or_all(names, [{**data.status(view), **recent.facts(view)} for view in views])

    await show(session, Exhibit(read, facts, table), output, watch=watch)


async def get(
    session: Session, names: Sequence[str], *, defaults: bool, output: Format, watch: bool
) -> None:
    """Show endpoints as they are wanted: documents that `gco apply` takes."""

    async def read() -> Views:
        return await session.service.status(_typed(names))

    def table(views: Views) -> Text:
        now, width = session.clock.now(), session.screen.width
        blocks = (desired_text(view, now, width) for view in views)
        return Text("\n\n").join(blocks) if views else Text(NO_ENDPOINTS)

    def facts(views: Views) -> Any:  # noqa: ANN401  (JSON-like data)
        return _one_or_all(names, [data.document(view, defaults=defaults) for view in views])

    await show(session, Exhibit(read, facts, table), output, watch=watch)


async def history(session: Session, name: str, *, output: Format) -> None:
    """Show the revisions of one endpoint, newest first."""
    entries = await session.service.history(EndpointName(name))
    session.screen.emit(
        output,
        lambda: data.plain_all(entries),
        lambda: history_table(entries, session.actor, session.clock.now(), session.screen.width),
    )


def _typed(names: Sequence[str]) -> list[EndpointName]:
    return [EndpointName(name) for name in names]


def _one_or_all(names: Sequence[str], facts: list[dict[str, Any]]) -> Any:  # noqa: ANN401  (JSON-like data)
    """One name asks for an object, several or none for a list."""
    return facts[0] if len(names) == 1 else facts
