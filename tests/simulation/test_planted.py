"""Each planted bug can still be planted: its text occurs once in the source."""

import shutil

import pytest

from tests.simulation.bugs import PLANTED
from tests.simulation.planted import ROOT, plant


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.rule)
def test_a_planted_bug_fits_the_source_and_names_what_catches_it(bug, tmp_path):
    file = tmp_path / "gco" / bug.path
    file.parent.mkdir(parents=True)
    shutil.copy(ROOT / "src" / "gco" / bug.path, file)

    plant(bug, tmp_path)

    compile(file.read_text(), bug.path, "exec")
    assert bug.new in file.read_text()
    assert bug.test or bug.seeds
    path, _, name = bug.test.partition("::")
    assert not path or f"def {name}" in (ROOT / "tests" / path).read_text()


def test_a_bug_whose_text_is_gone_is_refused(tmp_path):
    bug = PLANTED[0]
    file = tmp_path / "gco" / bug.path
    file.parent.mkdir(parents=True)
    file.write_text("pass\n")
    with pytest.raises(ValueError, match="0 times"):
        plant(bug, tmp_path)


def test_each_rule_has_one_bug():
    rules = [bug.rule for bug in PLANTED]
    assert len(set(rules)) == len(rules)
