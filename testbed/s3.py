"""An S3 server: versitygw over a folder of this machine.

An object is a file of that folder, so that a test can spoil one behind the
server's back. What it does not show of the real service: throttling, KMS, and
buckets of other regions. Calls block; from an event loop use `asyncio.to_thread`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final

from typing_extensions import override

from testbed import build, ports, probe
from testbed.server import LocalServer

ACCESS_KEY: Final = "testbed"
SECRET_KEY: Final = "testbed-secret"  # noqa: S105 - of a server that listens on the loopback address
REGION: Final = "us-east-1"
_HEALTH: Final = "/health"


class S3Server(LocalServer):
    """An S3 API at `endpoint_url`, started by `start` or `with`; its objects outlive an outage."""

    title: ClassVar = "the S3 server"
    program: ClassVar = "versitygw"
    ready_seconds: ClassVar = 30.0

    def variables(self, *, secret: str = SECRET_KEY, url: str = "") -> Mapping[str, str]:
        """The environment in which an AWS client finds this server and its credentials.

        Args:
            secret: another one is refused.
            url: where to find the server by another way than directly.
        """
        return {
            "AWS_ENDPOINT_URL": url or self.endpoint_url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def make_bucket(self, name: str) -> Path:
        """Make a bucket and return the folder that holds its objects as files."""
        folder = self.bucket(name)
        folder.mkdir()
        return folder

    def bucket(self, name: str) -> Path:
        """The folder that holds a bucket's objects as files."""
        return self.folder / "buckets" / name

    def forget_checksums(self, name: str) -> None:
        """Keep of a bucket's objects the ETag alone, as S3 does of those from before the end of 2024."""
        for kept in (self.folder / "metadata" / name).glob("**/meta/checksums"):
            kept.unlink()

    @override
    def answers(self) -> bool:
        """Whether its health page answers."""
        return probe.answers(f"{self.endpoint_url}{_HEALTH}")

    @override
    def command(self, folder: Path, port: int) -> list[str]:
        """Return its command line; raises Unavailable where Go is missing."""
        (folder / "buckets").mkdir()
        (folder / "metadata").mkdir()
        return [
            str(build.program("versitygw")),
            f"--access={ACCESS_KEY}",
            f"--secret={SECRET_KEY}",
            f"--region={REGION}",
            f"--port={ports.LOOPBACK}:{port}",
            f"--health={_HEALTH}",
            "--keep-alive",
            "--quiet",
            "posix",
            # In place of extended attributes, which not every temporary folder has.
            f"--sidecar={folder / 'metadata'}",
            str(folder / "buckets"),
        ]
