"""What a person reads of kinds that the monitor cannot watch in a namespace, and what to do."""

from collections.abc import Sequence
from typing import Any

from gco.errors import ForbiddenError
from gco.runtime.informer import Informer


def why_unwatched(
    namespace: str, informers: Sequence[Informer[Any]], *, otherwise: str = ""
) -> str:
    """Return which kinds of `informers` cannot be watched in `namespace`, the cause and the next step.

    `otherwise` is a further way on, worded to follow "or".
    """
    kinds = ", ".join(informer.kind.plural for informer in informers)
    failure = next((i.failure for i in informers if i.failure is not None), None)
    cause = f": {failure}" if failure is not None else ""
    step = (
        f"Apply the Role of deploy/kubernetes/roles.yaml in {namespace}"
        if isinstance(failure, ForbiddenError)
        else "Check the API server"
    )
    more = f", or {otherwise}" if otherwise else ""
    return (
        f"the monitor cannot watch {kinds} in namespace {namespace}{cause}. "
        f"{step}{more}; GCO retries automatically"
    )
