"""The benchmark of many readers that start at once, small."""

from bench import starting
from tests.virtual_time import run


def test_it_measures_readers_beside_people_who_apply():
    options = starting.arguments(["--readers", "2", "--endpoints", "60", "--read-units", "20"])

    measures = {measure.name: measure for measure in run(lambda: starting.measure(options))}

    assert measures["listings begun again"].value == 0
    assert measures["applies that failed"].value == 0
    assert measures["apply meanwhile, p99"].samples > 2
    took = measures["until the last reader knows everything, of the ideal"].value
    assert 0.5 < took < 2
