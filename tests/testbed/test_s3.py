"""The S3 server answers a real client, shows its objects as files, and comes back from outages."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import obstore
import pytest
from obstore.store import S3Store

from testbed.s3 import ACCESS_KEY, REGION, SECRET_KEY, S3Server
from testbed.skipping import skipping

pytestmark = pytest.mark.real


def client(server: S3Server, bucket: str, *, secret: str = SECRET_KEY) -> S3Store:
    return S3Store(
        bucket,
        endpoint=server.endpoint_url,
        region=REGION,
        access_key_id=ACCESS_KEY,
        secret_access_key=secret,
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )


@contextmanager
def own_server() -> Iterator[S3Server]:
    with skipping(), S3Server() as server:
        yield server


def test_an_object_is_read_back_and_is_a_file(s3: S3Server) -> None:
    folder = s3.make_bucket("read-back")
    store = client(s3, "read-back")
    obstore.put(store, "a/b.bin", b"weights")
    assert bytes(obstore.get(store, "a/b.bin").bytes()) == b"weights"
    assert (folder / "a" / "b.bin").read_bytes() == b"weights"


def test_a_wrong_secret_is_refused(s3: S3Server) -> None:
    s3.make_bucket("refused")
    with pytest.raises(obstore.exceptions.PermissionDeniedError):
        obstore.head(client(s3, "refused", secret=SECRET_KEY[1:]), "a")


def test_only_the_loopback_address_is_served(s3: S3Server) -> None:
    port = urlsplit(s3.endpoint_url).port
    with socket.socket() as other, pytest.raises(ConnectionRefusedError):
        other.connect(("127.0.0.2", port))


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_address_and_objects_outlive_an_outage(kill: bool) -> None:
    with own_server() as server:
        server.make_bucket("kept")
        store = client(server, "kept")
        obstore.put(store, "a", b"kept")
        server.stop_server(kill=kill)
        with pytest.raises(obstore.exceptions.BaseError):
            obstore.head(store, "a")
        server.start_server()
        assert bytes(obstore.get(store, "a").bytes()) == b"kept"


def test_after_a_stop_no_process_is_left() -> None:
    with own_server() as server:
        pid = server.pid
    assert not Path(f"/proc/{pid}").exists()
