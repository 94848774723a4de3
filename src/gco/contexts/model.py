"""What the file of contexts says, as values: pure changes of it, and what makes one wrong."""

import difflib
from collections.abc import Mapping
from typing import Annotated, Final, Literal

import pydantic
from pydantic import StringConstraints
from pydantic.alias_generators import to_camel

from gco.errors import ConflictError, NotFoundError, UnsupportedStateError

LOCAL: Final = "local"
"""The context that is always there: a person's own store, in which the sandbox runs."""

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$")]


class _Part(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        serialize_by_alias=True,
    )


class Way(_Part):
    """The way to a region's cluster: a context of a kubeconfig."""

    kube_context: str
    kubeconfig: str | None = None
    """A file, or several with the path separator between; None: the usual ones."""


class Context(_Part):
    """A store, and the ways to the clusters of its regions."""

    store: str | None = None
    """Its URL; None for `local`, whose store is the person's own."""
    regions: dict[str, Way] = {}
    """By the name under which a region is registered in the store."""


class Contexts(_Part):
    """All of a person's contexts; `local` is there without being written down."""

    version: Literal[1] = 1
    current: Name = LOCAL
    """Which one commands use unless told otherwise."""
    contexts: dict[Name, Context] = {}

    @property
    def known(self) -> Mapping[str, Context]:
        """Every context by name, `local` first."""
        return {LOCAL: Context(), **self.contexts}

    def named(self, name: str) -> Context:
        """Return the context of that name; raises NotFoundError that proposes a near one."""
        if name not in self.known:
            near = difflib.get_close_matches(name, list(self.known), n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise NotFoundError(f"no context is called {name}{hint} (`gco context list`)")
        return self.known[name]

    def named_by_store(self, url: str) -> str | None:
        """Return the name of the context whose store has that URL, None where there is none."""
        return next((name for name, each in self.contexts.items() if each.store == url), None)

    def using(self, name: str) -> "Contexts":
        """Return the contexts with that one as the current one; raises NotFoundError."""
        self.named(name)
        return self.model_copy(update={"current": name})

    def adding(self, name: Name, store: str) -> "Contexts":
        """Return the contexts with one more.

        Raises ConflictError where the name stands for another store.
        """
        there = self.known.get(name)
        if name == LOCAL or (there is not None and there.store != store):
            told = "your own store" if name == LOCAL else self.known[name].store
            raise ConflictError(f"the context {name} is there already, for {told}", name=name)
        return self._with(name, there or Context(store=store))

    def removing(self, name: str) -> "Contexts":
        """Return the contexts without that one; the current one gives way to `local`.

        Raises NotFoundError, and UnsupportedStateError for `local`.
        """
        self.named(name)
        if name == LOCAL:
            raise UnsupportedStateError("local is always there: it stands for your own store")
        left = {key: each for key, each in self.contexts.items() if key != name}
        current = LOCAL if self.current == name else self.current
        return self.model_copy(update={"contexts": left, "current": current})

    def binding(self, name: str, region: str, way: Way | None) -> "Contexts":
        """Return the contexts with a way to a region of one of them, or (None) without it.

        Raises NotFoundError where there is no such context, or no way to take out.
        """
        there = self.named(name)
        if way is None and region not in there.regions:
            raise NotFoundError(f"in the context {name}, {region} is bound to no kube context")
        regions = {key: each for key, each in there.regions.items() if key != region}
        if way is not None:
            regions[region] = way
        return self._with(name, there.model_copy(update={"regions": regions}))

    def _with(self, name: str, context: Context) -> "Contexts":
        return self.model_copy(update={"contexts": {**self.contexts, name: context}})
