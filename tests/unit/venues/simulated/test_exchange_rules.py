import pytest

from polyarb.core.money import Price
from polyarb.core.order import Side, TimeInForce
from polyarb.venues.simulated.records import (
    CancelReason,
    Duplicates,
    ExchangeRules,
    OrderChange,
    OrderChanged,
    PlacedStatus,
    Refusal,
    TickChanged,
)
from unit.venues.simulated.desk import BINARY, NO, POLITICS, YES, Desk

FAK, FOK, GTD = TimeInForce.FAK, TimeInForce.FOK, TimeInForce.GTD


def test_unknown_token_has_no_book() -> None:
    """The venue says so."""
    placement = Desk().buy("ann", "nothing", "0.50", "10")

    assert placement.refusal is Refusal.NO_BOOK
    assert placement.error == "No orderbook exists for the requested token id"


def test_closed_market_has_no_book() -> None:
    """Closing also takes the resting orders off."""
    desk = Desk()
    desk.buy("ann", YES, "0.50", "10")

    desk.exchange.close_market(BINARY, now_ms=desk.now_ms)

    assert desk.buy("ann", YES, "0.50", "10").refusal is Refusal.NO_BOOK
    assert desk.exchange.open_orders("ann") == ()
    assert not desk.exchange.is_open(BINARY)


def test_placeholder_takes_no_orders() -> None:
    """A question without a book is known but not ready."""
    placement = Desk().buy("ann", "y3", "0.50", "10")

    assert placement.refusal is Refusal.NOT_READY
    assert placement.error == "the market is not yet ready to process new orders"


@pytest.mark.parametrize("tif", [TimeInForce.GTC, FAK])
@pytest.mark.parametrize("price", ["0.525", "0.005", "0.995"])
def test_price_off_the_tick_is_refused(tif: TimeInForce, price: str) -> None:
    """The text names the price and the rule, for resting and for market orders."""
    placement = Desk().buy("ann", YES, price, "100", tif=tif)

    assert placement.refusal is Refusal.INVALID
    assert placement.error == (
        f"order o1 is invalid. Price ({price}) breaks minimum tick size rule: 0.01"
    )


def test_market_buy_with_rounded_down_shares_reaches_its_tick() -> None:
    """10.00 at .52 is signed as 19.2307 shares; the implied price is a little above .52."""
    desk = Desk()
    desk.sell("maker", YES, "0.52", "100")

    placement = desk.post("ann", YES, Side.BUY, (10_000_000, 19_230_700), tif=FAK)

    assert placement.status is PlacedStatus.MATCHED


def test_market_buy_with_rounded_up_shares_never_matches_its_tick() -> None:
    """19.2308 shares for 10.00 imply less than .52: the FAK is killed under an ask of .52."""
    desk = Desk()
    desk.sell("maker", YES, "0.52", "100")

    placement = desk.post("ann", YES, Side.BUY, (10_000_000, 19_230_800), tif=FAK)

    assert placement.refusal is Refusal.KILLED


@pytest.mark.parametrize("amounts", [(10_001_000, 19_230_700), (10_000_000, 19_230_769)])
def test_market_buy_with_too_many_decimals_is_refused(amounts: tuple[int, int]) -> None:
    """Dollars have two decimals, shares four."""
    placement = Desk().post("ann", YES, Side.BUY, amounts, tif=FAK)

    assert placement.refusal is Refusal.INVALID
    assert placement.error == (
        "invalid amounts, the market buy orders maker amount supports a max accuracy of "
        "2 decimals, taker amount a max of 4 decimals"
    )


def test_limit_size_with_three_decimals_is_refused() -> None:
    """Sizes have two decimals."""
    placement = Desk().buy("ann", YES, "0.50", "10.002")

    assert placement.refusal is Refusal.INVALID
    assert "taker amount a max of 2 decimals" in placement.error


def test_limit_order_under_the_minimum_is_refused() -> None:
    """The text names both sizes."""
    placement = Desk().buy("ann", YES, "0.50", "4.99")

    assert placement.error == "order o1 is invalid. Size (4.99) lower than the minimum: 5"


@pytest.mark.parametrize("tif", [TimeInForce.GTC, FAK])
def test_marketable_buy_under_a_dollar_is_refused(tif: TimeInForce) -> None:
    """A buy that would trade needs 1.00; the venue's text shows the dollars."""
    desk = Desk()
    desk.sell("maker", YES, "0.09", "10")

    placement = desk.buy("ann", YES, "0.09", "8", tif=tif)

    assert placement.refusal is Refusal.MARKETABLE_MIN
    assert placement.error == "invalid amount for a marketable BUY order ($0.72), min size: $1"


def test_resting_buy_under_a_dollar_is_accepted() -> None:
    """Only marketable buys have the one-dollar minimum."""
    placement = Desk().buy("ann", YES, "0.01", "5")

    assert placement.status is PlacedStatus.LIVE


def test_post_only_that_would_match_is_refused() -> None:
    """It neither matches nor rests."""
    desk = Desk()
    desk.sell("maker", YES, "0.50", "10")

    placement = desk.buy("ann", YES, "0.50", "10", post_only=True)

    assert placement.refusal is Refusal.CROSSES
    assert placement.error == "invalid post-only order: order crosses book"
    assert desk.buy("ann", YES, "0.49", "10", post_only=True).status is PlacedStatus.LIVE


@pytest.mark.parametrize("tif", [FAK, FOK])
def test_market_order_cannot_be_post_only(tif: TimeInForce) -> None:
    """Post-only goes with GTC and GTD."""
    placement = Desk().buy("ann", YES, "0.50", "10", tif=tif, post_only=True)

    assert placement.refusal is Refusal.INVALID


def test_known_order_id_is_duplicated() -> None:
    """The same signed order is never a second order, live or filled."""
    desk = Desk()
    live = desk.buy("ann", YES, "0.40", "10")
    desk.sell("maker", YES, "0.50", "10")
    filled = desk.buy("ann", YES, "0.50", "10")

    again = [
        desk.post("ann", YES, Side.BUY, (5_000_000, 10_000_000), order_id=order_id)
        for order_id in (live.order_id, filled.order_id)
    ]

    assert [p.refusal for p in again] == [Refusal.DUPLICATE, Refusal.DUPLICATE]
    assert again[0].error == f"order {live.order_id} is invalid. Duplicated."


@pytest.mark.parametrize(
    ("duplicates", "refusal"),
    [(Duplicates.EVER_SEEN, Refusal.DUPLICATE), (Duplicates.FILLED_OR_LIVE, Refusal.KILLED)],
)
def test_killed_order_posted_again_follows_the_switch(
    duplicates: Duplicates, refusal: Refusal
) -> None:
    """What the venue does with a killed id is not known, so both behaviours exist."""
    desk = Desk(ExchangeRules(duplicates=duplicates))
    amounts = (5_000_000, 10_000_000)
    first = desk.post("ann", YES, Side.BUY, amounts, tif=FAK, order_id="killed")

    second = desk.post("ann", YES, Side.BUY, amounts, tif=FAK, order_id="killed")

    assert (first.refusal, second.refusal) == (Refusal.KILLED, refusal)


@pytest.mark.parametrize("duplicates", list(Duplicates))
def test_order_refused_for_funds_may_be_posted_again(duplicates: Duplicates) -> None:
    """It never got as far as the book."""
    desk = Desk(ExchangeRules(duplicates=duplicates))
    first = desk.sell("ann", YES, "0.50", "10")
    desk.give("ann", "10")

    second = desk.post("ann", YES, Side.SELL, (10_000_000, 5_000_000), order_id=first.order_id)

    assert (first.refusal, second.status) == (Refusal.BALANCE, PlacedStatus.LIVE)


def test_buy_beyond_the_balance_is_refused() -> None:
    """Open orders hold their collateral; the text shows what is left and what was asked."""
    desk = Desk()
    desk.buy("ann", YES, "0.60", "1500")

    placement = desk.buy("ann", NO, "0.30", "500")

    assert placement.refusal is Refusal.BALANCE
    assert placement.error == (
        "not enough balance / allowance: the balance is not enough -> "
        "balance: 100000000, order amount: 150000000"
    )


def test_market_buy_needs_its_fee_too() -> None:
    """1,000.00 buys nothing for 1,000.00 where a fee comes on top."""
    desk = Desk(fee=POLITICS)
    desk.sell("maker", YES, "0.50", "5000")

    refused = desk.spend("ann", YES, "0.50", "1000")
    accepted = desk.spend("ann", YES, "0.50", "980")

    assert refused.refusal is Refusal.BALANCE
    assert accepted.status is PlacedStatus.MATCHED


def test_tokens_on_offer_cannot_be_offered_twice() -> None:
    """A resting sale holds its tokens."""
    desk = Desk()
    desk.give("ann", "10")
    desk.sell("ann", YES, "0.50", "6")

    assert desk.sell("ann", YES, "0.60", "5").refusal is Refusal.BALANCE
    assert desk.sell("ann", YES, "0.60", "5", tif=FAK).refusal is Refusal.BALANCE


def test_account_that_never_paid_in_has_no_balance() -> None:
    """An order of an unknown account is refused like one of an empty account."""
    placement = Desk().buy("nobody", YES, "0.50", "10")

    assert placement.error.endswith("balance: 0, order amount: 5000000")


def test_gtd_needs_three_minutes() -> None:
    """179.999 s ahead is too early, 180 s is accepted."""
    desk = Desk()
    late = (desk.now_ms + 180_000) // 1_000

    assert desk.buy("ann", YES, "0.50", "10", tif=GTD, expiration_s=late - 1).error == (
        "invalid expiration"
    )
    assert desk.buy("ann", YES, "0.50", "10", tif=GTD, expiration_s=late).accepted


def test_only_gtd_may_name_an_expiration() -> None:
    """Every other order says 0."""
    desk = Desk()

    placement = desk.buy("ann", YES, "0.50", "10", expiration_s=desk.now_ms)

    assert placement.error == "invalid expiration"


def test_gtd_ends_a_minute_before_its_time() -> None:
    """It is reported as a cancellation, at the time it was due."""
    desk = Desk()
    start_ms = desk.now_ms
    desk.buy("ann", YES, "0.50", "10", tif=GTD, expiration_s=start_ms // 1_000 + 200)
    desk.updates()

    desk.wait(139_999)
    before = desk.exchange.open_orders("ann")
    desk.wait(10_000)

    assert len(before) == 1
    assert desk.exchange.open_orders("ann") == ()
    (change,) = [u for u in desk.updates() if isinstance(u, OrderChanged)]
    assert (change.change, change.reason) == (OrderChange.CANCELLATION, CancelReason.EXPIRED)
    assert change.time_ms == start_ms + 140_000


def test_kill_is_told_with_the_venues_text() -> None:
    """The user channel carries it."""
    desk = Desk()

    placement = desk.spend("ann", YES, "0.50", "10", tif=FOK)
    (change,) = desk.updates()

    assert isinstance(change, OrderChanged)
    assert (change.reason, change.detail) == (CancelReason.KILLED, placement.error)


def test_orders_off_a_new_tick_are_cancelled() -> None:
    """A coarser tick takes off what does not fit it, and is told."""
    desk = Desk(tick="0.001")
    desk.buy("ann", YES, "0.505", "10")
    kept = desk.buy("ann", YES, "0.50", "10")
    desk.updates()

    desk.exchange.set_tick_size(BINARY, Price(10_000), now_ms=desk.now_ms)

    assert [o.order_id for o in desk.exchange.open_orders("ann")] == [kept.order_id]
    (told,) = [u for u in desk.updates() if isinstance(u, TickChanged)]
    assert (told.old, told.new) == (1_000, 10_000)


@pytest.mark.parametrize("amounts", [(0, 10_000_000), (5_000_000, 0), (-5_000_000, 10_000_000)])
def test_order_without_amounts_is_refused(amounts: tuple[int, int]) -> None:
    """Nothing for something is no order."""
    placement = Desk().post("ann", YES, Side.BUY, amounts)

    assert placement.error == "Invalid order payload"


def test_bottomless_account_is_issued_what_it_lacks() -> None:
    """It sells without inventory and buys without collateral; what was issued is on its books."""
    desk = Desk()

    desk.sell("maker", YES, "0.50", "10")
    desk.buy("maker", YES, "0.40", "10")

    statement = desk.exchange.statement("maker")
    assert statement.tokens == {YES: 10_000_000, NO: 10_000_000}
    assert statement.deposited == 10_000_000 + 4_000_000
    desk.exchange.audit()
