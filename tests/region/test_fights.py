"""Repairs of an object that someone keeps changing back wait longer and longer."""

from gco.core.region.fights import Fight


def test_the_first_repair_is_made_at_once():
    assert Fight().due(1000.0) == 0


def test_each_further_one_waits_twice_as_long_up_to_five_minutes():
    fight, now, waits = Fight(), 0.0, []
    for _ in range(12):
        fight = fight.repaired(now)
        waits.append(fight.due(now))
        now += waits[-1]

    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_after_ten_minutes_of_peace_a_change_is_a_first_one():
    fight = Fight().repaired(0.0).repaired(1.0)

    assert fight.due(601.0) == 0
    assert fight.repaired(601.0) == Fight(1, 601.0)
