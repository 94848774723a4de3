"""Which store a command works with, and by which ways it reaches the regions: one order, here.

1. `--store URL`, or `--context NAME` (not both);
2. GCO_STORE, then GCO_CONTEXT;
3. what else the environment says of a table: INFERENCE_ENDPOINTS_TABLE_NAME, DYNAMODB_REGION, or
   that this process runs in a pod;
4. the current context, as `gco context use` set it;
5. the person's own store (`local`).

Ways belong to a context. A store that is named by its URL takes those of the context with that URL.
"""

import dataclasses
from collections.abc import Mapping

from gco.contexts.model import LOCAL, Contexts, Way
from gco.errors import SettingsError
from gco.settings import Settings, own_store_url


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """What a command works with."""

    settings: Settings
    """The environment's, with the store that was chosen."""
    name: str | None
    """The context; None for a store that is named by a URL which no context has."""
    regions: Mapping[str, Way]
    """The ways to the clusters of regions."""


def choose(
    settings: Settings, contexts: Contexts, *, store: str | None = None, context: str | None = None
) -> Choice:
    """Return what the options `store` and `context`, the environment and the file lead to.

    Raises SettingsError where both options are given, NotFoundError for an unknown context.
    """
    if store is not None and context is not None:
        raise SettingsError("--store and --context both name a store; give one of them")
    if context is not None:
        return _of_context(settings, contexts, context)
    if store is not None or settings.store:
        return _of_url(settings, contexts, store or settings.store_url)
    if settings.context:
        return _of_context(settings, contexts, settings.context)
    if settings.derives_table:
        return _of_url(settings, contexts, settings.store_url)
    return _of_context(settings, contexts, contexts.current)


def _of_context(settings: Settings, contexts: Contexts, name: str) -> Choice:
    found = contexts.named(name)
    url = found.store or own_store_url()
    return Choice(settings.model_copy(update={"store": url}), name, found.regions)


def _of_url(settings: Settings, contexts: Contexts, url: str) -> Choice:
    name = LOCAL if url == own_store_url() else contexts.named_by_store(url)
    regions = contexts.named(name).regions if name else {}
    return Choice(settings.model_copy(update={"store": url}), name, regions)
