"""pytest fixtures for the real parts, started at first use and shared by a whole session.

A test gets a plane that others use too: it works in a namespace of its own and
leaves none of its nodes behind. A test that stops servers makes its own plane.
Name this module in `pytest_plugins` to have them, and import it nowhere.
"""

from collections.abc import Iterator

import pytest

from testbed import crds
from testbed.controlplane import ControlPlane, started_together
from testbed.definitions import KEDA, NAMES
from testbed.dynamodb import DynamoDBLocal
from testbed.llamacpp import LlamaCpp, llama_cpp
from testbed.s3 import S3Server
from testbed.skipping import skipping


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """One control plane with an audit log, and with the definitions of Gateway API and others."""
    with skipping(), ControlPlane("shared", audit=True) as plane:
        crds.install(plane, *NAMES)
        yield plane


@pytest.fixture(scope="session")
def two_regions() -> Iterator[tuple[ControlPlane, ControlPlane]]:
    """Two control planes, one for each region; the first has KEDA's definitions."""
    east, west = ControlPlane("us-east-1", audit=True), ControlPlane("eu-west-1", audit=True)
    with skipping(), started_together(east, west):
        crds.install(east, KEDA)
        yield east, west


@pytest.fixture(scope="session")
def dynamodb() -> Iterator[DynamoDBLocal]:
    """DynamoDB Local with its tables in memory."""
    with skipping(), DynamoDBLocal() as server:
        yield server


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """An S3 server; a test works in a bucket of its own."""
    with skipping(), S3Server() as server:
        yield server


@pytest.fixture(scope="session")
def llama_server() -> LlamaCpp:
    """A model server made by others; the test starts it."""
    with skipping():
        return llama_cpp()
