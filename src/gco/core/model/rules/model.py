"""The model: a source that can be read, a name that can be a folder, a token where one is used."""

from collections.abc import Iterator

from gco.core.model.allowed import Path
from gco.core.model.flags import words
from gco.core.model.model_source import MODELS_FOLDER, model_name, mount_path, source_uri
from gco.core.model.model_uri import (
    NAMES,
    SYSTEM_FOLDERS,
    FileUri,
    HubUri,
    is_name,
    is_system_path,
    read_uri,
)
from gco.core.model.rules.finding import Finding, Known
from gco.core.model.spec import InferenceEndpoint, ModelSource

_MODEL: Path = ("spec", "model")
_NO_WEIGHTS = (
    f"a folder of weights; {', '.join(SYSTEM_FOLDERS)} hold the system and the credentials of the Job "
    "that copies"
)


def source(document: InferenceEndpoint, _: Known) -> Iterator[Finding]:
    """The weights are somewhere that can be read, and are called what a folder can be."""
    model = document.spec.model
    if model is None:
        return
    unreadable = [*_unreadable(model)]
    yield from unreadable
    if unreadable:
        return
    uri = source_uri(model)
    if isinstance(uri, FileUri) and is_system_path(uri.path):
        yield Finding((*_MODEL, "uri"), model.uri, _NO_WEIGHTS)
        return
    yield from _name(model)
    if model.token_from is not None and not isinstance(uri, HubUri):
        allowed = "only for `hf://`; buckets are opened by the service account of the pods"
        yield Finding((*_MODEL, "tokenFrom"), "", allowed)
    if isinstance(uri, FileUri):
        allowed = (
            "is looked for in the Job that copies, which has nothing but the region's models, "
            f"at {MODELS_FOLDER}: `s3://` and `hf://` are the same in every region"
        )
        yield Finding((*_MODEL, "uri"), model.uri, allowed, warning=True)


def _unreadable(model: ModelSource) -> Iterator[Finding]:
    try:
        read_uri(model.uri)
    except ValueError as error:
        yield Finding((*_MODEL, "uri"), model.uri, str(error))
        return
    try:
        source_uri(model)
    except ValueError as error:
        yield Finding((*_MODEL, "path"), model.path, f"a folder within the source; {error}")


def _name(model: ModelSource) -> Iterator[Finding]:
    if model.name is not None and not is_name(model.name):
        yield Finding((*_MODEL, "name"), model.name, NAMES)
    elif model.name is None and not is_name(model_name(model)):
        yield Finding((*_MODEL, "name"), model_name(model), f"state a name: {NAMES}")


def arguments(document: InferenceEndpoint, _: Known) -> Iterator[Finding]:
    """Warn of an argument that names another folder of models than the one that is mounted."""
    model = document.spec.model
    if model is None or [*_unreadable(model)]:
        return
    mounted = mount_path(model_name(model))
    for word in words(document.spec):
        told = word.rpartition("=")[2]
        if told.startswith(f"{MODELS_FOLDER}/") and not f"{told}/".startswith(f"{mounted}/"):
            allowed = f"the model is mounted at {mounted}, and nothing else below {MODELS_FOLDER}"
            yield Finding(("spec", "args"), told, allowed, warning=True)
