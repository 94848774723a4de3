"""Container image references: their parts, and the same image in another region's registry.

The grammar is that of github.com/distribution/reference.
"""

import dataclasses
import re
from typing import Final

_COMPONENT: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST_PART: Final = r"[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?"
_HOST: Final = rf"{_HOST_PART}(?:\.{_HOST_PART})*"
_REFERENCE: Final = re.compile(
    rf"""(?:(?P<registry>(?=[^/]*[.:]|localhost/)(?:{_HOST}|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?)/)?
    (?P<repository>{_COMPONENT}(?:/{_COMPONENT})*)
    (?::(?P<tag>[A-Za-z0-9_][-.\w]{{0,127}}))?
    (?:@(?P<digest>[a-z0-9]+(?:[-_+.][a-z0-9]+)*:[0-9a-fA-F]{{32,}}))?""",
    re.VERBOSE | re.ASCII,
)
_ECR: Final = re.compile(r"([0-9]+\.dkr\.ecr)\.([a-z0-9-]+)\.(amazonaws\.com(?:\.cn)?)")
_LATEST: Final = "latest"


@dataclasses.dataclass(frozen=True, slots=True)
class ImageReference:
    """The parts of `registry/repository:tag@digest`."""

    registry: str
    """Empty where none is named, which means Docker Hub."""
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def base(self) -> str:
        """The last part of the repository: `vllm-openai` of `vllm/vllm-openai`."""
        return self.repository.rpartition("/")[2]

    @property
    def text(self) -> str:
        """The reference as it is written."""
        name = f"{self.registry}/{self.repository}" if self.registry else self.repository
        tag = f":{self.tag}" if self.tag else ""
        return f"{name}{tag}@{self.digest}" if self.digest else f"{name}{tag}"

    @property
    def floating(self) -> bool:
        """Whether the reference is expected to name another image tomorrow."""
        return self.digest is None and self.tag in {None, _LATEST}


def parse_image(text: str) -> ImageReference:
    """Return the parts of an image reference; raises ValueError that says what one looks like."""
    found = _REFERENCE.fullmatch(text)
    if found is None:
        raise ValueError(
            "an image such as `vllm/vllm-openai:v0.8.5` or `ghcr.io/org/name@sha256:…`"
        )
    return ImageReference(
        registry=found["registry"] or "",
        repository=found["repository"],
        tag=found["tag"],
        digest=found["digest"],
    )


def is_image(text: str) -> bool:
    """Say whether `text` is an image reference."""
    return _REFERENCE.fullmatch(text) is not None


def regional_image(image: str, aws_region: str) -> str:
    """Return `image` as ECR in `aws_region` has it; an image elsewhere than in ECR is as it was.

    A registry in another AWS partition (China) has other accounts, so it is left alone too.
    """
    host, slash, rest = image.partition("/")
    found = _ECR.fullmatch(host)
    if found is None or found[3].endswith(".cn") != aws_region.startswith("cn-"):
        return image
    return f"{found[1]}.{aws_region}.{found[3]}{slash}{rest}"


def moved_image(own: str | None, old: str, new: str) -> str | None:
    """Return what a region with an image of its own (`own`) runs once `old` becomes `new`.

    A mirror keeps its repository and takes the new tag or digest. Where the repository itself
    changes, nobody can tell the mirror's new one: None, the region runs the new image as it is.
    """
    if own is None:
        return None
    was, shall, mirror = parse_image(old), parse_image(new), parse_image(own)
    if (was.registry, was.repository) != (shall.registry, shall.repository):
        return None
    return dataclasses.replace(mirror, tag=shall.tag, digest=shall.digest).text
