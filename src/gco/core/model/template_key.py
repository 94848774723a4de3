"""The template key: a hash over what of a spec, as stated, shapes its pods."""

from collections.abc import Mapping
from typing import Final

from gco.core.model.ids import TemplateKey
from gco.core.model.names import OUR_LABEL_KEYS
from gco.core.model.spec import EndpointSpec
from gco.kinds.canonical import digest

POD_FIELDS: Final = frozenset(
    {
        "image",
        "image_pull_secrets",
        "server",
        "command",
        "args",
        "env",
        "env_from",
        "port",
        "probes",
        "resources",
        "scheduling",
        "model",
        "pod_overrides",
    }
)
"""The fields of a spec that reach its pods."""
_NOT_OF_PODS: Final[Mapping[str, set[str]]] = {"model": {"token_from"}}
_LENGTH: Final = 32
"""Hex digits: 128 bits, so that a Kubernetes label could hold a key too."""


def template_key(spec: EndpointSpec, labels: Mapping[str, str]) -> TemplateKey:
    """Return the key of the pods that `spec`, resolved for one region, and `labels` ask for.

    Only what was stated counts, so that a new default never changes a key; absent and null are the
    same, and so are labels under our own keys, which no pod gets. Neither does a pod get the token
    with which its model is copied.
    """
    stated = spec.model_dump(
        mode="json", include=set(POD_FIELDS), exclude=_NOT_OF_PODS, exclude_none=True
    )
    own = {key: value for key, value in labels.items() if key not in OUR_LABEL_KEYS}
    return TemplateKey(digest({"spec": stated, "labels": own}, length=_LENGTH))
