"""Edits of one thing about an endpoint, as what the service is asked."""

from gco.cli.actions.change import Edit, edit
from gco.core.model.ids import EndpointName, RegionName, RevisionNumber

run = edit
"""Ask, show what became of it, and wait where that is wanted."""


def scale(name: str, replicas: int, *, region: str | None, pin: bool, dry_run: bool) -> Edit:
    """Set the replicas of every region, or of one; `pin` takes them from an autoscaler."""
    where = None if region is None else RegionName(region)
    return lambda service: service.scale(
        EndpointName(name), replicas, region=where, pin=pin, dry_run=dry_run
    )


def start(name: str, *, dry_run: bool) -> Edit:
    """Run a stopped endpoint again."""
    return lambda service: service.start(EndpointName(name), dry_run=dry_run)


def stop(name: str, *, dry_run: bool) -> Edit:
    """Free every accelerator of an endpoint."""
    return lambda service: service.stop(EndpointName(name), dry_run=dry_run)


def update_image(name: str, image: str, *, dry_run: bool) -> Edit:
    """Run another image."""
    return lambda service: service.update_image(EndpointName(name), image, dry_run=dry_run)


def canary(
    name: str,
    *,
    image: str | None,
    revision: int | None,
    weight: int | None,
    replicas: int | None,
    dry_run: bool,
) -> Edit:
    """Start a canary, or change the one that there is."""
    number = None if revision is None else RevisionNumber(revision)
    return lambda service: service.canary(
        EndpointName(name),
        image=image,
        revision=number,
        weight=weight,
        replicas=replicas,
        dry_run=dry_run,
    )


def abort_canary(name: str, *, dry_run: bool) -> Edit:
    """End a canary."""
    return lambda service: service.abort_canary(EndpointName(name), dry_run=dry_run)


def promote(name: str, *, force: bool, dry_run: bool) -> Edit:
    """Make a canary's version the endpoint's own."""
    return lambda service: service.promote(EndpointName(name), force=force, dry_run=dry_run)


def rollback(name: str, to: int | None, *, dry_run: bool) -> Edit:
    """Go back to the spec of an older revision."""
    number = None if to is None else RevisionNumber(to)
    return lambda service: service.rollback(EndpointName(name), to=number, dry_run=dry_run)


def add_region(name: str, region: str, *, replicas: int | None, dry_run: bool) -> Edit:
    """Run the endpoint in one more region."""
    return lambda service: service.add_region(
        EndpointName(name), RegionName(region), replicas=replicas, dry_run=dry_run
    )


def remove_region(name: str, region: str, *, dry_run: bool) -> Edit:
    """Clean the endpoint up in one region."""
    return lambda service: service.remove_region(
        EndpointName(name), RegionName(region), dry_run=dry_run
    )
