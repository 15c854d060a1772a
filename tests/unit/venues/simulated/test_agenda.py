from polyarb.venues.simulated.agenda import Agenda, Due


def test_work_comes_in_time_order_and_ties_in_order_of_adding() -> None:
    """Nothing comes before it is due."""
    agenda = Agenda(lambda _due, _key: True)
    agenda.add(20, Due.SETTLE, "late")
    agenda.add(10, Due.EXPIRE, "first")
    agenda.add(10, Due.SETTLE, "second")

    early = [agenda.pop_due(10), agenda.pop_due(10), agenda.pop_due(19)]

    assert early == [(10, Due.EXPIRE, "first"), (10, Due.SETTLE, "second"), None]
    assert agenda.next_ms() == 20


def test_void_work_is_passed_over() -> None:
    """An order that was cancelled does not expire."""
    agenda = Agenda(lambda _due, key: key != "gone")
    agenda.add(1, Due.EXPIRE, "gone")
    agenda.add(2, Due.EXPIRE, "open")

    assert agenda.pop_due(5) == (2, Due.EXPIRE, "open")
    assert agenda.pop_due(5) is None


def test_void_work_does_not_pile_up() -> None:
    """Orders placed and cancelled for ever leave a bounded agenda."""
    agenda = Agenda(lambda _due, _key: False)

    for number in range(100_000):
        agenda.add(10**12, Due.EXPIRE, str(number))

    assert len(agenda._heap) <= 4_097
