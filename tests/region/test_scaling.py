"""Who owns the number of replicas, and which autoscaler there is to be, as one look finds it."""

import dataclasses

import pytest

from gco.core.model.endpoint import TargetState
from gco.core.region.autoscalers import Autoscaler, Autoscalers, autoscaler
from gco.core.region.scaling import Count, Hold, autoscaler_wanted, count_of, scaling_causes
from tests.builders import a_regional
from tests.region.test_stage import COMMON, WORKLOAD

SCALED = {"replicas": 2, "autoscaling": {"min": 2, "max": 6}}
KEDA = {
    "metrics": [{"type": "waiting", "target": 4}],
    "pollers": {"prometheusAddress": "http://prometheus:9090"},
}
OURS = Autoscaler(**COMMON, target="web", made_by="", works=True, problem="")
THEIRS = dataclasses.replace(OURS, endpoint_uid=None, labelled=False, owned_hash=None)
OF_KEDA = dataclasses.replace(THEIRS, made_by="web")
NONE = Autoscalers()
PODS = Autoscalers(pods={"web": OURS})
FOREIGN = Autoscalers(pods={"mine": THEIRS})
BY_KEDA = Autoscalers(pods={"keda-hpa-web": OF_KEDA}, scaled={"web": OURS}, keda=True)


def workload(replicas, *, ours=True, others=False):
    return dataclasses.replace(WORKLOAD, replicas=replicas, count_ours=ours, count_others=others)


def own(replicas):
    return Count(Hold.OURS, replicas)


@pytest.mark.parametrize(
    ("stated", "found", "autoscalers", "expected"),
    [
        pytest.param({"replicas": 3}, workload(5), NONE, own(3), id="no-autoscaler"),
        pytest.param(SCALED, None, NONE, own(2), id="begins"),
        pytest.param(SCALED, workload(3), NONE, Count(Hold.CLAIMED, 3), id="first-step"),
        pytest.param(
            SCALED, workload(3, others=True), NONE, Count(Hold.HANDED, 3), id="second-step"
        ),
        pytest.param(
            SCALED, workload(5, ours=False, others=True), PODS, Count(Hold.HANDED, 5), id="owned"
        ),
        pytest.param(
            {"replicas": 3},
            workload(5, ours=False, others=True),
            PODS,
            Count(Hold.HANDED, 5),
            id="off-while-it-is-there",
        ),
        pytest.param(
            {"replicas": 3}, workload(5, ours=False, others=True), NONE, own(3), id="off-and-gone"
        ),
        pytest.param(
            {"replicas": 3}, workload(5), FOREIGN, Count(Hold.CLAIMED, 5), id="someone-elses"
        ),
        pytest.param(SCALED, workload(0), NONE, own(2), id="starts"),
        pytest.param(
            SCALED, workload(0, ours=False, others=True), PODS, own(2), id="none-set-by-hand"
        ),
        pytest.param(
            {"state": TargetState.STOPPED, **SCALED},
            workload(5, ours=False),
            PODS,
            own(0),
            id="stops",
        ),
        pytest.param(
            {**SCALED, "autoscaling": KEDA}, workload(3), NONE, own(2), id="keda-is-not-there"
        ),
        pytest.param(
            {"autoscaling": {"min": 0, **KEDA}},
            workload(0, ours=False, others=True),
            BY_KEDA,
            Count(Hold.HANDED, 0),
            id="asleep",
        ),
    ],
)
def test_whose_the_number_of_replicas_is(stated, found, autoscalers, expected):
    assert count_of(a_regional(**stated), found, autoscalers) == expected


@pytest.mark.parametrize(
    ("stated", "found", "autoscalers", "kind"),
    [
        pytest.param(SCALED, workload(3), NONE, None, id="not-while-we-state-the-count"),
        pytest.param(
            SCALED, workload(3, ours=False), NONE, "HorizontalPodAutoscaler", id="handed-over"
        ),
        pytest.param(SCALED, None, PODS, "HorizontalPodAutoscaler", id="it-is-there"),
        pytest.param(SCALED, workload(3, ours=False), FOREIGN, None, id="not-beside-another"),
        pytest.param(
            SCALED, workload(3, ours=False), BY_KEDA, None, id="not-before-kedas-has-gone"
        ),
        pytest.param(
            {**SCALED, "autoscaling": KEDA},
            workload(3, ours=False),
            BY_KEDA,
            "ScaledObject",
            id="kedas",
        ),
        pytest.param({"replicas": 3}, workload(3, ours=False), PODS, None, id="not-wanted"),
    ],
)
def test_which_autoscaler_there_is_to_be(stated, found, autoscalers, kind):
    ref = autoscaler_wanted(a_regional(**stated), found, autoscalers)

    assert (ref and ref.kind) == kind


@pytest.mark.parametrize(
    ("stated", "autoscalers", "reasons"),
    [
        pytest.param(SCALED, PODS, [], id="ours"),
        pytest.param(SCALED, FOREIGN, ["SecondAutoscaler"], id="another"),
        pytest.param({"replicas": 1}, FOREIGN, ["SecondAutoscaler"], id="another-unasked"),
        pytest.param({"autoscaling": KEDA}, BY_KEDA, [], id="what-keda-made-for-ours"),
        pytest.param({"autoscaling": KEDA}, NONE, ["KedaNotInstalled"], id="no-keda"),
    ],
)
def test_what_keeps_the_number_from_following_the_load(stated, autoscalers, reasons):
    causes = list(scaling_causes(a_regional(**stated), autoscalers))

    assert [cause.reason for cause in causes] == reasons
    assert all(cause.final for cause in causes)


@pytest.mark.parametrize(
    ("reference", "target"),
    [
        pytest.param({"kind": "Deployment", "name": "web"}, "web", id="a-deployment"),
        pytest.param({"name": "web"}, "web", id="what-keda-takes-for-one"),
        pytest.param({"kind": "StatefulSet", "name": "web"}, "", id="something-else"),
    ],
)
def test_what_an_autoscaler_scales(reference, target):
    manifest = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": "n", "uid": "u"},
        "spec": {"scaleTargetRef": reference},
    }

    assert autoscaler(manifest).target == target


@pytest.mark.parametrize(
    ("kind", "owner", "minimum", "fewest"),
    [
        pytest.param("HorizontalPodAutoscaler", None, 3, 3, id="its-minimum"),
        pytest.param("HorizontalPodAutoscaler", None, 0, 1, id="at-least-one"),
        pytest.param("HorizontalPodAutoscaler", None, None, 1, id="the-default"),
        pytest.param("HorizontalPodAutoscaler", "ScaledObject", 3, 1, id="what-keda-made"),
        pytest.param("ScaledObject", None, 3, 1, id="keda-may-go-lower"),
    ],
)
def test_the_fewest_replicas_that_an_autoscaler_may_set(kind, owner, minimum, fewest):
    owners = [{"kind": owner, "name": "its", "uid": "o"}] if owner else []
    manifest = {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": "mine", "namespace": "n", "uid": "u", "ownerReferences": owners},
        "spec": {"scaleTargetRef": {"name": "web"}, "minReplicas": minimum},
    }

    assert autoscaler(manifest).fewest == fewest
