"""The service: one method a use case, each at home in a module of its own.

What only changes need is imported when something is changed: a read is what people wait for most.
"""
# ruff: noqa: PLC0415

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from gco.clock import Clock
from gco.core.model.ids import Actor, EndpointName, RegionName, RevisionNumber
from gco.core.model.model_uri import S3Uri
from gco.core.model.spec import InferenceEndpoint
from gco.core.model.status import Region
from gco.service import read, wait
from gco.service.context import Context, OnUnread
from gco.service.flags import DeployFlags
from gco.service.results import Applied, Deleted, EndpointView, HistoryEntry, Moved, RegionInfo
from gco.service.wait import Until
from gco.store.port import Store


class Service:
    """What people can do with endpoints and regions, on behalf of `actor`.

    Every method raises StoreUnavailableError where the store does not answer. Methods that name an
    endpoint raise NotFoundError, with a proposal where the name is nearly right; those that change
    one raise InvalidSpecError with every problem before anything is stored, UnsupportedStateError
    where it is being deleted, and ConflictError, saying who changed what, where someone else's
    edit came between and cannot be built upon.

    `on_unread` is called with each record that a listing cannot read, which then has the others;
    without it, and where the absence of a record would decide something, that is a StoreError.
    """

    def __init__(
        self, store: Store, clock: Clock, actor: Actor, *, on_unread: OnUnread | None = None
    ) -> None:
        self._context = Context(store, clock, actor, on_unread)

    async def apply(
        self,
        documents: Sequence[InferenceEndpoint],
        *,
        source: str,
        dry_run: bool = False,
        if_revision: RevisionNumber | None = None,
    ) -> Sequence[Applied]:
        """Make the endpoints what `documents` say; what changes nothing makes no revision.

        `source` is told in the history: a file's name. All documents are checked before anything
        is stored; they are stored in transactions of at most 48. `if_revision` (0: must not
        exist yet) makes it a ConflictError where another revision is the present one.
        """
        from gco.service import apply

        return await apply.apply(
            self._context, documents, source=source, dry_run=dry_run, if_revision=if_revision
        )

    async def deploy(self, flags: DeployFlags, *, dry_run: bool = False) -> Applied:
        """Create an endpoint from flags; raises ConflictError where the name is taken."""
        from gco.service import apply

        return await apply.deploy(self._context, flags, dry_run=dry_run)

    async def diff(
        self, documents: Sequence[InferenceEndpoint], *, source: str
    ) -> Sequence[Applied]:
        """Return what `apply` would do, and do nothing."""
        return await self.apply(documents, source=source, dry_run=True)

    async def move(
        self,
        rows: Sequence[Mapping[str, Any]],
        *,
        source: str,
        regions: Sequence[RegionName] = (),
        write: bool = False,
    ) -> Sequence[Moved]:
        """Take over what the original monitor's table says, in registered `regions` (none: all).

        `source` names the table in the history. Without `write` nothing is stored. No endpoint ever
        leaves a region by this, and one that people have changed here is left as it is; so asking
        again does what is left to do. Raises ConflictError where someone wrote at the same time.
        """
        from gco.service import moving

        return await moving.move(self._context, rows, source=source, only=regions, write=write)

    async def get(self, name: EndpointName) -> EndpointView:
        """Return one endpoint, tombstones included, with what every region says of it."""
        return await read.get(self._context, name)

    async def list(self) -> Sequence[EndpointView]:
        """Return every endpoint by name, tombstones included."""
        return await read.list_views(self._context)

    async def status(self, names: Sequence[EndpointName] = ()) -> Sequence[EndpointView]:
        """Return the named endpoints in that order, or all of them."""
        return await read.status(self._context, names)

    async def scale(
        self,
        name: EndpointName,
        replicas: int,
        *,
        region: RegionName | None = None,
        pin: bool = False,
        dry_run: bool = False,
    ) -> Applied:
        """Set the replicas of every region, or of one; pods keep their template.

        `pin` switches an autoscaler off; without, raises UnsupportedStateError where there is one.
        """
        from gco.service import edit

        return await edit.scale(
            self._context, name, replicas, region=region, pin=pin, dry_run=dry_run
        )

    async def start(self, name: EndpointName, *, dry_run: bool = False) -> Applied:
        """Run a stopped endpoint again, with as many replicas as it had."""
        from gco.service import edit

        return await edit.start(self._context, name, dry_run=dry_run)

    async def stop(self, name: EndpointName, *, dry_run: bool = False) -> Applied:
        """Free every accelerator of the endpoint, and keep its record."""
        from gco.service import edit

        return await edit.stop(self._context, name, dry_run=dry_run)

    async def update_image(
        self, name: EndpointName, image: str, *, dry_run: bool = False
    ) -> Applied:
        """Run another image in every region, those with an image of their own included."""
        from gco.service import edit

        return await edit.update_image(self._context, name, image, dry_run=dry_run)

    async def add_region(
        self,
        name: EndpointName,
        region: RegionName,
        *,
        replicas: int | None = None,
        dry_run: bool = False,
    ) -> Applied:
        """Run the endpoint in one more region; raises InvalidSpecError where it is unknown."""
        from gco.service import edit

        return await edit.add_region(
            self._context, name, region, replicas=replicas, dry_run=dry_run
        )

    async def remove_region(
        self, name: EndpointName, region: RegionName, *, dry_run: bool = False
    ) -> Applied:
        """Clean the endpoint up in one region; the last one goes by `delete`.

        Raises UnsupportedStateError for the last region.
        """
        from gco.service import edit

        return await edit.remove_region(self._context, name, region, dry_run=dry_run)

    async def rollback(
        self, name: EndpointName, *, to: RevisionNumber | None = None, dry_run: bool = False
    ) -> Applied:
        """Make a new revision with the spec of an older one, the one before unless said.

        Whether the endpoint runs or is stopped stays as it is. Raises NotFoundError where the
        revision is not kept any more.
        """
        from gco.service import edit

        return await edit.rollback(self._context, name, to=to, dry_run=dry_run)

    async def canary(
        self,
        name: EndpointName,
        *,
        image: str | None = None,
        revision: RevisionNumber | None = None,
        weight: int | None = None,
        replicas: int | None = None,
        dry_run: bool = False,
    ) -> Applied:
        """Give a second version a share of the requests, or change the share of the present one.

        `weight` is in per cent, 10 unless given; `replicas` are pods a region, 1 unless given.
        """
        from gco.service import canary

        return await canary.canary(
            self._context,
            name,
            image=image,
            revision=revision,
            weight=weight,
            replicas=replicas,
            dry_run=dry_run,
        )

    async def abort_canary(self, name: EndpointName, *, dry_run: bool = False) -> Applied:
        """End the canary: its share goes back first, then its pods go.

        Nothing changes where there is none. Raises UnsupportedStateError while it is promoted.
        """
        from gco.service import canary

        return await canary.abort(self._context, name, dry_run=dry_run)

    async def promote(
        self, name: EndpointName, *, force: bool = False, dry_run: bool = False
    ) -> Applied:
        """Run the canary's version as the endpoint's own in every region, and end the canary.

        It serves on until the endpoint's own pods run its version. Raises UnsupportedStateError
        where there is no canary, and unless `force` where one region does not say that it serves.
        """
        from gco.service import canary

        return await canary.promote(self._context, name, force=force, dry_run=dry_run)

    async def delete(
        self,
        names: Sequence[EndpointName],
        *,
        confirmed: bool = False,
        missing_ok: bool = False,
        discard: bool = False,
    ) -> Sequence[Deleted]:
        """Ask every region to remove the endpoints; they are purged when all have.

        Asking again changes nothing. Raises ConfirmationError unless `confirmed` where this actor
        would have deleted more than one endpoint and over 20 % of all within ten minutes.
        `discard` removes records that cannot be read, and leaves what runs alone; without, such a
        record is an UnreadableError, after the others were deleted.
        """
        from gco.service import lifecycle

        return await lifecycle.delete(
            self._context, names, confirmed=confirmed, missing_ok=missing_ok, discard=discard
        )

    async def history(self, name: EndpointName) -> Sequence[HistoryEntry]:
        """Return the revisions that are kept, newest first."""
        from gco.service import history

        return await history.history(self._context, name)

    async def users_of_models(self, uris: Sequence[S3Uri]) -> Sequence[Sequence[EndpointName]]:
        """Return for each model of a bucket the endpoints that use it."""
        from gco.service import models

        return await models.users_of_models(self._context, uris)

    async def models_in_use(self, region: RegionName) -> Sequence[str]:
        """Return what of the region's cache is in use: folders, and names of models.

        Raises NotFoundError for a region that is not registered.
        """
        from gco.service import models

        return await models.models_in_use(self._context, region)

    async def known_regions(self) -> Sequence[Region]:
        """Return the record of every registered region that can be read."""
        return await self._context.shown_regions()

    async def regions(self) -> Sequence[RegionInfo]:
        """Return every registered region by name, with its capacity and what runs there."""
        from gco.service import regions

        return await regions.list_regions(self._context)

    async def forget_region(
        self, region: RegionName, *, force: bool = False
    ) -> Sequence[EndpointName]:
        """Forget a registered region; return the endpoints that had a target there.

        Raises UnsupportedStateError where the region is still heard or has endpoints, unless
        `force`: then its targets are dropped and whatever runs there is left alone; even so, an
        endpoint that lives only there must be deleted first.
        """
        from gco.service import regions

        return await regions.forget(self._context, region, force=force)

    def wait(
        self,
        name: EndpointName,
        *,
        until: Until = Until.READY,
        timeout: float | None = None,
    ) -> AsyncIterator[EndpointView]:
        """Each new view of the endpoint until `until` holds, a region failed, or it is gone.

        The last view tells which (`ready`, `failed`). Raises TimedOutError after `timeout` seconds.
        """
        return wait.wait(self._context, name, until=until, seconds=timeout)
