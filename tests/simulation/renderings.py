"""Two versions of GCO in one simulation: the later one renders more. Each process runs one of them."""

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any

from gco.controllers.endpoint import templates
from gco.core.region.render import objects

LATER: contextvars.ContextVar[bool] = contextvars.ContextVar("later", default=False)
"""Whether this process runs the later version; each task inherits it from its process."""
_object_labels = objects.object_labels
_pod_template = templates.pod_template


@contextlib.contextmanager
def two_renderings() -> Iterator[None]:
    """Have processes of the later version render one label and one more field of each pod."""
    objects.object_labels, templates.pod_template = _labels, _template
    try:
        yield
    finally:
        objects.object_labels, templates.pod_template = _object_labels, _pod_template


def _labels(name: Any, stated: dict[str, str]) -> dict[str, str]:
    labels = _object_labels(name, stated)
    return {**labels, "gco.io/version": "later"} if LATER.get() else labels


def _template(*args: Any) -> dict[str, Any]:
    template = _pod_template(*args)
    if not LATER.get():
        return template
    return {**template, "spec": {**template["spec"], "terminationGracePeriodSeconds": 77}}
