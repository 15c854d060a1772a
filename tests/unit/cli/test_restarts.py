"""How often a process that died is started again."""

from polyarb.cli.restarts import RestartBudget


def test_sixth_death_within_a_minute_is_one_too_many() -> None:
    """Five restarts are allowed in 60 s, each told its number."""
    budget = RestartBudget()

    numbers = [budget.spend(float(second)) for second in (0, 1, 2, 3, 4, 59)]

    assert numbers == [1, 2, 3, 4, 5, 0]


def test_old_restarts_are_forgiven() -> None:
    """A restart counts for 60 s."""
    budget = RestartBudget()
    for second in range(5):
        budget.spend(float(second))

    assert [budget.spend(60.0), budget.spend(60.5), budget.spend(61.0)] == [5, 0, 5]


def test_slow_dying_is_restarted_for_ever() -> None:
    """A death every 13 s never exhausts the budget."""
    budget = RestartBudget()

    assert all(budget.spend(13.0 * n) for n in range(100))
