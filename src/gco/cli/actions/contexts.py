"""context: the file of named stores, looked at and changed."""

from pathlib import Path
from typing import Any

from rich.text import Text

from gco.cli.options import Format
from gco.cli.render.contexts import contexts_table
from gco.cli.screen import Screen
from gco.cli.session import Session
from gco.contexts.file import change_contexts, contexts_path, read_contexts
from gco.contexts.model import LOCAL, Context, Contexts, Way
from gco.core.model.allowed import did_you_mean
from gco.core.model.status import Region
from gco.errors import InvalidSpecError, NotFoundError, Problem, UnsupportedStateError
from gco.settings import Settings, own_store_url, read_settings
from gco.store.url import parse


async def list_contexts(screen: Screen, *, output: Format) -> None:
    """Show every context."""
    contexts = read_contexts(contexts_path())
    screen.emit(
        output,
        lambda: [_facts(name, each, contexts) for name, each in contexts.known.items()],
        lambda: contexts_table(contexts, own_store_url(), screen.width),
    )


async def use(screen: Screen, *, name: str, output: Format) -> None:
    """Make a context the current one; say so where the environment names another store."""
    contexts = change_contexts(contexts_path(), lambda there: there.using(name))
    _show(screen, name, contexts, output, f"commands use {name} from now on")
    told = next((variable for variable, value in _overriding(read_settings()) if value), None)
    if told is not None:
        screen.say(f"warning: {told} is set, and comes before the current context")


async def add(screen: Screen, *, name: str, url: str, use: bool, output: Format) -> None:
    """Name a store, and perhaps make it the current one."""
    parse(url)

    def change(there: Contexts) -> Contexts:
        added = _checked(there, name).adding(name, url)
        return added.using(name) if use else added

    contexts = change_contexts(contexts_path(), change)
    _show(screen, name, contexts, output, f"{name} is {url}" + ("; it is used now" if use else ""))


async def remove(screen: Screen, *, name: str, output: Format) -> None:
    """Forget a context; say which one takes the current one's place."""
    before = read_contexts(contexts_path())
    contexts = change_contexts(contexts_path(), lambda there: there.removing(name))
    moved = f"; commands use {LOCAL} now" if before.current != contexts.current else ""
    screen.emit(
        output,
        lambda: {"name": name, "current": contexts.current},
        lambda: Text(f"{name} is forgotten{moved}"),
    )


async def bind(
    session: Session, *, region: str, kube_context: str, kubeconfig: Path | None, output: Format
) -> None:
    """Keep the way to a region's cluster, once the cluster has said that it is the one."""
    # A client of clusters is heavy, and the other commands need none.
    from gco.cli.actions.places import told_when_slow  # noqa: PLC0415
    from gco.wiring.ways import check_way, way_of  # noqa: PLC0415

    name = _context_of(session)
    record = await _registered(session, region)
    way = way_of(kube_context, kubeconfig, session.settings)
    async with told_when_slow(session.screen, f"asking {kube_context} who it is …"):
        await check_way(way, record, session.settings)
    contexts = change_contexts(contexts_path(), lambda there: there.binding(name, region, way))
    _show(session.screen, name, contexts, output, f"{region} is reached by {kube_context}")


async def unbind(session: Session, *, region: str, output: Format) -> None:
    """Forget the way to a region's cluster."""
    name = _context_of(session)
    contexts = change_contexts(contexts_path(), lambda there: there.binding(name, region, None))
    _show(session.screen, name, contexts, output, f"{region} is bound to no kube context")


def _context_of(session: Session) -> str:
    if session.choice.name is None:
        raise UnsupportedStateError(
            f"{session.settings.store_url} belongs to no context, and bindings belong to one: "
            "`gco context add NAME --store URL`, then `gco --context NAME context bind …`"
        )
    return session.choice.name


async def _registered(session: Session, name: str) -> Region:
    known = {str(region.name): region for region in await session.service.known_regions()}
    if name not in known:
        raise NotFoundError(f"no region is called {name}{did_you_mean(name, known)}")
    return known[name]


def _checked(there: Contexts, name: str) -> Contexts:
    """Return `there`; raises InvalidSpecError for what cannot be a name."""
    try:
        Contexts(current=name)
    except ValueError as error:
        told = "letters, digits, '.', '_' and '-', at most 63 characters"
        raise InvalidSpecError([Problem("NAME", name, told)]) from error
    return there


def _overriding(settings: Settings) -> tuple[tuple[str, object], ...]:
    return (
        ("GCO_STORE", settings.store),
        ("GCO_CONTEXT", settings.context),
        ("INFERENCE_ENDPOINTS_TABLE_NAME", settings.table_name),
        ("DYNAMODB_REGION", settings.dynamodb_region),
    )


def _show(screen: Screen, name: str, contexts: Contexts, output: Format, told: str) -> None:
    screen.emit(output, lambda: _facts(name, contexts.named(name), contexts), lambda: Text(told))


def _facts(name: str, context: Context, contexts: Contexts) -> dict[str, Any]:
    return {
        "name": name,
        "current": name == contexts.current,
        "store": context.store or own_store_url(),
        "regions": {region: _way(way) for region, way in context.regions.items()},
    }


def _way(way: Way) -> dict[str, Any]:
    return way.model_dump(mode="json", exclude_none=True)
