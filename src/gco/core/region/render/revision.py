"""The ControllerRevision that keeps one frozen pod template, as StatefulSets keep theirs."""

from gco.core.model.names import ADOPTED_ANNOTATION, MODEL_ANNOTATION, TEMPLATE_KEY_ANNOTATION
from gco.core.model.regional import Regional
from gco.core.region.actions import Rendered
from gco.core.region.freeze import Template
from gco.core.region.render.objects import envelope, rendered
from gco.kinds.registry import CONTROLLER_REVISION


def revision(regional: Regional, template: Template) -> Rendered:
    """Return the object that holds `template`; its data can never change, so its name is a hash.

    No template is of a revision that is still to come: such a number was written by hand.
    """
    told: dict[str, str] = {TEMPLATE_KEY_ANNOTATION: template.key}
    if template.adopted:
        told[ADOPTED_ANNOTATION] = "true"
    if template.model_job:
        told[MODEL_ANNOTATION] = template.model_job
    head = envelope(CONTROLLER_REVISION, template.name, regional, told)
    return rendered(
        {**head, "revision": min(template.number, regional.spec.revision), "data": template.body}
    )
