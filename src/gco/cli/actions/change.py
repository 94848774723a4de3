"""apply, deploy, diff and the edits of one thing: a request, what became of it, and what to do next."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from rich.text import Text

from gco.cli import data
from gco.cli.actions.wait import settle
from gco.cli.documents import read_all
from gco.cli.options import Format
from gco.cli.render.changes import applied_text
from gco.cli.session import Session, half_done_as_data
from gco.core.model.ids import RevisionNumber
from gco.service import Applied, DeployFlags, Outcome, Service, Until

Edit = Callable[[Service], Awaitable[Applied]]


async def apply(
    session: Session,
    paths: Sequence[str],
    *,
    dry_run: bool,
    if_revision: int | None,
    patience: float | None,
    output: Format,
) -> int:
    """Make endpoints what documents say; return 1 where the record of one cannot be read."""
    documents = read_all(paths, sys.stdin)
    with half_done_as_data(session, output):
        applied = await session.service.apply(
            documents,
            source=_source(paths),
            dry_run=dry_run,
            if_revision=None if if_revision is None else RevisionNumber(if_revision),
        )
    _show_all(session, applied, output)
    read = [one for one in applied if one.outcome is not Outcome.UNREADABLE]
    names = [one.name for one in read]
    if patience is not None and not dry_run and names:
        await settle(session, names, until=Until.READY, patience=patience)
    elif any(one.outcome is not Outcome.UNCHANGED for one in read):
        _hint(session, names, dry_run=dry_run)
    return int(len(read) < len(applied))


async def diff(session: Session, paths: Sequence[str], *, output: Format) -> int:
    """Show what `apply` would change; return 1 where that is anything."""
    documents = read_all(paths, sys.stdin)
    applied = await session.service.diff(documents, source=_source(paths))
    _show_all(session, applied, output)
    return int(any(one.outcome is not Outcome.UNCHANGED for one in applied))


async def deploy(
    session: Session,
    *,
    make_flags: Callable[[], DeployFlags],
    dry_run: bool,
    patience: float | None,
    output: Format,
) -> None:
    """Create an endpoint from flags."""
    flags = make_flags()
    await edit(
        session,
        change=lambda service: service.deploy(flags, dry_run=dry_run),
        patience=patience,
        output=output,
    )


async def edit(session: Session, *, change: Edit, patience: float | None, output: Format) -> None:
    """Change one thing about one endpoint."""
    applied = await change(session.service)
    session.screen.emit(output, lambda: data.plain(applied), lambda: _text(session, applied))
    if patience is not None and not applied.dry_run:
        await settle(session, [applied.name], until=Until.READY, patience=patience)
    elif applied.outcome is not Outcome.UNCHANGED:
        _hint(session, [applied.name], dry_run=applied.dry_run)


def _show_all(session: Session, applied: Sequence[Applied], output: Format) -> None:
    session.screen.emit(
        output,
        lambda: data.plain_all(applied),
        lambda: Text("\n").join(_text(session, one) for one in applied),
    )


def _text(session: Session, applied: Applied) -> Text:
    return applied_text(applied, session.actor, session.screen.width)


def _hint(session: Session, names: Sequence[str], *, dry_run: bool) -> None:
    if not dry_run:
        session.screen.hint(f"`gco wait {' '.join(names)}` shows how far it is")


def _source(paths: Sequence[str]) -> str:
    """What the history says where a change came from: `llama.yaml`."""
    return ", ".join("stdin" if path == "-" else Path(path).name or path for path in paths)
