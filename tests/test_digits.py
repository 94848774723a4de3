"""Only 0 to 9 are digits in what others write: Python's own tests take those of every script.

The invariant: a number with another digit is refused, or stays text, wherever text becomes a number.
"""

import re
from pathlib import Path

import pytest
import typer

from gco.cli.options import seconds
from gco.cluster.kubernetes.errors import error_of, error_of_status
from gco.core.model.scalars import scalar
from gco.core.model.validation import parse_documents
from gco.digits import is_digits
from gco.errors import GcoError, InvalidSpecError, SettingsError
from gco.kinds.canonical import canonical_quantity
from gco.settings import read_settings
from gco.store.dynamodb.original import _plain
from gco.store.url import parse

SOURCE = Path(__file__).parents[1] / "src"
OTHERS = ["٣", "\uff13", "²", "१", "3٣"]
"""Digits of other scripts, full-width, superscript, and one behind a digit."""


def document(**spec):
    given = {"image": "a", "regions": ["us-east-1"], **spec}
    fields = ", ".join(f"{key}: {value}" for key, value in given.items())
    return f"{{apiVersion: gco.io/v1alpha1, kind: InferenceEndpoint, metadata: {{name: web}}, spec: {{{fields}}}}}"


READERS = {
    "a duration": (lambda digit: seconds(f"{digit}s"), typer.BadParameter),
    "bare seconds": (seconds, typer.BadParameter),
    "the store's URL": (lambda digit: parse(f"dynamodb://table?tail_ms={digit}0"), SettingsError),
    "a setting": (lambda digit: read_settings({"GCO_STORE_TAIL_MS": f"{digit}00"}), SettingsError),
    "a quantity": (lambda digit: canonical_quantity(f"{digit}Gi"), ValueError),
    "an exponent": (lambda digit: canonical_quantity(f"1e{digit}"), ValueError),
    "a document's count": (
        lambda digit: parse_documents(document(replicas=digit), "web.yaml"),
        InvalidSpecError,
    ),
    "a document's quantity": (
        lambda digit: parse_documents(document(resources=f"{{limits: {{cpu: {digit}}}}}"), "a"),
        InvalidSpecError,
    ),
    "a hub's repository": (
        lambda digit: parse_documents(document(model=f"{{uri: 'hf://org/m{digit}'}}"), "a"),
        InvalidSpecError,
    ),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_number_with_other_digits_is_refused(reader):
    read, error = READERS[reader]
    for digit in OTHERS:
        with pytest.raises(error):
            read(digit)


@pytest.mark.parametrize("digit", OTHERS)
def test_other_digits_stay_text(digit):
    assert not is_digits(digit)
    assert scalar(digit, None, plain=True) == digit
    assert _plain({"N": digit}) == digit
    slow_down = error_of("list", 429, b"{}", {"Retry-After": digit})
    assert slow_down.retry_after == 1


@pytest.mark.parametrize("code", ["٣", "abc", {}, [1], 1.5, None, True])
def test_a_status_with_an_odd_code_is_an_error_of_ours(code):
    assert isinstance(error_of_status("watch", {"code": code, "message": "gone"}), GcoError)


@pytest.mark.parametrize(
    "quantity", ["1e99999999", "1e-99999999", "1e9999999999999999999999", "1e100000", "1" * 5000]
)
def test_a_quantity_that_no_number_holds_is_refused_at_once(quantity):
    with pytest.raises(ValueError, match="not a quantity"):
        canonical_quantity(quantity)
    with pytest.raises(InvalidSpecError):
        parse_documents(document(resources=f"{{limits: {{cpu: '{quantity}'}}}}"), "a")


def test_no_pattern_and_no_condition_takes_the_digits_of_every_script():
    found = [
        f"{path.relative_to(SOURCE)}:{number}"
        for path in sorted(SOURCE.rglob("*.py"))
        if path.name != "digits.py"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"\\d(?!\w)|\.is(digit|numeric|decimal)\(", line)
    ]
    assert found == []
