"""What GCO renders is taken as it is by every cluster, and reads as in sync from then on."""

import pytest

from gco.core.model.names import MANAGER
from gco.core.region.freeze import freeze
from gco.core.region.render.deployment import deployment
from gco.core.region.render.ingress import ingress
from gco.core.region.render.revision import revision
from gco.core.region.render.service import service
from gco.core.region.render.template import pod_template
from gco.core.region.stage import wanted_replicas
from gco.kinds import differences, kind_of, owned_hash
from tests.region.test_golden import CASES


@pytest.mark.parametrize("case", CASES)
async def test_a_rendered_object_is_in_sync_once_applied(cluster, namespace, case):
    regional = CASES[case].model_copy(update={"namespace": namespace})
    template = freeze(regional.name, regional.spec.template_key, 1, pod_template(regional))
    for rendered in (
        revision(regional, template),
        deployment(regional, template, wanted_replicas(regional)),
        service(regional, template),
        ingress(regional, template),
    ):
        kind = kind_of(rendered.manifest)
        applied = await cluster.apply(kind, rendered.manifest, manager=MANAGER, force=False)

        assert differences(rendered.manifest, applied, MANAGER) == ()
        assert owned_hash(applied, MANAGER) == rendered.owned_hash
