"""delete: asks first where it is a large part of everything."""

from collections.abc import Sequence
from functools import partial

from rich.text import Text

from gco.cli import data
from gco.cli.actions.wait import settle
from gco.cli.options import Format
from gco.cli.render.changes import deleted_text
from gco.cli.session import Session, half_done_as_data
from gco.core.model.ids import EndpointName
from gco.errors import ConfirmationError
from gco.service import Deleted, Until


async def delete(
    session: Session,
    names: Sequence[str],
    *,
    yes: bool,
    missing_ok: bool,
    discard: bool,
    patience: float | None,
    output: Format,
) -> None:
    """Ask every region to remove the endpoints."""
    with half_done_as_data(session, output):
        deleted = await _delete(
            session, names, confirmed=yes, missing_ok=missing_ok, discard=discard
        )
    session.screen.emit(
        output,
        lambda: data.plain_all(deleted),
        lambda: Text("\n").join(map(deleted_text, deleted)),
    )
    left = [one.name for one in deleted if not one.discarded]
    if patience is not None:
        await settle(session, left, until=Until.DELETED, patience=patience)
    elif left:
        session.screen.hint(f"`gco wait {' '.join(left)} --for deleted` shows how far it is")


async def _delete(
    session: Session,
    names: Sequence[str],
    *,
    confirmed: bool,
    missing_ok: bool,
    discard: bool,
) -> Sequence[Deleted]:
    ask = partial(
        session.service.delete,
        [EndpointName(name) for name in names],
        missing_ok=missing_ok,
        discard=discard,
    )
    try:
        return await ask(confirmed=confirmed)
    except ConfirmationError as error:
        if not session.screen.can_ask:
            raise
        question, _, _ = str(error).partition("; ")
        session.screen.confirm(f"{question}; delete?")
        return await ask(confirmed=True)
