"""The limits that stop everything, in the words that operators know."""

import pytest

from polyarb.core.money import Collateral
from polyarb.core.order import RefusalCode, Refused
from services.risk.limits import daily_loss_reached, reached
from unit.services.risk.desk import ONE, limits, portfolio


def test_nothing_speaks_against_a_quiet_portfolio() -> None:
    """No limit is reached: a basket could be approved."""
    assert reached(portfolio(), limits()) is None


def test_a_halt_is_refused_with_its_reason() -> None:
    """Who reads the refusal knows what to acknowledge."""
    refused = reached(portfolio(halted=True, halt_reason="ann: odd fills"), limits())

    assert refused == Refused(code=RefusalCode.HALTED, message="halted: ann: odd fills")


def test_before_the_books_are_open_nothing_is_approved() -> None:
    """Capital is not known until the wallet has been reported."""
    refused = reached(portfolio(opened=False), limits())

    assert refused is not None
    assert refused.code is RefusalCode.LEDGER_UNAVAILABLE


def test_the_days_limit_is_refused_in_the_known_words_with_its_parts() -> None:
    """What was lost, what may still be lost, and the limit."""
    held = portfolio(realised_today=Collateral(-70 * ONE), worst_loss_held=Collateral(30 * ONE))

    refused = reached(held, limits())

    assert refused == Refused(
        code=RefusalCode.DAILY_LOSS_LIMIT,
        message=(
            "Daily loss limit exceeded - trading paused: realised -70.00, "
            "worst case of open baskets 30.00, of this one 0.00, limit 100.00"
        ),
    )


def test_a_micro_below_the_days_limit_is_not_reached() -> None:
    """The limit itself is what stops."""
    held = portfolio(realised_today=Collateral(-100 * ONE + 1))

    assert reached(held, limits()) is None


def test_the_basket_that_does_not_fit_into_the_day_is_named() -> None:
    """Its own worst case is one of the parts."""
    refused = daily_loss_reached(
        portfolio(realised_today=Collateral(-40 * ONE)), limits(), worst_loss=Collateral(61 * ONE)
    )

    assert refused.message == (
        "Daily loss limit exceeded - trading paused: realised -40.00, "
        "worst case of open baskets 0.00, of this one 61.00, limit 100.00"
    )


@pytest.mark.parametrize("count", [10, 11])
def test_an_eleventh_open_basket_is_refused_in_the_known_words(count: int) -> None:
    """Baskets count, not tokens."""
    refused = reached(portfolio(open_positions=count), limits())

    assert refused == Refused(
        code=RefusalCode.OPEN_POSITIONS_LIMIT,
        message=f"Max open positions reached: {count} of 10 open",
    )


def test_a_tenth_open_basket_is_allowed() -> None:
    """Nine are open: there is room for one."""
    assert reached(portfolio(open_positions=9), limits()) is None


def test_a_halt_comes_before_every_other_reason() -> None:
    """An operator's word is the first that is repeated."""
    held = portfolio(
        halted=True, halt_reason="stop", open_positions=99, realised_today=Collateral(-999 * ONE)
    )

    refused = reached(held, limits())

    assert refused is not None
    assert refused.code is RefusalCode.HALTED
