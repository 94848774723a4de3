"""Contexts: the current one with a star, its store, and which kube context leads to each region."""

from rich.text import Text

from gco.cli.render import words
from gco.cli.render.grid import Row, grid
from gco.contexts.model import Contexts

HEADINGS = ("", "NAME")


def contexts_table(contexts: Contexts, own_store: str, width: int) -> Text:
    """Return a row a context; `own_store` is the URL of the one that has none written down."""
    rows = [
        Row(
            (Text("*", style=words.GOOD) if name == contexts.current else "", name),
            (
                each.store or own_store,
                *(f"{region} → {way.kube_context}" for region, way in each.regions.items()),
            ),
        )
        for name, each in contexts.known.items()
    ]
    return grid(HEADINGS, rows, width, words="STORE, AND REGIONS BY THEIR KUBE CONTEXT")
