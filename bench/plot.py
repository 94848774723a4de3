"""Draws what two runs of `bench.scale` measured, one bar beside the other, as an SVG.

    python -m bench.plot before.json after.json --out docs/performance.svg

Each pair is drawn to its own scale, the larger of both being the full width: what counts is the ratio.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

_WIDTH: Final = 760
_LABEL: Final = 300
_BAR: Final = 330
_ROW: Final = 46
_TOP: Final = 44
_COLOURS: Final = ("#9aa5b1", "#2b6cb0")
_STYLE: Final = 'font-family="sans-serif" font-size="13" role="img"'
DRAWN: Final = (
    "start, in sync, processor",
    "memory for each endpoint",
    "one look, processor",
    "at rest, of a core",
    "change to Deployment, resync p50",
    "change to Deployment, resync p99",
)


def draw(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return the picture; raises KeyError where a run lacks a measure."""
    runs = [{m["name"]: m for m in run["measures"]} for run in (before, after)]
    rows = [_row(place, [run[name] for run in runs]) for place, name in enumerate(DRAWN)]
    height = _TOP + len(rows) * _ROW
    title = f"{after['facts']['endpoints']} endpoints, before (grey) and after (blue)"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" {_STYLE}>',
            f"<title>{escape(title)}</title>",
            f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
            f'<text x="12" y="24" font-size="15" font-weight="bold">{escape(title)}</text>',
            *rows,
            "</svg>\n",
        ]
    )


def _row(place: int, pair: Sequence[Mapping[str, Any]]) -> str:
    top = _TOP + place * _ROW
    most = max(*(each["value"] for each in pair), 1e-9)
    parts = [f'<text x="12" y="{top + 20}">{escape(pair[0]["name"])}</text>']
    for number, (each, colour) in enumerate(zip(pair, _COLOURS, strict=True)):
        y, width = top + 2 + number * 18, max(1.0, _BAR * each["value"] / most)
        said = f"{_number(each['value'])} {each['unit']}"
        parts.append(
            f'<rect x="{_LABEL}" y="{y}" width="{width:.1f}" height="15" fill="{colour}"/>'
        )
        parts.append(f'<text x="{_LABEL + width + 6:.1f}" y="{y + 12}">{escape(said)}</text>')
    return "\n".join(parts)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits


def main(given: Sequence[str]) -> int:
    """Write the picture; return 0."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.plot", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(given)
    before, after = (json.loads(path.read_text()) for path in (options.before, options.after))
    options.out.write_text(draw(before, after), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
