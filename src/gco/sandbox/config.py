"""What a sandbox consists of: regions, their nodes, and what runs for which image.

Read from a TOML file; without one, three regions with two GPU nodes each, and the stub server for
every image.
"""

import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import pydantic
from pydantic import Field

from gco.errors import SettingsError

GCO_IMAGE = "gco:sandbox"
"""Stands for GCO's own image, and runs this very program."""
STUB = ("{python}", "-m", "gco.sandbox.stub", "--host", "{ip}", "--port", "{port}")


class _Part(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class NodeConfig(_Part):
    """Machines of one kind in a region."""

    count: Annotated[int, Field(ge=1, le=100)] = 2
    accelerator: str = "nvidia.com/gpu"
    """The resource name that each node offers; empty for a node without devices."""
    devices: Annotated[int, Field(ge=0, le=64)] = 8
    cpu: str = "192"
    memory: str = "2000Gi"
    labels: dict[str, str] = Field(
        default_factory=lambda: {"eks.amazonaws.com/instance-gpu-manufacturer": "nvidia"}
    )


class ImageConfig(_Part):
    """What runs in place of the images that match a pattern."""

    pattern: str
    """As a shell would match it, against the whole reference: `vllm/vllm-openai:*`."""
    command: tuple[str, ...] = ()
    """`{python}`, `{ip}` and `{port}` are filled in; the container's own args follow."""
    pull_error: str = ""
    """When set, the image cannot be pulled, and the registry says this."""


class SandboxConfig(_Part):
    """A whole sandbox."""

    regions: tuple[str, ...] = ("us-east-1", "eu-west-1", "ap-south-1")
    nodes: tuple[NodeConfig, ...] = (NodeConfig(),)
    """In every region."""
    images: tuple[ImageConfig, ...] = ()
    """The first pattern that matches wins; what none matches runs the stub server."""
    load_seconds: Annotated[float, Field(ge=0)] = 1.0
    """How long the stub server takes to load."""
    tokens_per_second: Annotated[float, Field(ge=0)] = 50.0
    drain_seconds: Annotated[float, Field(ge=0)] | None = None
    """At most how long a pod on its way out goes on answering; as its preStop hook says unless said.

    A sandbox's router sends it nothing by then, unlike the load balancers that the hook is for.
    """

    def image(self, reference: str) -> ImageConfig:
        """Return what runs for `reference`."""
        for image in self.images:
            if fnmatchcase(reference, image.pattern):
                return image
        if reference == GCO_IMAGE:
            return ImageConfig(pattern=reference, command=("{python}", "-m", "gco"))
        if reference.endswith(":does-not-exist"):
            return ImageConfig(pattern=reference, pull_error="manifest unknown")
        pace = f"--tokens-per-second={self.tokens_per_second}"
        load = f"--load-seconds={self.load_seconds}"
        return ImageConfig(pattern="*", command=(*STUB, load, pace))


def read_config(path: Path | None) -> SandboxConfig:
    """Read the configuration; raises SettingsError that says what is wrong where."""
    if path is None:
        return SandboxConfig()
    try:
        return SandboxConfig.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error
    except pydantic.ValidationError as error:
        found = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"{path}: {'; '.join(found)}") from error
