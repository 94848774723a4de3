"""The flags of `gco deploy`, read: `NAME=VALUE` pairs become mappings."""

from collections.abc import Sequence

from gco.core.model.spec import DEFAULT_NAMESPACE
from gco.errors import InvalidSpecError, Problem
from gco.service import DeployFlags


def deploy_flags(
    *,
    name: str,
    image: str,
    namespace: str | None,
    labels: Sequence[str],
    regions: Sequence[str],
    replicas: int | None,
    least: int | None,
    most: int | None,
    server: str | None,
    accelerator: str | None,
    count: int | None,
    port: int | None,
    command: Sequence[str],
    args: Sequence[str],
    env: Sequence[str],
    model: str | None,
    path: str | None,
    startup_seconds: int | None,
    capacity: str | None,
) -> DeployFlags:
    """Return the flags as the service takes them; raises InvalidSpecError for what is no pair."""
    return DeployFlags(
        name=name,
        image=image,
        namespace=namespace or DEFAULT_NAMESPACE,
        labels=_pairs(labels, "--label"),
        regions=tuple(regions),
        replicas=replicas,
        least=least,
        most=most,
        server=server,
        accelerator=accelerator,
        count=count,
        port=port,
        command=tuple(command),
        args=tuple(args),
        env=_pairs(env, "--env"),
        model=model,
        path=path,
        startup_seconds=startup_seconds,
        capacity=capacity,
    )


def _pairs(given: Sequence[str], option: str) -> dict[str, str]:
    problems = [Problem(option, pair, "NAME=VALUE") for pair in given if "=" not in pair]
    if problems:
        raise InvalidSpecError(problems)
    return {name: value for name, _, value in (pair.partition("=") for pair in given)}
