"""How busy pods are, as a cluster's metrics API would say; set by whoever plays the load."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

Key: TypeAlias = tuple[str, str]
"""Namespace and name of a Deployment."""


class Loads:
    """The load of each Deployment by resource, in per cent of what one pod of it requests.

    A load of 350 is 70 % of each of five pods. Nothing is known of a Deployment until it is set:
    a cluster without a metrics server knows of none.
    """

    def __init__(self) -> None:
        self._known: dict[Key, dict[str, float]] = {}
        self._handlers: list[Callable[[Key], None]] = []

    def set(self, namespace: str, deployment: str, **load: float) -> None:
        """Say how busy the pods of `deployment` are: `cpu=350`."""
        self.tell(namespace, deployment, load)

    def tell(self, namespace: str, deployment: str, load: Mapping[str, float]) -> None:
        """As :meth:`set`; an empty `load` says that nothing is known any more."""
        self._known[namespace, deployment] = dict(load)
        for handler in tuple(self._handlers):
            handler((namespace, deployment))

    def get(self, key: Key, resource: str) -> float | None:
        """Return the load, or None where nothing is known."""
        return self._known.get(key, {}).get(resource)

    def subscribe(self, handler: Callable[[Key], None]) -> None:
        """Have `handler` called with the Deployment whose load was set."""
        self._handlers.append(handler)
