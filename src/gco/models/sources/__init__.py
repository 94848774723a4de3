"""Where weights come from: S3, a hub, or a folder."""

import dataclasses
from pathlib import Path

from gco.core.model.model_uri import FileUri, HubUri, S3Uri, SourceUri
from gco.models.sources.folder import FolderSource
from gco.models.sources.port import Source


@dataclasses.dataclass(frozen=True, slots=True)
class Access:
    """How to reach sources."""

    endpoint_url: str | None = None
    """Another S3 than AWS's; what AWS_ENDPOINT_URL says unless given."""
    hub_url: str = "https://huggingface.co"
    hub_token: str | None = dataclasses.field(default=None, repr=False)
    connections: int = 16
    """Requests at once."""


async def open_source(uri: SourceUri, access: Access) -> Source:
    """Return the source that `uri` names; raises ModelError where it cannot be reached."""
    # Clients are imported where they are needed: each takes a while, and only one is.
    match uri:
        case S3Uri():
            from gco.models.sources.s3 import S3Source  # noqa: PLC0415

            return await S3Source.opened(
                uri, endpoint_url=access.endpoint_url, connections=access.connections
            )
        case HubUri():
            from gco.models.sources.hub import HubSource  # noqa: PLC0415

            return HubSource(
                uri, url=access.hub_url, token=access.hub_token, connections=access.connections
            )
        case FileUri():
            return FolderSource(Path(uri.path))
