"""Write the files that are generated from the model: `python -m tools.generate`."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import yaml

from gco.core.model.crd import crd
from gco.core.model.schema import json_schema
from tools import commands, fields

ROOT: Final = Path(__file__).resolve().parent.parent
_HEADER: Final = "# Generated from gco.core.model by `make generate`; edit the model instead.\n"


def crd_text() -> str:
    """Return the CustomResourceDefinition as YAML."""
    return _HEADER + yaml.safe_dump(crd(), sort_keys=False, allow_unicode=True, width=100)


def schema_text() -> str:
    """Return the JSON Schema of the document that people write."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


FILES: Final[Mapping[str, Callable[[], str]]] = {
    "deploy/kubernetes/crd.yaml": crd_text,
    "docs/schema/inferenceendpoint.json": schema_text,
    "docs/reference/endpoint.md": fields.page,
    "docs/reference/cli.md": commands.page,
}
"""Every generated file, by its path from the root."""


def main() -> None:
    """Write every generated file anew."""
    for name, text in FILES.items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
