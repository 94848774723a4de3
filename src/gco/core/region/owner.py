"""Whose object it is that stands under one of our names."""

from gco.core.model.ids import EndpointName, EndpointUid
from gco.core.model.regional import Regional
from gco.core.region.actions import Owner, Seen
from gco.core.region.observe import Child


def owner_of(record: Child, name: EndpointName, uid: EndpointUid) -> Owner:
    """Return whose `record` is, from the endpoint `name` with the store's `uid`.

    The annotation decides. An object that we applied and whose annotation is gone was edited by
    hand, and stays ours; one with the labels alone was made by the original monitor.
    """
    if record.endpoint_uid is not None:
        return Owner.OURS if record.endpoint_uid == uid else Owner.FOREIGN
    if record.owned_hash is not None:
        return Owner.OURS
    if record.labelled and record.app == name:
        return Owner.ADOPTABLE
    return Owner.FOREIGN


def claimed(record: Child, regional: Regional) -> bool:
    """Whether `record` is the endpoint's to keep and to delete: ours, or to be taken over."""
    owner = owner_of(record, regional.name, regional.spec.uid)
    return owner is Owner.OURS or adoptable(record, regional)


def adoptable(record: Child, regional: Regional) -> bool:
    """Whether `record` is to be taken over, and has not been yet."""
    owner = owner_of(record, regional.name, regional.spec.uid)
    return owner is Owner.ADOPTABLE and bool(regional.spec.adopts)


def seen(record: Child, name: EndpointName, uid: EndpointUid) -> Seen:
    """Return what a plan needs to know of `record`."""
    return Seen(
        uid=record.uid,
        owner=owner_of(record, name, uid),
        deleting=record.deleting,
        applied_hash=record.applied_hash,
        owned_hash=record.owned_hash,
        written=record.written,
        finalizers=record.finalizers,
    )
