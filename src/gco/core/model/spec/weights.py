"""The weights that a replica serves, and who may fetch them."""

from typing import Annotated

from pydantic import StringConstraints

from gco.core.model import patterns
from gco.core.model.base import Model
from gco.core.model.spec.values import ObjectName


class SecretKey(Model):
    """One value of a Secret in the endpoint's namespace."""

    name: ObjectName
    """The Secret."""
    key: Annotated[str, StringConstraints(pattern=patterns.DATA_KEY, max_length=253)]
    """Which of its values."""


class TokenSource(Model):
    """Where a token comes from."""

    secret_key_ref: SecretKey
    """The Secret that holds it, in every region that needs it."""


class ModelSource(Model):
    """Weights, copied once into each region's cache and mounted at `/models/NAME`, read-only."""

    uri: Annotated[str, StringConstraints(pattern=patterns.MODEL_URI, max_length=1000)]
    """Where the weights are: `s3://BUCKET/FOLDER`, `hf://ORG/REPO@REVISION`, `file:///FOLDER`."""
    name: str | None = None
    """NAME in the path at which they are mounted; the source's last folder, or the repository."""
    path: Annotated[str, StringConstraints(min_length=1, max_length=1000)] | None = None
    """A folder within the source; all of it unless said."""
    digest: Annotated[str, StringConstraints(pattern=patterns.DIGEST)] | None = None
    """What the content must hash to: `gco models uri` shows it. Not checked unless said."""
    token_from: TokenSource | None = None
    """The Secret with the token for a gated repository of a hub."""
