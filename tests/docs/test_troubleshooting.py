"""docs/guide/troubleshooting.md has a paragraph for each reason, in the order in which they win."""

import re
from pathlib import Path

from gco.core.region.causes import RANK

TEXT = (Path(__file__).parents[2] / "docs/guide/troubleshooting.md").read_text(encoding="utf-8")


def test_every_reason_has_its_paragraph_in_the_order_in_which_they_win():
    told = [
        reason
        for line in TEXT.splitlines()
        if line.startswith("**`")
        for reason in re.findall(r"\*\*`(\w+)`\*\*", line)
    ]

    assert tuple(told) == RANK
