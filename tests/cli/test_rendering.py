"""What a person sees, as files: at 80 columns, at 140, and where stdout is a pipe.

`GCO_UPDATE_GOLDEN=1 pytest tests/cli/test_rendering.py` writes the files anew.
"""

import io
import os
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from gco.cli.render.changes import applied_text, deleted_text
from gco.cli.render.contexts import contexts_table
from gco.cli.render.desired import desired_text
from gco.cli.render.endpoints import endpoints_table
from gco.cli.render.events import events_table, latest_text
from gco.cli.render.grid import UNLIMITED
from gco.cli.render.health import health_table
from gco.cli.render.history import history_table
from gco.cli.render.problems import error_text
from gco.cli.render.progress import bar, changes_between, progress_text
from gco.cli.render.regions import regions_table
from gco.cli.render.status import status_text
from gco.core.model.status import RegionState
from gco.errors import InvalidSpecError, Problem, UnsupportedStateError
from gco.service.results import Deleted
from tests.cli import views
from tests.cli.views import NOW

GOLDEN = Path(__file__).parent / "golden"
WIDTHS = {"80": 80, "140": 140, "pipe": UNLIMITED}

TWO_PROBLEMS = InvalidSpecError(
    [
        Problem(
            "regions[1]",
            "eu-wst-1",
            "not a region here; did you mean eu-west-1? (known: us-east-1, eu-west-1, ap-south-1)",
        ),
        Problem("canary.weight", "100", "1 to 99 (to move all traffic, promote)"),
    ]
)
IN_A_FILE = InvalidSpecError(
    [
        Problem("spec.replcas", "3", "no such field; did you mean replicas?", "llama.yaml:7"),
        Problem("spec.image", "", "required: the container image of the server", "llama.yaml:5"),
    ]
)
AUTOSCALED = UnsupportedStateError(
    "llama-3-8b is scaled by its autoscaler between 2 and 8; change `spec.autoscaling` "
    "or pass --pin to switch it off"
)

PICTURES = {
    "list": lambda width: endpoints_table([views.HALF_WAY, views.RUNNING, views.LOST], NOW, width),
    "status": lambda width: status_text(views.HALF_WAY, NOW, width),
    "status-conditions": lambda width: status_text(
        views.HALF_WAY, NOW, width, every_condition=True
    ),
    "status-of-a-model": lambda width: status_text(views.COPYING, NOW, width),
    "get": lambda width: desired_text(views.HALF_WAY, NOW, width),
    "wait": lambda width: progress_text([views.HALF_WAY], 72.0, NOW, width),
    "wait-for-two": lambda width: progress_text([views.HALF_WAY, views.RUNNING], 72.0, NOW, width),
    "applied": lambda width: Text("\n").join(
        applied_text(applied, "ann", width)
        for applied in (views.CHANGED, views.CREATED, views.UNCHANGED, views.SCALED)
    ),
    "dry-run": lambda width: applied_text(
        views.CREATED.model_copy(update={"dry_run": True}), "bob", width
    ),
    "deleted": lambda _: deleted_text(Deleted(name="web", already=False, regions=("us-east-1",))),
    "history": lambda width: history_table(views.HISTORY, "ann", NOW, width),
    "regions": lambda width: regions_table(views.REGIONS, NOW, width),
    "contexts": lambda width: contexts_table(views.CONTEXTS, "sqlite:////home/ann/store.db", width),
    "events": lambda width: events_table(views.EVENTS, NOW, width),
    "events-in-status": lambda width: latest_text(
        views.EVENTS[-1:], {"eu-west-1": "no answer within 2 s"}, NOW, width
    ),
    "health": lambda width: health_table(views.ANSWERS, width),
    "problems": lambda width: error_text(TWO_PROBLEMS, width, code=2),
    "problems-in-a-file": lambda width: error_text(IN_A_FILE, width, code=2),
    "conflict": lambda width: error_text(AUTOSCALED, width, code=4),
}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("picture", PICTURES)
def test_what_is_shown_is_what_was_reviewed(picture, width):
    text = f"{PICTURES[picture](WIDTHS[width]).plain}\n"
    path = GOLDEN / f"{picture}.{width}.txt"
    if os.environ.get("GCO_UPDATE_GOLDEN"):  # noqa: TID251  (how a person asks for new files)
        path.write_text(text)
    assert path.read_text() == text


@pytest.mark.parametrize("width", [60, 80, 100, 140])
@pytest.mark.parametrize("picture", PICTURES)
def test_no_line_is_wider_than_the_terminal_or_ends_in_blanks(picture, width):
    lines = PICTURES[picture](width).plain.split("\n")

    wide = [line for line in lines if len(line) > width]
    assert [line for line in wide if "http://" not in line] == []  # an address is never broken
    assert [line for line in lines if line != line.rstrip()] == []


@pytest.mark.parametrize("picture", PICTURES)
def test_a_terminal_shows_what_the_text_says(picture):
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=True, color_system=None)
    text = PICTURES[picture](80)

    console.print(text)

    assert file.getvalue() == f"{text.plain}\n"


@pytest.mark.parametrize(
    ("share", "drawn"),
    [
        pytest.param(0.0, "╌╌╌╌╌╌╌╌╌╌", id="nothing"),
        pytest.param(0.25, "━━╸╌╌╌╌╌╌╌", id="halves count"),
        pytest.param(1.0, "━━━━━━━━━━", id="all"),
        pytest.param(7.0, "━━━━━━━━━━", id="never longer"),
    ],
)
def test_the_bar_is_told_apart_without_colour(share, drawn):
    assert bar(share, 10).plain == drawn


def test_a_pipe_is_told_of_a_region_only_when_it_moved():
    known = {row.region: row for row in views.HALF_WAY.regions}
    moved = views.UPDATING.model_copy(
        update={"state": RegionState.RUNNING, "replicas_ready": 4, "observed_revision": 4}
    )
    later = views.a_view(moved, views.REPAIRED, views.WAITING)

    assert len(changes_between({}, views.HALF_WAY, 0.0)) == 3
    assert changes_between(known, views.HALF_WAY, 1.0) == []
    [line] = changes_between(known, later, 72.0)
    assert line.startswith("+1m 12s  llama-3-8b  us-east-1  running  4/4  revision 4  ")
