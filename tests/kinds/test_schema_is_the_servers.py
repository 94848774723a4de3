"""The table of types that ships is the one that a real API server describes."""

import pytest

from tools import kinds_schema

pytestmark = pytest.mark.real


def test_the_checked_in_table_is_what_the_live_server_says(control_plane):
    expected = kinds_schema.serialised(kinds_schema.table(control_plane))
    assert kinds_schema.path().read_text() == expected, "run: python -m tools.kinds_schema"
