"""Data as JSON and YAML text."""

from typing import Any

import orjson
import yaml
from typing_extensions import override

from gco.cli.options import Format
from gco.core.model.scalars import scalar


def as_text(data: Any, output: Format) -> str:  # noqa: ANN401  (JSON-like data)
    """Return `data` as JSON or YAML text that ends with a newline."""
    if output is Format.JSON:
        return orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)


def as_line(data: Any) -> str:  # noqa: ANN401  (JSON-like data)
    """Return `data` as JSON on one line: one of a series."""
    return orjson.dumps(data, option=orjson.OPT_APPEND_NEWLINE).decode()


class _Dumper(yaml.SafeDumper):
    """Writes text so that a reader of YAML 1.2 (ours) and of 1.1 (most others) read text."""

    @override
    def ignore_aliases(self, data: Any) -> bool:
        """Say everything in full: anchors are for machines."""
        del data
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text.strip() else None
    if scalar(text, None, plain=True) != text:
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
