"""What autoscaling means where little is said, and how a region's part is laid over the whole."""

import pytest

from gco.core.model.scaling import autoscaling_in_region, first_count, scaling, scaling_of
from gco.core.model.spec import Autoscaling
from tests.model.specs import a_spec


def stated(**fields):
    return Autoscaling.model_validate(fields)


def test_where_nothing_is_said_one_to_ten_replicas_follow_the_cpu():
    task = scaling(stated())

    assert task.text == "1 to 10 replicas by cpu at 70 %"
    assert (task.interval, task.cooldown, task.needs_keda) == (30, 300, False)


@pytest.mark.parametrize(
    ("fields", "bounds"),
    [
        pytest.param({"max": 4}, (1, 4), id="max-alone"),
        pytest.param({"min": 4}, (4, 10), id="min-alone"),
        pytest.param({"min": 12}, (12, 12), id="a-min-above-the-default-max"),
        pytest.param({"min": 0, "max": 3}, (0, 3), id="down-to-none"),
    ],
)
def test_the_bounds(fields, bounds):
    task = scaling(stated(**fields))

    assert (task.least, task.most) == bounds


def test_what_is_switched_off_asks_for_nothing():
    assert scaling(stated(enabled=False, min=2)) is None
    assert scaling_of(a_spec()) is None


def test_a_region_states_what_differs_there_pollers_included():
    base = stated(
        min=2, max=8, pollers={"prometheusAddress": "http://a:9090", "intervalSeconds": 5}
    )

    here = autoscaling_in_region(
        base, stated(max=4, pollers={"prometheusAddress": "http://b:9090"})
    )

    task = scaling(here)
    assert (task.least, task.most) == (2, 4)
    assert (task.prometheus, task.interval) == ("http://b:9090", 5)
    assert autoscaling_in_region(base, None) == base
    assert autoscaling_in_region(None, base) == base


@pytest.mark.parametrize(
    ("replicas", "fields", "count"),
    [
        pytest.param(None, {"min": 2}, 2, id="the-minimum"),
        pytest.param(5, {"min": 2}, 5, id="what-was-stated"),
        pytest.param(1, {"min": 2}, 2, id="not-below-the-minimum"),
        pytest.param(20, {"min": 2, "max": 8}, 8, id="not-above-the-maximum"),
        pytest.param(None, {"min": 0}, 1, id="one-even-where-none-may-be"),
    ],
)
def test_with_how_many_an_endpoint_begins(replicas, fields, count):
    assert first_count(replicas, scaling(stated(**fields))) == count
