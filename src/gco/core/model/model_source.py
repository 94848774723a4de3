"""What follows from `spec.model`: its name, where it is mounted, and which copy it asks for."""

from typing import Final

from gco.core.model.model_uri import SourceUri, default_name, read_uri
from gco.core.model.spec import ModelSource
from gco.kinds.canonical import digest

MODELS_FOLDER: Final = "/models"
"""Where models are in a container of ours; the original monitor put them there too."""
_KEY_LENGTH: Final = 10
_READABLE: Final = 40


def source_uri(model: ModelSource) -> SourceUri:
    """Return where the weights are, the folder within the source included.

    Raises ValueError, which the rules at the door leave no cause for.
    """
    return read_uri(model.uri, model.path)


def model_name(model: ModelSource) -> str:
    """Return NAME, under which the weights are cached and mounted."""
    return model.name or default_name(source_uri(model))


def mount_path(name: str) -> str:
    """Return where the server finds the weights."""
    return f"{MODELS_FOLDER}/{name}"


def job_name(model: ModelSource) -> str:
    """Return the name of the Job that copies the model into a region's cache.

    The same for the same source under the same name, so that all endpoints that want it share one
    Job. The token is part of it: one that is not accepted is no reason for another to fail.
    """
    asked = {
        "source": str(source_uri(model)),
        "name": model_name(model),
        "digest": model.digest,
        "token": model.token_from.model_dump(mode="json") if model.token_from else None,
    }
    name = model_name(model).lower()
    readable = "".join(char if char.isalnum() and char.isascii() else "-" for char in name)
    return f"model-{readable[:_READABLE].strip('-')}-{digest(asked, length=_KEY_LENGTH)}"
