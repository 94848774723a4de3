"""Talking to S3: one set of settings and credentials for both clients that are used.

Metadata goes through aiobotocore, which knows AWS's whole chain of credentials, profiles and
regions; bytes go through obstore, which moves them outside Python.
"""

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore import UNSIGNED
from botocore.exceptions import ClientError
from obstore.store import S3Store

from gco.models.sources.faults import s3_faults

if TYPE_CHECKING:
    from obstore.store import S3Credential

_CONNECT_SECONDS: Final = 10
_API_ATTEMPTS: Final = 5


class Bucket:
    """One bucket. Made by :func:`open_bucket`."""

    def __init__(self, name: str, api: Any, credentials: Any) -> None:  # noqa: ANN401  (untyped)
        self.name = name
        self.api = api
        """aiobotocore's client."""
        self._credentials = credentials

    def store(self, *, retries: int) -> S3Store:
        """Return the client that moves bytes; it tries a request again `retries` times."""
        endpoint = str(self.api.meta.endpoint_url)
        return S3Store(
            self.name,
            endpoint=endpoint,
            region=self.api.meta.region_name,
            virtual_hosted_style_request=False,
            skip_signature=self._credentials is None,
            credential_provider=self._credential if self._credentials else None,
            client_options={
                "allow_http": endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=_CONNECT_SECONDS),
                # Whoever reads watches over stalls; a large part may take its time.
                "timeout": timedelta(days=1),
            },
            retry_config={"max_retries": retries},
        )

    async def _credential(self) -> "S3Credential":
        """Return the credentials as they are now: a role's are renewed as they run out."""
        frozen = await self._credentials.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": getattr(self._credentials, "_expiry_time", None),
        }


@contextlib.asynccontextmanager
async def open_bucket(
    name: str, *, endpoint_url: str | None = None, connections: int = 16
) -> AsyncIterator[Bucket]:
    """Open a bucket of any region with the environment's credentials, or with none if there are none.

    Raises SourceMissingError, SourceDeniedError or SourceUnavailableError.
    """
    session = AioSession()
    async with contextlib.AsyncExitStack() as stack:
        with s3_faults(f"s3://{name}"):
            credentials = await session.get_credentials()

            async def client(region: str | None) -> Any:  # noqa: ANN401  (untyped)
                config = AioConfig(
                    signature_version=None if credentials else UNSIGNED,
                    max_pool_connections=connections,
                    connect_timeout=_CONNECT_SECONDS,
                    retries={"mode": "standard", "total_max_attempts": _API_ATTEMPTS},
                )
                made = session.create_client(
                    "s3", region_name=region, endpoint_url=endpoint_url, config=config
                )
                return await stack.enter_async_context(made)

            api = await client(None)
            region = await _region(api, name)
            if region not in {None, api.meta.region_name}:
                api = await client(region)
        yield Bucket(name, api, credentials)


async def _region(api: Any, bucket: str) -> str | None:  # noqa: ANN401  (untyped)
    """Return the region that the bucket is in, where the service tells."""
    try:
        answer = await api.head_bucket(Bucket=bucket)
    except ClientError as error:
        # Who may read one object but not list is refused here, and told the region all the same.
        # An answer to HEAD has no body and so no reason: the next request's answer says what is wrong.
        headers = error.response["ResponseMetadata"]["HTTPHeaders"]
        answer = {"BucketRegion": headers.get("x-amz-bucket-region")}
    found = answer.get("BucketRegion")
    return str(found) if found else None
