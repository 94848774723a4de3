"""Which regions answer, how fast, and why not."""

from collections.abc import Mapping

from rich.text import Text

from gco.cli.render import words
from gco.cli.render.grid import Row, grid
from gco.client.health import Answer

HEADINGS = ("REGION", "ANSWERS", "LATENCY", "URL")


def health_table(answers: Mapping[str, Answer], width: int) -> Text:
    """Return a row a region."""
    rows = [
        Row(
            (
                region,
                Text("yes", style=words.GOOD) if each.ok else Text("no", style=words.BAD),
                "" if each.status is None else latency(each.seconds),
                each.url,
            ),
            (each.error,) if each.error else (),
        )
        for region, each in answers.items()
    ]
    return grid(HEADINGS, rows, width, words="WHY")


def latency(seconds: float) -> str:
    """Return a duration as people compare latencies: `4 ms`, `1.2 s`."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
