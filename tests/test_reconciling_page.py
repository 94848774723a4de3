"""The page on reconciling names tests; each of them exists, and no rule is left out."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SOURCES = TESTS.parent / "src" / "gco"
PAGE = (TESTS.parent / "docs" / "reconciling.md").read_text()
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(test_\w+)`", PAGE)))
MODULES = sorted(
    set(re.findall(r"`((?:\w+/)+\w+\.py)`", PAGE)) - {"tests/test_reconciling_page.py"}
)


@pytest.mark.parametrize("path", sorted({path for path, _ in NAMED}))
def test_the_tests_that_it_names_exist(path):
    tree = ast.parse((TESTS / path).read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    there = {node.name for node in ast.walk(tree) if isinstance(node, functions)}

    assert {test for where, test in NAMED if where == path} <= there


def test_the_modules_that_it_names_exist():
    assert [module for module in MODULES if not (SOURCES / module).is_file()] == []


def test_it_numbers_its_rules():
    numbers = [int(n) for n in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 20
