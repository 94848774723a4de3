"""Writes `src/gco/kinds/schema.json` anew from what a real kube-apiserver says of its own types.

    python -m tools.kinds_schema

starts an API server from the testbed, reads the documents under /openapi/v3 that serve our
kinds (those of others once their definitions are installed), and writes the table that gco.kinds.openapi makes of them. Run it after a change
of `gco.kinds.KINDS`, of that module, or of the testbed's Kubernetes version; a test on the real
control plane fails while the file is not what the server says.
"""

import importlib.resources
import json
from http import HTTPStatus
from pathlib import Path
from typing import Any

from gco.kinds.openapi import table_from_openapi
from gco.kinds.registry import INFERENCE_ENDPOINT, KINDS, Kind
from testbed import crds, probe
from testbed.controlplane import ControlPlane
from testbed.definitions import NAMES
from testbed.progress import say

SERVED = tuple(kind for kind in KINDS if kind != INFERENCE_ENDPOINT)
"""The kinds of Kubernetes and of others; our own brings its schema in its CRD."""


def table(plane: ControlPlane) -> dict[str, Any]:
    """Return the table of types that this API server would have checked in."""
    documents = [_read(plane, path) for path in sorted({_document(kind) for kind in SERVED})]
    source = f"Kubernetes {_read(plane, '/version')['gitVersion']}"
    return {"source": source, **table_from_openapi(documents, SERVED)}


def serialised(content: dict[str, Any]) -> str:
    """Return the text of the file: one line a field, in order, so that a change reads as a diff."""
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def path() -> Path:
    """Return where the table is checked in."""
    return Path(str(importlib.resources.files("gco.kinds").joinpath("schema.json")))


def _document(kind: Kind) -> str:
    """Return the path of the OpenAPI document that describes `kind`."""
    return f"/openapi/v3/{'apis' if kind.group else 'api'}/{kind.api_version}"


def _read(plane: ControlPlane, target: str) -> dict[str, Any]:
    answer = probe.request(
        "GET",
        f"{plane.url}{target}",
        headers={"Authorization": f"Bearer {plane.admin_token}"},
        ca=plane.ca_path,
        seconds=30,
    )
    if answer.status != HTTPStatus.OK:
        raise ConnectionError(f"{target} answered {answer.status}")
    content: dict[str, Any] = json.loads(answer.body)
    return content


def main() -> None:
    """Start an API server, and write the file."""
    with ControlPlane("schema", controllers=False, scheduler=False) as plane:
        crds.install(plane, *NAMES)
        path().write_text(serialised(table(plane)))
    say(f"wrote {path()}")


if __name__ == "__main__":
    main()
