"""What the spread of a leg's book does to a basket."""

import pytest

from polyarb.core.order import RefusalCode, Refused
from services.risk.sizing import Sized, size
from unit.services.risk.desk import NOW, no_set, policy, portfolio


@pytest.mark.parametrize(("yes_bid", "yes_ask"), [("0.60", "0.90"), ("0.91", "0.99"), ("0.60", "")])
def test_orderly_spread_long_shot_and_book_without_bids_are_tried(
    yes_bid: str, yes_ask: str
) -> None:
    """Three quarters of the ask are allowed; below .10 any; without a bid the loss decides."""
    quote = (f"{yes_bid} x 100", f"{yes_ask} x 100" if yes_ask else "")

    found = size(no_set(quote, ("0.70 x 100", "0.72 x 100")), portfolio(), policy(), NOW)

    assert isinstance(found, Sized), found


def test_leg_asked_far_above_its_bid_is_refused() -> None:
    """NO at .40 that sells for .09: one cent beyond three quarters of the ask."""
    offered = no_set(("0.60 x 100", "0.91 x 100"), ("0.70 x 100", "0.72 x 100"))

    found = size(offered, portfolio(), policy(), NOW)

    assert isinstance(found, Refused)
    assert found.code is RefusalCode.WIDE_SPREAD
    assert "asked at 0.4000, bid at 0.0900; the widest spread is 75% of the ask" in found.message
