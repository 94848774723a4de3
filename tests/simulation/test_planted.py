"""Each planted bug can still be planted: its text occurs once in the source."""

import shutil

import pytest

from tests.simulation.planted import PLANTED, ROOT, plant


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.rule)
def test_a_planted_bug_fits_the_source_and_its_test_exists(bug, tmp_path):
    file = tmp_path / "gco" / bug.path
    file.parent.mkdir(parents=True)
    shutil.copy(ROOT / "src" / "gco" / bug.path, file)

    plant(bug, tmp_path)

    assert bug.new in file.read_text()
    assert (ROOT / "tests" / bug.test).exists()


def test_a_bug_whose_text_is_gone_is_refused(tmp_path):
    bug = PLANTED[0]
    file = tmp_path / "gco" / bug.path
    file.parent.mkdir(parents=True)
    file.write_text("pass\n")
    with pytest.raises(ValueError, match="0 times"):
        plant(bug, tmp_path)
