"""What risk reads out of the ledger's portfolio."""

from polyarb.core.money import Collateral
from services.risk.exposure import Portfolio, Record
from unit.services.risk.desk import ONE, portfolio

ALL = Collateral(0)


def test_the_days_use_is_loss_plus_the_worst_case_of_what_is_open() -> None:
    """A loss of 12 with 30 at risk uses 42 of the limit."""
    found = portfolio(
        realised_today=Collateral(-12 * ONE), worst_loss_held=Collateral(30 * ONE)
    ).daily_loss_used

    assert found == 42 * ONE


def test_a_gain_of_the_day_does_not_widen_the_limit() -> None:
    """Profit is not an allowance for larger losses."""
    found = portfolio(
        realised_today=Collateral(500 * ONE), worst_loss_held=Collateral(30 * ONE)
    ).daily_loss_used

    assert found == 30 * ONE


def test_capital_counts_open_baskets_at_their_worst() -> None:
    """W is collateral plus what open baskets bring in their worst case."""
    held = portfolio(collateral=Collateral(900 * ONE), open_worst_value=Collateral(95 * ONE))

    assert held.capital(ALL) == 995 * ONE


def test_a_bankroll_caps_capital_and_nothing_else() -> None:
    """Unset or above what there is, it changes nothing."""
    held = portfolio(collateral=Collateral(900 * ONE))

    assert held.capital(Collateral(250 * ONE)) == 250 * ONE
    assert held.capital(Collateral(5_000 * ONE)) == 900 * ONE


def test_capital_is_never_negative() -> None:
    """A worst case that eats the collateral leaves nothing to stake."""
    held = portfolio(collateral=Collateral(10 * ONE), open_worst_value=Collateral(-50 * ONE))

    assert held.capital(ALL) == 0


def test_free_is_what_no_reservation_holds() -> None:
    """Open baskets at worst case count for Kelly but cannot be spent."""
    held = portfolio(
        collateral=Collateral(900 * ONE),
        reserved=Collateral(300 * ONE),
        open_worst_value=Collateral(95 * ONE),
    )

    assert held.free(ALL) == 600 * ONE


def test_a_bankroll_is_used_by_reservations_and_by_what_was_paid() -> None:
    """Collateral that went into tokens still belongs to the bankroll."""
    held = portfolio(reserved=Collateral(30 * ONE), open_cost=Collateral(20 * ONE))

    assert held.free(Collateral(100 * ONE)) == 50 * ONE
    assert held.free(Collateral(40 * ONE)) == 0


def test_an_unknown_bucket_has_no_history() -> None:
    """No outcomes, none of them complete."""
    assert Portfolio().record("yes_set") == Record(ended=0, complete=0)


def test_a_kind_of_set_adds_up_all_its_buckets() -> None:
    """Those of before the features were recorded, too; other kinds do not count."""
    held = portfolio(
        records={
            "no_set": Record(7, 6),
            "no_set/fresh/new/easy": Record(10, 9),
            "no_set/aged/standing/hard": Record(3, 0),
            "yes_set/fresh/new/easy": Record(50, 50),
        }
    )

    assert held.record_of_kind("no_set/fresh/new/hard") == Record(ended=20, complete=15)
    assert held.record_of_kind("mixed/fresh/new/easy") == Record()
