"""Taking over what the original monitor made: when it may be, and with which fields.

Nothing is taken while an old client acts, since it would put back what it knows by PUT, and its
writes would read as ours. It is known by the Lease: GCO's own holders are called NAME_UUID, the
original's by its pod's name alone. After that nothing may have written for a while.
"""

import datetime as dt
import re
from typing import Any, Final

from gco.core.model.names import MANAGER, TYPE_LABEL
from gco.core.model.regional import Regional
from gco.core.region.actions import Apply, Manifest, ObjectRef, Owner, Seen
from gco.core.region.freeze import live_template
from gco.core.region.observed import Observed
from gco.kinds.reading import as_int, as_mapping, as_text
from gco.kinds.registry import DEPLOYMENT
from gco.kinds.takeover import take_all

CALM: Final = dt.timedelta(seconds=30)
"""How long nobody may have written what is to be taken over: two rounds of the original monitor."""
LEASE_SECONDS: Final = 45.0
"""How long the original's Lease holds where it says nothing itself: three of its rounds."""
LONGEST_LEASE_SECONDS: Final = 600.0
"""A duration that is longer was written by hand."""
_OURS: Final = re.compile(r".+_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def to_adopt(regional: Regional, observed: Observed) -> dict[ObjectRef, Seen]:
    """Return the objects that the endpoint is to take over, and has not yet."""
    if not regional.spec.adopts:
        return {}
    found = observed.seen(regional.name, regional.spec.uid)
    return {ref: seen for ref, seen in found.items() if seen.owner is Owner.ADOPTABLE}


def old_holder(lease: Manifest) -> tuple[str, float] | None:
    """Return which old client holds the Lease, and for how many seconds without renewing it.

    None where nobody holds it, or a monitor of ours.
    """
    spec = as_mapping(lease.get("spec"))
    holder = as_text(spec.get("holderIdentity"))
    if not holder or _OURS.fullmatch(holder):
        return None
    stated = as_int(spec.get("leaseDurationSeconds")) or LEASE_SECONDS
    return holder, float(min(stated, LONGEST_LEASE_SECONDS))


def told_of_holder(holder: str) -> dict[str, str]:
    """Return what the log is to say of who holds the Lease: what to do where it is an old client."""
    if old_holder({"spec": {"holderIdentity": holder}}) is None:
        return {}
    return {
        "why": "an original monitor leads here",
        "next": "scale its Deployment to zero; this monitor leads once the Lease has run out",
    }


def calm_in(written: str, now: dt.datetime) -> float:
    """Return after how many seconds what was last written at `written` counts as left alone."""
    return (dt.datetime.fromisoformat(written) + CALM - now).total_seconds()


def unchanged(action: Apply, live: Manifest) -> bool:
    """Whether `live` is the object that `action` was decided on: applying it restarts no pod."""
    if live["metadata"]["uid"] != action.uid:
        return False
    if action.ref.kind != DEPLOYMENT.name:
        return True
    wanted: dict[str, Any] = action.rendered.manifest["spec"]["template"]
    return live_template(live) == wanted


def moved_from_maker(live: Manifest, wanted: Manifest) -> list[dict[str, Any]] | None:
    """Return a JSON patch that makes us the owner of what others hold of an object to take over.

    That is its whole spec, and of its maker (whoever set our label for the type) the labels and
    annotations too: so a field that a later revision drops is really gone. The count of replicas
    stays with whoever holds it where `wanted` does not state one, since it is an autoscaler's.
    """
    stated = "replicas" in (wanted.get("spec") or {})
    return take_all(
        live,
        MANAGER,
        [("f:spec",)],
        maker=("f:metadata", "f:labels", f"f:{TYPE_LABEL}"),
        made=[("f:metadata", "f:labels"), ("f:metadata", "f:annotations")],
        leave=[] if stated else [("f:spec", "f:replicas")],
    )
