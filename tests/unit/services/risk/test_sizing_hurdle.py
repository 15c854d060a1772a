"""Whether what pays at resolution only is worth the wait."""

from typing import Any

from polyarb.core.opportunity import Opportunity
from polyarb.core.order import RefusalCode, Refused
from services.risk.sizing import Policy, Sized, size
from unit.services.risk.desk import NOW, ONE, experienced, plain, policy, portfolio, yes_set

DAY = 86_400_000_000_000
THIN = policy(min_profit=0, min_discrepancy=0)


def winner(days: float, *, price: str = "0.48", **changes: Any) -> Opportunity:
    """Return two YES at 0.48 that pay 1.00 after `days`: 0.04 a set, 4.17 % on cost."""
    quote = ("0.40 x 100", f"{price} x 100")
    return yes_set(quote, quote, end=NOW + int(days * DAY), **changes)


def verdict(offered: Opportunity, terms: Policy | None = None) -> Sized | Refused:
    return size(offered, portfolio(), terms or policy(), NOW)


def test_a_good_return_soon_clears_the_hurdle() -> None:
    """4 % in a month and a week is 41 % a year."""
    assert isinstance(verdict(winner(30)), Sized)


def test_a_wait_that_costs_more_than_it_earns_is_refused_with_the_numbers() -> None:
    """4.17 % in 405 days is 3.76 % a year: the smallest basket of 5 sets is worth 4.7829 today."""
    assert verdict(winner(398)) == Refused(
        code=RefusalCode.HURDLE_RATE,
        message=(
            "pays at resolution, locked for 405.0 days: 3.76 % a year, hurdle 4.00 %, "
            "discounted profit -0.0171"
        ),
    )


def test_the_dispute_margin_is_waiting_too() -> None:
    """The hurdle is met a week earlier than the event's own end would say."""
    days = 365 * 1.0205  # where 100 discounted at 4 % is 96.00
    assert isinstance(verdict(winner(days - 7 - 1)), Sized)
    assert isinstance(verdict(winner(days - 7 + 1)), Refused)


def test_an_unknown_end_counts_as_a_year() -> None:
    """4 % a set clears 4 % a year, 3 % does not."""
    quotes = [("0.40 x 100", f"{ask} x 100") for ask in ("0.48", "0.49")]

    enough, short = (verdict(yes_set(quotes[0], other)) for other in quotes)

    assert isinstance(enough, Sized)
    assert isinstance(short, Refused)
    assert short.code is RefusalCode.HURDLE_RATE


def test_what_settles_now_needs_no_hurdle() -> None:
    """Whenever its event ends: the capital is back within the hour."""
    assert isinstance(verdict(plain(end=NOW + 5_000 * DAY), policy(hurdle_rate=1.0)), Sized)


def test_a_set_of_no_that_cannot_be_converted_waits() -> None:
    """The same tokens outside a negative-risk event pay at resolution only."""
    found = [
        verdict(plain(end=NOW + 900 * DAY, converts=converts), policy(hurdle_rate=0.2))
        for converts in (True, False)
    ]

    assert isinstance(found[0], Sized)
    assert isinstance(found[1], Refused)
    assert found[1].code is RefusalCode.HURDLE_RATE


def test_a_hurdle_of_nothing_refuses_nothing_that_pays() -> None:
    """However long it takes."""
    assert isinstance(verdict(winner(3_000), policy(hurdle_rate=0.0)), Sized)


def test_the_thresholds_stay_undiscounted() -> None:
    """0.02 a set is enough for the threshold; what the wait takes is the hurdle's affair."""
    offered = winner(30, price="0.49")

    assert isinstance(verdict(offered, policy(min_discrepancy=0)), Sized)
    assert offered.certificate.net_edge_micros == 20_000


def test_no_lot_is_bought_that_does_not_pay_for_its_own_wait() -> None:
    """The second level earns 0.02 a set in 372 days; the first would pay for both."""
    quote = ("0.39 x 100", "0.40 x 50, 0.49 x 50")
    offered = yes_set(quote, quote, end=NOW + 365 * DAY)

    patient = size(offered, experienced(), policy(hurdle_rate=0.0, min_discrepancy=0), NOW)
    found = size(offered, experienced(), policy(min_discrepancy=0), NOW)

    assert isinstance(patient, Sized)
    assert isinstance(found, Sized)
    assert patient.opportunity.certificate.face == 100 * ONE
    assert found.opportunity.certificate.face == 50 * ONE


def test_the_thresholds_speak_before_the_hurdle() -> None:
    """Too small an edge is too small whenever it pays."""
    found = verdict(winner(900, price="0.49"))

    assert isinstance(found, Refused)
    assert found.code is RefusalCode.MIN_DISCREPANCY
